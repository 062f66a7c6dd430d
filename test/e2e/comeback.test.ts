/**
 * The relay is gone in the middle of a call, and comes back: the real Functions under the real twilio-run bring the
 * caller back to the real relay, once it is there, and to nothing before. What the conversation was is the relay's to
 * remember; here it is the stream that counts.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PATIENCE_MS, Stopwatch, until } from "../patience.ts";
import { buildForTest } from "../rehearsal/built.ts";
import { type OpenedStream, openStream, type PlacedCall, placeCall } from "../rehearsal/carrier/carrier.ts";
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

const ADA = "+15551234567";
const OUR_NUMBER = "+15557654321";
const ONE_MOMENT = "One moment, please.";
const UNAVAILABLE = "Your assistant is not available right now, please call back.";
/** Ten times as fast as Twilio: a pause of a second is a tenth. */
const PACE = { secondMs: 100 };
/** What is promised, less what a real pause would have taken longer. */
const BACK_WITHIN_MS = 3_000 - 900;

const SCRIPT: Script = () => [{ clip: "assistant-greeting" }];

let folder: string;
let model: Model;
let edge: RunningEdge;
let relay: RunningRelay;
let options: RelayOptions;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "comeback-"));
  model = await startModel({ script: SCRIPT });
  options = { modelUrl: model.url, modelKey: model.key, dataDir: folder, env: { DRAIN_SECONDS: "0" } };
  relay = await startRelay(freePort(), options);
  await buildForTest(join(folder, "dist"), join(folder, "no-callers.json"));
  const env = { ACCOUNT_SID, AUTH_TOKEN, RELAY_URL: relay.url, STREAM_TOKEN_SECRET: TOKEN_SECRET };
  edge = await startEdge({ dist: join(folder, "dist"), env: { ...env, ALLOWED_NUMBERS: ADA } });
});
afterAll(async () => {
  await relay?.kill("SIGKILL");
  await edge?.stop();
  await model?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const dial = (): PlacedCall =>
  placeCall({
    voiceUrl: `${edge.base}/voice/incoming`,
    fallbackUrl: `${edge.base}/voice/fallback`,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    from: ADA,
    to: OUR_NUMBER,
    pace: PACE,
  });
async function end(call: PlacedCall): Promise<void> {
  call.hangUp();
  await call.ended;
  await model.waitFor(() => model.openSockets() === 0, PATIENCE_MS);
}

const streamsOf = (call: PlacedCall) => call.timeline.all("stream-opened").length;
const askedAgain = (call: PlacedCall) => call.timeline.all("redirected").length;
/** The attempts for which the edge has minted, and those that this relay has admitted. */
const mintedFor = ({ callSid }: PlacedCall) =>
  edge.lines.flatMap((line) =>
    line.event === "call_admitted" && line.callSid === callSid ? [line.attempt] : [],
  );
const admittedBy = ({ lines }: RunningRelay, { callSid }: PlacedCall) =>
  lines.flatMap((line) => (line.event === "call.admitted" && line.callSid === callSid ? [line.attempt] : []));

/** The stream of a token that was used, opened again as nobody but Twilio could sign it. */
async function again(call: PlacedCall, place: number): Promise<OpenedStream> {
  const { url } = call.timeline.all("stream-connecting")[place] ?? expect.unreachable();
  const { callSid } = call;
  const stream = openStream({ url, callSid, accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN });
  await stream.opening;
  return stream;
}

/**
 * How long it took from when the relay listened again until the call had its next stream.
 * @param rounds so often the edge has to have asked in vain
 */
async function backAfter(call: PlacedCall, downMs: number, rounds: number): Promise<number> {
  const streams = streamsOf(call);
  await relay.kill("SIGKILL");
  await Promise.all([Bun.sleep(downMs), until(() => askedAgain(call) >= rounds)]);
  relay = await startRelay(relay.port, options);
  const watch = new Stopwatch();
  await until(() => streamsOf(call) > streams);
  return watch.stop();
}

describe("a relay that is killed in the middle of a call", () => {
  for (const downMs of [500, 5_000]) {
    test(`and is back after ${downMs} ms has its caller back within 3 s, by a new token`, async () => {
      const call = dial();
      await call.waitFor("heard-first-audio", PATIENCE_MS);
      const tookMs = await backAfter(call, downMs, downMs > 1_000 ? 5 : 1);
      expect(tookMs).toBeLessThan(BACK_WITHIN_MS);

      // That and nothing else was said; and nothing was minted while nobody answered.
      expect([...new Set(call.said())]).toEqual([ONE_MOMENT]);
      expect(call.timeline.all("stream-connecting")).toHaveLength(2);
      await until(() => mintedFor(call).length === 2 && admittedBy(relay, call).length === 1);
      expect([mintedFor(call), admittedBy(relay, call)]).toEqual([[0, 1], [1]]);

      // Neither the token of before nor that of now is good for another stream.
      for (const place of [0, 1]) {
        const { opening, ended } = await again(call, place);
        expect(await opening).toMatchObject({ opened: false, status: 401 });
        await ended;
      }
      await end(call);
    });
  }

  test("twice has its caller back twice, in the same call", async () => {
    const call = dial();
    await call.waitFor("heard-first-audio", PATIENCE_MS);
    await backAfter(call, 0, 0);
    await relay.waitForLog(({ event }) => event === "call.started", PATIENCE_MS);
    await backAfter(call, 0, 0);
    await until(() => mintedFor(call).length === 3);
    expect(mintedFor(call)).toEqual([0, 1, 2]);
    expect(call.said()).not.toContain(UNAVAILABLE);
    await end(call);
  });

  test("is not asked about any more once the caller has hung up", async () => {
    const call = dial();
    await call.waitFor("heard-first-audio", PATIENCE_MS);
    await relay.kill("SIGKILL");
    await until(() => askedAgain(call) >= 2);
    call.hangUp();
    expect((await call.ended).endedBy).toBe("caller");
    relay = await startRelay(relay.port, options);
    expect(mintedFor(call)).toEqual([0]);
  });
});

describe("a relay that is away when the call comes in", () => {
  test("takes it once it is there", async () => {
    await relay.kill("SIGKILL");
    const call = dial();
    await until(() => askedAgain(call) >= 2);
    relay = await startRelay(relay.port, options);
    await call.waitFor("heard-first-audio", PATIENCE_MS);
    expect([...new Set(call.said())]).toEqual([ONE_MOMENT]);
    expect(mintedFor(call)).toEqual([0, 1]);
    await end(call);
  });
});
