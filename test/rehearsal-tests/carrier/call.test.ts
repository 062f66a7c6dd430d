/** Whole calls: a small edge that answers, a small relay that listens, and Twilio's order of events between them. */

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
import { type SmallRelay, serveRelay } from "./small-relay.ts";

const closing: Array<{ stop(): Promise<void> }> = [];
const calls: PlacedCall[] = [];
afterEach(async () => {
  for (const call of calls.splice(0)) call.hangUp();
  for (const server of closing.splice(0)) await server.stop();
});

type Options = Partial<Parameters<typeof placeCall>[0]>;

function edgeWith(answers: Readonly<Record<string, Answer>>): SmallEdge {
  const edge = serveEdge(answers);
  closing.push(edge);
  return edge;
}

function relayUp(): SmallRelay {
  const relay = serveRelay();
  closing.push(relay);
  return relay;
}

function dial(edge: SmallEdge, options: Options = {}): PlacedCall {
  const call = placeCall({
    voiceUrl: `${edge.url}/voice`,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    from: FROM,
    to: TO,
    pace: { sayMsPerCharacter: 1, secondMs: 40 },
    ...options,
  });
  calls.push(call);
  return call;
}

const connect = (relay: SmallRelay, attributes = "", path = "/media-stream/token"): string =>
  `<Connect ${attributes}><Stream url="${relay.url}${path}" statusCallback="/status">` +
  `<Parameter name="profile0" value="abc"/></Stream></Connect>`;
const GOODBYE = response("<Say>Goodbye</Say><Hangup/>");

test("verbs are performed in order, and the end of the document hangs up", async () => {
  const edge = edgeWith({
    "/voice": response(`<Say>One &amp; a half</Say><Pause length="2"/><Say>Two</Say>`),
  });
  const call = dial(edge, { stirVerstat: "No-TN-Validation" });
  const report = await call.ended;
  expect(report).toMatchObject({ endedBy: "twiml", said: ["One & a half", "Two"] });
  expect(edge.asked).toHaveLength(1);
  expect(edge.asked[0]).toMatchObject({ path: "/voice", method: "POST", signatureHolds: true });
  expect(edge.asked[0]?.parameters).toMatchObject({
    CallSid: call.callSid,
    CallStatus: "ringing",
    StirVerstat: "No-TN-Validation",
  });
  const kinds = call.timeline.events.map(({ kind }) => kind);
  expect(kinds).toEqual(["webhook", "document", "answered", "said", "paused", "said", "ended"]);
  // 12 + 3 characters of 1 ms and two seconds of 40 ms; each of the three timers may be a ms early.
  expect(report.durationMs).toBeGreaterThanOrEqual(92);
});

test("a rejected call is never answered", async () => {
  const edge = edgeWith({ "/voice": response(`<Reject reason="busy"/><Say>never</Say>`) });
  const report = await dial(edge).ended;
  expect(report).toMatchObject({ endedBy: "rejected", said: [] });
  expect(report.events.map(({ kind }) => kind)).toEqual(["webhook", "document", "rejected", "ended"]);
});

test("a Reject after something was said is a plain hang-up", async () => {
  const edge = edgeWith({ "/voice": response("<Say>hi</Say><Reject/>") });
  expect(await dial(edge).ended).toMatchObject({ endedBy: "twiml", said: ["hi"] });
});

test("a Redirect fetches the next document, relative to this one, as a call in progress", async () => {
  const edge = edgeWith({
    "/voice": response("<Redirect>again?x=1&amp;y=2</Redirect><Say>never</Say>"),
    "/again": GOODBYE,
  });
  expect(await dial(edge).ended).toMatchObject({ endedBy: "twiml", said: ["Goodbye"] });
  expect(edge.asked[1]).toMatchObject({ path: "/again?x=1&y=2", signatureHolds: true });
  expect(edge.asked[1]?.parameters).toMatchObject({ CallStatus: "in-progress" });
});

// --- Gather -------------------------------------------------------------------------------------------------

const gather = (attributes: string): string =>
  response(
    `<Gather ${attributes}><Say>Your PIN, please, and take your time</Say></Gather><Say>Nothing came</Say>`,
  );

