/**
 * What is kept of a conversation is read back as it was, and nothing else is taken for one; and what every place for
 * conversations must do, asked of each that there is.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import "../../patience.ts";
import { type Key, keyFrom } from "../../../relay/contract.ts";
import { systemClock } from "../../../relay/io/clock.ts";
import {
  type Conversations,
  KEEP_AGAIN_MS,
  KEPT_FOR_S,
  rememberedIn,
  SWEEP_EVERY_MS,
  textOf,
} from "../../../relay/io/conversations.ts";
import { Health } from "../../../relay/io/health.ts";
import type { RelayEntry } from "../../../relay/io/log.ts";
import { openConversations } from "../../../relay/io/open-conversations.ts";
import { RedisRecords } from "../../../relay/io/redis.ts";
import { Secret } from "../../../relay/secret.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { aConversation } from "./a-conversation.ts";
import { hasRedis, RedisServer } from "./redis-server.ts";

describe("a conversation as it is kept", () => {
  test("is read back as it was", () => {
    const remembered = aConversation("Ada's canary");
    expect(rememberedIn(textOf(remembered))).toEqual(remembered);
    const empty = { ...remembered, lines: [], unsure: [] };
    expect(rememberedIn(textOf(empty))).toEqual(empty);
  });

  test("is none where anything is missing, is more, or is of another kind", () => {
    const whole = aConversation("x");
    const [line] = whole.lines;
    const { isTainted: _, ...missing } = whole;
    for (const other of [
      missing,
      { ...whole, more: 1 },
      { ...whole, elapsedMs: "1" },
      { ...whole, spentMicros: -1 },
      { ...whole, unsure: [1] },
      { ...whole, lines: [{ ...line, by: "stranger" }] },
      { ...whole, lines: [{ ...line, more: 1 }] },
      { ...whole, lines: [{ by: "assistant", words: "x" }] },
      [],
      null,
    ]) {
      expect(rememberedIn(JSON.stringify(other))).toBeUndefined();
    }
    expect(rememberedIn("")).toBeUndefined();
    expect(rememberedIn(textOf(whole).slice(0, -1))).toBeUndefined();
  });
});

test("a call has the edge's 20 s and more to come back in, and what nobody comes back for is gone within a minute", () => {
  expect(KEPT_FOR_S * 1000 - KEEP_AGAIN_MS).toBeGreaterThan(20_000 + 10_000);
  expect(KEPT_FOR_S * 1000 + SWEEP_EVERY_MS).toBeLessThan(60_000);
});

/** Two processes' sight of the same conversations, and a third with another secret. */
type Sights = { one: Conversations; other: Conversations; stranger: Conversations; told: string[] };
const toClose: Array<() => unknown> = [];
afterAll(async () => {
  for (const close of toClose.reverse()) await close();
});

async function sights(redisAt?: (log: () => void) => Promise<RedisRecords>): Promise<Sights> {
  const dataDir = mkdtempSync(join(tmpdir(), "conversations-"));
  toClose.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const told: string[] = [];
  const log = (entry: RelayEntry | { event: string }) => told.push(entry.event);
  const sight = async (keys: readonly Key[]) => {
    const redis = await redisAt?.(() => {});
    const health = new Health(log);
    const opened = await openConversations({ dataDir, redis, keys, clock: systemClock, log, health });
    toClose.push(
      () => redis?.close(),
      () => opened.close(),
    );
    return opened;
  };
  const key = await keyFrom("a secret of more than thirty-two bytes");
  const another = await keyFrom("another secret of more than thirty-two bytes");
  return {
    one: await sight([key]),
    other: await sight([another, key]),
    stranger: await sight([another]),
    told,
  };
}

async function inRedis(): Promise<Sights> {
  const server = await RedisServer.start();
  toClose.push(() => server.stop());
  const health = new Health(() => {});
  return sights((log) => RedisRecords.open(new Secret(server.url), systemClock, health, log));
}

const KINDS: ReadonlyArray<{ name: string; open: () => Promise<Sights>; isHere: boolean }> = [
  { name: "a file", open: () => sights(), isHere: true },
  {
    name: hasRedis ? "a Redis" : "a Redis (skipped: there is no redis-server here)",
    open: inRedis,
    isHere: hasRedis,
  },
];

for (const { name, open, isHere } of KINDS) {
  describe.skipIf(!isHere)(`conversations in ${name}`, () => {
    let all: Sights;
    beforeAll(async () => {
      all = await open();
    });

    test("are recalled by whoever has the key, the last that was kept, and by whoever comes again", async () => {
      const { one, other } = all;
      const callSid = newSid("CA");
      expect(await one.recall(callSid)).toBeUndefined();
      await one.keep(callSid, aConversation("first"));
      await one.keep(callSid, aConversation("second", 20_000));
      expect(await other.recall(callSid)).toEqual(aConversation("second", 20_000));
      await other.keep(callSid, aConversation("third"));
      expect(await other.recall(callSid)).toEqual(aConversation("third"));
      await one.forget(newSid("CA"));
      expect(await other.recall(callSid)).toEqual(aConversation("third"));
    });

    test("are kept in the order in which that was asked", async () => {
      const { one, other } = all;
      const callSid = newSid("CA");
      const canaries = Array.from({ length: 50 }, (_, n) => `canary ${n}`);
      await Promise.all(canaries.map((canary) => one.keep(callSid, aConversation(canary, 5_000))));
      expect(await other.recall(callSid)).toEqual(aConversation("canary 49", 5_000));
    });

    test("are gone when they are forgotten, by anybody, and only that one is", async () => {
      const { one, other } = all;
      const [callSid, staying] = [newSid("CA"), newSid("CA")];
      for (const sid of [callSid, staying]) await one.keep(sid, aConversation("x"));
      await other.forget(callSid);
      expect(await one.recall(callSid)).toBeUndefined();
      await one.sweep();
      await one.forget(callSid);
      expect(await other.recall(callSid)).toBeUndefined();
      expect(await other.recall(staying)).toEqual(aConversation("x"));
    });

    test("are none for whoever has another secret, who says so once", async () => {
      const { one, stranger, told } = all;
      const before = told.length;
      for (let n = 0; n < 3; n++) {
        const callSid = newSid("CA");
        await one.keep(callSid, aConversation("x"));
        expect(await stranger.recall(callSid)).toBeUndefined();
        expect(await one.recall(callSid)).toEqual(aConversation("x"));
      }
      expect(told.slice(before)).toEqual(["conversations.unreadable"]);
    });
  });
}
