/** A Dial in whole calls: who picks up, who does not, and what the application is told of it. */

import { afterEach, expect, test } from "bun:test";
import { PATIENCE_MS } from "../../patience.ts";
import { type PlacedCall, placeCall } from "../../rehearsal/carrier/carrier.ts";
import type { PhoneBook } from "../../rehearsal/carrier/far-end.ts";
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

const ANNA = "+15550001111";
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
function place(edge: SmallEdge, anna: PhoneBook[string] | undefined, changes = {}): PlacedCall {
  const call = placeCall({
    voiceUrl: `${edge.url}/voice`,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    from: FROM,
    to: TO,
    phoneBook: anna === undefined ? {} : { [ANNA]: anna },
    pace: { sayMsPerCharacter: 1, secondMs: 20 },
    ...changes,
  });
  calls.push(call);
  return call;
}
const dial = (attributes = `action="/after"`): string =>
  response(`<Dial ${attributes}><Number>${ANNA}</Number></Dial><Say>never</Say>`);
const GOODBYE = response("<Say>Goodbye</Say><Hangup/>");
const toldOf = (edge: SmallEdge) => edge.askedOf("/after").map(({ parameters }) => parameters);

test("who picks up is connected, and action is told that they talked, and for how long", async () => {
  const edge = edgeWith({ "/voice": dial(), "/after": GOODBYE });
  const call = place(edge, { does: "answer", afterMs: 5, talkMs: 1_050 });
  expect(await call.ended).toMatchObject({ endedBy: "twiml", said: ["Goodbye"] });
  // Begun seconds count, and more than one was.
  expect(Number(toldOf(edge)[0]?.DialCallDuration)).toBeGreaterThanOrEqual(2);
  expect(edge.askedOf("/after")).toMatchObject([
    {
      method: "POST",
      signatureHolds: true,
      parameters: {
        CallSid: call.callSid,
        CallStatus: "in-progress",
        From: FROM,
        To: TO,
        DialCallStatus: "completed",
        DialCallSid: expect.stringMatching(/^CA[0-9a-f]{32}$/),
        DialBridged: "true",
      },
    },
  ]);
  expect(toldOf(edge)[0]?.DialCallSid).not.toBe(call.callSid);
  expect(call.timeline.all("dialling")).toMatchObject([{ number: ANNA, callerId: FROM, timeoutS: 30 }]);
  expect(call.timeline.all("bridged")).toMatchObject([{ number: ANNA }]);
  expect(call.timeline.all("dialled")).toMatchObject([{ number: ANNA, outcome: "completed" }]);
  expect(JSON.stringify(toldOf(edge))).not.toContain(ANNA);
});

test.each([
  ["is busy", { does: "busy", afterMs: 5 }, "busy"],
  ["cannot be reached", { does: "fail", afterMs: 5 }, "failed"],
  ["is nobody's number", undefined, "failed"],
  ["lets it ring", { does: "ring" }, "no-answer"],
  ["picks up too late", { does: "answer", afterMs: 300_000, talkMs: 5 }, "no-answer"],
] as const)("who %s is not connected, and action is told so", async (_, anna, status) => {
  const edge = edgeWith({ "/voice": dial(`action="/after" timeout="5"`), "/after": GOODBYE });
  const call = place(edge, anna);
  expect(await call.ended).toMatchObject({ endedBy: "twiml", said: ["Goodbye"] });
  expect(toldOf(edge)).toMatchObject([
    {
      DialCallStatus: status,
      DialCallDuration: "0",
      DialBridged: "false",
      DialCallSid: expect.stringMatching(/^CA/),
    },
  ]);
  expect(call.timeline.all("bridged")).toEqual([]);
});

test("it rings for the timeout and Twilio's five seconds more, and for as long as that it may be answered", async () => {
  const edge = edgeWith({ "/voice": dial(`action="/after" timeout="5"`), "/after": GOODBYE });
  const call = place(edge, { does: "ring" }, { pace: { sayMsPerCharacter: 1, secondMs: 30 } });
  await call.ended;
  const [ringing] = call.timeline.all("dialling");
  const [over] = call.timeline.all("dialled");
  expect((over?.atMs ?? 0) - (ringing?.atMs ?? 0)).toBeGreaterThanOrEqual(290);
  const late = place(edge, { does: "answer", afterMs: 170, talkMs: 5 });
  await late.ended;
  expect(late.timeline.all("dialled")).toMatchObject([{ outcome: "completed" }]);
});

