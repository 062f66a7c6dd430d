/**
 * The PIN under the real twilio-run, with a relay that counts: asked, right, wrong, locked, and everything that somebody
 * might try with webhooks that come again, late or never.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { hashPin } from "../../../functions/edge/pin.ts";
import { type Sentence, spoken } from "../../../functions/edge/sentences.ts";
import {
  callerIdOf,
  keyFrom,
  mintPinState,
  mintState,
  newTryId,
  verifyPinState,
  verifyStreamToken,
} from "../../../relay/contract.ts";
import { until } from "../../patience.ts";
import { startStandIn, TRIES } from "../relay-stand-in.ts";
import {
  ACCOUNT,
  type Answer,
  AUTH_TOKEN,
  incomingForm,
  post,
  postSigned,
  SECRET,
  signatureOf,
} from "../signed.ts";
import { startTwilioRun, type TwilioRun } from "../twilio-run.ts";

const PIN = "48291357";
const OWN_PIN = "7702461938";
const PASSED_A = "TN-Validation-Passed-A";
const key = await keyFrom(SECRET);
const relay = startStandIn(key);
const gone = startStandIn(key);

/** A caller of its own for each test, and so ten tries. */
const NUMBERS = Array.from({ length: 30 }, (_, index) => `+1555000${String(1000 + index)}`);
const GERMAN = "+15552220001";
const OWN = "+15552220002";

let edge: TwilioRun;
/** PIN_POLICY=unattested, and no relay behind it. */
let lenient: TwilioRun;
beforeAll(async () => {
  await gone.stop();
  const env = { ACCOUNT_SID: ACCOUNT, AUTH_TOKEN, STREAM_TOKEN_SECRET: SECRET, CALLER_PIN: PIN };
  const callers = { [GERMAN]: { language: "de-AT" }, [OWN]: { name: "Grace", pin: await hashPin(OWN_PIN) } };
  const strict = {
    ...env,
    RELAY_URL: relay.url,
    STIR_POLICY: "require",
    ALLOWED_NUMBERS: NUMBERS.join(","),
  };
  edge = await startTwilioRun(strict, JSON.stringify(callers));
  lenient = await startTwilioRun({
    ...env,
    RELAY_URL: gone.url,
    PIN_POLICY: "unattested",
    ALLOWED_NUMBERS: NUMBERS.join(","),
  });
});
afterEach(() => relay.answerWith(undefined));
afterAll(async () => {
  await relay.stop();
  await Promise.all([edge?.stop(), lenient?.stop()]);
});

const nowS = () => Math.floor(Date.now() / 1000);
let calls = 0;
const newCall = () => `CA${(++calls).toString(16).padStart(32, "0")}`;
let numbers = 0;
const newNumber = () => NUMBERS[numbers++] ?? expect.unreachable();

const formOf = (call: { CallSid: string; From: string }, more = {}) =>
  incomingForm({ Caller: call.From, StirVerstat: PASSED_A, ...call, ...more });
const dial = (call: { CallSid: string; From: string }, more = {}, base = edge.base) =>
  postSigned(`${base}/voice/incoming`, formOf(call, more));
const type = (state: string, call: { CallSid: string; From: string }, Digits: string, more = {}) =>
  postSigned(
    `${edge.base}/voice/pin?state=${state}`,
    formOf(call, { CallStatus: "in-progress", Digits, FinishedOnKey: "#", msg: "Gather End", ...more }),
  );
const wrongPin = "48291358";

function sentence(name: Sentence, language?: string): string {
  const { language: voice, text } = spoken(name, language);
  return `<Say language="${voice}">${text}</Say>`;
}
const document = (verbs: string) => `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>`;
const farewell = (name: Sentence, language?: string) => document(`${sentence(name, language)}<Hangup/>`);

