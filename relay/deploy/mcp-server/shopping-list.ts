/**
 * A shopping list for the household, in one SQLite file: what the tools of this server do. It knows nothing of MCP, and
 * is the part to replace by something of your own.
 */
import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

export const MOST_THINGS = 200;

const Row = z.object({ name: z.string() });

export type Changed = { readonly changed: readonly string[]; readonly unchanged: readonly string[] };

export class ShoppingList {
  readonly #db: Database;

  /** @throws if the folder or the file cannot be made or written */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#db = new Database(join(folder, "shopping-list.sqlite"), { create: true, strict: true });
    this.#db.exec("PRAGMA busy_timeout = 2000");
    this.#db.exec("PRAGMA journal_mode = WAL");
    this.#db.exec(
      "CREATE TABLE IF NOT EXISTS things (key TEXT PRIMARY KEY, name TEXT NOT NULL, added INTEGER NOT NULL) STRICT",
    );
  }

  /** In the order in which they came. */
  get things(): readonly string[] {
    const rows = this.#db.query("SELECT name FROM things ORDER BY added, rowid").all();
    return z
      .array(Row)
      .parse(rows)
      .map(({ name }) => name);
  }

  has(name: string): boolean {
    return this.#db.query("SELECT 1 FROM things WHERE key = $key").get({ key: keyOf(name) }) !== null;
  }

  /** Unchanged is what was there already, or has no room. */
  add(names: readonly string[], at: Date): Changed {
    const insert = this.#db.query(
      `INSERT INTO things (key, name, added) SELECT $key, $name, $added
       WHERE (SELECT count(*) FROM things) < ${MOST_THINGS} ON CONFLICT DO NOTHING`,
    );
    return this.#each(names, (name) => insert.run({ key: keyOf(name), name, added: at.getTime() }).changes);
  }

  remove(names: readonly string[]): Changed {
    const remove = this.#db.query("DELETE FROM things WHERE key = $key");
    return this.#each(names, (name) => remove.run({ key: keyOf(name) }).changes);
  }

  close(): void {
    this.#db.close();
  }

  /** All of them or, if the disk fails, none. */
  #each(names: readonly string[], change: (name: string) => number): Changed {
    const changed: string[] = [];
    const unchanged: string[] = [];
    this.#db.transaction(() => {
      for (const name of names) (change(name) > 0 ? changed : unchanged).push(name);
    })();
    return { changed, unchanged };
  }
}

/** "Milk" is "milk". */
const keyOf = (name: string): string => name.normalize("NFKC").toLowerCase();