test("a time limit ends the talk", async () => {
  const edge = edgeWith({ "/voice": dial(`action="/after" timeLimit="2"`), "/after": GOODBYE });
  const call = place(edge, { does: "answer", afterMs: 5, talkMs: 3_600_000 });
  await call.ended;
  expect(toldOf(edge)).toMatchObject([{ DialCallStatus: "completed", DialBridged: "true" }]);
});

test("without action the next verb follows", async () => {
  const edge = edgeWith({ "/voice": response(`<Dial>${ANNA}</Dial><Say>Back again</Say>`) });
  expect(await place(edge, { does: "busy", afterMs: 5 }).ended).toMatchObject({ said: ["Back again"] });
});

test.each([
  ["while it rings", "dialling", { does: "ring" }, "no-answer"],
  ["while they talk", "bridged", { does: "answer", afterMs: 5, talkMs: 3_600_000 }, "completed"],
] as const)(
  "a caller who hangs up %s ends it, and action is told of a call that is over",
  async (_, moment, anna, status) => {
    const edge = edgeWith({ "/voice": dial(), "/after": GOODBYE });
    const call = place(edge, anna, { pace: { sayMsPerCharacter: 1, secondMs: 60_000 } });
    await call.waitFor(moment, PATIENCE_MS);
    call.hangUp();
    expect(await call.ended).toMatchObject({ endedBy: "caller", said: [] });
    expect(toldOf(edge)).toMatchObject([{ CallStatus: "completed", DialCallStatus: status }]);
  },
);

test("with answerOnBridge as the first verb the caller hears ringing until somebody picks up", async () => {
  const edge = edgeWith({
    "/voice": dial(`action="/after" answerOnBridge="true" timeout="5"`),
    "/after": GOODBYE,
  });
  const reached = place(edge, { does: "answer", afterMs: 5, talkMs: 5 });
  await reached.ended;
  const kinds = reached.timeline.events.map(({ kind }) => kind);
  expect(kinds.indexOf("answered")).toBeGreaterThan(kinds.indexOf("dialling"));
  const unreached = place(edge, { does: "busy", afterMs: 5 });
  await unreached.ended;
  expect(toldOf(edge).map(({ CallStatus }) => CallStatus)).toEqual(["in-progress", "ringing"]);
});

test("behind another verb answerOnBridge has nothing to wait for", async () => {
  const verbs = `<Say>One moment</Say><Dial action="/after" answerOnBridge="true">${ANNA}</Dial>`;
  const edge = edgeWith({ "/voice": response(verbs), "/after": GOODBYE });
  const call = place(edge, { does: "busy", afterMs: 5 });
  await call.ended;
  expect(toldOf(edge)).toMatchObject([{ CallStatus: "in-progress" }]);
});

test("whoever is called sees the caller's number or ours, and no other", async () => {
  const edge = edgeWith({ "/voice": dial(`action="/after" callerId="${TO}"`), "/after": GOODBYE });
  const ours = place(edge, { does: "busy", afterMs: 5 });
  await ours.ended;
  expect(ours.timeline.all("dialling")).toMatchObject([{ callerId: TO }]);
  const forged = edgeWith({ "/voice": dial(`action="/after" callerId="+15559998888"`), "/after": GOODBYE });
  const call = place(forged, { does: "answer", afterMs: 5, talkMs: 5 });
  await call.ended;
  expect(call.timeline.all("application-error")).toMatchObject([{ code: 13214 }]);
  expect([call.timeline.all("dialling"), toldOf(forged)[0]?.DialCallStatus]).toEqual([[], "failed"]);
});

test("the end of a Dial is signed like any other webhook, and so is what is changed of it", async () => {
  const edge = edgeWith({ "/voice": dial(), "/after": GOODBYE });
  const mutateWebhook = (form: Readonly<Record<string, string>>) =>
    form.DialCallStatus === undefined ? { ...form } : { ...form, DialCallStatus: "completed" };
  await place(edge, { does: "busy", afterMs: 5 }, { sabotage: { mutateWebhook } }).ended;
  expect(edge.askedOf("/after")).toMatchObject([
    { signatureHolds: true, parameters: { DialCallStatus: "completed" } },
  ]);
});