/** The state that a <Gather> carries; anything but exactly such a document fails. */
function asked(
  { status, text }: Answer,
  prompt: Sentence = "askPin",
  language?: string,
  base = edge.base,
): string {
  expect(status).toBe(200);
  const state = /\?state=([\w.-]+)"/.exec(text)?.[1] ?? "";
  expect(text).toBe(
    document(
      `<Gather input="dtmf" action="${base}/voice/pin?state=${state}" finishOnKey="#" numDigits="10" timeout="8">` +
        `${sentence(prompt, language)}</Gather>${sentence("noPin", language)}<Hangup/>`,
    ),
  );
  return state;
}

/** The stream's token, for this call's first stream. */
async function connected({ text }: Answer, callSid: string): Promise<void> {
  const token = /<Stream url="ws:\/\/[^"]+\/media-stream\/([\w.-]+)"/.exec(text)?.[1] ?? text;
  const verified = await verifyStreamToken([key], token, relay.url, nowS());
  expect(verified.ok && verified.claims).toMatchObject({ sub: callSid, attempt: 0, account: ACCOUNT });
}
/** Wrong ones that count against them. */
const used = async (From: string) => relay.usedBy(await callerIdOf(key, From)).size;

describe("a caller with a PIN", () => {
  test("is asked for it, and comes in when it is right, with all tries left", async () => {
    const call = { CallSid: newCall(), From: newNumber() };
    const state = asked(await dial(call));
    const claims = await verifyPinState([key], state, nowS());
    expect(claims.ok && claims.claims).toMatchObject({ sub: call.CallSid, tries: 0 });
    await connected(await type(state, call, PIN), call.CallSid);
    expect(await used(call.From)).toBe(0);
  });

  test("comes in at the third try, each prompt saying that the last was not right", async () => {
    const call = { CallSid: newCall(), From: newNumber() };
    const second = asked(await type(asked(await dial(call)), call, wrongPin), "askPinAgain");
    const third = asked(await type(second, call, "1"), "askPinAgain");
    const claims = await verifyPinState([key], third, nowS());
    expect(claims.ok && claims.claims.tries).toBe(2);
    await connected(await type(third, call, PIN), call.CallSid);
    expect(await used(call.From)).toBe(2);
  });

  test("is out after three wrong ones, whatever was typed", async () => {
    const call = { CallSid: newCall(), From: newNumber() };
    const second = asked(await type(asked(await dial(call)), call, `${PIN}0`), "askPinAgain");
    const third = asked(await type(second, call, `*${PIN}`), "askPinAgain");
    expect((await type(third, call, PIN.slice(0, -1))).text).toBe(farewell("wrongPin"));
    expect(await used(call.From)).toBe(3);
  });

  test("hears it all in their own language", async () => {
    const call = { CallSid: newCall(), From: GERMAN };
    const second = asked(
      await type(asked(await dial(call), "askPin", "de"), call, wrongPin),
      "askPinAgain",
      "de",
    );
    const third = asked(await type(second, call, wrongPin), "askPinAgain", "de");
    expect((await type(third, call, wrongPin)).text).toBe(farewell("wrongPin", "de"));
  });

  test("of their own needs that one, and everybody's does not open for them", async () => {
    const call = { CallSid: newCall(), From: OWN };
    const again = asked(await type(asked(await dial(call)), call, PIN), "askPinAgain");
    await connected(await type(again, call, OWN_PIN), call.CallSid);
    const other = { CallSid: newCall(), From: newNumber() };
    asked(await type(asked(await dial(other)), other, OWN_PIN), "askPinAgain");
  });

  test("who has no try left hears so, before the PIN and after it, and the right PIN does not help", async () => {
    const call = { CallSid: newCall(), From: newNumber() };
    const state = asked(await dial(call));
    for (let wrong = 0; wrong < TRIES; wrong++) {
      const other = { ...call, CallSid: newCall() };
      await type(await mintPinState(key, { callSid: other.CallSid, tries: 0 }, nowS()), other, wrongPin);
    }
    expect(await used(call.From)).toBe(TRIES);
    expect((await type(state, call, PIN)).text).toBe(farewell("lockedPin"));
    expect((await dial({ ...call, CallSid: newCall() })).text).toBe(farewell("lockedPin"));
    expect(await used(call.From)).toBe(TRIES);
  });

  test("who hangs up in the middle of a try has spent it", async () => {
    const call = { CallSid: newCall(), From: newNumber() };
    await type(asked(await dial(call)), call, wrongPin, { CallStatus: "completed" });
    expect(await used(call.From)).toBe(1);
  });
});

