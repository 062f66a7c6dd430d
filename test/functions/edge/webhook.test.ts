import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { validateRequest } from "twilio/lib/webhooks/webhooks";
import type { Identity } from "../../../functions/edge/settings.ts";
import { receiveCall, receiveDigits, receiveStreamStatus } from "../../../functions/edge/webhook.ts";
import {
  ACCOUNT,
  AUTH_TOKEN,
  CALL,
  CALLER,
  HIDDEN,
  incomingForm,
  OUR_NUMBER,
  signatureOf,
} from "../signed.ts";

const PATH = "/voice/incoming";
const BASE = "https://edge.example.com";
const URL_CALLED = `${BASE}${PATH}`;
const IDENTITY: Identity = { accountSid: ACCOUNT, authToken: AUTH_TOKEN, baseUrl: BASE };

/** The runtime's event: `request` beside whatever came in query and body. */
const FORM = "application/x-www-form-urlencoded; charset=UTF-8";
const eventOf = (parameters: object, signature: unknown, type: unknown = FORM): object => ({
  request: { headers: { "content-type": type, "x-twilio-signature": signature }, cookies: {} },
  ...parameters,
});
const receive = (event: object, identity = IDENTITY) => receiveCall(identity, PATH, event);
const whyNot = (event: object, identity = IDENTITY) => {
  const received = receive(event, identity);
  return received.ok ? "received" : received.refusal.why;
};

const form = incomingForm();
const signature = signatureOf(URL_CALLED, form);

