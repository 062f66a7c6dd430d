/**
 * Requests that are not Twilio's, at every door that admits or ends a call, each by itself: under the real twilio-run,
 * because it is the runtime that merges query and body, makes arrays of what stands twice, and answers OPTIONS. And what
 * is told to Twilio alone.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VERSION_HEADER } from "../../../functions/edge/version.ts";
import { keyFrom, mintPinState, mintState, mintTransferState } from "../../../relay/contract.ts";
import { build, builtVersion } from "../../../scripts/build.ts";
import { startStandIn } from "../relay-stand-in.ts";
import { ACCOUNT, AUTH_TOKEN, CALL, CALLER, HIDDEN, incomingForm, SECRET, signatureOf } from "../signed.ts";
import { startTwilioRun, type TwilioRun } from "../twilio-run.ts";

const PIN = "48291357";
const key = await keyFrom(SECRET);
const relay = startStandIn(key);
const nowS = Math.floor(Date.now() / 1000);
const STATES = {
  "/voice/incoming": "",
  "/voice/pin": `?state=${await mintPinState(key, { callSid: CALL, tries: 0 }, nowS)}`,
  "/voice/ended": `?state=${await mintState(key, { callSid: CALL, attempt: 0, remints: 0, relay: relay.url }, nowS)}`,
  "/voice/transferred": `?state=${await mintTransferState(key, { callSid: CALL, attempt: 0, relay: relay.url, to: "anna" }, nowS)}`,
} as const;

/** Of a webhook there, beside what every one carries. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "/voice/pin": { Digits: PIN },
  "/voice/transferred": { DialCallStatus: "no-answer", CallStatus: "in-progress" },
};

let edge: TwilioRun;
beforeAll(async () => {
  edge = await startTwilioRun({
    ACCOUNT_SID: ACCOUNT,
    AUTH_TOKEN,
    RELAY_URL: relay.url,
    STREAM_TOKEN_SECRET: SECRET,
    ALLOWED_NUMBERS: CALLER,
    CALLER_PIN: PIN,
    TRANSFER_NUMBERS: "anna=+15550002222",
  });
});
afterAll(async () => {
  await relay.stop();
  await edge?.stop();
});

type Form = ReturnType<typeof incomingForm>;
type Attack = (url: string, form: Form, signature: string) => Promise<Response>;
const FORM_TYPE = "application/x-www-form-urlencoded";
const sent = (url: string, body: string, signature: string, type = FORM_TYPE) =>
  fetch(url, { method: "POST", body, headers: { "content-type": type, "x-twilio-signature": signature } });
const encoded = (form: Form) => new URLSearchParams({ ...form }).toString();
const withQuery = (url: string, form: Form) => `${url}${url.includes("?") ? "&" : "?"}${encoded(form)}`;
const twice =
  (name: string): Attack =>
  (url, form, signature) =>
    sent(url, `${encoded(form)}&${name}=${encodeURIComponent(form[name] ?? "")}`, signature);

const ATTACKS: Readonly<Record<string, Attack>> = {
  "without a signature": (url, form) =>
    fetch(url, { method: "POST", body: encoded(form), headers: { "content-type": FORM_TYPE } }),
  "signed with another auth token": (url, form) =>
    sent(url, encoded(form), signatureOf(url, form, "f".repeat(32))),
  "signed for another door": (url, form) =>
    sent(url, encoded(form), signatureOf(url.replace("/voice/", "/voices/"), form)),
  "of another account, signed by ours": (url, form) => {
    const other = { ...form, AccountSid: `AC${"0".repeat(32)}` };
    return sent(url, encoded(other), signatureOf(url, other));
  },
  "by GET, signed as Twilio signs a GET": (url, form) => {
    const target = withQuery(url, form);
    return fetch(target, { headers: { "x-twilio-signature": signatureOf(target, {}) } });
  },
  "by GET, with the signature of a captured POST": (url, form, signature) =>
    fetch(withQuery(url, form), { headers: { "x-twilio-signature": signature } }),
  "in a JSON body, with the signature of a captured form": (url, form, signature) =>
    sent(url, JSON.stringify(form), signature, "application/json"),
  "in a JSON body whose caller is a list": (url, form, signature) =>
    sent(url, JSON.stringify({ ...form, From: [form.From] }), signature, "application/json"),
  "in a JSON body whose caller is an object": (url, form, signature) =>
    sent(url, JSON.stringify({ ...form, From: { toString: CALLER } }), signature, "application/json"),
  "with AccountSid twice": twice("AccountSid"),
  "with CallSid twice": twice("CallSid"),
  "with From twice": twice("From"),
  "with To twice": twice("To"),
};

for (const [path, state] of Object.entries(STATES)) {
  describe(`at ${path}, a request`, () => {
    const form = incomingForm(FIELDS[path]);
    const url = () => `${edge.base}${path}${state}`;
    for (const [how, attack] of Object.entries(ATTACKS)) {
      test(`${how} gets 403 and not a word`, async () => {
        const before = relay.asked.length;
        const response = await attack(url(), form, signatureOf(url(), form));
        expect([response.status, await response.text()]).toEqual([403, ""]);
        expect(relay.asked.length).toBe(before);
      });
    }

    test("by OPTIONS is answered by the runtime itself, without us and without TwiML", async () => {
      const headers = { "x-twilio-signature": signatureOf(url(), form), "content-type": FORM_TYPE };
      const response = await fetch(withQuery(url(), form), { method: "OPTIONS", headers });
      expect(await response.text()).not.toContain("<");
    });
  });
}

test("its version is told to whoever signs as Twilio does, and to nobody else", async () => {
  const url = `${edge.base}/voice/incoming`;
  const form = incomingForm();
  const told = async (signature: string) => {
    const { status, headers } = await sent(url, encoded(form), signature);
    return [status, headers.get(VERSION_HEADER)];
  };
  const folder = await mkdtemp(join(tmpdir(), "version-"));
  try {
    // The same code and the same allowlist, built elsewhere.
    await build(folder, join(folder, "no-callers.json"));
    expect(await told(signatureOf(url, form))).toEqual([200, (await builtVersion(folder)) ?? "none"]);
    expect(await told(signatureOf(url, form, "f".repeat(32)))).toEqual([403, null]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

describe("a caller who shows no number of their own is rejected:", () => {
  for (const [who, From] of Object.entries({
    anonymous: "anonymous",
    "hidden, as typed on a telephone": HIDDEN,
    empty: "",
    missing: undefined,
    "too short": "+1555",
    "without a plus": CALLER.slice(1),
    "a digit longer": `${CALLER}0`,
    alphanumeric: "ADAPHONE",
    SIP: `sip:${CALLER}@example.com`,
    "a client": `client:${CALLER}`,
    "two at once": `${CALLER},${CALLER}`,
    "in other digits": "+１５５５１２３４５６７",
  })) {
    test(who, async () => {
      const url = `${edge.base}/voice/incoming`;
      const form = incomingForm({ From });
      const response = await sent(url, encoded(form), signatureOf(url, form));
      const text = await response.text();
      if (From === undefined) expect([response.status, text]).toEqual([403, ""]);
      else expect(text).toBe('<?xml version="1.0" encoding="UTF-8"?><Response><Reject/></Response>');
    });
  }
});
