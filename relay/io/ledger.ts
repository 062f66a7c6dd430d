/**
 * What was spent, by day and by month, where it outlives the process: in one SQLite file under DATA_DIR, which several
 * processes on one machine share, or in Redis (redis-ledger.ts). Days and months are those of UTC.
 *
 * Anything here may throw (reject): then nothing was written as far as anybody knows.
 */
import type { Database } from "bun:sqlite";
import { z } from "zod";
import { RecordsFailure } from "./records.ts";
import { isDamage, SqliteFile, sqliteCodeOf, troubleOf } from "./sqlite-file.ts";

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

const NAME = "spend.sqlite";
/** The loop stands still while another process writes, so not for long; what was not written is tried again. */
const BUSY_MS = 200;
/** Two years of them. */
const KEEP_PERIODS = 800;

/** A kill takes nothing back, and a power cut some seconds; FULL would hold up every call at every response. */
const SCHEMA = `
  PRAGMA synchronous = NORMAL;
  BEGIN IMMEDIATE;
  CREATE TABLE IF NOT EXISTS sums (period TEXT PRIMARY KEY, micros INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS heartbeat (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL) STRICT;
  DELETE FROM sums WHERE period NOT IN (SELECT period FROM sums ORDER BY period DESC LIMIT ${KEEP_PERIODS});
  COMMIT;`;

const Sum = z.object({ micros: z.number().int() }).nullable();

export class FileLedger implements Ledger {
  readonly #file: SqliteFile;

  private constructor(file: SqliteFile) {
    this.#file = file;
  }

  /** @throws {RecordsFailure} with what to do, if the file cannot be made, read or written, or is damaged */
  static open(dataDir: string): FileLedger {
    try {
      const file = SqliteFile.open(dataDir, NAME, SCHEMA);
      file.db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
      return new FileLedger(file);
    } catch (thrown) {
      throw failureOf(thrown, "");
    }
  }

  async add({ day, micros }: Booking): Promise<Totals> {
    return this.#atOnce((db) => {
      for (const period of [day, monthOf(day)]) {
        db.query(
          `INSERT INTO sums (period, micros) VALUES ($period, $micros)
           ON CONFLICT (period) DO UPDATE SET micros = micros + excluded.micros`,
        ).run({ period, micros });
      }
      return totalsIn(db, day);
    });
  }

  async look(day: string): Promise<Totals> {
    this.#file.readAnew();
    return this.#atOnce((db) => {
      // Never the same twice: SQLite writes nothing where nothing changes.
      db.exec("INSERT OR REPLACE INTO heartbeat (one, at) VALUES (1, abs(random() % 1000000000))");
      return totalsIn(db, day);
    });
  }

  close(): void {
    this.#file.close();
  }

  /** Takes the file's lock first, so that what is read is still true when it is written. */
  #atOnce<T>(body: (db: Database) => T): T {
    try {
      if (!this.#file.isInPlace) throw new Gone();
      const { db } = this.#file;
      return db.transaction(() => body(db)).immediate();
    } catch (thrown) {
      throw failureOf(thrown);
    }
  }
}

function totalsIn(db: Database, day: string): Totals {
  const sumOf = (period: string): number =>
    Sum.parse(db.query("SELECT micros FROM sums WHERE period = $period").get({ period }))?.micros ?? 0;
  return { dayMicros: sumOf(day), monthMicros: sumOf(monthOf(day)) };
}

class Gone extends Error {
  readonly code = "SQLITE_READONLY_DBMOVED";
}

function failureOf(thrown: unknown, untilThen = "; nobody is admitted until then"): RecordsFailure {
  const code = sqliteCodeOf(thrown);
  const anew = `end the relay, move ${NAME} away and start it again; budgets then begin anew`;
  if (thrown instanceof Gone)
    return new RecordsFailure(code, `${NAME} in DATA_DIR is gone or was replaced: ${anew}`);
  const trouble = troubleOf(code, NAME);
  const mend = isDamage(code) ? `${trouble}: ${anew}` : `${trouble}${untilThen}`;
  return new RecordsFailure(code, mend);
}