describe("a relay that does not count", () => {
  const broken = {
    "out of order": () => new Response(null, { status: 503 }),
    "without a number": () => Response.json({ left: "ten", allowed: "yes" }),
    "with a web page": () => new Response("<html>it works!</html>"),
    "that knows no tries": () => new Response(null, { status: 404 }),
    "that refuses us": () => new Response(null, { status: 401 }),
  };
  for (const [how, response] of Object.entries(broken)) {
    test(`admits nobody, ${how}: no PIN is asked for, and a right one is not taken`, async () => {
      const call = { CallSid: newCall(), From: newNumber() };
      const state = asked(await dial(call));
      relay.answerWith(response);
      expect((await dial({ ...call, CallSid: newCall() })).text).toBe(farewell("unavailable"));
      expect((await type(state, call, PIN)).text).toBe(farewell("unavailable"));
    });
  }

  test("and one that fails only when a try is given back lets the caller in, with that try spent", async () => {
    const call = { CallSid: newCall(), From: newNumber() };
    const state = asked(await dial(call));
    const answers = [
      () => Response.json({ allowed: true, left: 9 }),
      () => new Response(null, { status: 500 }),
    ];
    relay.answerWith(() => answers.shift()?.() ?? expect.unreachable());
    await connected(await type(state, call, PIN), call.CallSid);
    // The log comes later than the answer.
    await until(() => edge.output().includes('"doing":"refund"'));
  });

  test("and one that is away admits nobody but whom PIN_POLICY=unattested lets in without it", async () => {
    const call = { CallSid: newCall(), From: newNumber() };
    expect((await dial(call, {}, lenient.base)).text).toContain("<Stream ");
    for (const StirVerstat of [undefined, "TN-Validation-Passed-A-Diverted", "TN-Validation-Passed-B"]) {
      const answer = await dial({ ...call, CallSid: newCall() }, { StirVerstat }, lenient.base);
      expect([StirVerstat, answer.text]).toEqual([StirVerstat, farewell("unavailable")]);
    }
  });
});

