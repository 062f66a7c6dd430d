/**
 * The records as one SQLite file under DATA_DIR, which several processes on one machine may share. WAL with
 * synchronous=FULL: a use is on the disk before the 101, so that no kill and no power cut makes a token good twice
 * (measured: 0 of 3,200 attempts with 20 SIGKILLs).
 *
 * What cannot be read back was not recorded, so each use reads the file anew, and asks whether it is still the one under
 * its name. A file that is damaged is never thrown away here: whoever runs the relay is told what that would cost.
 */
import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Ending } from "../call/ending.ts";
import { systemClock } from "./clock.ts";
import {
  HOUR_S,
  isEnding,
  KEEP_S,
  type LastKnown,
  NEW_FOR_S,
  type Records,
  RecordsFailure,
  type Spent,
  TRIES_AN_HOUR,
  type Use,
  type Used,
} from "./records.ts";
import { isDamage, SqliteFile, sqliteCodeOf, troubleOf } from "./sqlite-file.ts";

const NAME = "relay.sqlite";
/** Another process may be making it. */
const MADE_WITHIN_MS = 2_000;

/** `begun` is only of a file that was made when there was none: it may be that there was one, which is lost. */
const schema = (nowS: number): string => `
  PRAGMA synchronous = FULL;
  BEGIN IMMEDIATE;
  CREATE TABLE IF NOT EXISTS begun (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL) STRICT;
  INSERT OR IGNORE INTO begun (one, at)
    SELECT 1, ${nowS} WHERE NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'streams');
  CREATE TABLE IF NOT EXISTS streams (
    jti TEXT PRIMARY KEY,
    call_sid TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    ending TEXT,
    transfer_to TEXT,
    UNIQUE (call_sid, attempt)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS streams_by_age ON streams (used_at);
  CREATE TABLE IF NOT EXISTS tries (
    caller TEXT NOT NULL,
    jti TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (caller, jti)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS tries_by_age ON tries (at);
  CREATE TABLE IF NOT EXISTS latest (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL) STRICT;
  INSERT OR IGNORE INTO latest (one, at) VALUES (1, 0);
  COMMIT;`;

const Row = z
  .object({
    jti: z.string(),
    ending: z.string().nullable(),
    attempt: z.number().int(),
    transfer_to: z.string().nullable(),
  })
  .nullable();
const Columns = z.array(z.object({ name: z.string() }));
const Latest = z.object({ at: z.number().int() });
const Count = z.object({ count: z.number().int() });

export class Store implements Records {
  readonly #file: SqliteFile;

  private constructor(file: SqliteFile) {
    this.#file = file;
  }

  /**
   * @param nowS tokens made before a new file are not taken: it may be that an old one, now lost, knew them as used
   * @throws {RecordsFailure} with what to do, if the folder or the file cannot be made or written, or is damaged
   */
  static open(dataDir: string, nowS = systemClock.unixS()): Store {
    try {
      if (isEmptied(join(dataDir, NAME))) throw new Emptied();
      const store = new Store(SqliteFile.open(dataDir, NAME, schema(nowS)));
      store.#addTransferTo();
      return store;
    } catch (thrown) {
      throw whyNotOpened(thrown);
    }
  }

