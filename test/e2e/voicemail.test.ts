/**
 * A caller whom no relay takes, and whose owner wants to know what they would have said: the real Functions under the
 * real twilio-run and the carrier's own recording, to the goodbye.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyFrom } from "../../relay/contract.ts";
import { type StandIn, startStandIn } from "../functions/relay-stand-in.ts";
import { PATIENCE_MS, until } from "../patience.ts";
import { clip } from "../rehearsal/audio/clips.ts";
import { buildForTest } from "../rehearsal/built.ts";
import { type PlacedCall, placeCall } from "../rehearsal/carrier/carrier.ts";
import { type RunningEdge, startEdge } from "../rehearsal/edge.ts";
import { ACCOUNT_SID, AUTH_TOKEN, TOKEN_SECRET } from "../rehearsal/relay.ts";

const ADA = "+15551234567";
const OUR_NUMBER = "+15557654321";
/** Answers when it is asked, and takes no stream. */
let relay: StandIn;
let edge: RunningEdge;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "voicemail-"));
  relay = startStandIn(await keyFrom(TOKEN_SECRET));
  await buildForTest(join(folder, "dist"), join(folder, "no-callers.json"));
  const env = { ACCOUNT_SID, AUTH_TOKEN, RELAY_URL: relay.url, STREAM_TOKEN_SECRET: TOKEN_SECRET };
  edge = await startEdge({
    dist: join(folder, "dist"),
    env: { ...env, ALLOWED_NUMBERS: ADA, VOICEMAIL: "on" },
  });
});
afterAll(async () => {
  await edge?.stop();
  await relay?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const APOLOGY = [
  "One moment, please.",
  "Your assistant is not available right now, please call back.",
  "You can leave a message after the tone. Press the pound key when you are done.",
];
const THANKS = "Thank you, your message has been recorded. Goodbye.";

/** @param secondMs how long a second of a pause or of silence takes */
async function atTheBeep(secondMs: number): Promise<PlacedCall> {
  const call = placeCall({
    voiceUrl: `${edge.base}/voice/incoming`,
    fallbackUrl: `${edge.base}/voice/fallback`,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    from: ADA,
    to: OUR_NUMBER,
    pace: { secondMs },
  });
  await call.waitFor("recording", PATIENCE_MS);
  expect(call.said()).toEqual(APOLOGY);
  expect(call.timeline.all("stream-refused")).toHaveLength(3);
  return call;
}
const messagesOf = ({ callSid }: PlacedCall) =>
  edge.lines.filter((line) => line.event === "message_left" && line.callSid === callSid);

describe("a caller whom no relay takes", () => {
  test("leaves a message behind the apology, and is thanked", async () => {
    const call = await atTheBeep(1_000);
    await call.say(clip("caller-milk"));
    call.press("#");
    expect(await call.ended).toMatchObject({ endedBy: "twiml", said: [...APOLOGY, THANKS] });
    await until(() => messagesOf(call).length === 1);
    const [recorded] = call.timeline.all("recorded");
    expect(messagesOf(call)).toMatchObject([{ caller: "67", seconds: recorded?.seconds }]);
    expect(call.timeline.all("application-error")).toEqual([]);
  });

  test("and leaves it by hanging up is told nothing more, and has left it", async () => {
    const call = await atTheBeep(1_000);
    await call.say(clip("caller-milk"));
    call.hangUp();
    expect((await call.ended).said).toEqual(APOLOGY);
    await until(() => messagesOf(call).length === 1);
  });

  test("and says nothing is not thanked for it", async () => {
    const call = await atTheBeep(50);
    expect(await call.ended).toMatchObject({ endedBy: "twiml", said: APOLOGY });
    expect(call.timeline.all("recorded")).toMatchObject([{ why: "silence", seconds: 0 }]);
    expect(messagesOf(call)).toEqual([]);
  });
});
