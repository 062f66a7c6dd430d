/**
 * Webhooks as Twilio signs them, for the tests of the edge. Fictional account, numbers and secrets throughout.
 *
 * The signature is worked out by hand, by Twilio's rule (https://www.twilio.com/docs/usage/security): the URL, then
 * every parameter's name and value, sorted by name, nothing between; HMAC-SHA1 with the auth token; base64.
 */
import { createHmac } from "node:crypto";

export const ACCOUNT = `AC${"fedcba9876543210".repeat(2)}`;
export const AUTH_TOKEN = "a0b1c2d3e4f50617".repeat(2);
export const CALL = `CA${"0123456789abcdef".repeat(2)}`;
export const CALLER = "+15551234567";
export const OUR_NUMBER = "+15557654321";
/** The word as typed on a telephone's keys: what Twilio shows for a number that is withheld. */
export const onKeypad = (word: string): string =>
  `+${[...word].map((letter) => "22233344455566677778889999".charAt(letter.charCodeAt(0) - 65)).join("")}`;
export const HIDDEN = onKeypad("ANONYMOUS");
export const SECRET = "a stream token secret for the tests";

export type Form = Readonly<Record<string, string>>;

export function signatureOf(url: string, form: Form, authToken = AUTH_TOKEN): string {
  const names = Object.keys(form).sort();
  const text = url + names.map((name) => `${name}${form[name]}`).join("");
  return createHmac("sha1", authToken).update(text).digest("base64");
}

/** What Twilio posts when a call comes in, in the fields that it documents. */
export const incomingForm = (changes: Readonly<Record<string, string | undefined>> = {}): Form => {
  const form = {
    AccountSid: ACCOUNT,
    ApiVersion: "2010-04-01",
    CallSid: CALL,
    CallStatus: "ringing",
    Called: OUR_NUMBER,
    Caller: CALLER,
    Direction: "inbound",
    From: CALLER,
    FromCity: "MÜNCHEN & CO.",
    FromCountry: "US",
    To: OUR_NUMBER,
    ToCountry: "US",
    ...changes,
  };
  return Object.fromEntries(
    Object.entries(form).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
};

export type Answer = { readonly status: number; readonly type: string; readonly text: string };

export async function post(
  url: string,
  form: Form,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    body: new URLSearchParams(form),
    headers,
    redirect: "manual",
  });
  return {
    status: response.status,
    type: (response.headers.get("content-type") ?? "").split(";")[0] ?? "",
    text: await response.text(),
  };
}

export const postSigned = (url: string, form: Form, authToken = AUTH_TOKEN): Promise<Answer> =>
  post(url, form, { "x-twilio-signature": signatureOf(url, form, authToken) });
