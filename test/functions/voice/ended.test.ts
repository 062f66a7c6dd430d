/**
 * What becomes of a call whose stream is over, for each answer that its relay can give, under the real twilio-run: who is
 * brought back, who waits, what the owner is told, by twilio's own client, and who is asked for a message.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { farewell, type Sentence, spoken } from "../../../functions/edge/sentences.ts";
import { twiml } from "../../../functions/edge/twiml.ts";
import { keyFrom, mintState, type StateClaims, verifyState } from "../../../relay/contract.ts";
import { canariesIn } from "../../canaries.ts";
import { until } from "../../patience.ts";
import { startStandIn } from "../relay-stand-in.ts";
import {
  ACCOUNT,
  AUTH_TOKEN,
  CALLER,
  incomingForm,
  OUR_NUMBER,
  post,
  postSigned,
  SECRET,
  signatureOf,
} from "../signed.ts";
import { startTwilioApi, type TwilioApi } from "../twilio-api.ts";
import { startTwilioRun, type TwilioRun } from "../twilio-run.ts";

const OWNER = "+15550004444";
/** A number of the account's that cannot send text messages. */
const LANDLINE = "+15557650000";
const key = await keyFrom(SECRET);
const relay = startStandIn(key);
let api: TwilioApi;
let edge: TwilioRun;
beforeAll(async () => {
  api = await startTwilioApi({ accountSid: ACCOUNT, authToken: AUTH_TOKEN, senders: [OUR_NUMBER] });
  const env = { ACCOUNT_SID: ACCOUNT, AUTH_TOKEN, RELAY_URL: relay.url, STREAM_TOKEN_SECRET: SECRET };
  edge = await startTwilioRun(
    { ...env, ...api.env, VOICEMAIL: "on", ALERT_SMS_TO: OWNER },
    JSON.stringify({ [CALLER]: { name: "Ada", language: "fr" } }),
  );
});
afterAll(async () => {
  await relay.stop();
  await edge?.stop();
  await api?.stop();
});

const nowS = () => Math.floor(Date.now() / 1000);
let calls = 0;
const newCall = () => `CA${(++calls).toString(16).padStart(32, "0")}`;
type Form = Parameters<typeof incomingForm>[0];

const HANG_UP = twiml([{ verb: "hangup" }]);
/** The sentence, if there is one, and then the offer of a message. */
const lastWords = (sentence?: Sentence) =>
  twiml([
    ...(sentence === undefined ? [] : [spoken(sentence, "fr")]),
    spoken("leaveMessage", "fr"),
    { verb: "record", action: `${edge.base}/voice/message`, finishOnKey: "#", maxLengthS: 120, timeoutS: 5 },
    { verb: "hangup" },
  ]);
const redirectIn = (text: string): string =>
  /<Redirect>([^<]+)<\/Redirect><\/Response>$/.exec(text)?.[1] ?? expect.unreachable(text);
async function claimsIn(url: string): Promise<Partial<StateClaims>> {
  const state = await verifyState([key], url.split("state=")[1] ?? "", nowS());
  if (!state.ok) throw new Error(state.why);
  const { iss, aud, iat, nbf, exp, ...claims } = state.claims;
  return claims;
}
const joinedIn = (text: string) =>
  claimsIn(/<Connect action="([^"]+)"><Stream /.exec(text)?.[1] ?? expect.unreachable(text));

type State = Partial<Pick<StateClaims, "attempt" | "remints" | "passed" | "broke" | "waitingSince">>;
/** What the edge answers when this stream of this call is over, of which its relay says that. */
async function overWith(answer: unknown, before: State = {}, changes: Form = {}) {
  const callSid = newCall();
  if (answer !== undefined) relay.endings.set(callSid, answer);
  const state = await mintState(
    key,
    { callSid, attempt: 0, remints: 0, relay: relay.url, ...before },
    nowS(),
  );
  return { callSid, ...(await ended(`${edge.base}/voice/ended?state=${state}`, callSid, changes)) };
}
const ended = (url: string, CallSid: string, changes: Form = {}) =>
  postSigned(url, incomingForm({ CallSid, CallStatus: "in-progress", ...changes }));
