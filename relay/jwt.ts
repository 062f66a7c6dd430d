/**
 * How a token is made and read: HS256, hard-coded, by the rules of RFC 8725. What the tokens say is contract.ts.
 *
 * Anybody may send a token, thousands a second, so reading one is in the order of what it costs, synchronous, and all
 * our own: {@link read}. Stricter than jose are the size of the secret, the exact header, one spelling for each token,
 * and how long it may live. jose mints, and has the last word on what we would accept: {@link verify}. Time is an
 * argument (whole seconds since 1970).
 */
import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import type { CryptoKey } from "jose";
// Only these parts of it: every start loads what is imported here.
import { JOSEError } from "jose/errors";
import { SignJWT } from "jose/jwt/sign";
import { jwtVerify } from "jose/jwt/verify";
import type { z } from "zod";

/** Only the edge mints. */
export const ISSUER = "edge";
/** How far the two machines' clocks may disagree. */
export const CLOCK_SKEW_S = 5;
/** HS256 wants a key of at least the hash's size (RFC 7518, 3.2); jose itself would accept one byte. */
const MIN_SECRET_BYTES = 32;
/** Longer than any token of ours, short enough that a hostile one costs nothing to refuse. */
const MAX_TOKEN_CHARS = 2048;

/** One HMAC secret under the name that tokens call it by. */
export type Key = {
  readonly kid: string;
  readonly hmac: CryptoKey;
  /** The same for node:crypto, which answers at once. */
  readonly secret: KeyObject;
};

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
  return { kid: sha256(`stream token key\n${secret}`).slice(0, 12), hmac, secret: createSecretKey(bytes) };
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
  | "claims not ours"
  | "not by jose";

export type Verified<Claims> =
  | { readonly ok: true; readonly claims: Claims }
  | { readonly ok: false; readonly why: Refusal };

/** What is not refused at once, with the key that signed it. */
type Read<Claims> =
  | { readonly ok: true; readonly claims: Claims; readonly key: Key }
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

/**
 * All that can be said at once, which is all but jose's word: to refuse, this is enough; to accept, {@link verify}.
 */
export function read<Claims extends Timed>(
  keys: readonly Key[],
  { typ, claims: schema, lifetimeS }: Kind<Claims>,
  token: string,
  audience: string,
  nowS: number,
): Read<Claims> {
  if (token.length > MAX_TOKEN_CHARS) return refused("too long");
  const [, header64, claims64, signature64] = CANONICAL.exec(token) ?? [];
  if (header64 === undefined || claims64 === undefined || signature64 === undefined) {
    return refused("not canonical");
  }
  // The header comes before the signature, so it is not parsed: it is one of the few texts that we write. That
  // refuses jwk, jku, x5u, crit, b64 and whatever comes next, and duplicate members and odd spellings.
  const key = keys.find((one) => header64Of(one, typ) === header64);
  if (key === undefined) return refused(isOfOtherKey(header64, typ) ? "unknown key" : "header not ours");
  if (!isSigned(key, `${header64}.${claims64}`, signature64)) return refused("bad signature");

  const payload = jsonFrom(claims64);
  const claims = schema.safeParse(payload);
  // Re-serialising refuses duplicate members and odd spellings, which two parsers might read differently.
  if (!claims.success || toBase64Url(JSON.stringify(payload)) !== claims64) return refused("claims not ours");
  const { aud, iat, nbf, exp } = claims.data;
  if (nbf > nowS + CLOCK_SKEW_S) return refused("not yet valid");
  if (exp <= nowS - CLOCK_SKEW_S) return refused("expired");
  if (aud !== audience) return refused("for another audience");
  if (exp - iat > lifetimeS || nbf !== iat) return refused("lives too long");
  // The skew would let in what was never good for a second.
  if (exp <= iat) return refused("never lives");
  return { ok: true, claims: claims.data, key };
}

export async function verify<Claims extends Timed>(
  keys: readonly Key[],
  kind: Kind<Claims>,
  token: string,
  audience: string,
  nowS: number,
): Promise<Verified<Claims>> {
  const own = read(keys, kind, token, audience, nowS);
  if (!own.ok) return own;
  try {
    await jwtVerify(token, own.key.hmac, {
      algorithms: ["HS256"],
      typ: kind.typ,
      issuer: ISSUER,
      audience,
      currentDate: new Date(nowS * 1000),
      clockTolerance: CLOCK_SKEW_S,
      requiredClaims: ["iss", "aud", "sub", "iat", "nbf", "exp"],
    });
    return { ok: true, claims: own.claims };
  } catch (error) {
    if (error instanceof JOSEError) return refused("not by jose");
    throw error;
  }
}

const refused = (why: Refusal) => ({ ok: false, why }) as const;

const headerOf = (typ: string, kid: string): string => JSON.stringify({ alg: "HS256", typ, kid });

/** The few headers there are, made once. */
const headers = new WeakMap<Key, Map<string, string>>();

function header64Of(key: Key, typ: string): string {
  const made = headers.get(key) ?? new Map<string, string>();
  headers.set(key, made);
  const header64 = made.get(typ) ?? toBase64Url(headerOf(typ, key.kid));
  made.set(typ, header64);
  return header64;
}

/** Whether it is a header as we write it, of a secret that is not among ours. Only for the log. */
function isOfOtherKey(header64: string, typ: string): boolean {
  const text = Buffer.from(header64, "base64url").toString("utf8");
  const kid = /"kid":"([A-Za-z0-9_-]+)"\}$/.exec(text)?.[1];
  return kid !== undefined && headerOf(typ, kid) === text;
}

function isSigned(key: Key, text: string, signature64: string): boolean {
  const expected = createHmac("sha256", key.secret).update(text, "utf8").digest();
  const given = Buffer.from(signature64, "base64url");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

// --- base64url ----------------------------------------------------------------------------------------------

/**
 * Three parts, each canonical: only the alphabet, no padding, and the unused trailing bits zero, for which few letters
 * can stand last. One spelling for each value.
 */
const CANONICAL = (() => {
  const any = "[A-Za-z0-9_-]";
  const part = `((?=${any})(?:${any}{4})*(?:${any}[AQgw]|${any}{2}[AEIMQUYcgkosw048])?)`;
  return new RegExp(`^${part}\\.${part}\\.${part}$`);
})();

export const toBase64Url = (text: string): string => Buffer.from(text, "utf8").toString("base64url");

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** The JSON value in a base64url text, or undefined: bad bytes, bad UTF-8 and bad JSON are all just "not it". */
export function jsonFrom(text: string): unknown {
  try {
    return JSON.parse(UTF8.decode(Buffer.from(text, "base64url")));
  } catch {
    return undefined;
  }
}

export const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("base64url");
