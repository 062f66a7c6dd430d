/**
 * Who may open a stream: a good token, Twilio's signature over the very URL that holds it, and only once. In that
 * order, and the use is recorded only when all else has passed, so that nobody can burn a token that is not theirs.
 *
 * Strangers come by the thousand while calls are up, so whoever is refused is refused at once, for what a hash costs,
 * and nothing is awaited until token and signature both look good.
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
  readStreamToken,
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

/** Why not, for the log. Whoever knocked learns only that the answer is no. */
export type Refused = { readonly ok: false; readonly why: string };
export type Admission = { readonly ok: true; readonly claims: StreamClaims } | Refused;

/** SHA-1 in base64. */
const SIGNATURE_CHARS = 28;

export class Gate {
  readonly #terms: GateTerms;
  readonly #audience: string;
  /** What stands before and after the token in the spellings of its URL. */
  readonly #spellings: ReadonlyArray<readonly [before: string, after: string]>;
  readonly #records: Records;
  readonly #time: TokenTime;

  constructor(terms: GateTerms, records: Records, time: TokenTime) {
    this.#terms = terms;
    this.#audience = audienceOf(terms.relayUrl);
    const url = `${this.#audience}${MEDIA_STREAM_PATH}`;
    const withPort = url.replace(/^wss:\/\/([^/:]+)\//, "wss://$1:443/");
    const befores = url === withPort ? [url] : [url, withPort];
    this.#spellings = befores.flatMap((before) => [[before, ""] as const, [before, "/"] as const]);
    this.#records = records;
    this.#time = time;
  }

  /** Changes nothing: whoever passes has still to {@link enter}. A refusal is no promise. */
  check(token: string, signature: string | null): Refused | Promise<Admission> {
    const { keys, accountSid, authToken } = this.#terms;
    const nowS = this.#time.nowS();
    const seen = readStreamToken(keys, token, this.#audience, nowS);
    if (!seen.ok) return { ok: false, why: `token ${seen.why}` };
    if (seen.claims.account !== accountSid) return { ok: false, why: "token for another account" };
    if (authToken !== undefined && !this.#isSignedByTwilio(authToken, signature, token)) {
      return { ok: false, why: signature === null ? "no signature of Twilio's" : "not signed by Twilio" };
    }
    return this.#verified(token, nowS);
  }

  async #verified(token: string, nowS: number): Promise<Admission> {
    const verified = await verifyStreamToken(this.#terms.keys, token, this.#terms.relayUrl, nowS);
    return verified.ok ? verified : { ok: false, why: `token ${verified.why}` };
  }

  /** Twilio signs the URL as it was given, so the spellings of one address are tried, and nothing else. */
  #isSignedByTwilio(authToken: Secret, signature: string | null, token: string): boolean {
    if (signature === null || signature.length !== SIGNATURE_CHARS) return false;
    return this.#spellings.some(([before, after]) =>
      isSame(getExpectedTwilioSignature(authToken.reveal(), before + token + after, {}), signature),
    );
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

function isSame(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
