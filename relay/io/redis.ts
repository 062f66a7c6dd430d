/**
 * The records in one Redis, for several machines behind one name. Each step is one script, which Redis runs with
 * nothing in between: https://redis.io/docs/latest/develop/interact/programmability/eval-intro/
 *
 * Redis away means that nobody comes in, and touches no call that is up. Nothing is queued for later and nothing is
 * sent twice: whoever asks gets an answer within a second, or a failure.
 */
import { z } from "zod";
import type { Ending } from "../call/ending.ts";
import type { Secret } from "../secret.ts";
import type { Clock } from "./clock.ts";
import type { Health } from "./health.ts";
import type { Log } from "./log.ts";
import {
  HOUR_S,
  isEnding,
  KEEP_S,
  type LastKnown,
  type Records,
  RecordsFailure,
  type Spent,
  TRIES_AN_HOUR,
  type Use,
  type Used,
} from "./records.ts";

const ANSWER_WITHIN_MS = 1_000;
const CONNECT_AGAIN_MS = 500;
/** Longer than a token lives, with the skew of its clocks. */
const NEW_FOR_S = 70;
const SKEW_S = 5;

/** In braces: what Redis keeps together, should it ever be spread over several. */
const KEY = {
  known: "{relay}:known",
  since: "{relay}:since",
  latest: "{relay}:latest",
  heartbeat: "{relay}:heartbeat",
  used: (jti: string) => `{relay}:used:${jti}`,
  call: (callSid: string) => `{relay}:call:${callSid}`,
  tries: (caller: string) => `{relay}:tries:${caller}`,
};

/**
 * A Redis that holds nothing is new, or has forgotten which tokens were used: those made before now are not taken.
 * KEYS known, since; ARGV 1 now.
 */
const BEGIN = `
local begins = redis.call('SET', KEYS[1], '1', 'NX')
if begins then redis.call('SET', KEYS[2], ARGV[1], 'EX', ${NEW_FOR_S}) end`;

/** KEYS 3 latest, 4 used, 5 call; ARGV 2 issuedS, 3 expiresS, 4 attempt, 5 jti. */
const USE = `${BEGIN}
local issued = tonumber(ARGV[2])
local latest = tonumber(redis.call('GET', KEYS[3]) or '0')
if issued > latest then
  latest = issued
  redis.call('SET', KEYS[3], ARGV[2])
end
local since = redis.call('GET', KEYS[2])
if since and issued <= tonumber(since) + ${SKEW_S} then return {0, latest} end
if tonumber(ARGV[3]) < latest then return {0, latest} end
if redis.call('EXISTS', KEYS[4]) == 1 then return {0, latest} end
local last = redis.call('HGET', KEYS[5], 'attempt')
if last and tonumber(last) >= tonumber(ARGV[4]) then return {0, latest} end
redis.call('SET', KEYS[4], '1', 'EX', ${KEEP_S})
redis.call('HSET', KEYS[5], 'jti', ARGV[5], 'attempt', ARGV[4])
redis.call('HDEL', KEYS[5], 'ending', 'to')
redis.call('EXPIRE', KEYS[5], ${KEEP_S})
return {1, latest}`;

const ENDED = `
if redis.call('HGET', KEYS[1], 'jti') ~= ARGV[1] then return end
if redis.call('HSETNX', KEYS[1], 'ending', ARGV[2]) == 1 and ARGV[3] then
  redis.call('HSET', KEYS[1], 'to', ARGV[3])
end`;

