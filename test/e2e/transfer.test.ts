/**
 * A caller who is put through, from end to end: the model asks by a name, the caller hears it said, the edge dials, and
 * whoever is not reached leads back to an assistant that knows. The number is the edge's alone all the way.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canariesIn } from "../canaries.ts";
import { PATIENCE_MS } from "../patience.ts";
import { clip } from "../rehearsal/audio/clips.ts";
import { buildForTest } from "../rehearsal/built.ts";
import { whenQuiet } from "../rehearsal/carrier/caller.ts";
import { type CallOptions, type PlacedCall, placeCall } from "../rehearsal/carrier/carrier.ts";
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
const ANNA = "+15551230001";
const DESK = "+15551230002";
/** In a pace of a hundredth: Twilio's five seconds more are 50 ms. */
const PACE = { sayMsPerCharacter: 1, secondMs: 10 };

/** Asks for Anna whenever the caller has spoken. */
const SCRIPT: Script = ({ cause }) =>
  cause === "speech"
    ? [{ clip: "assistant-goodbye" }, { call: "transfer_call", arguments: { to: "anna" } }]
    : [{ clip: "assistant-goodbye" }];

let folder: string;
let model: Model;
let edge: RunningEdge;
let relay: RunningRelay;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "transfer-"));
  model = await startModel({ script: SCRIPT });
  relay = await startRelay(freePort(), {
    modelUrl: model.url,
    modelKey: model.key,
    dataDir: folder,
    env: { DRAIN_SECONDS: "0", LOG_LEVEL: "debug" },
  });
  await buildForTest(join(folder, "dist"), join(folder, "no-callers.json"));
  const env = { ACCOUNT_SID, AUTH_TOKEN, RELAY_URL: relay.url, STREAM_TOKEN_SECRET: TOKEN_SECRET };
  edge = await startEdge({
    dist: join(folder, "dist"),
    env: { ...env, ALLOWED_NUMBERS: ADA, TRANSFER_NUMBERS: `anna=${ANNA},front desk=${DESK}` },
  });
});
afterAll(async () => {
  await relay?.kill("SIGKILL");
  await edge?.stop();
  await model?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The caller has said yes to being put through, and it rings. */
async function throughToAnna(anna: NonNullable<CallOptions["phoneBook"]>[string]): Promise<PlacedCall> {
  const call = placeCall({
    voiceUrl: `${edge.base}/voice/incoming`,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    from: ADA,
    to: OUR_NUMBER,
    pace: PACE,
    phoneBook: { [ANNA]: anna },
  });
  await whenQuiet(call, 300);
  const heardMs = call.ear.audibleMs;
  await call.say(clip("caller-yes"));
  await call.waitFor("dialling", PATIENCE_MS);
  // What the assistant said before it left was heard.
  expect(call.ear.audibleMs - heardMs).toBeGreaterThan(500);
  return call;
}

/** All that the model was told in these sessions. */
const toldSince = (from: number, to?: number): string =>
  JSON.stringify(model.sessions.slice(from, to).map(({ received }) => received));

describe("a caller who is put through", () => {
  test("hears it said, talks to whom they wanted, and the call is over when that is", async () => {
    const sessions = model.sessions.length;
    const call = await throughToAnna({ does: "answer", afterMs: 20, talkMs: 200 });
    expect(await call.ended).toMatchObject({ endedBy: "twiml", said: [] });
    expect(call.timeline.all("dialling")).toMatchObject([{ number: ANNA, callerId: ADA, timeoutS: 25 }]);
    expect(call.timeline.all("dialled")).toMatchObject([{ outcome: "completed" }]);
    await model.waitFor(() => model.openSockets() === 0, PATIENCE_MS);
    // The model was told of both by name, and was not asked again.
    expect(model.sessions.length).toBe(sessions + 1);
    expect(toldSince(sessions)).toContain("front desk");
  });

  test("and whom nobody answers is back with an assistant that knows, in the same call", async () => {
    const sessions = model.sessions.length;
    const call = await throughToAnna({ does: "ring" });
    await call.waitFor("dialled", PATIENCE_MS);
    await whenQuiet(call, 300);
    expect(model.sessions.length).toBe(sessions + 2);
    expect(toldSince(sessions + 1)).toMatch(/through to anna/);
    expect(toldSince(sessions, sessions + 1)).not.toMatch(/through to anna/);
    expect(call.said()).toEqual([]);
    const paths = call.timeline.all("webhook").map(({ url }) => new URL(url).pathname);
    expect(paths.filter((path) => path !== "/voice/stream-status")).toEqual([
      "/voice/incoming",
      "/voice/ended",
      "/voice/transferred",
    ]);
    call.hangUp();
    await call.ended;
  });

  test("and hangs up while it rings leaves nothing behind", async () => {
    const call = await throughToAnna({ does: "answer", afterMs: 290, talkMs: 3_600_000 });
    call.hangUp();
    expect(await call.ended).toMatchObject({ endedBy: "caller" });
    await model.waitFor(() => model.openSockets() === 0, PATIENCE_MS);
  });
});

test("no number that was dialled is in any line, nor anywhere at the relay and its model", () => {
  const numbers = { anna: ANNA, desk: DESK };
  const received = JSON.stringify(model.sessions.map((session) => session.received));
  expect(canariesIn(edge.output() + relay.output() + relay.errors() + received, numbers)).toEqual([]);
  expect(edge.lines.some(({ event }) => event === "call_transferred")).toBe(true);
});
