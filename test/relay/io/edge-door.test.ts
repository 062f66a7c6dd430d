/** What the relay tells the edge of a caller who is to be put through, asked of the door itself. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import "../../patience.ts";
import type { Ending } from "../../../relay/call/ending.ts";
import { endingPath, keyFrom, mintEndingToken } from "../../../relay/contract.ts";
import { EdgeDoor } from "../../../relay/io/edge-door.ts";
import { Health } from "../../../relay/io/health.ts";
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
beforeAll(() => {
  store = Store.open(folder);
  const terms = { keys: [key], relayUrl: RELAY };
  const time = new TokenTime(clock, NOW_S, () => {});
  door = new EdgeDoor({ terms, records: store, time, health: new Health(() => {}), isLive: () => false });
});
afterAll(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

let made = 0;
/** What the edge is answered of a call whose stream ended so. */
async function answerOf(ending: Ending, transferTo?: string): Promise<unknown> {
  const callSid = newSid("CA");
  const use = { jti: `jti-${made++}`, callSid, attempt: 2, issuedS: NOW_S, expiresS: NOW_S + 60 };
  await store.use(use);
  await store.ended(use, ending, transferTo);
  const token = await mintEndingToken(key, { relay: RELAY, callSid }, NOW_S);
  const path = endingPath(callSid);
  const request = new Request(`https://relay.example.com${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const response = await door.answer(request, path);
  return response?.json();
}

describe("asked how a call ended, the relay", () => {
  test("names whom the caller is to be put through to", async () => {
    expect(await answerOf("transferred", "Zoë")).toEqual({
      ending: "transferred",
      outcome: "transfer",
      attempt: 2,
      to: "Zoë",
    });
  });

  test("names nobody of any other ending, nor of a transfer that names none", async () => {
    expect(await answerOf("caller_hung_up", "anna")).toEqual({
      ending: "caller_hung_up",
      outcome: "finished",
      attempt: 2,
    });
    expect(await answerOf("line_lost")).toEqual({ ending: "line_lost", outcome: "failed", attempt: 2 });
    expect(await answerOf("transferred")).toEqual({
      ending: "transferred",
      outcome: "transfer",
      attempt: 2,
    });
  });
});