test("the digits go to action as soon as there are enough, and the prompt stops at the first", async () => {
  const edge = edgeWith({ "/voice": gather(`action="/pin" numDigits="3"`), "/pin": GOODBYE });
  const call = dial(edge, { pace: { sayMsPerCharacter: 1000, secondMs: 1000 } });
  await call.waitFor("said", PATIENCE_MS);
  for (const digit of "123") call.press(digit);
  await call.waitFor("document", PATIENCE_MS, call.nowMs());
  expect(edge.askedOf("/pin")[0]?.parameters).toMatchObject({ Digits: "123", CallStatus: "in-progress" });
  expect(call.timeline.all("dtmf").map(({ to }) => to)).toEqual(["gather", "gather", "gather"]);
  expect(call.timeline.all("gathered")).toMatchObject([{ digits: "123", why: "enough" }]);
});

test("the finish key ends the digits and is not one of them", async () => {
  const edge = edgeWith({ "/voice": gather(`action="/pin"`), "/pin": GOODBYE });
  const call = dial(edge);
  await call.waitFor("gathering", PATIENCE_MS);
  for (const digit of "12#") call.press(digit);
  expect(await call.ended).toMatchObject({
    endedBy: "twiml",
    said: ["Your PIN, please, and take your time", "Goodbye"],
  });
  expect(edge.askedOf("/pin")[0]?.parameters).toMatchObject({ Digits: "12" });
});

test("digits that stop coming are sent at the timeout", async () => {
  const edge = edgeWith({ "/voice": gather(`action="/pin" timeout="2" numDigits="6"`), "/pin": GOODBYE });
  const call = dial(edge);
  await call.waitFor("gathering", PATIENCE_MS);
  call.press("7");
  await call.ended;
  expect(edge.askedOf("/pin")[0]?.parameters).toMatchObject({ Digits: "7" });
  expect(call.timeline.all("gathered")).toMatchObject([{ why: "timeout" }]);
});

test.each([
  ["no key at all", ""],
  ["the finish key alone", "#"],
])("%s goes on with the next verb and asks nothing", async (_, keys) => {
  const edge = edgeWith({ "/voice": gather(`action="/pin" timeout="1"`), "/pin": GOODBYE });
  const call = dial(edge);
  await call.waitFor("gathering", PATIENCE_MS);
  for (const key of keys) call.press(key);
  const { said } = await call.ended;
  expect(said.at(-1)).toBe("Nothing came");
  expect(edge.askedOf("/pin")).toEqual([]);
});

test("actionOnEmptyResult asks even when no key was pressed", async () => {
  const edge = edgeWith({
    "/voice": gather(`action="/pin" timeout="1" actionOnEmptyResult="true"`),
    "/pin": GOODBYE,
  });
  await dial(edge).ended;
  expect(edge.askedOf("/pin")[0]?.parameters).toMatchObject({ Digits: "" });
});

test("a Gather without action goes back to its own document", async () => {
  const edge = edgeWith({
    "/voice": ({ parameters }) => (parameters.Digits === "5" ? GOODBYE : response(`<Gather numDigits="1"/>`)),
  });
  const call = dial(edge);
  await call.waitFor("gathering", PATIENCE_MS);
  call.press("5");
  expect(await call.ended).toMatchObject({ said: ["Goodbye"] });
});

test("a key that nobody waits for goes nowhere", async () => {
  const edge = edgeWith({ "/voice": response(`<Pause length="2"/>`) });
  const call = dial(edge);
  await call.waitFor("paused", PATIENCE_MS);
  call.press("1");
  await call.ended;
  expect(call.timeline.all("dtmf")).toMatchObject([{ digit: "1", to: "nobody" }]);
});

// --- Connect ------------------------------------------------------------------------------------------------

test("when the relay ends the stream, action is asked and its answer replaces the document", async () => {
  const relay = relayUp();
  const edge = edgeWith({
    "/voice": response(`${connect(relay, `action="/ended?state=s"`)}<Say>never</Say>`),
    "/ended": GOODBYE,
    "/status": () => new Response(null, { status: 204 }),
  });
  const call = dial(edge);
  const stream = await relay.nextStream();
  expect(stream.of("start")[0]?.start).toMatchObject({
    callSid: call.callSid,
    accountSid: ACCOUNT_SID,
    customParameters: { profile0: "abc" },
  });
  stream.close(1000);
  expect(await call.ended).toMatchObject({ endedBy: "twiml", said: ["Goodbye"] });
  expect(edge.askedOf("/ended")).toMatchObject([
    { path: "/ended?state=s", signatureHolds: true, parameters: { CallStatus: "in-progress" } },
  ]);
  const statuses = edge.askedOf("/status");
  expect(statuses.map(({ parameters }) => parameters.StreamEvent)).toEqual([
    "stream-started",
    "stream-stopped",
  ]);
  expect(statuses[0]).toMatchObject({
    signatureHolds: true,
    parameters: { AccountSid: ACCOUNT_SID, CallSid: call.callSid, StreamSid: stream.streamSid },
  });
  expect(relay.faults).toEqual([]);
});

