/**
 * One server, kept connected: its session is begun anew by itself when it is dead, it is asked now and then whether it
 * is still there, and its list is kept up to date. What it offered stays known while it is away. How a tool of it is
 * used is use.ts.
 */
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { McpServer } from "./address.ts";
import { Connection } from "./connection.ts";
import { type Fate, fateOf } from "./fate.ts";
import { nearly, type Pace } from "./pace.ts";
import { mendOf, needsOwner, type Trouble, troubleOf } from "./trouble.ts";

export type LinkParts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly pace: Pace;
  /** What it lists, or whether it is there, is not what it was. */
  readonly changed: () => void;
};

/** None stands, and none could be made. */
export class NoConnection extends Error {
  readonly trouble: Trouble;

  constructor(trouble: Trouble) {
    super(`no connection: ${trouble}`);
    this.trouble = trouble;
  }
}

const MOST_DOUBLINGS = 7;

export class Link {
  readonly server: McpServer;
  readonly #parts: LinkParts;
  #connection: Connection | undefined;
  #attempt: Promise<Connection> | undefined;
  #trouble: Trouble | undefined;
  #listTrouble: Trouble | undefined;
  /** Attempts and connections that came to nothing, in a row. */
  #failures = 0;
  #again: ReturnType<typeof setTimeout> | undefined;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #swarms = 0;
  #settledAtMs = Number.NEGATIVE_INFINITY;
  #beat: ReturnType<typeof setInterval> | undefined;
  #listing: Promise<void> | undefined;
  #isListStale = false;
  #listed: readonly unknown[] | undefined;
  #listedText = "";
  #listedAtMs = 0;
  #isProving = false;
  readonly #closing = new AbortController();

  constructor(server: McpServer, parts: LinkParts) {
    this.server = server;
    this.#parts = parts;
  }

  /** Its newest list as it stands, however long ago; undefined: it has never answered with one. */
  get listed(): readonly unknown[] | undefined {
    return this.#listed;
  }

  /** Not before it has listed, nor while attempts fail. A session that is begun anew is no absence. */
  get isReachable(): boolean {
    return this.#listed !== undefined && (this.#connection !== undefined || this.#trouble === undefined);
  }