/** Texts that the owner was sent since. */
const textsSince = (from: number) => api.messages.slice(from).map(({ Body }) => Body);
/** On a machine that stands still, the edge goes on before its text is out. */
async function expectTexts(from: number, ...reasons: string[]): Promise<void> {
  await until(() => api.messages.length >= from + reasons.length);
  const bodies = reasons.map((why) => `Your phone assistant could not go on with a call from …67: ${why}.`);
  expect(textsSince(from).sort()).toEqual(bodies.sort());
}
const of = (outcome: string, more: object = {}) => ({
  ending: "x",
  outcome,
  attempt: 0,
  started: true,
  ...more,
});

describe("when its stream is over, a call", () => {
  test("that was finished is hung up, and nobody is told", async () => {
    const sent = api.messages.length;
    expect((await overWith(of("finished"))).text).toBe(HANG_UP);
    expect(textsSince(sent)).toEqual([]);
  });

  test("that was handed over goes back at once, with nothing said and nothing counted", async () => {
    const { text, callSid } = await overWith(of("handover"), { remints: 2, passed: 1 });
    expect(text).toMatch(/<Response><Connect /);
    expect(await joinedIn(text)).toEqual({ sub: callSid, attempt: 1, remints: 0, relay: relay.url });
  });

  test("that broke goes back at once, counted by whether it had begun", async () => {
    const startedS = nowS();
    const begun = await overWith(of("again"), { remints: 2 });
    const { broke = [], ...carried } = await joinedIn(begun.text);
    expect(carried).toMatchObject({ attempt: 1, remints: 1, passed: 0 });
    expect(broke).toHaveLength(1);
    expect(broke[0]).toBeGreaterThanOrEqual(startedS);
    expect(await joinedIn((await overWith(of("live", { started: false }))).text)).toMatchObject({
      remints: 1,
    });
    const unbegun = await overWith(of("again", { started: false }), { remints: 1, passed: 0 });
    expect(await joinedIn(unbegun.text)).toMatchObject({ attempt: 1, remints: 2 });
  });

  test("that broke again and again is ended with an apology, and its owner is told by what", async () => {
    const sent = api.messages.length;
    const broke = Array.from({ length: 5 }, () => nowS());
    expect((await overWith({ ...of("again"), ending: "bug" }, { remints: 1, broke })).text).toBe(
      lastWords("lost"),
    );
    expect(
      (await overWith({ ...of("again"), ending: "no_start", started: false }, { remints: 2 })).text,
    ).toBe(lastWords("lost"));
    await expectTexts(sent, "bug", "no_start");
  });

  test("that failed hears so; one that was told hears no second apology; both may leave a message", async () => {
    const sent = api.messages.length;
    expect((await overWith({ ...of("failed"), ending: "wrong_start" })).text).toBe(lastWords("lost"));
    expect((await overWith({ ...of("told"), ending: "model_refused" })).text).toBe(lastWords());
    await expectTexts(sent, "wrong_start", "model_refused");
    for (const { From, To } of api.messages.slice(sent)) expect([From, To]).toEqual([OUR_NUMBER, OWNER]);
  });

  test("of which the relay says nothing that makes sense, or that is not ours to ask, hears that nobody is there", async () => {
    const sent = api.messages.length;
    expect((await overWith({ outcome: "finished" })).text).toBe(lastWords("unavailable"));
    expect((await overWith(401)).text).toBe(lastWords("unavailable"));
    await expectTexts(sent, "the answer makes no sense", "the relay refuses the edge's token");
  });

  test("that its caller has ended costs nothing more, whatever the relay says", async () => {
    const sent = api.messages.length;
    const gone = { CallStatus: "completed" };
    for (const answer of [
      undefined,
      503,
      401,
      { outcome: "finished" },
      ...["finished", "told", "handover", "again", "live", "failed"].map((outcome) => of(outcome)),
      of("transfer", { to: "anna" }),
    ]) {
      expect((await overWith(answer, {}, gone)).text).toBe(HANG_UP);
    }
    expect(textsSince(sent)).toEqual([]);
  });

  test("of somebody who was taken off the list is hung up, and nobody is told", async () => {
    const sent = api.messages.length;
    const stranger = { From: "+15559998888" };
    for (const answer of [undefined, 503, of("told"), of("failed"), of("again"), of("handover")]) {
      expect((await overWith(answer, {}, stranger)).text).toBe(HANG_UP);
    }
    expect(textsSince(sent)).toEqual([]);
  });
});

