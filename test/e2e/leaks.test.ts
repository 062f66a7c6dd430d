/**
 * Nothing leaks: whole calls and failing ones through the real edge and the real relay, with a canary in every place
 * where a secret, a number or a word can be, and a search of every byte that left the processes: logs at every level,
 * errors, stack traces, and HTTP answers to strangers.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeLog } from "../../relay/io/log.ts";
import { canariesIn } from "../canaries.ts";
import { PATIENCE_MS, TEST_MS } from "../patience.ts";
import { clip } from "../rehearsal/audio/clips.ts";
import { buildForTest } from "../rehearsal/built.ts";
import { whenQuiet } from "../rehearsal/carrier/caller.ts";
import { type CallOptions, type PlacedCall, placeCall } from "../rehearsal/carrier/carrier.ts";
import { type RunningEdge, startEdge } from "../rehearsal/edge.ts";
import type { Script } from "../rehearsal/model/script.ts";
import { type Model, startModel } from "../rehearsal/model/server.ts";
import { ACCOUNT_SID, freePort, type RunningRelay, startRelay } from "../rehearsal/relay.ts";
import { noise } from "../relay/io/noise.ts";

const CANARIES = {
  secret: "canary-secret-of-thirty-two-bytes-and-more",
  authToken: "canary0auth0token0of0the0account",
  apiKey: "sk-canary-api-key",
  callersNumber: "+15551230001",
  strangersNumber: "+15551230002",
  ourNumber: "+15551230003",
  transferNumber: "+15551230004",
  transferName: "Canary Cousin",
  pin: "86420975",
  wrongPin: "31415926",
  instructions: "Canary instructions: Grüße & <tags>.",
  profileName: "Canary Cattermole",
  profileGreeting: "Canary: grüezi, dear caller!",
  profileInstructions: "Canary: their dentist is Dr Molar.",
  assistantsWords: "Canary words of the assistant.",
  callersWords: "Canary words of the caller.",
  toolName: "canary_tool",
  toolArgument: "canary argument",
  modelsCloseReason: "canary reason of a close",
  query: "canary-in-a-query",
  strangersToken: "canary.token.of-a-stranger",
} as const;

const WRONG = "a wrong signature of the canary's";
/** However often the caller is heard to speak: where this process stands still, a word may come in two. */
const SCRIPT: Script = ({ cause, outputs }) => [
  { say: noise(9, 600), words: CANARIES.assistantsWords },
  ...(cause === "speech" ? [{ call: CANARIES.toolName, arguments: { to: CANARIES.toolArgument } }] : []),
  ...(outputs.length > 0 ? [{ call: "end_call", arguments: { why: CANARIES.toolArgument } }] : []),
];

let folder: string;
let model: Model;
let relay: RunningRelay;
let edge: RunningEdge;
/** What a stranger was answered: statuses, headers and bodies. */
let answers = "";
let written = "";

const dial = (changes: Partial<CallOptions> = {}): PlacedCall =>
  placeCall({
    voiceUrl: `${edge.base}/voice/incoming`,
    fallbackUrl: `${edge.base}/voice/fallback`,
    accountSid: ACCOUNT_SID,
    authToken: CANARIES.authToken,
    from: CANARIES.callersNumber,
    to: CANARIES.ourNumber,
    ...changes,
  });

async function typed(call: PlacedCall, pin: string): Promise<void> {
  const { timeline } = call;
  const before = timeline.all("gathered").length;
  await call.waitFor(() => timeline.all("gathering").length > before, PATIENCE_MS);
  for (const digit of `${pin}#`) call.press(digit);
  await call.waitFor(() => timeline.all("gathered").length > before, PATIENCE_MS);
}

