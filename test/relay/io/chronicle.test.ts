/**
 * What is written down of calls, with records and conversations that answer when they are told to.
 */
import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { ENDINGS } from "../../../relay/call/ending.ts";
import type { Remembered } from "../../../relay/call/remembered.ts";
import { Chronicle } from "../../../relay/io/chronicle.ts";
import { KEEP_AGAIN_MS } from "../../../relay/io/conversations.ts";
import { Health } from "../../../relay/io/health.ts";
import { isEnding } from "../../../relay/io/records.ts";
import { aConversation } from "./a-conversation.ts";
import { CLAIMS } from "./claims.ts";

const CALL = CLAIMS.sub;
const SAID = aConversation("canary");
const AGAIN = { ...CLAIMS, attempt: 1, jti: "k".repeat(22) };

let done: string[];
let kept: Map<string, Remembered>;
let health: Health;
let chronicle: Chronicle;
/** Settles what was asked of the disk so far. */
let disk: ReturnType<typeof Promise.withResolvers<void>>;
beforeEach(() => {
  [done, kept, health, disk] = [[], new Map(), new Health(() => {}), Promise.withResolvers<void>()];
  chronicle = new Chronicle({
    records: {
      ended: async (stream, ending, transferTo) => {
        await disk.promise;
        done.push(`ended ${stream.callSid === CALL} ${stream.jti} ${ending} ${transferTo}`);
      },
    },
    conversations: {
      keep: async (callSid, remembered) => {
        await disk.promise;
        kept.set(callSid, remembered);
        done.push("kept");
      },
      recall: async (callSid) => kept.get(callSid),
      forget: async (callSid) => {
        kept.delete(callSid);
        done.push("forgotten");
      },
    },
    health,
  });
});
afterEach(() => chronicle.close());
const works = () => disk.resolve();

test("an ending is written with the stream it is of, and is waited for at the process's end", async () => {
  chronicle.ended(CLAIMS, "transferred", "anna");
  let isClosed = false;
  const closed = chronicle.close().then(() => {
    isClosed = true;
  });
  await Promise.resolve();
  expect(isClosed).toBe(false);
  works();
  await closed;
  expect(done).toEqual([`ended true ${CLAIMS.jti} transferred anna`]);
});

test("an ending that cannot be written is told of, and is nobody's end", async () => {
  disk.reject(new Error("SQLITE_FULL"));
  chronicle.ended(CLAIMS, "line_lost");
  await chronicle.close();
  expect(health.isWell).toBe(false);
});

describe("a conversation", () => {
  test("is recalled as it was kept, also while that is still being written", async () => {
    void chronicle.keep(CLAIMS, SAID);
    const recalled = chronicle.recall(CALL);
    works();
    expect(await recalled).toEqual(SAID);
  });

  for (const ending of Object.keys(ENDINGS).filter(isEnding)) {
    const { outcome } = ENDINGS[ending];
    const comesBack = outcome === "again" || outcome === "handover" || outcome === "transfer";
    test(`is ${comesBack ? "there" : "gone"} after ${ending}`, async () => {
      works();
      await chronicle.keep(CLAIMS, SAID);
      chronicle.ended(CLAIMS, ending);
      await chronicle.close();
      expect(kept.has(CALL)).toBe(comesBack);
    });
  }

  test("that was still being written when its call ended for good is gone too", async () => {
    void chronicle.keep(CLAIMS, SAID);
    chronicle.ended(CLAIMS, "caller_hung_up");
    works();
    await chronicle.close();
    expect(done.at(-1)).toBe("forgotten");
    expect(kept.size).toBe(0);
  });

  test("is kept again while its call lives and says nothing, and not after", async () => {
    jest.useFakeTimers();
    try {
      const watched = new Chronicle({
        records: { ended: async () => {} },
        conversations: {
          keep: async () => {
            done.push("kept");
          },
          recall: async () => undefined,
          forget: async () => {},
        },
        health,
      });
      void watched.keep(CLAIMS, SAID);
      jest.advanceTimersByTime(3 * KEEP_AGAIN_MS);
      expect(done).toHaveLength(4);
      watched.ended(CLAIMS, "line_lost");
      jest.advanceTimersByTime(3 * KEEP_AGAIN_MS);
      expect(done).toHaveLength(4);
      await watched.close();
    } finally {
      jest.useRealTimers();
    }
  });

  test("of a call that came back outlives the end of its older stream", async () => {
    works();
    await chronicle.keep(CLAIMS, SAID);
    chronicle.ended(CLAIMS, "superseded");
    await chronicle.keep(AGAIN, SAID);
    chronicle.keepAgain();
    await chronicle.close();
    expect(done.filter((what) => what === "kept")).toHaveLength(3);
    expect(kept.has(CALL)).toBe(true);
  });
});

test("an ending that cannot be written is told for as long as this process lives, the newest thousand", async () => {
  const records = { ended: () => Promise.reject(new Error("full")) };
  const conversations = { keep: async () => {}, recall: async () => undefined, forget: async () => {} };
  const full = new Chronicle({ records, conversations, health });
  for (let i = 0; i <= 1_000; i++) full.ended({ ...CLAIMS, jti: `jti-${i}` }, "transferred", "anna");
  await full.close();
  expect(full.unwritten("jti-1000")).toEqual({ ending: "transferred", transferTo: "anna" });
  expect([full.unwritten("jti-0"), full.unwritten("jti-unheard-of")]).toEqual([undefined, undefined]);
  expect(health.isWell).toBe(false);
});