describe("a webhook", () => {
  test("that Twilio signed is received, with the fields that decide", () => {
    expect(receive(eventOf(form, signature))).toEqual({
      ok: true,
      fields: { AccountSid: ACCOUNT, CallSid: CALL, From: CALLER, To: OUR_NUMBER },
      state: undefined,
    });
  });

  test("that is unsigned is refused", () => {
    for (const event of [
      { ...form },
      { request: { headers: {}, cookies: {} }, ...form },
      eventOf(form, undefined),
      eventOf(form, ""),
      eventOf(form, [signature, signature]),
      {},
    ]) {
      expect(whyNot(event)).toBe("no signature");
    }
  });

  test("that is signed again with another auth token is refused", () => {
    for (const authToken of ["f".repeat(32), "", AUTH_TOKEN.slice(0, -1)]) {
      expect(whyNot(eventOf(form, signatureOf(URL_CALLED, form, authToken)))).toBe("wrong signature");
    }
  });

  test("that is signed for another address is refused", () => {
    for (const url of [
      `${BASE}/voice/ended`,
      `https://other.example.com${PATH}`,
      `http://edge.example.com${PATH}`,
      `${URL_CALLED}/`,
      `${URL_CALLED}?a=b`,
    ]) {
      expect(whyNot(eventOf(form, signatureOf(url, form)))).toBe("wrong signature");
    }
  });

  test("with any parameter changed, added or taken away after signing is refused", () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(form)), fc.string(), (name, value) => {
        fc.pre(form[name] !== value);
        expect(whyNot(eventOf({ ...form, [name]: value }, signature))).not.toBe("received");
        const without = Object.fromEntries(Object.entries(form).filter(([other]) => other !== name));
        expect(whyNot(eventOf(without, signature))).not.toBe("received");
      }),
      { numRuns: 300, seed: 2 },
    );
    expect(whyNot(eventOf({ ...form, StirVerstat: "TN-Validation-Passed-A" }, signature))).toBe(
      "wrong signature",
    );
  });

  test("whose bytes were split anew under the same signature is refused by its fields", () => {
    const { From, FromCity, FromCountry, To, ToCountry, ...before } = form;
    const resplit = {
      ...before,
      From: `${From}FromCity${FromCity}FromCountry${FromCountry}To${To}`,
      ToCountry,
    };
    expect(validateRequest(AUTH_TOKEN, signature, URL_CALLED, resplit)).toBe(true);
    const received = receive(eventOf(resplit, signature));
    expect(received.ok ? undefined : received.refusal).toMatchObject({
      why: "fields are not those of a call",
      fields: ["To"],
    });

    const small = incomingForm();
    const cut = { AccountSid: small.AccountSid ?? "", CallSid: CALL, From: `${CALLER}To${OUR_NUMBER}` };
    const whole = { AccountSid: small.AccountSid ?? "", CallSid: CALL, From: CALLER, To: OUR_NUMBER };
    expect(signatureOf(URL_CALLED, cut)).toBe(signatureOf(URL_CALLED, whole));
    expect(whyNot(eventOf(cut, signatureOf(URL_CALLED, whole)))).toBe("fields are not those of a call");
  });

  test("with a parameter given twice is refused, though the signature still fits", () => {
    for (const name of ["AccountSid", "CallSid", "From", "To"]) {
      const doubled = { ...form, [name]: [form[name], form[name]] };
      expect(validateRequest(AUTH_TOKEN, signature, URL_CALLED, doubled)).toBe(true);
      const received = receive(eventOf(doubled, signature));
      expect(received.ok ? undefined : received.refusal).toMatchObject({
        why: "fields are not those of a call",
        fields: [name],
      });
    }
  });

  test("of another account is refused, however well it is signed", () => {
    const other = incomingForm({ AccountSid: `AC${"0".repeat(32)}` });
    const received = receive(eventOf(other, signatureOf(URL_CALLED, other)));
    expect(received.ok ? undefined : received.refusal).toMatchObject({
      why: "fields are not those of a call",
      fields: ["AccountSid"],
    });
  });

  test("without one of its four fields, or with one that is malformed, is refused", () => {
    for (const changes of [
      { AccountSid: undefined },
      { AccountSid: "" },
      { CallSid: undefined },
      { CallSid: CALL.toUpperCase() },
      { CallSid: `${CALL}0` },
      { CallSid: `${CALL}\n` },
      { From: undefined },
      { From: "x".repeat(257) },
      { To: undefined },
      { To: "" },
      { To: "15557654321" },
      { To: `${OUR_NUMBER}ToCity` },
    ]) {
      const changed = incomingForm(changes);
      expect([changes, whyNot(eventOf(changed, signatureOf(URL_CALLED, changed)))]).toEqual([
        changes,
        "fields are not those of a call",
      ]);
    }
  });

  test("of a caller without a number is received: that is for the admission to judge", () => {
    for (const From of ["", "anonymous", "Anonymous", "sip:ada@example.com", "client:ada", HIDDEN]) {
      const changed = incomingForm({ From });
      const received = receive(eventOf(changed, signatureOf(URL_CALLED, changed)));
      expect(received.ok && received.fields.From).toBe(From);
    }
  });

  test("sent with GET is refused: Twilio signs its query as part of the address", () => {
    const query = new URLSearchParams(form).toString();
    expect(whyNot(eventOf(form, signatureOf(`${URL_CALLED}?${query}`, {})))).toBe("wrong signature");
  });

  test("that is no form is refused: nothing tells a query or a JSON body from one but the type", () => {
    for (const type of [
      undefined,
      "",
      "application/json",
      "multipart/form-data",
      "text/plain",
      [FORM, FORM],
    ]) {
      const event = {
        ...eventOf(form, signature),
        request: { headers: { "x-twilio-signature": signature } },
      };
      const typed = type === undefined ? event : eventOf(form, signature, type);
      expect([type, whyNot(typed)]).toEqual([type, "not a form"]);
    }
    for (const type of [
      "application/x-www-form-urlencoded",
      "Application/X-WWW-Form-Urlencoded;charset=utf-8",
    ]) {
      expect([type, whyNot(eventOf(form, signature, type))]).toEqual([type, "received"]);
    }
  });

  test("with a parameter named `request`, which takes the place of the headers locally, is refused", () => {
    for (const request of ["x", { headers: "x" }, null]) {
      expect(whyNot({ ...eventOf(form, signature), request })).toBe("no signature");
    }
  });

  test("in a JSON body under a form's type, with values that are not text, is refused and throws nothing", () => {
    for (const From of [
      1,
      true,
      null,
      { toString: 1 },
      [CALLER, 1],
      [[CALLER]],
      { toString: () => CALLER },
    ]) {
      expect(whyNot(eventOf({ ...form, From }, signature))).toBe("parameters are not text");
    }
  });

  test("in a JSON body with `__proto__` cannot lend itself fields that no signature covers", () => {
    const { From, ...rest } = form;
    const polluted: object = Object.assign(
      eventOf(rest, signatureOf(URL_CALLED, rest)),
      JSON.parse(`{"__proto__":{"From":"${From}"}}`),
    );
    expect(Reflect.get(polluted, "From")).toBe(From);
    expect(whyNot(polluted)).toBe("fields are not those of a call");
    const own: object = Object.defineProperty(eventOf(form, signature), "__proto__", {
      value: "x",
      enumerable: true,
    });
    expect(whyNot(own)).toBe("wrong signature");
  });

  test("is checked against localhost, and against a tunnel, as Twilio would have called them", () => {
    for (const baseUrl of [
      "http://localhost:3000",
      "https://tunnel.example.com",
      "https://tunnel.example.com:8443",
    ]) {
      const identity = { ...IDENTITY, baseUrl };
      expect(whyNot(eventOf(form, signatureOf(`${baseUrl}${PATH}`, form)), identity)).toBe("received");
      expect(whyNot(eventOf(form, signature), identity)).toBe("wrong signature");
    }
  });
});

describe("a refusal", () => {
  test("names the parameters that the check covered, and none of their values", () => {
    const received = receive(eventOf({ ...form, StirVerstat: "TN-Validation-Passed-A" }, signature));
    if (received.ok) throw new Error("it was received");
    expect(received.refusal.address).toBe(URL_CALLED);
    expect([...received.refusal.parameters].sort()).toEqual([...Object.keys(form), "StirVerstat"].sort());
    const text = JSON.stringify(received.refusal);
    for (const value of Object.values(form)) expect(text).not.toContain(value);
    expect(text).not.toContain("TN-Validation");
    expect(text).not.toContain(signature);
  });

  test("hides a name that may be a piece of a value, and keeps to 64 names", () => {
    const odd = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`From+1555123456${index}`, ""]),
    );
    const received = receive(eventOf(odd, signature));
    expect(received.ok ? [] : received.refusal.parameters).toEqual(
      Array.from({ length: 64 }, () => "[odd name]"),
    );
  });
});

