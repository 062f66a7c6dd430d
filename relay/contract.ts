/**
 * What edge and relay agree on: the signed tokens that pass between them, the caller's profile, and the paths.
 *
 * The relay owns the lock, so the key is defined here; minting and verifying stand side by side and cannot
 * drift. The edge bundles this file and no other of the relay's. Time is an argument (whole seconds since 1970):
 * nothing here reads a clock, an environment variable, a socket or a file.
 */
import { createHash, randomBytes } from "node:crypto";
import { type CryptoKey, errors, jwtVerify, SignJWT } from "jose";
import { z } from "zod";

/** Where the relay takes Twilio's media stream. The token is the next path segment: Twilio allows no query. */
export const MEDIA_STREAM_PATH = "/media-stream/";

/** Where the edge asks how a call ended. */
export const endingPath = (callSid: string): string => `/calls/${callSid}/ending`;

/** A token is good for this long; RFC 8725 and common sense: the handshake follows the webhook at once. */
export const TOKEN_LIFETIME_S = 60;
/** How far the two machines' clocks may disagree. */
export const CLOCK_SKEW_S = 5;
/** HS256 wants a key of at least the hash's size (RFC 7518, 3.2); jose itself would accept one byte. */
export const MIN_SECRET_BYTES = 32;
/** Longer than any token of ours, short enough that a hostile one costs nothing to refuse. */
const MAX_TOKEN_CHARS = 2048;

export const CallSid = z.string().regex(/^CA[0-9a-f]{32}$/);
export const AccountSid = z.string().regex(/^AC[0-9a-f]{32}$/);

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

// --- the caller's profile -----------------------------------------------------------------------------------

/** Twilio: a Parameter's name and value together stay under 500 characters. */
const PIECE_CHARS = 480;
const PIECE_NAME = "profile";
/** Keeps the TwiML far below its 64 KB and the stream's `start` far below the largest frame that a relay takes. */
const MAX_PIECES = 32;

/** What the edge knows of a caller and the relay needs. It never holds the phone number. */
export const Profile = z
  .strictObject({
    name: z.string().min(1).max(80).optional(),
    /** BCP 47, as in "en" or "de-CH". */
    language: z
      .string()
      .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'is not a language tag such as "en" or "de-CH"')
      .optional(),
    greeting: z.string().min(1).max(500).optional(),
    instructions: z.string().min(1).max(4000).optional(),
    /** Names or patterns of the tools this caller may use; absent means all that the owner allows. */
    tools: z.array(z.string().min(1).max(80)).max(64).optional(),
  })
  // The limits above count characters, and a character may be six bytes of JSON. Without this a caller could be
  // admitted with a profile that the relay refuses.
  .refine((profile) => textOf(profile).length <= MAX_PIECES * PIECE_CHARS, {
    message: `is too long in all: at most ${(MAX_PIECES * PIECE_CHARS * 3) / 4} bytes as JSON`,
  });
export type Profile = z.infer<typeof Profile>;

/** base64url, so that no XML, proxy or white-space rule can change a byte. */
const textOf = (profile: object): string => toBase64Url(JSON.stringify(profile));

export type PackedProfile = {
  /** The `<Parameter>`s, in order. */
  readonly parameters: ReadonlyArray<{ readonly name: string; readonly value: string }>;
  /** SHA-256 of the joined values, base64url; the token carries it. */
  readonly hash: string;
};

export function packProfile(profile: Profile): PackedProfile {
  const text = textOf(Profile.parse(profile));
  const parameters: Array<{ name: string; value: string }> = [];
  for (let from = 0; from < text.length; from += PIECE_CHARS) {
    parameters.push({
      name: `${PIECE_NAME}${parameters.length}`,
      value: text.slice(from, from + PIECE_CHARS),
    });
  }
  return { parameters, hash: sha256(text) };
}

export type UnpackedProfile =
  | { readonly ok: true; readonly profile: Profile; readonly hash: string }
  | { readonly ok: false; readonly why: "missing" | "surplus" | "not a profile" };

/**
 * The profile out of a stream's `customParameters`, with the hash to compare with the token's.
 * Exactly the pieces profile0 … profileN and nothing else.
 */
export function unpackProfile(parameters: Readonly<Record<string, string>>): UnpackedProfile {
  const count = Object.keys(parameters).length;
  if (count === 0) return { ok: false, why: "missing" };
  if (count > MAX_PIECES) return { ok: false, why: "surplus" };
  let text = "";
  for (let i = 0; i < count; i++) {
    const piece = Object.hasOwn(parameters, `${PIECE_NAME}${i}`)
      ? parameters[`${PIECE_NAME}${i}`]
      : undefined;
    if (piece === undefined) return { ok: false, why: "surplus" };
    text += piece;
  }
  const profile = Profile.safeParse(jsonFrom(text));
  if (!profile.success) return { ok: false, why: "not a profile" };
  return { ok: true, profile: profile.data, hash: sha256(text) };
}

// --- tokens -------------------------------------------------------------------------------------------------