test("without action the next verb is performed", async () => {
  const relay = relayUp();
  const edge = edgeWith({ "/voice": response(`${connect(relay)}<Say>Sorry</Say>`) });
  const call = dial(edge);
  (await relay.nextStream()).close(1011);
  expect(await call.ended).toMatchObject({ endedBy: "twiml", said: ["Sorry"] });
});

test("a relay that refuses the stream is told to the status callback, and then to action", async () => {
  const relay = relayUp();
  const edge = edgeWith({
    "/voice": response(`${connect(relay, `action="/ended"`, "/refuse/401")}<Say>never</Say>`),
    "/ended": GOODBYE,
  });
  const call = dial(edge);
  expect(await call.ended).toMatchObject({ endedBy: "twiml", said: ["Goodbye"] });
  const statuses = edge.askedOf("/status").map(({ parameters }) => parameters);
  expect(statuses).toMatchObject([{ StreamEvent: "stream-error", CallSid: call.callSid }]);
  expect(statuses[0]?.StreamError).toContain("401");
  expect(call.timeline.all("stream-refused")).toMatchObject([{ status: 401 }]);
});

test("a relay that breaks the protocol loses the stream, and the error is told", async () => {
  const relay = relayUp();
  const edge = edgeWith({ "/voice": response(connect(relay, `action="/ended"`)), "/ended": GOODBYE });
  const call = dial(edge);
  (await relay.nextStream()).json({ event: "clear", streamSid: `MZ${"0".repeat(32)}` });
  expect(await call.ended).toMatchObject({ endedBy: "twiml" });
  const events = edge.askedOf("/status").map(({ parameters }) => parameters);
  expect(events).toMatchObject([{ StreamEvent: "stream-started" }, { StreamEvent: "stream-error" }]);
  expect(events[1]?.StreamError).toStartWith("31951");
});

test("a second Connect opens another stream of the same call, and the ear hears both", async () => {
  const relay = relayUp();
  const edge = edgeWith({
    "/voice": response(connect(relay, `action="/more"`)),
    "/more": response(`${connect(relay)}<Hangup/>`),
  });
  const call = dial(edge);
  const first = await relay.nextStream();
  first.media(new Uint8Array(160).fill(0x11));
  first.mark("done");
  await first.until(() => first.of("mark").length === 1);
  first.close();
  const second = await relay.nextStream();
  second.media(new Uint8Array(320).fill(0x12));
  second.mark("done");
  await second.until(() => second.of("mark").length === 1);
  second.close();
  const { ear } = await call.ended;
  expect(second.streamSid).not.toBe(first.streamSid);
  expect(second.of("start")[0]?.start.callSid).toBe(call.callSid);
  expect([ear.heardOf(0x11), ear.heardOf(0x12), ear.playedSamples]).toEqual([160, 320, 480]);
  const heard = ear.bytes();
  expect(heard.indexOf(0x11)).toBeLessThan(heard.indexOf(0x12));
});

// --- hanging up ---------------------------------------------------------------------------------------------

test("a hang-up in the stream: stop, close, stream-stopped, and action as of a completed call", async () => {
  const relay = relayUp();
  const edge = edgeWith({
    "/voice": response(`${connect(relay, `action="/ended"`)}<Say>never</Say>`),
    "/ended": GOODBYE,
  });
  const call = dial(edge);
  const stream = await relay.nextStream();
  call.hangUp();
  expect(await call.ended).toMatchObject({ endedBy: "caller", said: [] });
  await stream.until(() => stream.closed !== undefined);
  expect(stream.arrivals.at(-1)?.frame.event).toBe("stop");
  expect(edge.askedOf("/ended")).toMatchObject([
    { parameters: { CallStatus: "completed" }, signatureHolds: true },
  ]);
  const events = edge.askedOf("/status").map(({ parameters }) => parameters.StreamEvent);
  expect(events).toEqual(["stream-started", "stream-stopped"]);
  expect(edge.asked).toHaveLength(4);
});