  /** A file that an earlier relay made has no such column; of several processes that open it, one adds it. */
  #addTransferTo(): void {
    const isThere = (): boolean =>
      Columns.parse(this.#file.db.query("PRAGMA table_info(streams)").all()).some(
        ({ name }) => name === "transfer_to",
      );
    if (isThere()) return;
    this.#atOnce((db) => {
      if (!isThere()) db.exec("ALTER TABLE streams ADD COLUMN transfer_to TEXT");
    });
  }

  async use({ jti, callSid, attempt, issuedS, expiresS }: Use): Promise<Used> {
    return this.#anew((db) => {
      db.query("UPDATE latest SET at = $issuedS WHERE at < $issuedS").run({ issuedS });
      const latestS = latestIn(db);
      const { changes } = db
        .query(
          `INSERT OR IGNORE INTO streams (jti, call_sid, attempt, used_at)
           SELECT $jti, $callSid, $attempt, $issuedS
           WHERE $expiresS >= $latestS
             AND NOT EXISTS (SELECT 1 FROM begun WHERE $issuedS < at AND $issuedS >= at - ${NEW_FOR_S})
             AND NOT EXISTS (SELECT 1 FROM streams WHERE call_sid = $callSid AND attempt >= $attempt)`,
        )
        .run({ jti, callSid, attempt, issuedS, expiresS, latestS });
      return { isFirst: changes === 1, latestS };
    });
  }

  async ended({ jti }: Pick<Use, "jti">, ending: Ending, transferTo?: string): Promise<void> {
    this.#try((db) =>
      db
        .query(
          "UPDATE streams SET ending = $ending, transfer_to = $transferTo WHERE jti = $jti AND ending IS NULL",
        )
        .run({ jti, ending, transferTo: transferTo ?? null }),
    );
  }

  async lastOf(callSid: string): Promise<LastKnown | undefined> {
    const row = this.#try((db) =>
      Row.parse(
        db
          .query(
            "SELECT jti, ending, attempt, transfer_to FROM streams WHERE call_sid = $callSid ORDER BY attempt DESC LIMIT 1",
          )
          .get({ callSid }),
      ),
    );
    if (row === null) return undefined;
    const { jti, ending, attempt, transfer_to: transferTo } = row;
    return {
      jti,
      attempt,
      ending: ending !== null && isEnding(ending) ? ending : undefined,
      ...(transferTo !== null && { transferTo }),
    };
  }

  async triesLeft(caller: string, nowS: number): Promise<number> {
    const spent = this.#try((db) =>
      db
        .query("SELECT count(*) AS count FROM tries WHERE caller = $caller AND at > $since")
        .get({ caller, since: nowS - HOUR_S }),
    );
    return Math.max(0, TRIES_AN_HOUR - Count.parse(spent).count);
  }

  async spendTry(caller: string, tryId: string, nowS: number): Promise<Spent> {
    const since = nowS - HOUR_S;
    const { isSpent, left } = this.#atOnce((db) => {
      db.query("DELETE FROM tries WHERE at <= $since").run({ since });
      db.query(
        `INSERT OR IGNORE INTO tries (caller, jti, at)
           SELECT $caller, $tryId, $nowS
           WHERE (SELECT count(*) FROM tries WHERE caller = $caller) < $most`,
      ).run({ caller, tryId, nowS, most: TRIES_AN_HOUR });
      const count = (query: string, values: Record<string, string>): number =>
        Count.parse(db.query(`SELECT count(*) AS count FROM tries WHERE ${query}`).get(values)).count;
      return {
        isSpent: count("caller = $caller AND jti = $tryId", { caller, tryId }) === 1,
        left: Math.max(0, TRIES_AN_HOUR - count("caller = $caller", { caller })),
      };
    });
    return { allowed: isSpent, left };
  }

  async refundTry(caller: string, tryId: string, nowS: number): Promise<number> {
    this.#try((db) =>
      db.query("DELETE FROM tries WHERE caller = $caller AND jti = $tryId").run({ caller, tryId }),
    );
    return this.triesLeft(caller, nowS);
  }

  async latestS(): Promise<number> {
    return this.#try(latestIn);
  }

  /** More than a use writes, and never the same twice, for SQLite writes nothing where nothing changes. */
  async heartbeat(): Promise<void> {
    this.#anew((db) => {
      const random = Math.floor(Math.random() * 1e9);
      db.query(
        `INSERT OR REPLACE INTO streams (jti, call_sid, attempt, used_at)
         VALUES ('heartbeat', 'heartbeat', $random, 0)`,
      ).run({ random });
      db.query("INSERT OR REPLACE INTO tries (caller, jti, at) VALUES ('heartbeat', 'heartbeat', $at)").run({
        at: -random,
      });
    });
  }

  async forgetOld(): Promise<void> {
    this.#try((db) => {
      const latestS = latestIn(db);
      db.query("DELETE FROM streams WHERE used_at < $before").run({ before: latestS - KEEP_S });
      db.query("DELETE FROM tries WHERE at <= $before").run({ before: latestS - HOUR_S });
    });
  }

  close(): void {
    this.#file.close();
  }

  /** What is read for this is what is on the disk. */
  #anew<T>(body: (db: Database) => T): T {
    this.#try(() => this.#file.readAnew());
    return this.#atOnce(body);
  }

  /** Takes the file's lock first, so that what is read is still true when it is written. */
  #atOnce<T>(body: (db: Database) => T): T {
    return this.#try((db) => db.transaction(() => body(db)).immediate());
  }

  /** @throws {RecordsFailure} */
  #try<T>(body: (db: Database) => T): T {
    try {
      if (!this.#file.isInPlace) throw new Moved();
      return body(this.#file.db);
    } catch (thrown) {
      throw whyNotDone(thrown);
    }
  }
}

const latestIn = (db: Database): number => Latest.parse(db.query("SELECT at FROM latest").get()).at;

// --- what is wrong, and the mend --------------------------------------------------------------------------------

class Moved extends Error {
  readonly code = "moved";
}

class Emptied extends Error {
  readonly code = "SQLITE_CORRUPT";
}

/** SQLite takes it for a new one; it is one for some ms, while another process makes it. */
function isEmptied(path: string): boolean {
  const deadline = performance.now() + MADE_WITHIN_MS;
  while (statSync(path, { throwIfNoEntry: false })?.size === 0) {
    if (performance.now() > deadline) return true;
    Bun.sleepSync(10);
  }
  return false;
}

/** The one way on without it. */
const AWAY = `stop the relay, move ${NAME}, ${NAME}-wal and ${NAME}-shm away, and start it again`;
/** What that is, and why nobody does it unasked. */
const LOST =
  "what is lost then: the wrong PINs of the last hour, and how calls ended; no token becomes good again, for those made before the new file are refused";

function whyNotOpened(thrown: unknown): RecordsFailure {
  const code = sqliteCodeOf(thrown);
  const trouble = troubleOf(code, NAME);
  if (!isDamage(code)) return new RecordsFailure(code, `${trouble} (${code})`);
  const keeps = "it says which tokens were used, so it is left as it is";
  return new RecordsFailure(code, `${trouble} (${code}); ${keeps}; to go on without it, ${AWAY}; ${LOST}`);
}

function whyNotDone(thrown: unknown): RecordsFailure {
  const code = sqliteCodeOf(thrown);
  const until = "nobody is admitted until then";
  if (code === "moved") {
    return new RecordsFailure(code, `${NAME} in DATA_DIR was moved or replaced: restart the relay; ${until}`);
  }
  const trouble = troubleOf(code, NAME);
  return new RecordsFailure(code, isDamage(code) ? `${trouble}: ${AWAY}; ${until}` : `${trouble}; ${until}`);
}
