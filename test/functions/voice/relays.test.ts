/**
 * Several relays under the real twilio-run: each call has its own order of them, and when one never had the call, the
 * next gets it.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { inOrderFor, type Relay, readRelays } from "../../../functions/edge/relays.ts";
import { farewell } from "../../../functions/edge/sentences.ts";
import { twiml } from "../../../functions/edge/twiml.ts";
import {
  callerIdOf,
  keyFrom,
  mintPinState,
  mintState,
  packProfile,
  verifyPinState,
  verifyState,
  verifyStreamToken,
} from "../../../relay/contract.ts";
import { startStandIn } from "../relay-stand-in.ts";
import { ACCOUNT, AUTH_TOKEN, CALLER, incomingForm, postSigned, SECRET } from "../signed.ts";
import { startTwilioRun, type TwilioRun } from "../twilio-run.ts";

const ADA = { name: "Ada", language: "fr" };
/** With a PIN of their own, so that the tries are asked for. */
const GRACE = "+15550001111";
const OLD = "the secret before it of thirty bytes and more";
const key = await keyFrom(SECRET);
const oldKey = await keyFrom(OLD);
const stands = [0, 1, 2, 3].map(() => startStandIn(key));
const relays = relaysOf(stands.map(({ url }) => url).join(","));

let edge: TwilioRun;
beforeAll(async () => {
  const env = {
    ACCOUNT_SID: ACCOUNT,
    AUTH_TOKEN,
    RELAY_URL: stands.map(({ url }) => url).join(", "),
    STREAM_TOKEN_SECRET: `${SECRET},${OLD}`,
  };
  const pin = "scrypt$ln=15,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$oGS8ruPJ3YXq8L6bSm5yQTqcGjNa5Xc4eIqJzjVK9Zw";
  edge = await startTwilioRun(env, JSON.stringify({ [CALLER]: ADA, [GRACE]: { pin } }));
});
afterAll(async () => {
  await Promise.all(stands.map((stand) => stand.stop()));
  await edge?.stop();
});

function relaysOf(list: string): readonly Relay[] {
  const read = readRelays(list);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.relays;
}
const nowS = () => Math.floor(Date.now() / 1000);
let calls = 0;
const newCall = () => `CA${(++calls).toString(16).padStart(32, "0")}`;
const orderOf = (callSid: string) => inOrderFor(relays, callSid).map(({ name }) => name);
const standAt = (url: string | undefined) =>
  stands.find((stand) => stand.url === url) ?? expect.unreachable();
const APOLOGY = twiml(farewell("unavailable"));
const FRENCH_APOLOGY = twiml(farewell("unavailable", "fr"));

const ended = (CallSid: string, state: string, From = CALLER) =>
  postSigned(
    `${edge.base}/voice/ended?state=${state}`,
    incomingForm({ CallSid, From, CallStatus: "in-progress" }),
  );

/** Where the call is sent, with a token and a state that say the same. */
async function sentTo(
  text: string,
  callSid: string,
): Promise<{ relay: string; attempt: number; state: string }> {
  const [, relay = "", token = ""] = /<Stream url="(ws:\/\/[^/]+)\/media-stream\/([\w.-]+)"/.exec(text) ?? [];
  const state = /\/voice\/ended\?state=([\w.-]+)"/.exec(text)?.[1] ?? text;
  const carried = await verifyState([key], state, nowS());
  const stream = await verifyStreamToken([key], token, relay, nowS());
  if (!carried.ok || !stream.ok) throw new Error(`not the TwiML of an admitted call: ${text}`);
  expect(carried.claims).toMatchObject({ sub: callSid, relay, attempt: stream.claims.attempt });
  expect(stream.claims).toMatchObject({ sub: callSid, account: ACCOUNT, profile: packProfile(ADA).hash });
  return { relay, attempt: stream.claims.attempt, state };
}
const dial = async (CallSid: string) =>
  sentTo((await postSigned(`${edge.base}/voice/incoming`, incomingForm({ CallSid }))).text, CallSid);

