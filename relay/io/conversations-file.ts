/**
 * The conversations of live calls in a SQLite file of their own, so that what is done for them never stands in the way
 * of the records. Several processes of one machine share it: one takes up what another kept.
 *
 * Nothing in it is worth waiting for a disk: it outlives a kill, which is all that a call outlives, so it is never
 * synced (synchronous=OFF), and a call hears nothing of a slow disk. A file that is damaged holds nothing that anybody
 * could use: it is deleted, and the live calls are kept in a new one under another name, for SQLite's files must not be
 * replaced under whoever has them open (https://www.sqlite.org/howtocorrupt.html, 4.4). Whoever has sees that it is gone.
 */
import { readdirSync } from "node:fs";
import { z } from "zod";
import type { Remembered } from "../call/remembered.ts";
import type { Clock } from "./clock.ts";
import { type Conversations, KEPT_FOR_S } from "./conversations.ts";
import type { Envelopes } from "./envelopes.ts";
import type { Log } from "./log.ts";
import { isBusy, isDamage, removeSqliteFile, SqliteFile, sqliteCodeOf, troubleOf } from "./sqlite-file.ts";

/** How long a call's frames may wait for another process's write; then they go first. */
const BUSY_MS = 10;
const AGAIN_MS = 20;
/** A second of tries. */
const MOST_TRIES = 50;

/**
 * The first 4 KB of a row are zeros. SQLite moves rows about between its pages and may leave copies of their first bytes
 * behind, up to 4,061 on a page of 4,096 (https://www.sqlite.org/fileformat2.html#b_tree_pages); what comes after lies in
 * pages of its own, which secure_delete overwrites.
 */
const SCHEMA = `
  PRAGMA synchronous = OFF;
  CREATE TABLE IF NOT EXISTS conversations (
    call_sid TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    zeros BLOB NOT NULL,
    sealed BLOB NOT NULL
  ) STRICT;`;
const KEEP = `
  INSERT INTO conversations (call_sid, at, zeros, sealed) VALUES ($callSid, $at, zeroblob(4096), $sealed)
  ON CONFLICT (call_sid) DO UPDATE SET at = excluded.at, sealed = excluded.sealed`;
/** With a clock that was set back, nobody can tell how old it is. */
const STALE = "at <= $nowS - $keptForS OR at > $nowS + $keptForS";

const Row = z.object({ sealed: z.instanceof(Uint8Array) }).nullable();
const Emptied = z.object({ busy: z.number() });

/** conversations.sqlite, and after damage conversations-1.sqlite, and so on. */
const NAME = /^conversations(?:-(\d+))?\.sqlite$/;
const nameOf = (generation: number): string =>
  generation === 0 ? "conversations.sqlite" : `conversations-${generation}.sqlite`;
/** A disk that damages this many in a row is not asked on. */
const MOST_DAMAGED = 3;

export type ConversationsFileTerms = {
  readonly dataDir: string;
  readonly envelopes: Envelopes;
  readonly clock: Clock;
  readonly log: Log;
};

type Opened = { readonly file: SqliteFile; readonly generation: number };

export class ConversationsFile implements Conversations {
  readonly #terms: ConversationsFileTerms;
  #opened: Opened | undefined;
  /** Of each call that somebody waits to keep, the newest who does. */
  readonly #keeping = new Map<string, object>();
  /** What could not be forgotten yet. */
  readonly #unforgotten = new Set<string>();
  #sweeping: Promise<void> | undefined;
  #isWell = true;
  #hasFailedLately = false;
  #isClosed = false;

  /** A file that cannot be opened is told, and tried again by whoever needs it. */
  constructor(terms: ConversationsFileTerms) {
    this.#terms = terms;
    try {
      this.#file();
    } catch (thrown) {
      this.#failed(sqliteCodeOf(thrown));
    }
  }

  async keep(callSid: string, remembered: Remembered): Promise<void> {
    const { envelopes, clock } = this.#terms;
    const mine = {};
    this.#keeping.set(callSid, mine);
    this.#unforgotten.delete(callSid);
    const sealed = envelopes.close(callSid, remembered);
    await this.#done(
      ({ db }) => db.query(KEEP).run({ callSid, at: clock.unixS(), sealed }),
      () => this.#keeping.get(callSid) === mine,
    );
    if (this.#keeping.get(callSid) === mine) this.#keeping.delete(callSid);
  }

  async recall(callSid: string): Promise<Remembered | undefined> {
    if (this.#unforgotten.has(callSid)) return undefined;
    const done = await this.#done(({ db }) =>
      Row.parse(db.query("SELECT sealed FROM conversations WHERE call_sid = $callSid").get({ callSid })),
    );
    const sealed = done?.value?.sealed;
    return sealed === undefined ? undefined : this.#terms.envelopes.open(callSid, sealed);
  }