test.each([
  ["while something is said", response("<Say>A long sentence</Say><Redirect>/next</Redirect>"), "said"],
  ["in a pause", response(`<Pause length="9"/><Redirect>/next</Redirect>`), "paused"],
  ["while digits are awaited", response(`<Gather action="/next"/><Redirect>/next</Redirect>`), "gathering"],
] as const)("a hang-up %s ends the call at once and asks nothing more", async (_, document, moment) => {
  const edge = edgeWith({ "/voice": document, "/next": GOODBYE });
  const call = dial(edge, { pace: { sayMsPerCharacter: 10_000, secondMs: 10_000 } });
  await call.waitFor(moment, PATIENCE_MS);
  call.hangUp();
  const report = await call.ended;
  expect(report.endedBy).toBe("caller");
  // Each of them would have taken 50 s and more.
  expect(report.durationMs).toBeLessThan(25_000);
  expect(edge.asked).toHaveLength(1);
});

test("a hang-up while the edge thinks ends the call without waiting for the answer", async () => {
  const edge = edgeWith({ "/voice": () => new Promise<Response>(() => {}) });
  const call = dial(edge);
  call.hangUp();
  expect(await call.ended).toMatchObject({ endedBy: "caller" });
});

// --- when the edge fails ------------------------------------------------------------------------------------

/** How long the edge may be silent, where that is what is tried; its fallback must be quicker. */
const SILENCE_MS = 1_500;
const FAILURES: Array<[string, string, Answer]> = [
  ["an error", "11200", () => new Response("oops", { status: 500 })],
  ["silence", "11200", () => new Promise<Response>(() => {})],
  ["bad XML", "12100", "<Response><Say>hi</Response>"],
  ["an unknown verb", "12200", response("<Shout/>")],
  ["JSON", "12300", () => Response.json({ ok: true })],
  [
    "a stream URL with a query",
    "31920",
    response(`<Connect><Stream url="wss://relay.example.com/m?a=1"/></Connect>`),
  ],
];

test.each(FAILURES)("%s sends the call to the fallback URL, with error %s", async (what, code, answer) => {
  const edge = edgeWith({ "/voice": answer, "/fallback": response("<Say>Please call back</Say>") });
  const call = dial(edge, {
    fallbackUrl: `${edge.url}/fallback`,
    webhookLimitMs: what === "silence" ? SILENCE_MS : PATIENCE_MS,
  });
  expect(await call.ended).toMatchObject({ endedBy: "twiml", said: ["Please call back"] });
  expect(edge.askedOf("/fallback")).toMatchObject([
    {
      signatureHolds: true,
      parameters: { ErrorCode: code, ErrorUrl: `${edge.url}/voice`, CallStatus: "ringing" },
    },
  ]);
});

test("an action that fails sends the call to the fallback URL too", async () => {
  const relay = relayUp();
  const edge = edgeWith({
    "/voice": response(connect(relay, `action="/ended"`)),
    "/ended": () => new Response(null, { status: 502 }),
    "/fallback": response("<Say>Please call back</Say>"),
  });
  const call = dial(edge, { fallbackUrl: `${edge.url}/fallback` });
  (await relay.nextStream()).close();
  expect(await call.ended).toMatchObject({ endedBy: "twiml", said: ["Please call back"] });
});

test.each([
  ["no fallback URL", undefined],
  ["a fallback that fails too", "/nowhere"],
])("with %s Twilio apologises in its own words and hangs up", async (_, fallback) => {
  const edge = edgeWith({ "/voice": () => new Response(null, { status: 500 }) });
  const call = dial(edge, { fallbackUrl: fallback && edge.url + fallback });
  expect(await call.ended).toMatchObject({
    endedBy: "error",
    said: ["We're sorry, an application error has occurred. Goodbye."],
  });
  expect(call.timeline.all("application-error").length).toBe(fallback === undefined ? 1 : 2);
});

test("an unsigned or wrongly signed webhook reaches the edge as such", async () => {
  const edge = edgeWith({
    "/voice": ({ signatureHolds }) => new Response(null, { status: signatureHolds ? 200 : 403 }),
  });
  for (const webhookSignature of ["wrong", "none"] as const) {
    const call = dial(edge, { sabotage: { webhookSignature } });
    expect(await call.ended).toMatchObject({ endedBy: "error" });
    expect(call.timeline.all("webhook")).toMatchObject([{ status: 403 }]);
  }
});

test("changed parameters are signed as they are sent", async () => {
  const edge = edgeWith({ "/voice": response("<Reject/>") });
  const mutateWebhook = (parameters: Readonly<Record<string, string>>) => ({
    ...parameters,
    From: "+15550000000",
  });
  await dial(edge, { sabotage: { mutateWebhook } }).ended;
  expect(edge.asked[0]).toMatchObject({
    signatureHolds: true,
    parameters: { From: "+15550000000", Caller: FROM },
  });
});
