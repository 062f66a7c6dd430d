/**
 * The ledger in Redis: one budget for all machines that share it. Each step is one script, which Redis runs with
 * nothing in between. An answer that never came says nothing of whether it was written, so a booking is sent again
 * under its id, and counts once.
 */
import { z } from "zod";
import { type Booking, type Ledger, monthOf, type Totals } from "./ledger.ts";
import type { RedisConnection } from "./redis-connection.ts";

/** In braces: what Redis keeps together, should it ever be spread over several. */
const KEY = {
  sum: (period: string) => `{relay}:spend:${period}`,
  booking: (id: string) => `{relay}:spend:booking:${id}`,
  heartbeat: "{relay}:spend:heartbeat",
};
/** Longer than any period lasts that is still added to. */
const KEEP_SUM_S = 62 * 24 * 3600;
/** Longer than a booking is tried again: while it is, nobody is admitted. */
const KEEP_BOOKING_S = 24 * 3600;

/** KEYS 1 day, 2 month. Sums as text: Lua would make a float of them. */
const TOTALS = "return {redis.call('GET', KEYS[1]) or '0', redis.call('GET', KEYS[2]) or '0'}";

/** KEYS 3 booking; ARGV 1 micros. */
const ADD = `
if redis.call('SET', KEYS[3], '1', 'NX', 'EX', ${KEEP_BOOKING_S}) then
  for at = 1, 2 do
    redis.call('INCRBY', KEYS[at], ARGV[1])
    redis.call('EXPIRE', KEYS[at], ${KEEP_SUM_S})
  end
end
${TOTALS}`;

/** KEYS 3 heartbeat. */
const LOOK = `
redis.call('SET', KEYS[3], '1', 'EX', ${KEEP_BOOKING_S})
${TOTALS}`;

const Sum = z.string().regex(/^\d+$/).transform(Number);
const Sums = z.tuple([Sum, Sum]);

export class RedisLedger implements Ledger {
  readonly #redis: Pick<RedisConnection, "run">;

  /** @param redis whose end is its owner's */
  constructor(redis: Pick<RedisConnection, "run">) {
    this.#redis = redis;
  }

  add({ id, day, micros }: Booking): Promise<Totals> {
    return this.#ask(ADD, day, KEY.booking(id), [micros]);
  }

  look(day: string): Promise<Totals> {
    return this.#ask(LOOK, day, KEY.heartbeat, []);
  }

  close(): void {}

  async #ask(script: string, day: string, key: string, values: readonly number[]): Promise<Totals> {
    const keys = [KEY.sum(day), KEY.sum(monthOf(day)), key];
    const [dayMicros, monthMicros] = Sums.parse(await this.#redis.run(script, keys, values));
    return { dayMicros, monthMicros };
  }
}
