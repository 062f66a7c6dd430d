/** The webhook of a <Dial> that ended: what of it decides is held to exactly one well-formed string each. */
import { describe, expect, test } from "bun:test";
import { receiveDialled } from "../../../functions/edge/webhook.ts";
import { ACCOUNT, AUTH_TOKEN, CALL, CALLER, incomingForm, OUR_NUMBER, signatureOf } from "../signed.ts";

const BASE = "https://edge.example.com";
const PATH = "/voice/transferred";
const IDENTITY = { accountSid: ACCOUNT, authToken: AUTH_TOKEN, baseUrl: BASE };
const STATE = "eyJhbGciOiJIUzI1NiJ9.eyJ9.c2ln";
const LEG = `CA${"f".repeat(32)}`;

const ended = (changes: Readonly<Record<string, string | undefined>> = {}) =>
  incomingForm({
    CallStatus: "in-progress",
    DialCallStatus: "no-answer",
    DialCallSid: LEG,
    DialCallDuration: "0",
    DialBridged: "false",
    ...changes,
  });
/** @param sent what arrives, where it is not what was signed */
const receive = (form: ReturnType<typeof ended>, sent: object = form) =>
  receiveDialled(IDENTITY, PATH, {
    request: {
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": signatureOf(`${BASE}${PATH}?state=${STATE}`, form),
      },
    },
    ...sent,
    state: STATE,
  });
const refusedFor = (form: ReturnType<typeof ended>, sent?: object) => {
  const received = receive(form, sent);
  return received.ok ? "received" : (received.refusal.fields ?? received.refusal.why);
};

describe("the end of a Dial", () => {
  test("is received with how it went, the state, and nothing that names who was dialled", () => {
    expect(receive(ended())).toEqual({
      ok: true,
      fields: {
        AccountSid: ACCOUNT,
        CallSid: CALL,
        From: CALLER,
        To: OUR_NUMBER,
        CallStatus: "in-progress",
        DialCallStatus: "no-answer",
        DialCallSid: LEG,
        DialCallDuration: "0",
        DialBridged: "false",
      },
      state: STATE,
    });
  });

  test("says one of what Twilio documents, and what it does not always say may be missing", () => {
    for (const DialCallStatus of ["completed", "answered", "busy", "no-answer", "failed", "canceled"]) {
      expect(refusedFor(ended({ DialCallStatus }))).toBe("received");
    }
    const bare = ended({ DialCallSid: undefined, DialCallDuration: undefined, DialBridged: undefined });
    expect(refusedFor(bare)).toBe("received");
  });

  test("that is not of its form is refused by the name of the field", () => {
    for (const [name, value] of [
      ["DialCallStatus", undefined],
      ["DialCallStatus", ""],
      ["DialCallStatus", "Completed"],
      ["DialCallStatus", "in-progress"],
      ["CallStatus", undefined],
      ["CallStatus", "gone"],
      ["DialCallSid", "CA1"],
      ["DialCallSid", ACCOUNT],
      ["DialCallDuration", "12.5"],
      ["DialCallDuration", "-1"],
      ["DialCallDuration", ""],
      ["DialBridged", "yes"],
      ["DialBridged", "True"],
      ["CallSid", "CA1"],
    ] as const) {
      expect([name, value, refusedFor(ended({ [name]: value }))]).toEqual([name, value, [name]]);
    }
  });

  test("with a field given twice is refused, though the signature still fits", () => {
    const form = ended();
    for (const name of ["DialCallStatus", "CallStatus", "DialCallSid", "DialCallDuration", "DialBridged"]) {
      expect(refusedFor(form, { ...form, [name]: [form[name], form[name]] })).toEqual([name]);
    }
  });

  test("whose bytes were cut into a better ending under the same signature is refused", () => {
    const form = ended({ DialCallStatus: "failed", Direction: "inbound" });
    const { DialCallStatus, Direction, ...others } = form;
    const cut = { ...others, DialCallStatus: `${DialCallStatus}Direction${Direction}` };
    expect(signatureOf(BASE, cut)).toBe(signatureOf(BASE, form));
    expect(refusedFor(form, cut)).toEqual(["DialCallStatus"]);
    // A call that is over, glued to what follows it.
    const { CallStatus, Called, ...rest } = ended({ CallStatus: "completed" });
    const glued = { ...rest, CallStatus: `${CallStatus}Called${Called}` };
    expect(refusedFor(ended({ CallStatus: "completed" }), glued)).toEqual(["CallStatus"]);
    expect(refusedFor(form, { ...form, DialCallStatus: "completed" })).toBe("wrong signature");
    expect(refusedFor(form, { ...form, CallStatus: "completed" })).toBe("wrong signature");
  });

  test("needs the signature over the address with its state, and our own account", () => {
    const form = ended();
    const foreign = ended({ AccountSid: `AC${"0".repeat(32)}` });
    expect(refusedFor(foreign)).toEqual(["AccountSid"]);
    const without = receiveDialled(IDENTITY, PATH, {
      request: {
        headers: {
          "content-type": "application/x-www-form-urlencoded",
          "x-twilio-signature": signatureOf(`${BASE}${PATH}`, form),
        },
      },
      ...form,
      state: STATE,
    });
    expect(without.ok).toBe(false);
  });
});
