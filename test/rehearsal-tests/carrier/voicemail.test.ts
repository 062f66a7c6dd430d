/** A Record in whole calls: what ends it, what the application is told of it, and what of one in which nobody spoke. */

import { afterEach, expect, test } from "bun:test";
import { PATIENCE_MS } from "../../patience.ts";
import { type PlacedCall, placeCall } from "../../rehearsal/carrier/carrier.ts";
import {
  ACCOUNT_SID,
  type Answer,
  AUTH_TOKEN,
  FROM,
  response,
  type SmallEdge,
  serveEdge,
  TO,
} from "./small-edge.ts";

const edges: SmallEdge[] = [];
const calls: PlacedCall[] = [];
afterEach(async () => {
  for (const call of calls.splice(0)) call.hangUp();
  for (const edge of edges.splice(0)) await edge.stop();
});

function edgeWith(answers: Readonly<Record<string, Answer>>): SmallEdge {
  const edge = serveEdge(answers);
  edges.push(edge);
  return edge;
}
/** At the beep. */
async function atTheBeep(edge: SmallEdge, secondMs = 1_000): Promise<PlacedCall> {
  const call = placeCall({
    voiceUrl: `${edge.url}/voice`,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    from: FROM,
    to: TO,
    pace: { sayMsPerCharacter: 1, secondMs },
  });
  calls.push(call);
  await call.waitFor("recording", PATIENCE_MS);
  return call;
}
const record = (attributes: string): string =>
  response(`<Say>Speak</Say><Record action="/left" ${attributes}/><Say>Nothing came</Say>`);
const GOODBYE = response("<Say>Goodbye</Say><Hangup/>");
const WORDS = new Uint8Array(2_400).fill(0x11);

test("a key ends it, and action is told of the recording, by Twilio's signature", async () => {
  const edge = edgeWith({ "/voice": record(`finishOnKey="#"`), "/left": GOODBYE });
  const call = await atTheBeep(edge);
  await call.say(WORDS);
  // Not this one.
  call.press("1");
  call.press("#");
  expect(await call.ended).toMatchObject({ endedBy: "twiml", said: ["Speak", "Goodbye"] });
  expect(call.timeline.all("dtmf").map(({ to }) => to)).toEqual(["record", "record"]);
  expect(call.timeline.all("recorded")).toMatchObject([{ why: "finish key", seconds: 1 }]);
  expect(edge.askedOf("/left")).toMatchObject([
    {
      method: "POST",
      signatureHolds: true,
      parameters: {
        CallSid: call.callSid,
        CallStatus: "in-progress",
        RecordingUrl: expect.stringMatching(
          new RegExp(
            `^https://api\\.twilio\\.com/2010-04-01/Accounts/${ACCOUNT_SID}/Recordings/RE[0-9a-f]{32}$`,
          ),
        ),
        RecordingDuration: "1",
        Digits: "#",
      },
    },
  ]);
});

test("silence behind the words ends it, and is trimmed", async () => {
  const edge = edgeWith({ "/voice": record(`timeout="2"`), "/left": GOODBYE });
  const call = await atTheBeep(edge, 100);
  await call.say(WORDS);
  await call.ended;
  // 300 ms of words, at a tenth of the pace; with the silence it would be five.
  expect(call.timeline.all("recorded")).toMatchObject([{ why: "silence", seconds: 3 }]);
  expect(edge.askedOf("/left")[0]?.parameters).toMatchObject({ Digits: "" });
});

test("its longest ends it, whoever still speaks", async () => {
  const edge = edgeWith({ "/voice": record(`maxLength="2" timeout="9"`), "/left": GOODBYE });
  const call = await atTheBeep(edge, 100);
  void call.say(new Uint8Array(80_000).fill(0x11));
  await call.ended;
  expect(call.timeline.all("recorded")).toMatchObject([{ why: "full", seconds: 2 }]);
});

test("where nobody said anything, action is not asked and the next verb is performed", async () => {
  const edge = edgeWith({ "/voice": record(`timeout="1"`), "/left": GOODBYE });
  const call = await atTheBeep(edge, 100);
  expect(await call.ended).toMatchObject({ said: ["Speak", "Nothing came"] });
  expect(call.timeline.all("recorded")).toMatchObject([{ why: "silence", seconds: 0 }]);
  expect(edge.askedOf("/left")).toEqual([]);
});

test("a caller who hangs up has left a message, and action is told so as of a completed call", async () => {
  const edge = edgeWith({ "/voice": record(""), "/left": GOODBYE });
  const call = await atTheBeep(edge);
  await call.say(WORDS);
  call.hangUp();
  expect(await call.ended).toMatchObject({ endedBy: "caller", said: ["Speak"] });
  expect(edge.askedOf("/left")).toMatchObject([
    { parameters: { CallStatus: "completed", Digits: "hangup" }, signatureHolds: true },
  ]);
});

test("a caller who hangs up at the beep has left none", async () => {
  const edge = edgeWith({ "/voice": record(""), "/left": GOODBYE });
  const call = await atTheBeep(edge);
  call.hangUp();
  expect(await call.ended).toMatchObject({ endedBy: "caller", said: ["Speak"] });
  expect(edge.askedOf("/left")).toEqual([]);
});
