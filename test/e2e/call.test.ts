/**
 * A phone call from end to end: the real Functions under the real twilio-run, the real relay, and stand-ins for the
 * three services that need an account. What a caller hears, and what each layer says of it.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PATIENCE_MS, until } from "../patience.ts";
import { clip } from "../rehearsal/audio/clips.ts";
import { buildForTest } from "../rehearsal/built.ts";
import { whenQuiet } from "../rehearsal/carrier/caller.ts";
import { type CallOptions, type PlacedCall, placeCall } from "../rehearsal/carrier/carrier.ts";
import { signatureFor } from "../rehearsal/carrier/sabotage.ts";
import { type RunningEdge, startEdge } from "../rehearsal/edge.ts";
import type { Script } from "../rehearsal/model/script.ts";
import { type Model, startModel } from "../rehearsal/model/server.ts";
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  freePort,
  type RelayOptions,
  type RunningRelay,
  startRelay,
  TOKEN_SECRET,
} from "../rehearsal/relay.ts";
import { isWithin } from "../relay/io/noise.ts";

const ADA = "+15551234567";
const STRANGER = "+15559998888";
const OUR_NUMBER = "+15557654321";
const PROFILE = { name: "Ada", language: "en", instructions: "Ada's dentist is Dr Molar." };
const UNAVAILABLE = "Your assistant is not available right now, please call back.";
const ONE_MOMENT = "One moment, please.";
const LOST = "Sorry, I lost the connection to your assistant. Please call back.";

/** However often the caller is heard to speak: where this process stands still, a word may come in two. */
const SCRIPT: Script = ({ cause }) =>
  cause === "speech"
    ? [{ clip: "assistant-goodbye" }, { call: "end_call", arguments: {} }]
    : [{ clip: "assistant-goodbye" }];