describe("a relay that does not answer", () => {
  test("is waited for: the caller is told so, each round asks again, and it is joined as soon as it is back", async () => {
    const callSid = newCall();
    relay.endings.set(callSid, 503);
    const state = await mintState(
      key,
      { callSid, attempt: 4, remints: 1, passed: 0, relay: relay.url },
      nowS(),
    );
    let asked = relay.asked.length;
    let { text } = await ended(`${edge.base}/voice/ended?state=${state}`, callSid);
    expect(text).toContain(`<Response>${inner(twiml([spoken("oneMoment", "fr")]))}<Redirect>`);
    const since = (await claimsIn(redirectIn(text))).waitingSince;
    for (let round = 0; round < 3; round++) {
      ({ text } = await ended(redirectIn(text), callSid));
      // On a machine that stands still for some seconds, the caller is told again.
      expect(text).toMatch(/<Response>(?:<Pause length="1"\/>|<Say [^<]*<\/Say>)<Redirect>/);
      const { waitingSince, toldAt, ...carried } = await claimsIn(redirectIn(text));
      expect(carried).toEqual({ sub: callSid, attempt: 4, remints: 1, passed: 0, relay: relay.url });
      expect(waitingSince).toBe(since);
      expect(toldAt).toBeGreaterThanOrEqual(since ?? Number.NaN);
      expect(relay.asked.length).toBe(asked + 2);
      asked += 1;
    }
    relay.endings.set(callSid, of("again", { ending: "unknown", attempt: 4 }));
    const { text: back } = await ended(redirectIn(text), callSid);
    const joined = await joinedIn(back);
    expect(joined).toMatchObject({ attempt: 5, remints: 1, passed: 0 });
    expect(joined.waitingSince).toBeUndefined();
  });

  test("for 20 s is an apology, a text to the owner, and the offer of a message", async () => {
    const sent = api.messages.length;
    const { text } = await overWith(503, { waitingSince: nowS() - 20 });
    expect(text).toBe(lastWords("unavailable"));
    await expectTexts(sent, "the relay gave no answer");
  });

  test("is asked in vain where nobody listens at its address", async () => {
    const gone = startStandIn(key);
    await gone.stop();
    const callSid = newCall();
    // Not ours any more, and ours is tried instead.
    const state = await mintState(key, { callSid, attempt: 0, remints: 0, relay: gone.url }, nowS());
    const { text } = await ended(`${edge.base}/voice/ended?state=${state}`, callSid);
    expect(await joinedIn(text)).toMatchObject({ attempt: 1, remints: 1, relay: relay.url });
  });

  test("a Redirect is Twilio's own: signed over its address, or it is 403", async () => {
    const { text, callSid } = await overWith(503);
    const [url, form] = [redirectIn(text), incomingForm({ CallSid: callSid, CallStatus: "in-progress" })];
    for (const signature of ["x", signatureOf(`${edge.base}/voice/ended`, form)]) {
      expect((await post(url, form, { "x-twilio-signature": signature })).status).toBe(403);
    }
  });
});