/** The `aud` of the edge's own state, which nobody but the edge reads. */
const EDGE = "edge";
const Seconds = z.number().int().nonnegative();
const timed = { iss: z.literal(EDGE), iat: Seconds, nbf: Seconds, exp: Seconds };

const StreamClaims = z.strictObject({
  ...timed,
  aud: z.string().min(1),
  sub: CallSid,
  account: AccountSid,
  /** 0 for the call's first stream, then rising: one stream for each (call, attempt). */
  attempt: z.number().int().min(0).max(99),
  profile: z.string().length(43),
  /** 128 random bits. */
  jti: z.string().length(22),
});
const EndingClaims = z.strictObject({ ...timed, aud: z.string().min(1), sub: CallSid });
const StateClaims = z.strictObject({
  ...timed,
  aud: z.literal(EDGE),
  sub: CallSid,
  attempt: z.number().int().min(0).max(99),
  /** The relay that this attempt went to. */
  relay: z.string().min(1),
});

/**
 * The three kinds of token. Each has a `typ` of its own (RFC 8725, 3.11), so that none passes for another, and
 * its own lifetime. `stream` opens one media stream; `ending` lets the edge ask how a call ended; `state`
 * carries what one webhook must tell the next of the same call, which may be hours later.
 */
type Kind<Claims> = { readonly typ: string; readonly claims: z.ZodType<Claims>; readonly lifetimeS: number };
const STREAM: Kind<StreamClaims> = { typ: "stream+jwt", claims: StreamClaims, lifetimeS: TOKEN_LIFETIME_S };
const ENDING: Kind<EndingClaims> = { typ: "ending+jwt", claims: EndingClaims, lifetimeS: 30 };
const STATE: Kind<StateClaims> = { typ: "state+jwt", claims: StateClaims, lifetimeS: 24 * 3600 };

export type StreamClaims = z.infer<typeof StreamClaims>;
export type EndingClaims = z.infer<typeof EndingClaims>;
export type StateClaims = z.infer<typeof StateClaims>;

export type StreamGrant = {
  readonly relay: string;
  readonly callSid: string;
  readonly accountSid: string;
  readonly attempt: number;
  readonly profileHash: string;
};

/** @param nowS whole seconds since 1970 */
export const mintStreamToken = (key: Key, grant: StreamGrant, nowS: number): Promise<string> =>
  mint(key, STREAM, nowS, {
    aud: audienceOf(grant.relay),
    sub: grant.callSid,
    account: grant.accountSid,
    attempt: grant.attempt,
    profile: grant.profileHash,
    jti: randomBytes(16).toString("base64url"),
  });

export const mintEndingToken = (
  key: Key,
  ask: { relay: string; callSid: string },
  nowS: number,
): Promise<string> => mint(key, ENDING, nowS, { aud: audienceOf(ask.relay), sub: ask.callSid });

export const mintState = (
  key: Key,
  state: { callSid: string; attempt: number; relay: string },
  nowS: number,
): Promise<string> =>
  mint(key, STATE, nowS, { aud: EDGE, sub: state.callSid, attempt: state.attempt, relay: state.relay });

export const verifyStreamToken = (keys: readonly Key[], token: string, relay: string, nowS: number) =>
  verify(keys, STREAM, token, audienceOf(relay), nowS);

export const verifyEndingToken = (keys: readonly Key[], token: string, relay: string, nowS: number) =>
  verify(keys, ENDING, token, audienceOf(relay), nowS);

export const verifyState = (keys: readonly Key[], token: string, nowS: number) =>
  verify(keys, STATE, token, EDGE, nowS);

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
  | "claims not ours";

export type Verified<Claims> =
  | { readonly ok: true; readonly claims: Claims }
  | { readonly ok: false; readonly why: Refusal };

/**
 * A relay's name in tokens: its URL as an origin, so that `wss://relay.example.com`, the same with `:443` and the
 * same with a trailing slash are one audience.
 */
export function audienceOf(relayUrl: string): string {
  const url = new URL(relayUrl);
  return `${url.protocol}//${url.host}`;
}

type Timed = { iss: string; aud: string; iat: number; nbf: number; exp: number };

function mint<Claims extends Timed>(
  key: Key,
  { typ, lifetimeS }: Kind<Claims>,
  nowS: number,
  claims: Omit<Claims, Exclude<keyof Timed, "aud">>,
): Promise<string> {
  return new SignJWT({ iss: EDGE, ...claims, iat: nowS, nbf: nowS, exp: nowS + lifetimeS })
    .setProtectedHeader({ alg: "HS256", typ, kid: key.kid })
    .sign(key.hmac);
}

const Header = z.strictObject({ alg: z.literal("HS256"), typ: z.string(), kid: z.string() });

async function verify<Claims extends Timed>(
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
      issuer: EDGE,
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

const toBase64Url = (text: string): string => Buffer.from(text, "utf8").toString("base64url");

/** The JSON value in a base64url text, or undefined: bad bytes, bad UTF-8 and bad JSON are all just "not it". */
function jsonFrom(text: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(text, "base64url")));
  } catch {
    return undefined;
  }
}

const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("base64url");
