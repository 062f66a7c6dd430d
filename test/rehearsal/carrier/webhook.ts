/**
 * One request from Twilio to the application: form-encoded, signed, 15 s in all. It says what came back and whether
 * Twilio accepts it; what to do then (the fallback URL, the next document) is the call's business.
 *
 * https://www.twilio.com/docs/usage/security#validating-requests and
 * https://www.twilio.com/docs/voice/twiml#twilio-is-a-well-behaved-http-client
 */

import { type SignatureSabotage, signatureFor } from "./sabotage.ts";
import { monotonicMs } from "./ticker.ts";

/** "15 s in all before Twilio uses the fallback URL". */
export const WEBHOOK_LIMIT_MS = 15_000;
/** TwiML may be 64 KB; a longer document is error 11750. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_REDIRECTS = 10;
/** What the TwiML interpreter takes for XML. */
const XML_TYPES = ["text/xml", "application/xml", "text/html"];

export type Method = "GET" | "POST";
export type Parameters = Readonly<Record<string, string>>;

export type WebhookRequest = {
  readonly url: string;
  readonly method: Method;
  readonly parameters: Parameters;
  readonly authToken: string;
  readonly sabotage: SignatureSabotage | undefined;
  readonly limitMs: number;
  readonly wants: "TwiML" | "an acknowledgement";
};

export type WebhookFailure = { readonly code: number; readonly reason: string };

export type WebhookAnswer = {
  readonly status: number | undefined;
  readonly tookMs: number;
  /** After redirects: what relative URLs in the document are relative to. */
  readonly url: string;
} & (
  | { readonly failure: undefined; readonly body: string }
  | { readonly failure: WebhookFailure; readonly body: undefined }
);

export async function sendWebhook(request: WebhookRequest): Promise<WebhookAnswer> {
  const sentMs = monotonicMs();
  const deadline = AbortSignal.timeout(request.limitMs);
  let { url, method } = request;
  let status: number | undefined;
  const failed = (code: number, reason: string): WebhookAnswer => ({
    status,
    tookMs: monotonicMs() - sentMs,
    url,
    failure: { code, reason },
    body: undefined,
  });

  try {
    let parameters = request.parameters;
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const response = await fetchOnce(request, { url, method, parameters }, deadline);
      status = response.status;
      const location = response.headers.get("location");
      if (isRedirect(status) && location !== null) {
        // "Just like a normal web browser": a 301, 302 or 303 turns the POST into a GET that carries nothing,
        // 307 and 308 repeat it. What the signature then covers is not documented; here it is the URL requested.
        url = new URL(location, url).href;
        if (status !== 307 && status !== 308) {
          method = "GET";
          parameters = {};
        }
        await response.body?.cancel();
        continue;
      }
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (status < 200 || status > 299) return failed(11200, `HTTP ${status}`);
      if (request.wants === "TwiML") {
        const type = response.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
        if (type === undefined || !XML_TYPES.includes(type)) {
          return failed(12300, `Content-Type ${type ?? "missing"} is not XML`);
        }
        if (bytes.length > MAX_BODY_BYTES) return failed(11750, `${bytes.length} bytes of TwiML`);
      }
      const body = utf8(bytes);
      if (body === undefined) return failed(12100, "not UTF-8");
      return { status, tookMs: monotonicMs() - sentMs, url, failure: undefined, body };
    }
    return failed(11215, `more than ${MAX_REDIRECTS} redirects`);
  } catch (error) {
    if (deadline.aborted) return failed(11200, `no answer within ${request.limitMs} ms`);
    return failed(11205, error instanceof Error ? error.message : String(error));
  }
}

function fetchOnce(
  { authToken, sabotage }: WebhookRequest,
  { url, method, parameters }: { url: string; method: Method; parameters: Parameters },
  signal: AbortSignal,
): Promise<Response> {
  const form = new URLSearchParams(parameters).toString();
  const target = method === "GET" && form !== "" ? `${url}${url.includes("?") ? "&" : "?"}${form}` : url;
  const signed = method === "POST" ? parameters : {};
  const signature = signatureFor(authToken, target, signed, sabotage);
  const headers = new Headers({ Accept: "*/*", "User-Agent": "TwilioProxy/1.1" });
  if (signature !== undefined) headers.set("X-Twilio-Signature", signature);
  // On a connection of its own: a server (Node's, after 5 s) may close a kept one in the moment at which it is used
  // again, and Bun gives such a POST up. That would be this client's fault, and be laid to the application.
  const terms = { headers, redirect: "manual", signal, keepalive: false } as const;
  if (method === "GET") return fetch(target, terms);
  headers.set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8");
  return fetch(target, { ...terms, method, body: form });
}

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status);

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export type CallFacts = {
  readonly accountSid: string;
  readonly callSid: string;
  readonly from: string;
  readonly to: string;
  readonly stirVerstat: string | undefined;
};

export type CallStatus = "ringing" | "in-progress" | "completed" | "busy" | "no-answer" | "failed";

/** What every voice request carries: https://www.twilio.com/docs/voice/twiml#request-parameters */
export function callParameters(
  { accountSid, callSid, from, to, stirVerstat }: CallFacts,
  status: CallStatus,
): Record<string, string> {
  return {
    AccountSid: accountSid,
    ApiVersion: "2010-04-01",
    CallSid: callSid,
    CallStatus: status,
    Called: to,
    CalledCity: "",
    CalledCountry: "US",
    CalledState: "",
    CalledZip: "",
    Caller: from,
    CallerCity: "",
    CallerCountry: "US",
    CallerState: "",
    CallerZip: "",
    Direction: "inbound",
    From: from,
    FromCity: "",
    FromCountry: "US",
    FromState: "",
    FromZip: "",
    ...(stirVerstat === undefined ? {} : { StirVerstat: stirVerstat }),
    To: to,
    ToCity: "",
    ToCountry: "US",
    ToState: "",
    ToZip: "",
  };
}