describe("the only relay, when it answers and never had the stream,", () => {
  test("gets the call twice more, a moment apart, and then no more", async () => {
    const callSid = newCall();
    const state = await mintState(key, { callSid, attempt: 0, remints: 0, relay: relay.url }, nowS());
    let { text } = await ended(`${edge.base}/voice/ended?state=${state}`, callSid);
    expect(text).toContain(`<Response>${inner(twiml([spoken("oneMoment", "fr")]))}<Redirect>`);
    for (const remints of [1, 2]) {
      ({ text } = await ended(redirectIn(text), callSid));
      expect(await joinedIn(text)).toMatchObject({ attempt: remints, remints, relay: relay.url });
      const action = /<Connect action="([^"]+)"/.exec(text)?.[1] ?? "";
      ({ text } = await ended(action, callSid));
      if (remints === 1) expect(text).toContain('<Response><Pause length="1"/><Redirect>');
    }
    expect(text).toBe(lastWords("unavailable"));
  });
});

describe("a text to the owner that cannot be sent", () => {
  const detailOf = async (callSid: string) => {
    const line = () =>
      edge.lines.find((each) => each.event === "owner_not_alerted" && each.callSid === callSid);
    await until(() => line() !== undefined);
    return line()?.detail;
  };
  test("costs the caller nothing, and is logged by Twilio's code", async () => {
    // Again, should the machine stand still for so long that the edge has not waited for the answer.
    await until(async () => {
      const { text, callSid } = await overWith(of("told"), {}, { To: LANDLINE, Called: LANDLINE });
      expect(text).toBe(lastWords());
      return (await detailOf(callSid)) === "21606";
    });
  });

  test("because nothing answers is given up after a moment", async () => {
    api.hang(true);
    const { text, callSid } = await overWith(of("told"));
    expect(text).toBe(lastWords());
    expect(await detailOf(callSid)).toBe("no answer in time");
    api.hang(false);
  });
});

describe("a message that was left", () => {
  const url = () => `${edge.base}/voice/message`;
  const left = (changes: Form = {}) =>
    incomingForm({
      CallStatus: "in-progress",
      RecordingUrl: `https://api.twilio.com/2010-04-01/Accounts/${ACCOUNT}/Recordings/RE${"1".repeat(32)}`,
      RecordingDuration: "12",
      Digits: "#",
      ...changes,
    });

  test("is thanked for in the caller's language, and the call is over", async () => {
    const callSid = newCall();
    expect((await postSigned(url(), left({ CallSid: callSid }))).text).toBe(
      twiml(farewell("messageTaken", "fr")),
    );
    const unlisted = left({ CallSid: callSid, From: "+15559998888" });
    expect((await postSigned(url(), unlisted)).text).toBe(twiml(farewell("messageTaken")));
    await until(() => edge.lines.filter(({ event }) => event === "message_left").length === 2);
    expect(edge.lines.filter(({ event }) => event === "message_left")[0]).toMatchObject({
      callSid,
      caller: "67",
      seconds: 12,
    });
  });

  test("is Twilio's to tell: unsigned, or with no length, it is 403", async () => {
    expect((await post(url(), left(), { "x-twilio-signature": "x" })).status).toBe(403);
    for (const RecordingDuration of [undefined, "", "-1", "a lot"]) {
      expect((await postSigned(url(), left({ RecordingDuration }))).status).toBe(403);
    }
  });
});

test("what was printed on the way holds no number, no name and no token", () => {
  expect(canariesIn(edge.output(), { caller: CALLER, our: OUR_NUMBER, owner: OWNER, LANDLINE })).toEqual([]);
  expect(edge.output()).not.toMatch(/eyJ|Ada|Recordings/);
  expect(edge.lines.filter(({ event }) => event === "bug")).toEqual([]);
  for (const { Body } of api.messages) expect(Body).not.toMatch(/\d{3}|Ada/);
});

/** A document's verbs. */
function inner(document: string): string {
  return /<Response>(.*)<\/Response>/.exec(document)?.[1] ?? expect.unreachable();
}
