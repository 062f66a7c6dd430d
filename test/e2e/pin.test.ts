/**
 * The PIN as a caller hears it: the real Functions under the real twilio-run, the real relay that counts wrong tries
 * on its disk, and keys pressed on the rehearsal's telephone.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashPin } from "../../functions/edge/pin.ts";
import { type Sentence, spoken } from "../../functions/edge/sentences.ts";
import { PATIENCE_MS } from "../patience.ts";
import { buildForTest } from "../rehearsal/built.ts";
import { type CallOptions, openStream, type PlacedCall, placeCall } from "../rehearsal/carrier/carrier.ts";
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

const OUR_NUMBER = "+15557654321";
const PIN = "48291357";
const WRONG = "48291358";
/** Speaks German, and has a PIN of her own. */
const GRACE = "+15552220002";
const GRACES_PIN = "7702461938";
/** One for each test, because tries are counted by the hour. */
const NUMBERS = Array.from({ length: 12 }, (_, index) => `+1555000${1000 + index}`);
const TRIES_AN_HOUR = 10;
const text = (sentence: Sentence, language?: string) => spoken(sentence, language).text;

const SCRIPT: Script = [
  { on: "create", metadata: { reason: "greeting" }, reply: [{ clip: "assistant-greeting" }] },
];

let folder: string;
let model: Model;
let edge: RunningEdge;
let relay: RunningRelay;
let options: RelayOptions;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pin-"));
  model = await startModel({ script: SCRIPT });
  options = { modelUrl: model.url, modelKey: model.key, dataDir: folder, env: { DRAIN_SECONDS: "0" } };
  relay = await startRelay(freePort(), options);
  const callers = join(folder, "callers.json");
  const grace = { name: "Grace", language: "de-CH", pin: await hashPin(GRACES_PIN) };
  await Bun.write(callers, JSON.stringify({ [GRACE]: grace }));
  await buildForTest(join(folder, "dist"), callers);
  edge = await startEdge({
    dist: join(folder, "dist"),
    env: {
      ACCOUNT_SID,
      AUTH_TOKEN,
      RELAY_URL: relay.url,
      STREAM_TOKEN_SECRET: TOKEN_SECRET,
      ALLOWED_NUMBERS: NUMBERS.join(","),
      CALLER_PIN: PIN,
    },
  });
});
afterAll(async () => {
  await relay?.kill("SIGKILL");
  await edge?.stop();
  await model?.stop();
  rmSync(folder, { recursive: true, force: true });
});

let numbers = 0;
const newNumber = () => NUMBERS[numbers++] ?? expect.unreachable();
/** Of somebody who types: however slow the machine is, the edge's eight seconds are not over before. */
const TYPING = { sayMsPerCharacter: 2, secondMs: 60_000 };
/** Of somebody who does not. */
const SILENT = { sayMsPerCharacter: 2, secondMs: 30 };
const dial = (from: string, pace: NonNullable<CallOptions["pace"]> = TYPING): PlacedCall =>
  placeCall({
    voiceUrl: `${edge.base}/voice/incoming`,
    fallbackUrl: `${edge.base}/voice/fallback`,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    from,
    to: OUR_NUMBER,
    pace,
  });

/** Waits until the call asks for the nth time, and types. */
async function type(call: PlacedCall, nth: number, keys: string): Promise<void> {
  const isNth = () => call.timeline.all("gathering").length >= nth;
  await call.waitFor((event) => event.kind === "gathering" && isNth(), PATIENCE_MS);
  for (const key of keys) call.press(key);
}

/** The caller hears the assistant: admitted, in every layer. */
async function greeted(call: PlacedCall): Promise<void> {
  await call.waitFor("heard-first-audio", PATIENCE_MS);
  call.hangUp();
  await call.ended;
  await model.waitFor(() => model.openSockets() === 0, PATIENCE_MS);
}
const streamsOf = (call: PlacedCall) => call.timeline.all("stream-connecting").length;

