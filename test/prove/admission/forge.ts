/**
 * Tokens made by hand, so that anything at all can be said in them and still be signed with the right key: a hostile
 * token with a wrong signature proves nothing about the rest of it. No library refuses on the attacker's behalf here.
 */
import { createHmac } from "node:crypto";
import { audienceOf, keyFrom, packProfile } from "../../../relay/contract.ts";

export type Terms = {
  readonly secret: string;
  /** As the relay's RELAY_URL. */
  readonly relay: string;
  readonly accountSid: string;
  readonly callSid: string;
  /** Whole seconds since 1970. */
  readonly nowS: number;
};

/** What is special about a token, and the token. */
export type Named = Readonly<Record<string, string>>;

export const base64url = (bytes: string | Uint8Array): string => Buffer.from(bytes).toString("base64url");

/** What stands in a good token, in the order in which we write it. */
export const claimsOf = ({ relay, accountSid, callSid, nowS }: Terms) => ({
  iss: "edge",
  aud: audienceOf(relay),
  sub: callSid,
  account: accountSid,
  attempt: 0,
  profile: packProfile({}).hash,
  jti: base64url(crypto.getRandomValues(new Uint8Array(16))),
  iat: nowS,
  nbf: nowS,
  exp: nowS + 60,
});

export const headerOf = async ({ secret }: Terms) => ({
  alg: "HS256",
  typ: "stream+jwt",
  kid: (await keyFrom(secret)).kid,
});

/** An object is written as JSON; text and bytes stand as they are. */
export type Part = object | string | Uint8Array;

const written = (part: Part): string | Uint8Array =>
  typeof part === "string" || part instanceof Uint8Array ? part : JSON.stringify(part);

export const hmac = (secret: string | Uint8Array, text: string, hash = "sha256"): Buffer =>
  createHmac(hash, secret).update(text).digest();

export function forge(header: Part, claims: Part, secret: string | Uint8Array, hash = "sha256"): string {
  const signed = `${base64url(written(header))}.${base64url(written(claims))}`;
  return `${signed}.${base64url(hmac(secret, signed, hash))}`;
}