const SPEND = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ${HOUR_S})
if redis.call('ZCARD', KEYS[1]) < ${TRIES_AN_HOUR} then redis.call('ZADD', KEYS[1], 'NX', ARGV[1], ARGV[2]) end
redis.call('EXPIRE', KEYS[1], ${HOUR_S})
local spent = redis.call('ZSCORE', KEYS[1], ARGV[2])
return {spent and 1 or 0, ${TRIES_AN_HOUR} - redis.call('ZCARD', KEYS[1])}`;

const HEARTBEAT = `${BEGIN}
redis.call('SET', KEYS[3], ARGV[1], 'EX', ${NEW_FOR_S})
return begins and 1 or 0`;

const Pair = z.tuple([z.number().int(), z.number().int()]);
const Field = z.string().nullable();
const LastRow = z.tuple([Field, Field, Field, Field]);

export class RedisRecords implements Records {
  readonly #url: Secret;
  readonly #clock: Clock;
  readonly #health: Health;
  readonly #log: Log;
  #client: Bun.RedisClient | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  #hasWarned = false;

  private constructor(url: Secret, clock: Clock, health: Health, log: Log) {
    this.#url = url;
    this.#clock = clock;
    this.#health = health;
    this.#log = log;
  }

  /** Resolves when it was tried once to connect; from then on it goes on trying by itself. */
  static async open(url: Secret, clock: Clock, health: Health, log: Log): Promise<RedisRecords> {
    const records = new RedisRecords(url, clock, health, log);
    await records.#connect();
    return records;
  }

  async use({ jti, callSid, attempt, issuedS, expiresS }: Use): Promise<Used> {
    const keys = [KEY.known, KEY.since, KEY.latest, KEY.used(jti), KEY.call(callSid)];
    const [first, latestS] = Pair.parse(
      await this.#run(USE, keys, [this.#clock.unixS(), issuedS, expiresS, attempt, jti]),
    );
    return { isFirst: first === 1, latestS };
  }

  async ended(
    { jti, callSid }: Pick<Use, "jti" | "callSid">,
    ending: Ending,
    transferTo?: string,
  ): Promise<void> {
    const to = transferTo === undefined ? [] : [transferTo];
    await this.#run(ENDED, [KEY.call(callSid)], [jti, ending, ...to]);
  }

  async lastOf(callSid: string): Promise<LastKnown | undefined> {
    const [jti, attempt, ending, to] = LastRow.parse(
      await this.#ask("HMGET", [KEY.call(callSid), "jti", "attempt", "ending", "to"]),
    );
    if (jti === null || attempt === null) return undefined;
    return {
      jti,
      attempt: Number(attempt),
      ending: ending !== null && isEnding(ending) ? ending : undefined,
      ...(to !== null && { transferTo: to }),
    };
  }

  async triesLeft(caller: string, nowS: number): Promise<number> {
    const spent = await this.#ask("ZCOUNT", [KEY.tries(caller), `(${nowS - HOUR_S}`, "+inf"]);
    return Math.max(0, TRIES_AN_HOUR - z.number().parse(spent));
  }

  async spendTry(caller: string, tryId: string, nowS: number): Promise<Spent> {
    const [spent, left] = Pair.parse(await this.#run(SPEND, [KEY.tries(caller)], [nowS, tryId]));
    return { allowed: spent === 1, left };
  }

  async refundTry(caller: string, tryId: string, nowS: number): Promise<number> {
    await this.#ask("ZREM", [KEY.tries(caller), tryId]);
    return this.triesLeft(caller, nowS);
  }

  async latestS(): Promise<number> {
    return Number(
      z
        .string()
        .nullable()
        .parse(await this.#ask("GET", [KEY.latest])) ?? 0,
    );
  }

  async heartbeat(): Promise<void> {
    const keys = [KEY.known, KEY.since, KEY.heartbeat];
    const begins = await this.#run(HEARTBEAT, keys, [this.#clock.unixS()]);
    if (begins === 1) {
      this.#warn("it held no records: where it is not new, it has lost them, and needs appendonly yes");
    }
  }

  /** Redis does, by itself. */
  async forgetOld(): Promise<void> {}

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#client?.close();
  }

  #run(script: string, keys: readonly string[], values: ReadonlyArray<string | number>): Promise<unknown> {
    return this.#ask("EVAL", [script, String(keys.length), ...keys, ...values.map(String)]);
  }

  async #ask(command: string, args: string[]): Promise<unknown> {
    const client = this.#client;
    if (client === undefined) throw failure("away");
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      // Whatever it answers now comes too late, and what is asked next would wait behind it.
      client.close();
      late.reject(failure("no answer"));
    }, ANSWER_WITHIN_MS);
    try {
      return await Promise.race([client.send(command, args), late.promise]);
    } catch (thrown) {
      if (thrown instanceof RecordsFailure) throw thrown;
      throw failure(codeOf(thrown));
    } finally {
      clearTimeout(timer);
    }
  }

  /** A client each time: one that has failed is not asked to mend itself. */
  async #connect(): Promise<void> {
    const client = new Bun.RedisClient(this.#url.reveal(), {
      autoReconnect: false,
      enableOfflineQueue: false,
      connectionTimeout: ANSWER_WITHIN_MS,
    });
    this.#client = client;
    client.onclose = () => this.#lost(client);
    try {
      await client.connect();
      await this.heartbeat();
      this.#health.worked();
      await this.#judge();
    } catch (thrown) {
      this.#health.failed(thrown instanceof RecordsFailure ? thrown : failure(codeOf(thrown)));
      // Otherwise it is there but takes no writes, and is asked again by whoever comes.
      if (!client.connected) this.#lost(client);
    }
  }

  #lost(client: Bun.RedisClient): void {
    if (this.#client !== client || this.#isClosed) return;
    this.#client = undefined;
    this.#health.failed(failure("away"));
    this.#retry = setTimeout(() => this.#connect(), CONNECT_AGAIN_MS);
  }

  /** What would make it forget a use before its time. A Redis that does not tell is not asked twice. */
  async #judge(): Promise<void> {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const info = await this.#ask("INFO", []).catch(() => "");
    const said = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(String(info))?.[1];
    const policy = said("maxmemory_policy");
    if (policy !== undefined && policy !== "noeviction") {
      this.#warn("it may throw records away when its memory is full: set maxmemory-policy noeviction");
    }
    if (said("aof_enabled") === "0") {
      this.#warn(
        "it forgets the last uses of tokens when it is killed: set appendonly yes, appendfsync always",
      );
    }
  }

  #warn(mend: string): void {
    this.#log({ event: "relay.warning", level: "warn", variable: "REDIS_URL", mend });
  }
}

const failure = (code: string): RecordsFailure =>
  new RecordsFailure(
    code,
    "REDIS_URL: check that Redis runs, is reached from here, takes this password and has room; nobody is admitted until then",
  );

/** The first word of a server's error is its kind, as in "OOM command not allowed"; the rest may hold anything. */
function codeOf(thrown: unknown): string {
  const kind = thrown instanceof Error ? /^[A-Z]{2,}(?= )/.exec(thrown.message)?.[0] : undefined;
  if (kind !== undefined) return kind;
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown";
}
