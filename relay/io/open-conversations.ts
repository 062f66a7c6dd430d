/**
 * Which place the conversations of live calls have: the Redis that has the records, where they are in one, and else a
 * file under DATA_DIR. It never fails: without a place to keep them in, calls are taken and cannot be gone on with.
 */
import type { Key } from "../contract.ts";
import type { Clock } from "./clock.ts";
import type { Conversations } from "./conversations.ts";
import { ConversationsFile } from "./conversations-file.ts";
import { ConversationsRedis } from "./conversations-redis.ts";
import { Envelopes } from "./envelopes.ts";
import type { Health } from "./health.ts";
import type { Log } from "./log.ts";
import type { RedisRecords } from "./redis.ts";
import { Seal } from "./sealed.ts";

export type ConversationsTerms = {
  readonly dataDir: string;
  /** The records, where they are in a Redis; they are closed after the conversations. */
  readonly redis: RedisRecords | undefined;
  /** The newest first; any of them opens. */
  readonly keys: readonly Key[];
  readonly clock: Clock;
  readonly log: Log;
  /** The records': told where Redis gives no answer. */
  readonly health: Health;
};

/** Whoever opens them sweeps them at once, and again every SWEEP_EVERY_MS. */
export async function openConversations(terms: ConversationsTerms): Promise<Conversations> {
  const { dataDir, redis, keys, clock, log, health } = terms;
  const envelopes = new Envelopes(new Seal(keys), log);
  return redis === undefined
    ? new ConversationsFile({ dataDir, envelopes, clock, log })
    : new ConversationsRedis(redis.connection, envelopes, health);
}