  async forget(callSid: string): Promise<void> {
    this.#keeping.delete(callSid);
    this.#unforgotten.add(callSid);
    const isDone = await this.#done(
      ({ db }) => db.query("DELETE FROM conversations WHERE call_sid = $callSid").run({ callSid }),
      () => this.#unforgotten.has(callSid),
    );
    if (isDone) this.#unforgotten.delete(callSid);
  }

  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const hadFailed = this.#hasFailedLately;
    this.#hasFailedLately = false;
    // Whoever else left this file has deleted it; two who were both about to make one may have made two.
    if ((this.#opened?.generation ?? 0) < newestIn(this.#terms.dataDir)) this.#drop();
    await this.#done((file) => file.readAnew());
    for (const callSid of [...this.#unforgotten]) await this.forget(callSid);
    const stale = { nowS: this.#terms.clock.unixS(), keptForS: KEPT_FOR_S };
    await this.#done(({ db }) => {
      // Asked first: a DELETE takes the lock that writes take, also where it deletes nothing.
      if (db.query(`SELECT 1 FROM conversations WHERE ${STALE} LIMIT 1`).get(stale) === null) return;
      db.query(`DELETE FROM conversations WHERE ${STALE}`).run(stale);
    });
    // What was deleted is in the bytes until this has copied the pages that no longer hold it.
    await this.#done((file) => {
      if (file.walBytes === 0) return;
      const { busy } = Emptied.parse(file.db.query("PRAGMA wal_checkpoint(TRUNCATE)").get());
      if (busy !== 0) throw new Busy();
    });
    if (!hadFailed && !this.#hasFailedLately) this.#worked();
  }

  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  /**
   * Does it, and waits where another process is at it. Undefined: it could not be done, which is told.
   * @param isWanted asked before each further try; false: it is done with, or somebody else's by now
   */
  async #done<Value>(
    body: (file: SqliteFile) => Value,
    isWanted: () => boolean = () => true,
  ): Promise<{ readonly value: Value } | undefined> {
    let hasMended = false;
    for (let tries = 1; !this.#isClosed; tries++) {
      try {
        return { value: body(this.#file()) };
      } catch (thrown) {
        const code = sqliteCodeOf(thrown);
        if (isDamage(code) && !hasMended) {
          hasMended = true;
          this.#leave(code);
        } else if (isBusy(code) && tries < MOST_TRIES) {
          await Bun.sleep(AGAIN_MS);
          if (!isWanted()) return undefined;
        } else {
          this.#failed(code);
          return undefined;
        }
      }
    }
    return undefined;
  }

  // --- which file ---------------------------------------------------------------------------------------------

  /** @throws where there is none to be had */
  #file(): SqliteFile {
    if (this.#opened?.file.isInPlace === false) this.#drop();
    this.#opened ??= this.#open(0);
    return this.#opened.file;
  }

  #open(least: number): Opened {
    const { dataDir } = this.#terms;
    let generation = Math.max(newestIn(dataDir), least);
    for (let damaged = 0; ; damaged++) {
      try {
        const file = SqliteFile.open(dataDir, nameOf(generation), SCHEMA);
        file.db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
        removeBefore(generation, dataDir);
        return { file, generation };
      } catch (thrown) {
        const code = sqliteCodeOf(thrown);
        if (!isDamage(code) || damaged >= MOST_DAMAGED) throw thrown;
        this.#tellDamage(code, generation);
        generation = Math.max(newestIn(dataDir), generation + 1);
      }
    }
  }

  /** Goes on in a new file; whoever shares the damaged one follows. */
  #leave(code: string): void {
    const generation = this.#opened?.generation;
    if (generation === undefined) return;
    this.#tellDamage(code, generation);
    this.#drop();
    try {
      this.#opened = this.#open(generation + 1);
    } catch (thrown) {
      this.#failed(sqliteCodeOf(thrown));
    }
  }

  #drop(): void {
    const { file } = this.#opened ?? {};
    this.#opened = undefined;
    try {
      file?.close();
    } catch {
      // It is left for good: what it could not write is kept again elsewhere.
    }
  }

  // --- what is told, when it changes --------------------------------------------------------------------------

  #tellDamage(code: string, generation: number): void {
    const mend = `${nameOf(generation)} in DATA_DIR was damaged and is deleted; live calls are kept in a new file; check the disk`;
    this.#terms.log({ event: "conversations.made_anew", level: "error", code, mend });
  }

  #failed(code: string): void {
    this.#hasFailedLately = true;
    if (!this.#isWell) return;
    this.#isWell = false;
    const name = nameOf(this.#opened?.generation ?? 0);
    const mend = `${troubleOf(code, name)}; calls go on, but until then no new process could go on with one`;
    this.#terms.log({ event: "conversations.failed", level: "error", code, mend });
  }

  /** A disk that is all but full takes this and not that: it is well again when all went well for as long as a sweep. */
  #worked(): void {
    if (this.#isWell) return;
    this.#isWell = true;
    this.#terms.log({ event: "conversations.recovered", level: "info" });
  }
}

class Busy extends Error {
  readonly code = "SQLITE_BUSY";
}

/** -1: there is none. */
function newestIn(dataDir: string): number {
  let newest = -1;
  for (const name of namesIn(dataDir)) newest = Math.max(newest, generationOf(name) ?? -1);
  return newest;
}

function removeBefore(generation: number, dataDir: string): void {
  for (let before = newestIn(dataDir); before >= 0; before--) {
    if (before < generation) removeSqliteFile(dataDir, nameOf(before));
  }
}

function generationOf(name: string): number | undefined {
  const found = NAME.exec(name);
  return found === null ? undefined : Number(found[1] ?? 0);
}

/** A folder that is not there holds none. */
function namesIn(dataDir: string): readonly string[] {
  try {
    return readdirSync(dataDir);
  } catch {
    return [];
  }
}