describe("with several relays", () => {
  test("each call goes to the first in its own order, and all of them get calls", async () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < 40; index++) {
      const callSid = newCall();
      const { relay, attempt } = await dial(callSid);
      expect([relay, attempt]).toEqual([orderOf(callSid)[0] ?? "", 0]);
      counts.set(relay, (counts.get(relay) ?? 0) + 1);
    }
    expect(counts.size).toBe(relays.length);
  });

  test("one that never had the call is followed by the next, twice at most, then by the apology", async () => {
    const callSid = newCall();
    const order = orderOf(callSid);
    let at = await dial(callSid);
    for (const attempt of [1, 2]) {
      at = await sentTo((await ended(callSid, at.state)).text, callSid);
      expect([at.relay, at.attempt]).toEqual([order[attempt] ?? "", attempt]);
    }
    expect((await ended(callSid, at.state)).text).toBe(FRENCH_APOLOGY);
    expect(order.map((url) => standAt(url).asked.at(-1))).toEqual(["ending", "ending", "ending", undefined]);
  });

  test("a call that was had is not sent on: finished and told are a hang-up, failed is an apology", async () => {
    for (const [outcome, verbs] of [
      ["finished", twiml([{ verb: "hangup" }])],
      ["told", twiml([{ verb: "hangup" }])],
      ["failed", twiml(farewell("lost", "fr"))],
    ] as const) {
      const callSid = newCall();
      const { relay, state } = await dial(callSid);
      standAt(relay).endings.set(callSid, { ending: "x", outcome, attempt: 0 });
      expect((await ended(callSid, state)).text).toBe(verbs);
    }
  });

  test("a call that broke or was handed over goes back to the relay that had it, and not to the next", async () => {
    for (const [answer, remints] of [
      [{ outcome: "handover", started: true }, 0],
      [{ outcome: "again", started: true }, 1],
      [{ outcome: "again", started: false }, 1],
      [{ outcome: "live", started: false }, 1],
    ] as const) {
      const callSid = newCall();
      const { relay, state } = await dial(callSid);
      standAt(relay).endings.set(callSid, { ending: "x", attempt: 0, ...answer });
      const back = await sentTo((await ended(callSid, state)).text, callSid);
      expect([back.relay, back.attempt]).toEqual([relay, 1]);
      const carried = await verifyState([key], back.state, nowS());
      expect(carried.ok && carried.claims.remints).toBe(remints);
    }
  });

  test("an ending of another attempt is none of this one's: a relay full at the second is followed by the third", async () => {
    const callSid = newCall();
    const first = await dial(callSid);
    const second = await sentTo((await ended(callSid, first.state)).text, callSid);
    standAt(second.relay).endings.set(callSid, { ending: "x", outcome: "finished", attempt: 0 });
    const third = await sentTo((await ended(callSid, second.state)).text, callSid);
    expect(third.attempt).toBe(2);
  });

  test("nonsense of one is not answered by trying the next: the call may be up", async () => {
    const callSid = newCall();
    const { relay, state } = await dial(callSid);
    standAt(relay).endings.set(callSid, { ending: "finished" });
    expect((await ended(callSid, state)).text).toBe(FRENCH_APOLOGY);
  });

  test("whoever has been taken off the list is not sent on", async () => {
    const callSid = newCall();
    const { state } = await dial(callSid);
    expect((await ended(callSid, state, "+15559998888")).text).toBe(twiml([{ verb: "hangup" }]));
  });

  test("a webhook that comes again leads to the same relay and the same attempt, which opens once", async () => {
    const callSid = newCall();
    const { state } = await dial(callSid);
    const answers = await Promise.all([1, 2, 3].map(() => ended(callSid, state)));
    const places = await Promise.all(answers.map(({ text }) => sentTo(text, callSid)));
    expect(new Set(places.map(({ relay, attempt }) => `${relay} ${attempt}`)).size).toBe(1);
  });

  test("a caller's tries are counted by one of them, whichever takes the call", async () => {
    const before = stands.map(({ asked }) => asked.length);
    for (let index = 0; index < 6; index++) {
      const form = incomingForm({ CallSid: newCall(), From: GRACE });
      expect((await postSigned(`${edge.base}/voice/incoming`, form)).text).toContain("<Gather ");
    }
    const counting = inOrderFor(relays, await callerIdOf(key, GRACE))[0]?.name;
    expect(stands.map(({ url, asked }, index) => [url, asked.length - (before[index] ?? 0)])).toEqual(
      stands.map(({ url }) => [url, url === counting ? 6 : 0]),
    );
  });
});

describe("while the secret is being replaced", () => {
  test("a call that began under the old one ends as it should, and what is minted bears the new one", async () => {
    const callSid = newCall();
    const stand = stands.find(({ url }) => url === orderOf(callSid)[1]) ?? expect.unreachable();
    stand.endings.set(callSid, { ending: "caller_hung_up", outcome: "finished", attempt: 0 });
    const begun = await mintState(oldKey, { callSid, attempt: 0, remints: 0, relay: stand.url }, nowS());
    expect((await ended(callSid, begun)).text).toBe(twiml([{ verb: "hangup" }]));
    const foreign = await keyFrom("a secret that neither side has heard of");
    const forged = await mintState(foreign, { callSid, attempt: 0, remints: 0, relay: stand.url }, nowS());
    expect((await ended(callSid, forged)).text).toBe(APOLOGY);
  });

  test("a PIN that was asked for under the old one is still taken, and counts what the old state counted", async () => {
    const form = incomingForm({ CallSid: newCall(), From: GRACE, Digits: "482913" });
    const asked = await mintPinState(oldKey, { callSid: form.CallSid ?? "", tries: 1 }, nowS());
    const answer = await postSigned(`${edge.base}/voice/pin?state=${asked}`, form);
    const next = /\/voice\/pin\?state=([\w.-]+)"/.exec(answer.text)?.[1] ?? answer.text;
    const carried = await verifyPinState([key], next, nowS());
    expect(carried.ok && carried.claims.tries).toBe(2);
  });
});

describe("with one of them away from here on", () => {
  test("it is followed by the next", async () => {
    const callSid = newCall();
    const order = orderOf(callSid);
    const { relay, state } = await dial(callSid);
    await standAt(relay).stop();
    const next = await sentTo((await ended(callSid, state)).text, callSid);
    expect([next.relay, next.attempt]).toEqual([order[1] ?? "", 1]);
  });
});

describe("what was printed on the way", () => {
  test("names the relay of each call, and no number and no token", () => {
    const output = edge.output();
    expect(output).toMatch(/"event":"call_admitted".*"attempt":2,"relay":"127\.0\.0\.1:\d+"/);
    expect(output.match(/"event":"caller_id_alone"/g)).toHaveLength(1);
    expect(stands.flatMap(({ asked }) => asked)).not.toContain("refused");
    for (const secret of [CALLER.slice(1, -2), GRACE.slice(1, -2), "Ada", "eyJ", SECRET, OLD, "scrypt"]) {
      expect(output).not.toContain(secret);
    }
    expect(output).not.toContain('"event":"bug"');
  });
});