let folder: string;
let model: Model;
let edge: RunningEdge;
let relay: RunningRelay;
let options: RelayOptions;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "e2e-"));
  model = await startModel({ script: SCRIPT });
  options = { modelUrl: model.url, modelKey: model.key, dataDir: folder, env: { DRAIN_SECONDS: "0" } };
  const callers = join(folder, "callers.json");
  await Bun.write(callers, JSON.stringify({ [ADA]: PROFILE }));
  relay = await startRelay(freePort(), options);
  await buildForTest(join(folder, "dist"), callers);
  edge = await startEdge({
    dist: join(folder, "dist"),
    env: { ACCOUNT_SID, AUTH_TOKEN, RELAY_URL: relay.url, STREAM_TOKEN_SECRET: TOKEN_SECRET },
  });
});
afterAll(async () => {
  await relay?.kill("SIGKILL");
  await edge?.stop();
  await model?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const dial = (changes: Partial<CallOptions> = {}): PlacedCall =>
  placeCall({
    voiceUrl: `${edge.base}/voice/incoming`,
    fallbackUrl: `${edge.base}/voice/fallback`,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    from: ADA,
    to: OUR_NUMBER,
    ...changes,
  });

/** The webhooks that a call made, each with its answer's status. */
const webhooksOf = (call: PlacedCall) =>
  call.timeline
    .all("webhook")
    .map(({ why, url, status }) => `${why} ${new URL(url).pathname} ${status}`)
    .sort();
/** The endings of the calls since, once there is one: the log comes later than what it tells. */
async function endingsIn(since: number): Promise<unknown[]> {
  const endings = () =>
    relay.lines.slice(since).flatMap(({ event, ending }) => (event === "call.ended" ? [ending] : []));
  await until(() => endings().length > 0);
  return endings();
}
/** The edge's line of an event, once it is there. */
async function edgeLine(event: string) {
  const line = () => edge.lines.find((each) => each.event === event);
  await until(() => line() !== undefined);
  return line();
}
const modelIsLeft = () => model.waitFor(() => model.openSockets() === 0, PATIENCE_MS);

describe("a call", () => {
  test("is admitted, greeted, answered and ended by the assistant, in all its layers", async () => {
    const call = dial();
    await whenQuiet(call, 1_000);
    const greeted = call.ear.samples;
    await call.say(clip("caller-yes"));
    const report = await call.ended;

    // The caller: greeted, answered, and not one word of Twilio's own voice.
    expect(report.endedBy).toBe("twiml");
    expect(report.said).toEqual([]);
    const { ear } = report;
    for (const heard of [ear.slice(0, greeted), ear.slice(greeted, ear.samples)])
      expect(isWithin(heard, clip("assistant-goodbye"))).toBe(true);

    // Twilio: what it asked, in all.
    expect(webhooksOf(call)).toEqual([
      "connect /voice/ended 200",
      "stream-status /voice/stream-status 204",
      "stream-status /voice/stream-status 204",
      "voice /voice/incoming 200",
    ]);
    expect(call.timeline.all("stream-closed")).toMatchObject([{ by: "relay", code: 1000 }]);

    // The model: the caller's own profile, one session, nothing refused, closed.
    await modelIsLeft();
    expect(model.sessions).toMatchObject([{ updates: 1, errors: [], closeCode: 1000 }]);
    expect(model.sessions[0]?.settings.instructions).toContain("Dr Molar");
    expect(model.sessions[0]?.settings.instructions).toContain("Ada");

    // The relay and the edge, in their own words.
    expect(await endingsIn(0)).toEqual(["assistant_hung_up"]);
    expect(await edgeLine("call_admitted")).toMatchObject({ callSid: call.callSid });
    expect(await edgeLine("call_finished")).toMatchObject({
      callSid: call.callSid,
      ending: "assistant_hung_up",
    });
  });

  test("that the caller ends is over for everybody, and the edge is told so", async () => {
    const since = relay.lines.length;
    const call = dial();
    await call.waitFor("heard-first-audio", PATIENCE_MS);
    call.hangUp();
    expect((await call.ended).endedBy).toBe("caller");
    await modelIsLeft();
    expect(await endingsIn(since)).toEqual(["caller_hung_up"]);
    expect(webhooksOf(call)).toContain("connect /voice/ended 200");
  });

  test("whose stream is no stream of Twilio's any more ends with an apology for that", async () => {
    const since = relay.lines.length;
    const call = dial();
    await call.waitFor("heard-first-audio", PATIENCE_MS);
    call.sendRaw("not a frame");
    const report = await call.ended;
    expect(report.said).toEqual([LOST]);
    await modelIsLeft();
    expect(await endingsIn(since)).toEqual(["protocol_violation"]);
  });
});

describe("who may not come in hears no assistant and costs nothing:", () => {
  test("a caller who is not on the list is rejected, unbilled", async () => {
    const [sessions, lines] = [model.events.length, relay.lines.length];
    const call = dial({ from: STRANGER });
    expect((await call.ended).endedBy).toBe("rejected");
    expect(webhooksOf(call)).toEqual(["voice /voice/incoming 200"]);
    expect(call.timeline.all("answered")).toEqual([]);
    expect([model.events.length, relay.lines.length]).toEqual([sessions, lines]);
  });

  for (const webhookSignature of ["wrong", "none"] as const) {
    test(`a webhook with ${webhookSignature === "none" ? "no" : "a wrong"} signature gets 403`, async () => {
      const [sessions, lines] = [model.events.length, relay.lines.length];
      const call = dial({ sabotage: { webhookSignature }, fallbackUrl: undefined });
      await call.ended;
      expect(webhooksOf(call)).toEqual(["voice /voice/incoming 403"]);
      expect(call.timeline.all("stream-connecting")).toEqual([]);
      expect([model.events.length, relay.lines.length]).toEqual([sessions, lines]);
    });
  }

  test("a webhook whose caller was changed on the way is no longer signed", async () => {
    const call = dial({ from: STRANGER });
    const { url, parameters } = await call.waitFor("webhook", PATIENCE_MS);
    await call.ended;
    const response = await fetch(url, {
      method: "POST",
      headers: { "x-twilio-signature": signatureFor(AUTH_TOKEN, url, parameters, undefined) ?? "" },
      body: new URLSearchParams({ ...parameters, From: ADA }),
    });
    expect([response.status, await response.text()]).toEqual([403, ""]);
  });

  test("a stream whose handshake is not Twilio's is refused, and the caller hears the apology", async () => {
    const sessions = model.events.length;
    const call = dial({ sabotage: { streamSignature: "wrong" } });
    const report = await call.ended;
    // Two more tokens, a moment apart, and then no more.
    const refused = { status: 401 };
    expect(call.timeline.all("stream-refused")).toMatchObject([refused, refused, refused]);
    expect(report.said).toEqual([ONE_MOMENT, UNAVAILABLE]);
    expect(model.events).toHaveLength(sessions);
  });
});

describe("with the relay down", () => {
  test("the caller hears that it takes a moment, and the next one nothing of it once it is up", async () => {
    await relay.kill("SIGTERM");
    const call = dial();
    await call.waitFor("paused", PATIENCE_MS);
    expect([...new Set(call.said())]).toEqual([ONE_MOMENT]);
    expect(call.timeline.all("stream-refused")).toHaveLength(1);
    call.hangUp();
    await call.ended;
    relay = await startRelay(relay.port, options);
    const next = dial();
    await next.waitFor("heard-first-audio", PATIENCE_MS);
    next.hangUp();
    await next.ended;
    expect(next.said()).toEqual([]);
  });
});
