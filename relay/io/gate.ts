/**
 * Who may open a stream: a good token, Twilio's signature over the very URL that holds it, and only once. In that
 * order, and the use is recorded only when all else has passed, so that nobody can burn a token that is not theirs.
 *
 * The signature matters because a webhook's has no time: whoever captured one could replay it and be given a
 * fresh token, but cannot sign the new stream's URL. Source: https://www.twilio.com/docs/usage/security
 */
import { timingSafeEqual } from "node:crypto";
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import {
  audienceOf,
  type Key,
  MEDIA_STREAM_PATH,
  type StreamClaims,
  verifyStreamToken,
} from "../contract.ts";
import type { Secret } from "../secret.ts";
import type { Records } from "./records.ts";
import type { TokenTime } from "./token-time.ts";

export type GateTerms = {
  readonly relayUrl: string;
  readonly keys: readonly Key[];
  readonly accountSid: string;
  /** Undefined only where RELAY_URL is this machine itself: then signatures are not checked. */
  readonly authToken: Secret | undefined;
};

export type Admission =
  | { readonly ok: true; readonly claims: StreamClaims }
  /** For the log. Whoever knocked learns only that the answer is no. */
  | { readonly ok: false; readonly why: string };

export class Gate {
  readonly #terms: GateTerms;
  readonly #records: Records;
  readonly #time: TokenTime;

  constructor(terms: GateTerms, records: Records, time: TokenTime) {
    this.#terms = terms;
    this.#records = records;
    this.#time = time;
  }

  /** Changes nothing: whoever passes has still to {@link enter}. */
  async check(token: string, signature: string | null): Promise<Admission> {
    const { relayUrl, keys, accountSid, authToken } = this.#terms;
    const verified = await verifyStreamToken(keys, token, relayUrl, this.#time.nowS());
    if (!verified.ok) return { ok: false, why: `token ${verified.why}` };
    const { claims } = verified;
    if (claims.account !== accountSid) return { ok: false, why: "token for another account" };
    if (authToken !== undefined && !isSignedByTwilio(authToken, signature, relayUrl, token)) {
      return { ok: false, why: signature === null ? "no signature of Twilio's" : "not signed by Twilio" };
    }
    return { ok: true, claims };
  }

  /**
   * Uses the token up. False: it was used before.
   * @throws if it cannot be recorded; then nobody may come in
   */
  async enter({ jti, sub: callSid, attempt, iat: issuedS, exp: expiresS }: StreamClaims): Promise<boolean> {
    const { isFirst, latestS } = await this.#records.use({ jti, callSid, attempt, issuedS, expiresS });
    this.#time.saw(latestS);
    return isFirst;
  }
}

/** Twilio signs the URL as it was given, so the spellings of one address are tried, and nothing else. */
function isSignedByTwilio(
  authToken: Secret,
  signature: string | null,
  relayUrl: string,
  token: string,
): boolean {
  if (signature === null) return false;
  const url = `${audienceOf(relayUrl)}${MEDIA_STREAM_PATH}${token}`;
  const withPort = url.replace(/^wss:\/\/([^/:]+)\//, "wss://$1:443/");
  return [url, withPort, `${url}/`, `${withPort}/`].some((candidate) =>
    isSame(getExpectedTwilioSignature(authToken.reveal(), candidate, {}), signature),
  );
}

function isSame(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