async function knock(url: string, init: RequestInit = {}): Promise<void> {
  const response = await fetch(url, { ...init, redirect: "manual" });
  answers += `${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}\n`;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "leaks-"));
  model = await startModel({ script: SCRIPT, key: CANARIES.apiKey, hears: [CANARIES.callersWords] });
  relay = await startRelay(freePort(), {
    modelUrl: model.url,
    modelKey: CANARIES.apiKey,
    dataDir: folder,
    env: {
      DRAIN_SECONDS: "0",
      LOG_LEVEL: "debug",
      STREAM_TOKEN_SECRET: CANARIES.secret,
      TWILIO_AUTH_TOKEN: CANARIES.authToken,
      ASSISTANT_INSTRUCTIONS: CANARIES.instructions,
      TRANSCRIPTION_MODEL: "gpt-transcribe",
      TEMPERATURE: "0.8",
    },
  });
  const callers = join(folder, "callers.json");
  const profile = {
    name: CANARIES.profileName,
    greeting: CANARIES.profileGreeting,
    instructions: CANARIES.profileInstructions,
  };
  await Bun.write(callers, JSON.stringify({ [CANARIES.callersNumber]: profile }));
  await buildForTest(join(folder, "dist"), callers);
  edge = await startEdge({
    dist: join(folder, "dist"),
    env: {
      ACCOUNT_SID,
      AUTH_TOKEN: CANARIES.authToken,
      RELAY_URL: relay.url,
      STREAM_TOKEN_SECRET: CANARIES.secret,
      CALLER_PIN: CANARIES.pin,
      TRANSFER_NUMBERS: `${CANARIES.transferName}=${CANARIES.transferNumber}`,
    },
  });

  const whole = dial();
  await typed(whole, CANARIES.wrongPin);
  await typed(whole, CANARIES.pin);
  await whenQuiet(whole, 400);
  await whole.say(clip("caller-yes"));
  await whole.ended;

  const dropped = dial();
  await typed(dropped, CANARIES.pin);
  await whenQuiet(dropped, 200);
  model.drop(model.sessions.length - 1, { code: 1011, reason: CANARIES.modelsCloseReason });
  // The call goes on in another session.
  await relay.waitForLog(({ event }) => event === "session.restored", PATIENCE_MS);
  dropped.hangUp();
  await dropped.ended;

  const failing: Array<Partial<CallOptions>> = [
    { from: CANARIES.strangersNumber },
    { sabotage: { webhookSignature: "wrong" } },
    { sabotage: { mutateWebhook: (form) => ({ ...form, To: CANARIES.ourNumber, request: CANARIES.query }) } },
  ];
  for (const changes of failing) await dial(changes).ended;
  const cheated = dial({ sabotage: { streamSignature: "wrong" } });
  await typed(cheated, CANARIES.pin);
  await cheated.ended;

  const http = relay.url.replace("ws", "http");
  for (const path of ["/", "/healthz", "/readyz", "/metrics", `/media-stream/${CANARIES.strangersToken}`]) {
    await knock(`${http}${path}?${CANARIES.query}`, { headers: { "x-twilio-signature": WRONG } });
  }
  await knock(`${http}/calls/${whole.callSid}/ending`, {
    headers: { authorization: `Bearer ${CANARIES.strangersToken}` },
  });
  for (const path of [
    "/voice/incoming",
    "/voice/pin",
    "/voice/ended",
    "/voice/transferred",
    "/voice/message",
    "/voice/stream-status",
    "/voice/call-status",
    "/voice/fallback",
  ]) {
    await knock(`${edge.base}${path}?state=${CANARIES.strangersToken}`, {
      method: "POST",
      body: new URLSearchParams({
        From: CANARIES.callersNumber,
        Digits: CANARIES.pin,
        Called: CANARIES.query,
      }),
      headers: { "x-twilio-signature": WRONG },
    });
  }
  await relay.kill("SIGTERM");
  const away = dial();
  await away.ended;
  await edge.stop();
  written = relay.output() + relay.errors() + edge.output() + answers;
}, 3 * TEST_MS);
afterAll(async () => {
  await relay?.kill("SIGKILL");
  await edge?.stop();
  await model?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("everything that left the processes", () => {
  test("tells of all these calls: the canaries had every chance", () => {
    for (const event of [
      "call_turned_away",
      "webhook_refused",
      "pin_wrong",
      "pin_right",
      "pin_tries_unknown",
    ]) {
      expect(written).toContain(`"event":"${event}"`);
    }
    for (const ending of ["assistant_hung_up", "model_dropped"])
      expect(written).toContain(`"ending":"${ending}"`);
    expect(written).toContain('"event":"handshake.refused"');
    const received = JSON.stringify(model.sessions.map((session) => session.received));
    expect(canariesIn(received, CANARIES)).toEqual(
      expect.arrayContaining(["instructions", "profileName", "profileInstructions"]),
    );
    expect(canariesIn(received, CANARIES)).not.toContain("transferNumber");
  });

  for (const name of Object.keys(CANARIES)) {
    test(`holds no ${name}, in no spelling`, () => {
      expect(canariesIn(written, CANARIES)).not.toContain(name);
    });
  }

  test("holds no token and no sound", () => {
    expect(written).not.toContain("eyJ");
    expect(written).not.toMatch(/[A-Za-z0-9+/_-]{80,}/);
  });
});

describe("the search itself", () => {
  test("finds a canary that is planted in a line of the log", () => {
    let log = "";
    const logged = makeLog("debug", (line) => {
      log += line;
    });
    logged({ event: "handshake.refused", level: "warn", why: `from ${CANARIES.callersNumber}` });
    expect(canariesIn(written + log, CANARIES)).toEqual(["callersNumber"]);
  });
});
