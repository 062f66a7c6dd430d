/** What the relay tells the edge of how a call ended, asked of the door itself. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import "../../patience.ts";
import { ENDINGS, type Ending } from "../../../relay/call/ending.ts";
import { endingPath, keyFrom, mintEndingToken } from "../../../relay/contract.ts";
import type { Ended } from "../../../relay/io/chronicle.ts";
import { EdgeDoor } from "../../../relay/io/edge-door.ts";
import { Health } from "../../../relay/io/health.ts";
import { isEnding } from "../../../relay/io/records.ts";
import { Store } from "../../../relay/io/store.ts";
import { TokenTime } from "../../../relay/io/token-time.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";

const NOW_S = 1_790_000_000;
const RELAY = "wss://relay.example.com";
const key = await keyFrom("a stream token secret for the tests");
const folder = mkdtempSync(join(tmpdir(), "door-"));
const clock = { unixS: () => NOW_S, monotonicMs: () => 0 };

let store: Store;
let door: EdgeDoor;
/** The calls that there is something of to go on with, and the streams that are up. */
const begun = new Set<string>();
const live = new Set<string>();
const unwritten = new Map<string, Ended>();
beforeAll(() => {
  store = Store.open(folder);
  const terms = { keys: [key], relayUrl: RELAY };
  const time = new TokenTime(clock, NOW_S, () => {});
  door = new EdgeDoor({
    terms,
    records: store,
    time,
    health: new Health(() => {}),
    isLive: (jti) => live.has(jti),
    unwritten: (jti) => unwritten.get(jti),
    hasStarted: async (callSid) => begun.has(callSid),
  });
});
afterAll(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

let made = 0;
type Stream = {
  ending?: Ending;
  transferTo?: string;
  isBegun?: boolean;
  isLive?: boolean;
  isUnwritten?: boolean;
};
/** What the edge is answered of a call whose newest stream fared so. */
async function answerOf(stream: Stream): Promise<unknown> {
  const { ending, transferTo, isBegun = false, isLive = false, isUnwritten = false } = stream;
  const callSid = newSid("CA");
  const use = { jti: `jti-${made++}`, callSid, attempt: 2, issuedS: NOW_S, expiresS: NOW_S + 60 };
  await store.use(use);
  if (ending !== undefined && isUnwritten) unwritten.set(use.jti, { ending });
  else if (ending !== undefined) await store.ended(use, ending, transferTo);
  if (isBegun) begun.add(callSid);
  if (isLive) live.add(use.jti);
  const response = await ask(callSid);
  return response?.json();
}
async function ask(callSid: string): Promise<Response | undefined> {
  const token = await mintEndingToken(key, { relay: RELAY, callSid }, NOW_S);
  const path = endingPath(callSid);
  const request = new Request(`https://relay.example.com${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return door.answer(request, path);
}

describe("asked how a call ended, the relay", () => {
  test("knows of an ending that the disk did not take", async () => {
    const known = await answerOf({ ending: "assistant_hung_up", isUnwritten: true });
    expect(known).toMatchObject({ ending: "assistant_hung_up", outcome: "finished" });
  });

  test("names whom the caller is to be put through to", async () => {
    expect(await answerOf({ ending: "transferred", transferTo: "Zoë", isBegun: true })).toEqual({
      ending: "transferred",
      outcome: "transfer",
      attempt: 2,
      started: true,
      to: "Zoë",
    });
  });

  test("names nobody of any other ending, nor of a transfer that names none", async () => {
    expect(await answerOf({ ending: "caller_hung_up", transferTo: "anna" })).toEqual({
      ending: "caller_hung_up",
      outcome: "finished",
      attempt: 2,
      started: false,
    });
    expect(await answerOf({ ending: "transferred" })).toEqual({
      ending: "transferred",
      outcome: "transfer",
      attempt: 2,
      started: false,
    });
  });

  test("says of every ending what follows from it, and whether there is anything to go on with", async () => {
    for (const ending of Object.keys(ENDINGS).filter(isEnding)) {
      for (const isBegun of [true, false]) {
        expect(await answerOf({ ending, isBegun })).toEqual({
          ending,
          outcome: ENDINGS[ending].outcome,
          attempt: 2,
          started: isBegun,
        });
      }
    }
  });

  test("says of a stream that has no ending whether it is up, or was a relay's that died", async () => {
    for (const isBegun of [true, false]) {
      const known = { attempt: 2, started: isBegun };
      expect(await answerOf({ isBegun, isLive: true })).toEqual({
        ...known,
        ending: "live",
        outcome: "live",
      });
      expect(await answerOf({ isBegun })).toEqual({ ...known, ending: "unknown", outcome: "again" });
    }
  });

  test("knows nothing of a call that it never had", async () => {
    expect((await ask(newSid("CA")))?.status).toBe(404);
  });
});
