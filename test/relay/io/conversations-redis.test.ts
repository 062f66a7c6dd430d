/**
 * Conversations in Redis: gone by themselves where nobody comes back, no word of them in Redis' own file, and a Redis that
 * is away costs the calls that are up nothing.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { keyFrom } from "../../../relay/contract.ts";
import { systemClock } from "../../../relay/io/clock.ts";
import { KEPT_FOR_S } from "../../../relay/io/conversations.ts";
import { ConversationsRedis } from "../../../relay/io/conversations-redis.ts";
import { Health } from "../../../relay/io/health.ts";
import { openConversations } from "../../../relay/io/open-conversations.ts";
import { RedisRecords } from "../../../relay/io/redis.ts";
import { Secret } from "../../../relay/secret.ts";
import { until } from "../../patience.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { aConversation } from "./a-conversation.ts";
import { hasRedis, RedisServer } from "./redis-server.ts";

const toStop: Array<() => unknown> = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});

async function start() {
  const server = await RedisServer.start();
  toStop.push(() => server.stop());
  const told: string[] = [];
  const log = (entry: { event: string }) => told.push(entry.event);
  const health = new Health(log);
  const redis = await RedisRecords.open(new Secret(server.url), systemClock, health, log);
  toStop.push(() => redis.close());
  const keys = [await keyFrom("a secret of more than thirty-two bytes")];
  const dataDir = "unused";
  const conversations = await openConversations({ dataDir, redis, keys, clock: systemClock, log, health });
  return { server, redis, told, conversations };
}

describe.skipIf(!hasRedis)("conversations in a Redis", () => {
  test("are there as long as they would be in a file, by the same connection as the records, and sealed", async () => {
    const { server, redis, conversations, told } = await start();
    expect(conversations).toBeInstanceOf(ConversationsRedis);
    const callSid = newSid("CA");
    await conversations.keep(callSid, aConversation("marmalade"));
    const key = `{relay}:conversation:${callSid}`;
    const left = Number(await server.say("TTL", key));
    expect(left).toBeLessThanOrEqual(KEPT_FOR_S);
    expect(left).toBeGreaterThan(0);
    await server.say("EXPIRE", key, "5");
    await conversations.keep(callSid, aConversation("marmalade"));
    expect(Number(await server.say("TTL", key))).toBeGreaterThan(5);
    expect(String(await server.say("GET", key))).not.toContain("marmalade");
    const clients = String(await server.say("CLIENT", "LIST"))
      .trim()
      .split("\n");
    // The relay's, and the one that asks.
    expect(clients).toHaveLength(2);
    await server.say("PEXPIRE", key, "1");
    await until(async () => (await conversations.recall(callSid)) === undefined);
    await conversations.keep(callSid, aConversation("marmalade"));
    conversations.close();
    expect(await redis.latestS()).toBe(0);
    expect(told.filter((event) => event !== "relay.warning")).toEqual([]);
  });

  test("are not kept while it is away, which costs nobody anything, and are again when it is back", async () => {
    const { server, conversations, told } = await start();
    const callSid = newSid("CA");
    await conversations.keep(callSid, aConversation("before"));
    await server.kill();
    await until(() => told.includes("store.failed"));
    await conversations.keep(callSid, aConversation("away"));
    await conversations.forget(newSid("CA"));
    await conversations.sweep();
    expect(await conversations.recall(callSid)).toBeUndefined();
    await server.start();
    await until(() => told.includes("store.recovered"));
    expect(await conversations.recall(callSid)).toEqual(aConversation("before"));
    await conversations.keep(callSid, aConversation("after"));
    expect(await conversations.recall(callSid)).toEqual(aConversation("after"));
    expect(told.filter((event) => event !== "relay.warning")).toEqual(["store.failed", "store.recovered"]);
  });
});
