/**
 * Webhooks as somebody on the way might have captured them, and Twilio's runtime as it makes an event of a request:
 * its two parsers, and query and body merged (node_modules/@twilio/runtime-handler/dist/dev-runtime/route.js).
 */
import { createHmac } from "node:crypto";
import { type ParsedUrlQuery, parse } from "node:querystring";
import { keyFrom, mintPinState, mintState, mintTransferState } from "../../../relay/contract.ts";
import { AUTH_TOKEN, CALL, incomingForm, SECRET } from "../../functions/signed.ts";

export const PATHS = ["/voice/incoming", "/voice/ended", "/voice/pin", "/voice/transferred"] as const;
export type Path = (typeof PATHS)[number];

/** What an attacker has in hand, and may change anything of. */
export type Captured = {
  readonly path: Path;
  /** The address that was called, before its query. */
  readonly base: string;
  readonly query: string;
  readonly body: string;
  /** The Content-Type. */
  readonly type: string;
  readonly signature: string | readonly string[] | undefined;
};

export const FORM = "application/x-www-form-urlencoded";

export type Parameters = ReadonlyArray<readonly [name: string, value: string]>;

export const written = (parameters: Parameters): string =>
  parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");

/** Twilio's rule, by hand: the URL, then names and values sorted by name, nothing between. Equal values count once. */
export function signedText(url: string, values: ReadonlyMap<string, string | readonly string[]>): string {
  return [...values.keys()].sort().reduce((text, name) => {
    const value = values.get(name) ?? "";
    const each = typeof value === "string" ? [value] : [...new Set(value)].sort();
    return text + each.map((one) => name + one).join("");
  }, url);
}

export const signatureFor = (url: string, parameters: Parameters, authToken = AUTH_TOKEN): string =>
  createHmac("sha1", authToken)
    .update(signedText(url, new Map(parameters)))
    .digest("base64");

/** @param base as Twilio calls the edge: https://edge.example.com */
export async function capture(base: string): Promise<readonly Captured[]> {
  const key = await keyFrom(SECRET);
  const nowS = Math.floor(Date.now() / 1000);
  const state = await mintState(
    key,
    { callSid: CALL, attempt: 0, remints: 0, relay: "wss://relay.example.com" },
    nowS,
  );
  const pinState = await mintPinState(key, { callSid: CALL, tries: 1 }, nowS);
  const transfer = { callSid: CALL, attempt: 0, relay: "wss://relay.example.com", to: "anna" };
  const transferState = await mintTransferState(key, transfer, nowS);
  const form: Parameters = Object.entries(
    incomingForm({ FromState: "", FromZip: "80331", StirVerstat: "TN-Validation-Passed-A-Diverted" }),
  );
  const ended: Parameters = [...form, ["StreamSid", `MZ${"0123456789abcdef".repeat(2)}`]];
  const pin: Parameters = [...form, ["Digits", "135792"], ["FinishedOnKey", "#"], ["msg", "Gather End"]];
  const dialled: Parameters = [
    ...Object.entries(incomingForm({ CallStatus: "in-progress" })),
    ["DialBridged", "false"],
    ["DialCallDuration", "0"],
    ["DialCallSid", `CA${"fedcba9876543210".repeat(2)}`],
    ["DialCallStatus", "no-answer"],
  ];
  return [
    captured(base, "/voice/incoming", "", form),
    captured(
      base,
      "/voice/incoming",
      "",
      Object.entries(incomingForm({ StirVerstat: "TN-Validation-Passed-A" })),
    ),
    captured(base, "/voice/ended", `state=${state}`, ended),
    captured(base, "/voice/pin", `state=${pinState}`, pin),
    captured(base, "/voice/transferred", `state=${transferState}`, dialled),
  ];
}

export function captured(base: string, path: Path, query: string, parameters: Parameters): Captured {
  const url = `${base}${path}${query === "" ? "" : `?${query}`}`;
  return {
    path,
    base,
    query,
    body: written(parameters),
    type: FORM,
    signature: signatureFor(url, parameters),
  };
}

export const parametersOf = ({ body }: Captured): Parameters =>
  Object.entries(parse(body)).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : []));

export const rewritten = (from: Captured, parameters: Parameters): Captured => ({
  ...from,
  body: written(parameters),
});

/** As the runtime hands it to a Function. Undefined: the runtime answers 400 by itself. */
export function eventOf({ query, body, type, signature }: Captured): object | undefined {
  const values = bodyOf(type, body);
  if (typeof values !== "object" || values === null) return undefined;
  const headers = { host: "edge.example.com", "content-type": type, "x-twilio-signature": signature };
  const request = { headers, cookies: {} };
  // As the runtime does it, and not with a spread: a member `__proto__` of a JSON body is then a prototype.
  return Object.assign({ request }, plain(parse(query)), values);
}

/** A body of a type that neither parser takes is not looked at. */
function bodyOf(type: string, body: string): unknown {
  const bare = type.split(";")[0]?.trim().toLowerCase();
  if (bare === "application/json") return jsonOf(body);
  return bare === FORM ? plain(parse(body)) : {};
}

const plain = (parsed: ParsedUrlQuery): object => ({ ...parsed });

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
