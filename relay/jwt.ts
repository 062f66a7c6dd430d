/**
 * How a token is made and read: HS256, hard-coded, by the rules of RFC 8725. What the tokens say is contract.ts.
 *
 * jose does the cryptography; stricter than jose are the size of the secret, the exact header, one spelling for each
 * token, and how long it may live. Time is an argument (whole seconds since 1970).
 */
import { createHash } from "node:crypto";
import { type CryptoKey, errors, jwtVerify, SignJWT } from "jose";
import { z } from "zod";

/** Only the edge mints. */
export const ISSUER = "edge";
/** How far the two machines' clocks may disagree. */
export const CLOCK_SKEW_S = 5;
/** HS256 wants a key of at least the hash's size (RFC 7518, 3.2); jose itself would accept one byte. */
const MIN_SECRET_BYTES = 32;
/** Longer than any token of ours, short enough that a hostile one costs nothing to refuse. */
const MAX_TOKEN_CHARS = 2048;

/** One HMAC secret under the name that tokens call it by. */
export type Key = { readonly kid: string; readonly hmac: CryptoKey };

/** Thrown for a secret that must not be used. The message says what to do and never holds the secret. */
export class WeakSecretError extends Error {}

/** The `kid` is a fingerprint of the secret, so that both sides name a key alike with nothing to configure. */
export async function keyFrom(secret: string): Promise<Key> {
  const bytes = new TextEncoder().encode(secret);
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new WeakSecretError(
      `is ${bytes.length} bytes long and must be at least ${MIN_SECRET_BYTES}; make one with: openssl rand -hex 32`,
    );
  }
  const hmac = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
    "verify",
  ]);
  return { kid: sha256(`stream token key\n${secret}`).slice(0, 12), hmac };
}

export type Kind<Claims> = {
  readonly typ: string;
  readonly claims: z.ZodType<Claims>;
  readonly lifetimeS: number;
};

/** Why a token was refused: for the relay's own log; whoever sent it is told nothing. */
export type Refusal =
  | "too long"
  | "not canonical"
  | "header not ours"
  | "unknown key"
  | "bad signature"
  | "expired"
  | "not yet valid"
  | "for another audience"
  | "lives too long"
  | "never lives"
  | "claims not ours";

export type Verified<Claims> =
  | { readonly ok: true; readonly claims: Claims }
  | { readonly ok: false; readonly why: Refusal };

export type Timed = { iss: string; aud: string; iat: number; nbf: number; exp: number };

export function mint<Claims extends Timed>(
  key: Key,
  { typ, lifetimeS }: Kind<Claims>,
  nowS: number,
  claims: Omit<Claims, Exclude<keyof Timed, "aud">>,
): Promise<string> {
  return new SignJWT({ iss: ISSUER, ...claims, iat: nowS, nbf: nowS, exp: nowS + lifetimeS })
    .setProtectedHeader({ alg: "HS256", typ, kid: key.kid })
    .sign(key.hmac);
}

const Header = z.strictObject({ alg: z.literal("HS256"), typ: z.string(), kid: z.string() });

export async function verify<Claims extends Timed>(
  keys: readonly Key[],
  { typ, claims: schema, lifetimeS }: Kind<Claims>,
  token: string,
  audience: string,
  nowS: number,
): Promise<Verified<Claims>> {
  if (token.length > MAX_TOKEN_CHARS) return refused("too long");
  const parts = token.split(".");
  const [header64, claims64, signature64] = parts;
  if (parts.length !== 3 || header64 === undefined || claims64 === undefined || signature64 === undefined) {
    return refused("not canonical");
  }
  if (![header64, claims64, signature64].every(isCanonical)) return refused("not canonical");

  // The header is read before the signature is checked, so it is held to exactly the three members that we write:
  // jwk, jku, x5u, crit, b64 and whatever comes next are refused by not being on the list. Re-serialising it
  // refuses duplicate members and odd spellings, which two parsers might read differently.
  const header = Header.safeParse(jsonFrom(header64));
  if (!header.success || header.data.typ !== typ) return refused("header not ours");
  const { alg, kid } = header.data;
  if (toBase64Url(JSON.stringify({ alg, typ, kid })) !== header64) return refused("header not ours");
  const key = keys.find((candidate) => candidate.kid === kid);
  if (key === undefined) return refused("unknown key");

  try {
    const { payload } = await jwtVerify(token, key.hmac, {
      algorithms: ["HS256"],
      typ,
      issuer: ISSUER,
      currentDate: new Date(nowS * 1000),
      clockTolerance: CLOCK_SKEW_S,
      requiredClaims: ["iss", "aud", "sub", "iat", "nbf", "exp"],
    });
    const claims = schema.safeParse(payload);
    if (!claims.success || toBase64Url(JSON.stringify(payload)) !== claims64)
      return refused("claims not ours");
    const { aud, iat, nbf, exp } = claims.data;
    if (aud !== audience) return refused("for another audience");
    if (exp - iat > lifetimeS || nbf !== iat) return refused("lives too long");
    // The skew would let in what was never good for a second.
    if (exp <= iat) return refused("never lives");
    if (iat > nowS + CLOCK_SKEW_S) return refused("not yet valid");
    return { ok: true, claims: claims.data };
  } catch (error) {
    if (error instanceof errors.JWTExpired) return refused("expired");
    if (error instanceof errors.JWTClaimValidationFailed) {
      const early = error.claim === "nbf" && error.reason === "check_failed";
      return refused(early ? "not yet valid" : "claims not ours");
    }
    if (error instanceof errors.JWTInvalid) return refused("claims not ours");
    if (error instanceof errors.JOSEError) return refused("bad signature");
    throw error;
  }
}

const refused = (why: Refusal) => ({ ok: false, why }) as const;

// --- base64url ----------------------------------------------------------------------------------------------

/** Canonical: only the alphabet, no padding, and the unused trailing bits zero; one spelling for each value. */
function isCanonical(text: string): boolean {
  if (!/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1) return false;
  return Buffer.from(text, "base64url").toString("base64url") === text;
}

export const toBase64Url = (text: string): string => Buffer.from(text, "utf8").toString("base64url");

/** The JSON value in a base64url text, or undefined: bad bytes, bad UTF-8 and bad JSON are all just "not it". */
export function jsonFrom(text: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(text, "base64url")));
  } catch {
    return undefined;
  }
}

export const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("base64url");
