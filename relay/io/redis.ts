/**
 * The records in one Redis, for several machines behind one name. Each step is one script, which Redis runs with
 * nothing in between: https://redis.io/docs/latest/develop/interact/programmability/eval-intro/
 *
 * Redis away means that nobody comes in, and touches no call that is up.
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
  NEW_FOR_S,
  type Records,
  type Spent,
  TRIES_AN_HOUR,
  type Use,
  type Used,
} from "./records.ts";
import { RedisConnection } from "./redis-connection.ts";

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
  /** For whatever else this process keeps there. */
  readonly connection: RedisConnection;
  readonly #clock: Clock;
  readonly #log: Log;

  private constructor(connection: RedisConnection, clock: Clock, log: Log) {
    this.connection = connection;
    this.#clock = clock;
    this.#log = log;
  }

  /** Resolves when it was tried once to connect; from then on it goes on trying by itself. */
  static async open(url: Secret, clock: Clock, health: Health, log: Log): Promise<RedisRecords> {
    let isJudged = false;
    const connection = await RedisConnection.open(url, health, async (to) => {
      if (await begin(to, clock)) warnOfLoss(log);
      health.worked();
      if (!isJudged) await judge(to, log);
      isJudged = true;
    });
    return new RedisRecords(connection, clock, log);
  }

  async use({ jti, callSid, attempt, issuedS, expiresS }: Use): Promise<Used> {
    const keys = [KEY.known, KEY.since, KEY.latest, KEY.used(jti), KEY.call(callSid)];
    const [first, latestS] = Pair.parse(
      await this.connection.run(USE, keys, [this.#clock.unixS(), issuedS, expiresS, attempt, jti]),
    );
    return { isFirst: first === 1, latestS };
  }

  async ended(
    { jti, callSid }: Pick<Use, "jti" | "callSid">,
    ending: Ending,
    transferTo?: string,
  ): Promise<void> {
    const to = transferTo === undefined ? [] : [transferTo];
    await this.connection.run(ENDED, [KEY.call(callSid)], [jti, ending, ...to]);
  }

  async lastOf(callSid: string): Promise<LastKnown | undefined> {
    const [jti, attempt, ending, to] = LastRow.parse(
      await this.connection.ask("HMGET", [KEY.call(callSid), "jti", "attempt", "ending", "to"]),
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
    const spent = await this.connection.ask("ZCOUNT", [KEY.tries(caller), `(${nowS - HOUR_S}`, "+inf"]);
    return Math.max(0, TRIES_AN_HOUR - z.number().parse(spent));
  }

  async spendTry(caller: string, tryId: string, nowS: number): Promise<Spent> {
    const [spent, left] = Pair.parse(await this.connection.run(SPEND, [KEY.tries(caller)], [nowS, tryId]));
    return { allowed: spent === 1, left };
  }

  async refundTry(caller: string, tryId: string, nowS: number): Promise<number> {
    await this.connection.ask("ZREM", [KEY.tries(caller), tryId]);
    return this.triesLeft(caller, nowS);
  }

  async latestS(): Promise<number> {
    return Number(
      z
        .string()
        .nullable()
        .parse(await this.connection.ask("GET", [KEY.latest])) ?? 0,
    );
  }

  async heartbeat(): Promise<void> {
    if (await begin(this.connection, this.#clock)) warnOfLoss(this.#log);
  }

  /** Redis does, by itself. */
  async forgetOld(): Promise<void> {}

  close(): void {
    this.connection.close();
  }
}

/** Writes what a use writes. True: it held nothing. */
async function begin(connection: RedisConnection, clock: Clock): Promise<boolean> {
  return (await connection.run(HEARTBEAT, [KEY.known, KEY.since, KEY.heartbeat], [clock.unixS()])) === 1;
}

/** What would make it forget a use before its time. */
async function judge(connection: RedisConnection, log: Log): Promise<void> {
  // Where it does not tell, it is not asked again.
  const info = await connection.ask("INFO", []).catch(() => "");
  const said = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(String(info))?.[1];
  const policy = said("maxmemory_policy");
  if (policy !== undefined && policy !== "noeviction") {
    warn(log, "it may throw records away when its memory is full: set maxmemory-policy noeviction");
  }
  if (said("aof_enabled") === "0") {
    warn(log, "it forgets the last uses of tokens when it is killed: set appendonly yes, appendfsync always");
  }
}

const warnOfLoss = (log: Log): void =>
  warn(log, "it held no records: where it is not new, it has lost them, and needs appendonly yes");

const warn = (log: Log, mend: string): void =>
  log({ event: "relay.warning", level: "warn", variable: "REDIS_URL", mend });
