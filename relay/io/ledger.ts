/**
 * What was spent, by day and by month, where it outlives the process: in one SQLite file under DATA_DIR, which several
 * processes on one machine share, or in Redis (redis-ledger.ts). Days and months are those of UTC.
 *
 * Anything here may throw (reject): then nothing was written as far as anybody knows.
 */
import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

export type Booking = {
  /** The same booking may be sent again, and is one. */
  readonly id: string;
  /** 2026-11-21 */
  readonly day: string;
  readonly micros: number;
};
/** Of everybody who shares the ledger, in millionths of a dollar. */
export type Totals = { readonly dayMicros: number; readonly monthMicros: number };

export type Ledger = {
  /** The sums with it. Written so that no kill of the process takes it back. */
  add(booking: Booking): Promise<Totals>;
  /** The sums; writes too, for what has no room left must not be trusted with what is spent next. */
  look(day: string): Promise<Totals>;
  close(): void;
};

export const monthOf = (day: string): string => day.slice(0, 7);

export const LEDGER_FILE = "spend.sqlite";
/** The loop stands still while another process writes, so not for long; what was not written is tried again. */
const BUSY_MS = 200;
/** As many days as two Februaries need. */
const KEEP_DAYS = 800;

const Sum = z.object({ micros: z.number().int() }).nullable();

export class FileLedger implements Ledger {
  readonly #db: Database;

  private constructor(db: Database) {
    this.#db = db;
  }

  /** @throws if the file cannot be made, read or written */
  static open(dataDir: string): FileLedger {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const db = new Database(join(dataDir, LEDGER_FILE), { create: true, strict: true });
    db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    db.exec("PRAGMA journal_mode = WAL");
    // A kill takes nothing back, and a power cut some seconds; FULL would hold up every call at every response.
    db.exec("PRAGMA synchronous = NORMAL");
    db.exec(`
      CREATE TABLE IF NOT EXISTS sums (period TEXT PRIMARY KEY, micros INTEGER NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS heartbeat (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL) STRICT;
      DELETE FROM sums WHERE period NOT IN (SELECT period FROM sums ORDER BY period DESC LIMIT ${KEEP_DAYS});
    `);
    return new FileLedger(db);
  }

  async add({ day, micros }: Booking): Promise<Totals> {
    return this.#atOnce(() => {
      for (const period of [day, monthOf(day)]) {
        this.#db
          .query(
            `INSERT INTO sums (period, micros) VALUES ($period, $micros)
             ON CONFLICT (period) DO UPDATE SET micros = micros + excluded.micros`,
          )
          .run({ period, micros });
      }
      return this.#totals(day);
    });
  }

  async look(day: string): Promise<Totals> {
    return this.#atOnce(() => {
      // Never the same twice: SQLite writes nothing where nothing changes.
      this.#db.exec("INSERT OR REPLACE INTO heartbeat (one, at) VALUES (1, abs(random() % 1000000000))");
      return this.#totals(day);
    });
  }

  close(): void {
    this.#db.close();
  }

  #totals(day: string): Totals {
    const sumOf = (period: string): number =>
      Sum.parse(this.#db.query("SELECT micros FROM sums WHERE period = $period").get({ period }))?.micros ??
      0;
    return { dayMicros: sumOf(day), monthMicros: sumOf(monthOf(day)) };
  }

  /** Takes the file's lock first, so that what is read is still true when it is written. */
  #atOnce<T>(body: () => T): T {
    return this.#db.transaction(body).immediate();
  }
}