describe("webhooks that come again, late, or from somebody else", () => {
  test("give no fresh tries: each one is a try of its own, and the same state leads to the same number", async () => {
    const call = { CallSid: newCall(), From: newNumber() };
    const first = asked(await dial(call));
    const answers = await Promise.all([1, 2, 3].map(() => type(first, call, wrongPin)));
    for (const answer of answers) {
      const state = await verifyPinState([key], asked(answer, "askPinAgain"), nowS());
      expect(state.ok && state.claims.tries).toBe(1);
    }
    expect(await used(call.From)).toBe(3);
  });

  test("in a burst look at no more PINs than there are tries", async () => {
    const call = { CallSid: newCall(), From: newNumber() };
    const state = asked(await dial(call));
    const answers = await Promise.all(
      Array.from({ length: TRIES + 5 }, (_, index) =>
        type(state, call, `90000${String(index).padStart(2, "0")}`),
      ),
    );
    expect(answers.filter(({ text }) => text.includes("<Gather ")).length).toBe(TRIES);
    expect(answers.filter(({ text }) => text === farewell("lockedPin")).length).toBe(5);
  });

  test("with other digits than Twilio signed are refused, and cost the caller no try", async () => {
    const call = { CallSid: newCall(), From: newNumber() };
    const state = asked(await dial(call));
    const url = `${edge.base}/voice/pin?state=${state}`;
    const form = formOf(call, { Digits: wrongPin });
    const headers = { "x-twilio-signature": signatureOf(url, form) };
    const answers = await Promise.all([
      post(url, { ...form, Digits: PIN }, headers),
      post(`${edge.base}/voice/pin`, form, headers),
      post(url, form, {}),
    ]);
    for (const answer of answers) expect([answer.status, answer.text]).toEqual([403, ""]);
    expect(await used(call.From)).toBe(0);
  });

  test("with digits that are missing, doubled, empty or no digits are refused, though they are signed", async () => {
    const call = { CallSid: newCall(), From: newNumber() };
    const state = asked(await dial(call));
    const url = `${edge.base}/voice/pin?state=${state}`;
    for (const Digits of [undefined, "", `${PIN} `, "pin", "1".repeat(65), "４８２９１３５７"]) {
      const answer = await postSigned(url, formOf(call, { Digits }));
      expect([Digits, answer.status, answer.text]).toEqual([Digits, 403, ""]);
    }
    const form = formOf(call, { Digits: PIN });
    const doubled = await fetch(url, {
      method: "POST",
      body: `${new URLSearchParams({ ...form })}&Digits=${PIN}`,
      headers: {
        "x-twilio-signature": signatureOf(url, form),
        "content-type": "application/x-www-form-urlencoded",
      },
    });
    expect([doubled.status, await doubled.text()]).toEqual([403, ""]);
    expect(await used(call.From)).toBe(0);
  });

  test("without a state of this call's PIN are an apology, and ask no relay", async () => {
    const call = { CallSid: newCall(), From: newNumber() };
    const callSid = call.CallSid;
    const stranger = await keyFrom("another secret of thirty-two bytes");
    const states = await Promise.all([
      mintPinState(key, { callSid: newCall(), tries: 0 }, nowS()),
      mintPinState(key, { callSid, tries: 0 }, nowS() - 306),
      mintPinState(key, { callSid, tries: 3 }, nowS()),
      mintPinState(stranger, { callSid, tries: 0 }, nowS()),
      mintState(key, { callSid, attempt: 0, remints: 0, relay: relay.url }, nowS()),
    ]);
    const before = relay.asked.length;
    for (const state of [...states, newTryId()]) {
      expect((await type(state, call, PIN)).text).toBe(farewell("unavailable"));
    }
    expect((await postSigned(`${edge.base}/voice/pin`, formOf(call, { Digits: PIN }))).text).toBe(
      farewell("unavailable"),
    );
    expect(relay.asked.length).toBe(before);
  });

  test("from a caller who is not admitted any more hang up, with the right PIN too", async () => {
    const call = { CallSid: newCall(), From: newNumber() };
    const state = asked(await dial(call));
    const before = relay.asked.length;
    for (const more of [
      { From: "+15559998888" },
      { From: "anonymous" },
      { From: "" },
      { StirVerstat: "TN-Validation-Passed-B" },
      { StirVerstat: "TN-Validation-Passed-A-Diverted" },
      { StirVerstat: undefined },
    ]) {
      expect((await type(state, call, PIN, more)).text).toBe(document("<Hangup/>"));
    }
    expect(relay.asked.length).toBe(before);
    expect((await dial(call, { StirVerstat: "TN-Validation-Passed-A-Passthrough" })).text).toBe(
      document("<Reject/>"),
    );
  });
});

describe("what was printed on the way", () => {
  test("holds no PIN, no digits that were typed, no number and no token", async () => {
    const output = edge.output() + lenient.output();
    expect(output).toContain('"event":"pin_right"');
    expect(output).toContain('"event":"pin_wrong"');
    expect(output).toContain('"event":"pin_locked"');
    expect(relay.asked).not.toContain("refused");
    const callerId = await callerIdOf(key, OWN);
    const numbers = [...NUMBERS, GERMAN, OWN].map((number) => number.slice(1, -2));
    for (const secret of [PIN, OWN_PIN, wrongPin, "90000", "eyJ", callerId, "scrypt", SECRET, ...numbers]) {
      expect(output).not.toContain(secret);
    }
    expect(output).not.toContain('"event":"bug"');
  });
});
