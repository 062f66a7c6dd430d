/**
 * A SQLite file under DATA_DIR, which several processes of one machine may share, and what its failures mean to whoever
 * runs the relay. SQLite itself keeps what it has read, and the file itself, open: it would go on for days on a file that
 * is overwritten or long gone, and what it writes would be lost with the process. So there is a way to ask.
 *
 * Nobody else in this process may open such a file: closing it again would take SQLite's locks away
 * (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
import { Database } from "bun:sqlite";
import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** For a file's first and rare moments, when several processes may be at it. */
const PATIENT_MS = 2_000;

const Checked = z.object({ quick_check: z.string() });

/** SQLite writes the file itself, and these beside it: https://www.sqlite.org/tempfiles.html */
const PARTS = ["", "-wal", "-shm"] as const;

class Damaged extends Error {
  readonly code = "SQLITE_CORRUPT";
}

export class SqliteFile {
  readonly db: Database;
  readonly #path: string;
  #identity: string;

  private constructor(path: string, db: Database) {
    this.#path = path;
    this.db = db;
    this.#identity = identityOf(path);
  }

  /** @throws if the folder or the file cannot be made or written, or if the file is damaged */
  static open(dataDir: string, name: string, schema: string): SqliteFile {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const path = join(dataDir, name);
    const db = new Database(path, { create: true, strict: true });
    try {
      db.exec(`PRAGMA busy_timeout = ${PATIENT_MS}`);
      db.exec("PRAGMA journal_mode = WAL");
      db.exec("PRAGMA secure_delete = ON");
      db.exec(schema);
      const { quick_check: found } = Checked.parse(db.query("PRAGMA quick_check(1)").get());
      if (found !== "ok") throw new Damaged();
    } catch (thrown) {
      db.close();
      throw thrown;
    }
    return new SqliteFile(path, db);
  }

  /** Whether the file under its name is still the one that was opened. */
  get isInPlace(): boolean {
    return identityOf(this.#path) === this.#identity;
  }

  /** What has not reached the file itself is in a second one; 0: nothing is. */
  get walBytes(): number {
    return statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** What is read next is read from the disk, and not what was read before. */
  readAnew(): void {
    this.db.exec("PRAGMA shrink_memory");
  }

  close(): void {
    this.db.close();
  }
}

export function removeSqliteFile(dataDir: string, name: string): void {
  for (const part of PARTS) rmSync(join(dataDir, name + part), { force: true });
}

function identityOf(path: string): string {
  return [path, `${path}-wal`]
    .map((part) => statSync(part, { throwIfNoEntry: false }))
    .map((stats) => (stats === undefined ? "none" : `${stats.dev}:${stats.ino}`))
    .join(" ");
}

export function sqliteCodeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown";
}

export const isDamage = (code: string): boolean => /^SQLITE_(?:CORRUPT|NOTADB)/.test(code);
export const isBusy = (code: string): boolean => /^SQLITE_(?:BUSY|LOCKED)/.test(code);

/** What is wrong and its mend, for the log. Source: https://www.sqlite.org/rescode.html */
export function troubleOf(code: string, name: string): string {
  const file = `${name} in DATA_DIR`;
  if (isDamage(code)) return `${file} is damaged`;
  if (isBusy(code)) return `another process holds ${file}: end what has it open and is no relay`;
  if (/^(?:SQLITE_FULL|ENOSPC|EDQUOT|EFBIG)/.test(code)) return `the disk has no room for ${file}: make room`;
  if (/^(?:SQLITE_(?:READONLY|CANTOPEN|PERM|AUTH)|EACCES|EPERM|EROFS)/.test(code)) {
    return `${file} cannot be written: mend its permissions and its folder's, or mount the disk to be written to`;
  }
  return `${file} cannot be read or written: check the disk, its room, and the permissions`;
}