describe("a caller with a PIN", () => {
  test("is asked before anything that costs money starts, and hears the assistant once it is right", async () => {
    const sessions = model.sessions.length;
    const call = dial(newNumber());
    await call.waitFor("gathering", PATIENCE_MS);
    expect([streamsOf(call), model.sessions.length]).toEqual([0, sessions]);
    await type(call, 1, `${PIN}#`);
    await greeted(call);
    expect(call.said()).toEqual([text("askPin")]);
    expect(model.sessions).toHaveLength(sessions + 1);
  });

  test("comes in at the third try, asked in her own language, by a PIN of her own", async () => {
    const call = dial(GRACE);
    await type(call, 1, `${WRONG}#`);
    await type(call, 2, `${PIN}#`);
    // Ten digits are all there are: no key has to end them.
    await type(call, 3, GRACES_PIN);
    await greeted(call);
    const [ask, again] = [text("askPin", "de"), text("askPinAgain", "de")];
    expect(call.said()).toEqual([ask, again, again]);
  });

  test("is out after three wrong ones, and nothing was started for them", async () => {
    const sessions = model.sessions.length;
    const call = dial(newNumber());
    for (const nth of [1, 2, 3]) await type(call, nth, `${WRONG}#`);
    const report = await call.ended;
    expect(report.endedBy).toBe("twiml");
    expect(report.said).toEqual([text("askPin"), text("askPinAgain"), text("askPinAgain"), text("wrongPin")]);
    expect([streamsOf(call), model.sessions.length]).toEqual([0, sessions]);
  });

  test("who types nothing is told so, and has lost no try", async () => {
    const from = newNumber();
    expect((await dial(from, SILENT).ended).said).toEqual([text("askPin"), text("noPin")]);
    const call = dial(from, SILENT);
    await type(call, 1, "#");
    expect((await call.ended).said).toEqual([text("askPin"), text("noPin")]);
  });

  test("who is wrong in ten calls is locked out of the eleventh, also after the relay has started anew", async () => {
    const from = newNumber();
    for (let wrong = 1; wrong <= TRIES_AN_HOUR; wrong++) {
      const call = dial(from);
      await type(call, 1, `${WRONG}#`);
      await call.waitFor(() => call.timeline.all("gathering").length === 2, PATIENCE_MS);
      call.hangUp();
      await call.ended;
    }
    for (const restart of [false, true]) {
      if (restart) {
        await relay.kill("SIGKILL");
        relay = await startRelay(relay.port, options);
      }
      const eleventh = dial(from);
      const report = await eleventh.ended;
      expect(report.said).toEqual([text("lockedPin")]);
      expect([report.endedBy, streamsOf(eleventh)]).toEqual(["twiml", 0]);
    }
    // Only they are: the next caller comes in.
    const other = dial(newNumber());
    await type(other, 1, `${PIN}#`);
    await greeted(other);
  });

  test("who hangs up in the middle of typing is gone, and the next call begins anew", async () => {
    const from = newNumber();
    const call = dial(from);
    await type(call, 1, PIN.slice(0, 4));
    call.hangUp();
    expect((await call.ended).endedBy).toBe("caller");
    expect(streamsOf(call)).toBe(0);
    const next = dial(from);
    await type(next, 1, `${PIN.slice(4)}#`);
    await type(next, 2, `${PIN}#`);
    await greeted(next);
  });

  test("hears the apology while the relay is away, before the PIN and after it", async () => {
    const call = dial(newNumber());
    await call.waitFor("gathering", PATIENCE_MS);
    await relay.kill("SIGKILL");
    await type(call, 1, `${PIN}#`);
    expect((await call.ended).said).toEqual([text("askPin"), text("unavailable")]);
    const early = dial(newNumber());
    expect((await early.ended).said).toEqual([text("unavailable")]);
    expect([streamsOf(call), streamsOf(early)]).toEqual([0, 0]);
    relay = await startRelay(relay.port, options);
    const next = dial(newNumber());
    await type(next, 1, `${PIN}#`);
    await greeted(next);
  });
});

describe("whoever captured the webhook of a right PIN", () => {
  test("gets the Function to answer again, and cannot open the stream that it names", async () => {
    const call = dial(newNumber());
    await type(call, 1, `${PIN}#`);
    await greeted(call);
    const captured = call.timeline.all("webhook").find(({ why }) => why === "gather");
    if (captured === undefined) throw new Error("no webhook of the keypad");
    const { url, parameters } = captured;
    const replayed = await fetch(url, {
      method: "POST",
      headers: { "x-twilio-signature": signatureFor(AUTH_TOKEN, url, parameters, undefined) ?? "" },
      body: new URLSearchParams(parameters),
    });
    const streamUrl = /<Stream url="([^"]+)"/.exec(await replayed.text())?.[1] ?? "";
    expect(streamUrl).toStartWith(`${relay.url}/media-stream/`);
    for (const streamSignature of ["none", "wrong"] as const) {
      const stream = openStream({
        accountSid: ACCOUNT_SID,
        authToken: AUTH_TOKEN,
        callSid: call.callSid,
        url: streamUrl,
        sabotage: { streamSignature },
      });
      expect((await stream.opening).opened).toBe(false);
      await stream.ended;
      expect(stream.timeline.all("stream-refused")).toMatchObject([{ status: 401 }]);
    }
  });
});

describe("what edge and relay wrote meanwhile", () => {
  test("holds no PIN, nothing that was typed and no number", () => {
    const written = edge.output() + relay.output() + relay.errors();
    expect(edge.lines.map(({ event }) => event)).toContain("pin_right");
    const numbers = [...NUMBERS, GRACE].map((number) => number.slice(1, -2));
    for (const secret of [PIN, WRONG, GRACES_PIN, ...numbers]) expect(written).not.toContain(secret);
    expect(edge.lines.filter(({ event }) => event === "bug")).toEqual([]);
  });
});
