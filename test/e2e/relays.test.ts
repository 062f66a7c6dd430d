/**
 * Two real relays behind one real edge: each call has its own order of them, and a caller whose first relay is full or
 * away hears the assistant of the second, and not a word of the carrier's own voice.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inOrderFor, readRelays } from "../../functions/edge/relays.ts";
import { PATIENCE_MS, until } from "../patience.ts";
import { buildForTest } from "../rehearsal/built.ts";
import { type PlacedCall, placeCall } from "../rehearsal/carrier/carrier.ts";
import { newSid } from "../rehearsal/carrier/sid.ts";
import { type RunningEdge, startEdge } from "../rehearsal/edge.ts";
import type { Script } from "../rehearsal/model/script.ts";
import { type Model, startModel } from "../rehearsal/model/server.ts";
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  freePort,
  type RunningRelay,
  startRelay,
  TOKEN_SECRET,
} from "../rehearsal/relay.ts";

const ADA = "+15551234567";
const OUR_NUMBER = "+15557654321";
const ONE_MOMENT = "One moment, please.";
const UNAVAILABLE = "Your assistant is not available right now, please call back.";

const SCRIPT: Script = [
  { on: "create", metadata: { reason: "greeting" }, reply: [{ clip: "assistant-greeting" }] },
];

let folder: string;
let model: Model;
let edge: RunningEdge;
const relays = new Map<string, RunningRelay>();

const start = (port: number): Promise<RunningRelay> => {
  const dataDir = join(folder, String(port));
  mkdirSync(dataDir, { recursive: true });
  const env = { DRAIN_SECONDS: "0", MAX_CALLS: "1" };
  return startRelay(port, { modelUrl: model.url, modelKey: model.key, dataDir, env });
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "relays-"));
  model = await startModel({ script: SCRIPT });
  for (const port of [freePort(), freePort()]) {
    const relay = await start(port);
    relays.set(relay.url, relay);
  }
  await buildForTest(join(folder, "dist"), join(folder, "no-callers.json"));
  edge = await startEdge({
    dist: join(folder, "dist"),
    env: {
      ACCOUNT_SID,
      AUTH_TOKEN,
      RELAY_URL: [...relays.keys()].join(","),
      STREAM_TOKEN_SECRET: TOKEN_SECRET,
      ALLOWED_NUMBERS: ADA,
    },
  });
});
afterAll(async () => {
  await Promise.all([...relays.values()].map((relay) => relay.kill("SIGKILL")));
  await edge?.stop();
  await model?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A call's relays, the first that takes it first. */
function orderOf(callSid: string): readonly string[] {
  const read = readRelays([...relays.keys()].join(","));
  if (!read.ok) throw new Error("not a list");
  return inOrderFor(read.relays, callSid).map(({ name }) => name);
}
const [ONE, OTHER] = [0, 1];
/** A call whose first relay is this one. */
function callSidFor(place: number): string {
  for (;;) {
    const callSid = newSid("CA");
    if (orderOf(callSid)[0] === [...relays.keys()][place]) return callSid;
  }
}
const relayOf = (place: number): RunningRelay => [...relays.values()][place] ?? expect.unreachable();

const dial = (callSid: string): PlacedCall =>
  placeCall({
    callSid,
    voiceUrl: `${edge.base}/voice/incoming`,
    fallbackUrl: `${edge.base}/voice/fallback`,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    from: ADA,
    to: OUR_NUMBER,
  });
/** Where its streams went, and what became of each. */
const pathOf = (call: PlacedCall) => {
  const tried = call.timeline
    .all("stream-connecting")
    .map(({ url }) => new URL(url).origin.replace("http", "ws"));
  return tried.map((url) => [...relays.keys()].indexOf(url));
};
const refusalsOf = (call: PlacedCall) => call.timeline.all("stream-refused").map(({ status }) => status);
async function end(call: PlacedCall): Promise<void> {
  call.hangUp();
  await call.ended;
  await model.waitFor(() => model.openSockets() === 0, PATIENCE_MS);
}

describe("with two relays", () => {
  test("each call goes to the first in its own order", async () => {
    for (const place of [ONE, OTHER]) {
      const call = dial(callSidFor(place));
      await call.waitFor("heard-first-audio", PATIENCE_MS);
      expect(pathOf(call)).toEqual([place]);
      await end(call);
    }
  });

  test("a caller whose first is full hears the second's assistant, and of a third there is none", async () => {
    const live = dial(callSidFor(ONE));
    await live.waitFor("heard-first-audio", PATIENCE_MS);
    const second = dial(callSidFor(ONE));
    await second.waitFor("heard-first-audio", PATIENCE_MS);
    expect([pathOf(second), refusalsOf(second), second.said()]).toEqual([[ONE, OTHER], [503], []]);
    const third = dial(callSidFor(OTHER));
    const report = await third.ended;
    expect([pathOf(third), refusalsOf(third)]).toEqual([
      [OTHER, ONE],
      [503, 503],
    ]);
    expect([report.said, report.endedBy]).toEqual([[UNAVAILABLE], "twiml"]);
    await Promise.all([end(live), end(second)]);
  });

  test("a caller whose first is away hears the second's assistant, and the first's again once it is back", async () => {
    const { port, url } = relayOf(ONE);
    await relayOf(ONE).kill("SIGKILL");
    const call = dial(callSidFor(ONE));
    await call.waitFor("heard-first-audio", PATIENCE_MS);
    expect([pathOf(call), call.said()]).toEqual([[ONE, OTHER], []]);
    await end(call);
    // The order of the list is the map's: a relay that is set anew keeps its place.
    relays.set(url, await start(port));
    const next = dial(callSidFor(ONE));
    await next.waitFor("heard-first-audio", PATIENCE_MS);
    expect(pathOf(next)).toEqual([ONE]);
    await end(next);
  });

  test("a call that began at its relay and broke there is not begun again at the other", async () => {
    const call = dial(callSidFor(OTHER));
    await call.waitFor("heard-first-audio", PATIENCE_MS);
    call.sendRaw("not a frame");
    const report = await call.ended;
    expect(pathOf(call)).toEqual([OTHER]);
    expect(report.said).toEqual(["Sorry, I lost the connection to your assistant. Please call back."]);
  });

  test("with both away, the caller hears that it takes a moment, and then the assistant of one that is back", async () => {
    const since = edge.lines.length;
    await Promise.all([...relays.values()].map((relay) => relay.kill("SIGKILL")));
    const call = dial(callSidFor(ONE));
    await call.waitFor("paused", PATIENCE_MS);
    expect([pathOf(call), [...new Set(call.said())]]).toEqual([[ONE], [ONE_MOMENT]]);
    const { port, url } = relayOf(OTHER);
    relays.set(url, await start(port));
    await call.waitFor("heard-first-audio", PATIENCE_MS);
    expect([pathOf(call), [...new Set(call.said())]]).toEqual([[ONE, OTHER], [ONE_MOMENT]]);
    const reasons = () =>
      edge.lines.slice(since).flatMap(({ event, why }) => (event === "call_not_taken" ? [why] : []));
    await until(() => reasons().length > 0);
    expect(reasons()).toEqual(["the relay gave no answer"]);
    await end(call);
  });
});