describe("the state", () => {
  const STATE = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJDQSJ9.c2lnbmF0dXJl";
  const signed = signatureOf(`${URL_CALLED}?state=${STATE}`, form);

  test("is put back into the address that Twilio signed", () => {
    const received = receive(eventOf({ ...form, state: STATE }, signed));
    expect(received.ok && received.state).toBe(STATE);
  });

  test("that was changed, added or taken away breaks the signature", () => {
    expect(whyNot(eventOf({ ...form, state: `${STATE}x` }, signed))).toBe("wrong signature");
    expect(whyNot(eventOf(form, signed))).toBe("wrong signature");
    expect(whyNot(eventOf({ ...form, state: STATE }, signature))).toBe("wrong signature");
  });

  test("that is not one word of a token's characters is refused before it touches the address", () => {
    for (const state of [[STATE, STATE], "", "a b", "a&b=c", "a#b", "x".repeat(2049), { a: "b" }, 1, null]) {
      expect(whyNot(eventOf({ ...form, state }, signed))).toBe("parameters are not text");
    }
  });
});

describe("a stream's status", () => {
  const path = "/voice/stream-status";
  const status = {
    AccountSid: ACCOUNT,
    CallSid: CALL,
    StreamSid: `MZ${"0".repeat(32)}`,
    StreamEvent: "stream-error",
    StreamError: "31920 - Stream - WebSocket - Handshake Error",
    Timestamp: "2026-11-20T10:00:00.000Z",
  };

  test("needs no caller, but the signature and our account all the same", () => {
    const receiveStatus = (parameters: Record<string, string>) =>
      receiveStreamStatus(IDENTITY, path, eventOf(parameters, signatureOf(`${BASE}${path}`, parameters)));
    expect(receiveStatus(status)).toMatchObject({ ok: true, fields: { StreamEvent: "stream-error" } });
    expect(receiveStatus({ ...status, AccountSid: `AC${"0".repeat(32)}` }).ok).toBe(false);
    expect(receiveStreamStatus(IDENTITY, path, eventOf(status, "x")).ok).toBe(false);
  });
});

describe("an attestation", () => {
  test("is received as Twilio sent it, and one given twice is refused", () => {
    const attested = incomingForm({ StirVerstat: "TN-Validation-Passed-A" });
    const signed = signatureOf(URL_CALLED, attested);
    const received = receive(eventOf(attested, signed));
    expect(received.ok && received.fields.StirVerstat).toBe("TN-Validation-Passed-A");
    const twice = { ...attested, StirVerstat: ["TN-Validation-Passed-A", "TN-Validation-Passed-A"] };
    expect(whyNot(eventOf(twice, signed))).toBe("fields are not those of a call");
  });

  test("that was glued to another field under the same signature is none", () => {
    const before = incomingForm({ Direction: "inbound", StirVerstat: "TN-Validation-Failed" });
    const { StirVerstat, FromCountry, ...others } = before;
    const cut = { ...others, FromCountry: `${FromCountry}StirVerstat${StirVerstat}` };
    expect(signatureOf(URL_CALLED, cut)).toBe(signatureOf(URL_CALLED, before));
    const received = receive(eventOf(cut, signatureOf(URL_CALLED, before)));
    expect(received.ok && received.fields.StirVerstat).toBeUndefined();
  });
});

describe("the digits of a keypad", () => {
  const path = "/voice/pin";
  const receiveTyped = (Digits: unknown) => {
    const typed = { ...incomingForm(), Digits: typeof Digits === "string" ? Digits : "1234" };
    const event = eventOf({ ...typed, Digits }, signatureOf(`${BASE}${path}`, typed));
    const received = receiveDigits(IDENTITY, path, event);
    return received.ok ? received.fields.Digits : received.refusal.why;
  };

  test("are exactly one string of keys", () => {
    for (const digits of ["4", "48291357", "*1#", "0".repeat(64)]) expect(receiveTyped(digits)).toBe(digits);
    for (const digits of ["", " ", "1 2", "abc", "0".repeat(65), ["1234"], ["1234", "1234"]]) {
      expect([digits, receiveTyped(digits)]).toEqual([digits, "fields are not those of a call"]);
    }
    for (const digits of [1234, null, {}]) expect(receiveTyped(digits)).toBe("parameters are not text");
    const none = incomingForm();
    const received = receiveDigits(IDENTITY, path, eventOf(none, signatureOf(`${BASE}${path}`, none)));
    expect(received.ok ? [] : received.refusal.fields).toEqual(["Digits"]);
  });
});