  /** Resolves when it was tried once, with its list. Never rejects. */
  async open(): Promise<void> {
    this.#beat = setInterval(() => this.#pulse(), this.#parts.pace.pingEveryMs);
    this.#beat.unref();
    await this.#connect().catch(() => undefined);
    await this.#listing;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#again);
    clearTimeout(this.#settling);
    clearInterval(this.#beat);
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.goodbye();
    await connection?.close();
  }

  /** The one there is, or one more attempt, whoever else waits for it. @throws NoConnection */
  connected(signal: AbortSignal): Promise<Connection> {
    if (this.#connection !== undefined) return Promise.resolve(this.#connection);
    return new Promise((resolve, reject) => {
      const stop = () => reject(new NoConnection("timeout"));
      if (signal.aborted) return stop();
      signal.addEventListener("abort", stop, { once: true });
      this.#connect()
        .then(resolve, reject)
        .finally(() => signal.removeEventListener("abort", stop));
    });
  }

  /** It is dead. Another is made at once, unless that has come to nothing before. */
  suspect(connection: Connection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    connection.retire();
    this.#failures += 1;
    if (this.#failures === 1) this.#connect().catch(() => undefined);
    else this.#tryLater(false);
  }

  /** It may be dead. */
  async prove(connection: Connection): Promise<void> {
    if (this.#connection !== connection || this.#isProving) return;
    this.#isProving = true;
    const { signal } = this.#within(this.#parts.pace.pingWithinMs);
    const fate = await connection.ping(signal).then(() => undefined, fateOf);
    this.#isProving = false;
    if (fate !== undefined && isDead(fate)) this.suspect(connection);
  }

  /** The owner is to hear of it, once. */
  trouble(trouble: Trouble | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    if (trouble !== undefined) {
      const mend = mendOf(trouble, this.server);
      this.#parts.log({
        event: "mcp.unreachable",
        level: "warn",
        server: this.server.label,
        why: trouble,
        mend,
      });
    }
    this.#parts.changed();
  }

  /** Resolves when it has listed; or has not, which is told. */
  relist(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return Promise.resolve();
    if (this.#listing !== undefined) this.#isListStale = true;
    this.#listing ??= this.#list(connection).finally(() => {
      this.#listing = undefined;
      if (!this.#isListStale) return;
      this.#isListStale = false;
      void this.relist();
    });
    return this.#listing;
  }

  #connect(): Promise<Connection> {
    this.#attempt ??= this.#try().finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  async #try(): Promise<Connection> {
    clearTimeout(this.#again);
    const { clock, log, pace } = this.#parts;
    const fromMs = clock.monotonicMs();
    const { signal, time } = this.#within(pace.connectWithinMs);
    let connection: Connection;
    try {
      connection = await Connection.open(this.server, signal);
    } catch (thrown) {
      const trouble = troubleOf(thrown, time.aborted);
      if (this.#isClosed) throw new NoConnection(trouble);
      this.#failures += 1;
      this.trouble(trouble);
      this.#tryLater(needsOwner(trouble));
      throw new NoConnection(trouble);
    }
    if (this.#isClosed) {
      void connection.close();
      throw new NoConnection("broken");
    }
    this.#connection = connection;
    const afterMs = Math.round(clock.monotonicMs() - fromMs);
    log({ event: "mcp.connected", level: "info", server: this.server.label, afterMs });
    this.trouble(undefined);
    connection.onListChanged = () => this.#settle();
    void this.#listenTo(connection);
    void this.relist();
    return connection;
  }

  #tryLater(isForOwner: boolean): void {
    if (this.#isClosed) return;
    clearTimeout(this.#again);
    const { againAfterMs, ownerAgainAfterMs } = this.#parts.pace;
    const usual = againAfterMs[Math.min(this.#failures, againAfterMs.length) - 1] ?? againAfterMs[0];
    const waitMs = nearly(isForOwner ? ownerAgainAfterMs : usual);
    this.#again = setTimeout(() => this.#connect().catch(() => undefined), waitMs);
    this.#again.unref();
  }

  async #list(connection: Connection): Promise<void> {
    const { signal, time } = this.#within(this.#parts.pace.listWithinMs);
    let listed: readonly unknown[];
    try {
      listed = await connection.list(signal);
    } catch (thrown) {
      // A newer connection lists for itself.
      if (this.#connection === connection && !this.#isClosed)
        this.#unlisted(connection, thrown, time.aborted);
      return;
    }
    if (this.#connection !== connection) return;
    const text = JSON.stringify(listed);
    const isNew = this.#listed === undefined || text !== this.#listedText;
    this.#listed = listed;
    this.#listedText = text;
    this.#listedAtMs = this.#parts.clock.monotonicMs();
    this.#listTrouble = undefined;
    this.#failures = 0;
    if (isNew) this.#parts.changed();
  }

  #unlisted(connection: Connection, thrown: unknown, didTimeOut: boolean): void {
    if (isDead(fateOf(thrown)) && !didTimeOut) this.suspect(connection);
    const why = troubleOf(thrown, didTimeOut);
    if (why === this.#listTrouble) return;
    this.#listTrouble = why;
    const mend = mendOf(why, this.server);
    this.#parts.log({ event: "mcp.list_failed", level: "warn", server: this.server.label, why, mend });
  }

  #settle(): void {
    // The first of a swarm sets the time, so that a server that never stops is heard all the same, if ever less often.
    if (this.#settling !== undefined) return;
    const { settleMs, calmAfterMs } = this.#parts.pace;
    const atMs = this.#parts.clock.monotonicMs();
    this.#swarms = atMs - this.#settledAtMs > calmAfterMs ? 0 : Math.min(this.#swarms + 1, MOST_DOUBLINGS);
    this.#settledAtMs = atMs;
    this.#settling = setTimeout(
      () => {
        this.#settling = undefined;
        void this.relist();
      },
      settleMs * 2 ** this.#swarms,
    );
    this.#settling.unref();
  }

  /** Hears of changes. A stream that ends is begun again, after a while; what was said meanwhile was said to nobody. */
  async #listenTo(connection: Connection): Promise<void> {
    if (!connection.tellsOfChanges) return;
    for (let times = 0; this.#connection === connection; times++) {
      if (times > 0) void this.relist();
      try {
        if (!(await connection.listen())) return;
      } catch (thrown) {
        const fate = fateOf(thrown);
        if (fate.is === "refused" || fate.is === "unauthorized") return;
        if (fate.is === "lost") await this.prove(connection);
        else this.suspect(connection);
      }
      const { againAfterMs } = this.#parts.pace;
      await rested(nearly(againAfterMs[Math.min(times, againAfterMs.length - 1)] ?? againAfterMs[0]));
    }
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  #within(ms: number): { readonly signal: AbortSignal; readonly time: AbortSignal } {
    const time = AbortSignal.timeout(ms);
    return { signal: AbortSignal.any([time, this.#closing.signal]), time };
  }

  #pulse(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const listedMs = this.#parts.clock.monotonicMs() - this.#listedAtMs;
    if (this.#listed === undefined || listedMs >= this.#parts.pace.relistEveryMs) void this.relist();
    else void this.prove(connection);
  }
}

/** Another session may do better. Any answer at all is a sign of life, the refusal of a ping as well. */
const isDead = ({ is }: Fate): boolean =>
  is === "session" || is === "unsent" || is === "lost" || is === "unauthorized";

function rested(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
