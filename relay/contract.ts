/**
 * What edge and relay agree on: the signed tokens that pass between them, the caller's profile, and the paths.
 *
 * The relay owns the lock, so the key is defined here; minting and verifying stand side by side and cannot drift. The
 * edge bundles this file (with jwt.ts, which is how a token is made) and no other of the relay's. Time is an argument (whole seconds since 1970):
 * nothing here reads a clock, an environment variable, a socket or a file.
 */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { ISSUER, jsonFrom, type Key, type Kind, mint, read, sha256, toBase64Url, verify } from "./jwt.ts";

export { type Key, keyFrom, type Refusal, type Verified, WeakSecretError } from "./jwt.ts";

/** Where the relay takes Twilio's media stream. The token is the next path segment: Twilio allows no query. */
export const MEDIA_STREAM_PATH = "/media-stream/";

/** Where the edge asks how a call ended. */
export const endingPath = (callSid: string): string => `/calls/${callSid}/ending`;

/** A token is good for this long; RFC 8725 and common sense: the handshake follows the webhook at once. */
export const TOKEN_LIFETIME_S = 60;
/** Where the edge asks how many wrong PINs a caller has left, and counts one. */
export const triesPath = (caller: string): string => `/callers/${caller}/tries`;

export const CallSid = z.string().regex(/^CA[0-9a-f]{32}$/);
export const AccountSid = z.string().regex(/^AC[0-9a-f]{32}$/);

/**
 * A caller as the relay may know them: an HMAC of the number, so that wrong PINs are counted where state lives and no
 * number is. It changes when the secret is replaced.
 */
export async function callerIdOf(key: Key, phoneNumber: string): Promise<string> {
  const text = new TextEncoder().encode(`caller\n${phoneNumber}`);
  return Buffer.from(await crypto.subtle.sign("HMAC", key.hmac, text)).toString("base64url");
}

// --- the caller's profile -----------------------------------------------------------------------------------

/** Twilio: a Parameter's name and value together stay under 500 characters. */
const PIECE_CHARS = 480;
const PIECE_NAME = "profile";
/** Keeps the TwiML far below its 64 KB and the stream's `start` far below the largest frame that a relay takes. */
const MAX_PIECES = 48;
/** Of these the owner's own words may take so many: {@link MOST_TRANSFERS} of the longest names and news always fit. */
const MAX_LISTED_PIECES = 32;

/**
 * Whether this is IANA's name of a time zone. Held to a region and a place, or UTC: of what else passes for a zone
 * ("PST", "+01:00"), Node on the edge and Bun on the relay know different parts.
 */
export function isTimeZone(name: string): boolean {
  if (!/^(?:UTC|[A-Za-z_]+(?:\/[A-Za-z0-9_+-]+){1,2})$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export const MOST_TRANSFERS = 32;
/**
 * Whom a caller may be put through to, by the name that a model says and a caller hears; the number stands on the edge
 * alone. A name holds a letter and at most five digits, so that no number passes for one.
 */
export const TransferName = z
  .string()
  .max(40)
  .regex(
    /^(?=.*\p{L})(?!(?:\P{Nd}*\p{Nd}){6})[\p{L}\p{M}\p{Nd}]+(?:[ -]+[\p{L}\p{M}\p{Nd}]+)*$/u,
    "is not a name of letters, with spaces, hyphens and at most five digits",
  );

/** How it went where nobody was reached, as Twilio says it. */
export const NotReached = z.enum(["no-answer", "busy", "failed", "canceled"]);
/** What has happened to the call since its last stream, which the assistant cannot know. */
const News = z.strictObject({ transfer: z.strictObject({ to: TransferName, result: NotReached }) });
export type News = z.infer<typeof News>;

const listed = {
  name: z.string().min(1).max(80).optional(),
  /** BCP 47, as in "en" or "de-CH". */
  language: z
    .string()
    .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'is not a language tag such as "en" or "de-CH"')
    .optional(),
  /** IANA's name of it, as in "Europe/Zurich". */
  timeZone: z
    .string()
    .max(64)
    .refine(isTimeZone, 'is not the name of a time zone such as "Europe/Zurich"')
    .optional(),
  greeting: z.string().min(1).max(500).optional(),
  instructions: z.string().min(1).max(4000).optional(),
  /** Names or patterns of the tools this caller may use; absent means all that the owner allows. */
  tools: z.array(z.string().min(1).max(80)).max(64).optional(),
};

/** The limits above count characters, and a character may be six bytes of JSON. */
const fits = (pieces: number) =>
  z.refine<object>((profile) => textOf(profile).length <= pieces * PIECE_CHARS, {
    message: `is too long in all: at most ${(pieces * PIECE_CHARS * 3) / 4} bytes as JSON`,
  });

/** A caller as the owner may write one down. What fits here fits a {@link Profile}, whatever the edge adds to it. */
export const ListedProfile = z
  .strictObject({
    ...listed,
    /** Absent: everybody whom the owner's list of transfers names. Otherwise these of them. */
    transfers: z.array(TransferName).max(MOST_TRANSFERS).optional(),
  })
  .check(fits(MAX_LISTED_PIECES));
export type ListedProfile = z.infer<typeof ListedProfile>;

/** What the edge knows of a caller and the relay needs. It never holds a phone number. */
export const Profile = z
  .strictObject({
    ...listed,
    /** Whom this caller may be put through to; absent means nobody. */
    transfers: z.array(TransferName).min(1).max(MOST_TRANSFERS).optional(),
    news: News.optional(),
  })
  .check(fits(MAX_PIECES));
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
const EDGE = ISSUER;
const Seconds = z.number().int().nonnegative();
const timed = { iss: z.literal(ISSUER), iat: Seconds, nbf: Seconds, exp: Seconds };
/** 128 random bits. Held to its letters, because a store might take two texts that are not for one and the same. */
const TokenId = z.string().regex(/^[A-Za-z0-9_-]{22}$/);
/** 256 bits of a hash. */
const Hash = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** Of a call's streams, counted from 0: there is none after it. Many: a day's call may be handed over at each deploy. */
export const LAST_ATTEMPT = 999;
/** 0 for the call's first stream, then rising: one stream for each (call, attempt). */
const Attempt = z.number().int().min(0).max(LAST_ATTEMPT);
export const MOST_BREAKS = 5;

const StreamClaims = z.strictObject({
  ...timed,
  aud: z.string().min(1),
  sub: CallSid,
  account: AccountSid,
  attempt: Attempt,
  profile: Hash,
  jti: TokenId,
});
const EndingClaims = z.strictObject({ ...timed, aud: z.string().min(1), sub: CallSid });
const StateClaims = z.strictObject({
  ...timed,
  aud: z.literal(EDGE),
  sub: CallSid,
  attempt: Attempt,
  /** How often the call was sent to a relay again, in a row, without a stream that reached `start`. */
  remints: Attempt,
  /** The relay that this attempt went to. */
  relay: z.string().min(1),
  /** How many relays in a row, before this one, did not take the call; absent: each time it was sent again. */
  passed: Attempt.exactOptional(),
  /** When streams of this call that had reached `start` broke lately: {@link MOST_BREAKS} at most. */
  broke: z.array(Seconds).min(1).max(MOST_BREAKS).exactOptional(),
  /** The caller is waiting since then for the relay to answer, and no stream was sent anywhere meanwhile. */
  waitingSince: Seconds.exactOptional(),
  /** When the caller was asked to wait, last. */
  toldAt: Seconds.exactOptional(),
});
const TransferClaims = z.strictObject({
  ...timed,
  aud: z.literal(EDGE),
  sub: CallSid,
  /** The stream that ended with it, and its relay, which takes the call back when nobody is reached. */
  attempt: Attempt,
  relay: z.string().min(1),
  /** Who is dialled. */
  to: TransferName,
});
const PinClaims = z.strictObject({
  ...timed,
  aud: z.literal(EDGE),
  sub: CallSid,
  /** Wrong PINs in this call so far. */
  tries: z.number().int().min(0).max(99),
});
const TriesClaims = z.strictObject({
  ...timed,
  aud: z.string().min(1),
  /** {@link callerIdOf} */
  sub: Hash,
  /** ask: how many are left. spend: take one, before the PIN is looked at. refund: it was right, give it back. */
  act: z.enum(["ask", "spend", "refund"]),
  /** Of one try: spending it twice is one try, and what is refunded is named by it. */
  jti: TokenId,
});

/**
 * The kinds of token. Each has a `typ` of its own (RFC 8725, 3.11), so that none passes for another, and
 * its own lifetime. `stream` opens one media stream; `ending` lets the edge ask how a call ended; `state`
 * carries what one webhook must tell the next of the same call, which may be hours later; `transfer` does the same
 * while somebody else is dialled, and `pin` while the PIN is asked for; `tries` lets the edge count wrong ones on the
 * relay.
 */
const STREAM: Kind<StreamClaims> = { typ: "stream+jwt", claims: StreamClaims, lifetimeS: TOKEN_LIFETIME_S };
const ENDING: Kind<z.infer<typeof EndingClaims>> = { typ: "ending+jwt", claims: EndingClaims, lifetimeS: 30 };
const STATE: Kind<StateClaims> = { typ: "state+jwt", claims: StateClaims, lifetimeS: 24 * 3600 };
const TRANSFER: Kind<TransferClaims> = { typ: "transfer+jwt", claims: TransferClaims, lifetimeS: 24 * 3600 };
const PIN: Kind<z.infer<typeof PinClaims>> = { typ: "pin+jwt", claims: PinClaims, lifetimeS: 300 };
const TRIES: Kind<TriesClaims> = { typ: "tries+jwt", claims: TriesClaims, lifetimeS: 30 };

export type StreamClaims = z.infer<typeof StreamClaims>;
export type StateClaims = z.infer<typeof StateClaims>;
export type TransferClaims = z.infer<typeof TransferClaims>;
export type TriesClaims = z.infer<typeof TriesClaims>;

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
    jti: newId(),
  });

export const mintEndingToken = (
  key: Key,
  ask: { relay: string; callSid: string },
  nowS: number,
): Promise<string> => mint(key, ENDING, nowS, { aud: audienceOf(ask.relay), sub: ask.callSid });

/** What a token says of a call. */
type Of<Claims> = { callSid: string } & Omit<Claims, keyof typeof timed | "aud" | "sub">;

export const mintState = (
  key: Key,
  { callSid: sub, ...carried }: Of<StateClaims>,
  nowS: number,
): Promise<string> => mint(key, STATE, nowS, { aud: EDGE, sub, ...carried });

export const mintTransferState = (
  key: Key,
  { callSid: sub, attempt, relay, to }: Of<TransferClaims>,
  nowS: number,
): Promise<string> => mint(key, TRANSFER, nowS, { aud: EDGE, sub, attempt, relay, to });

export const mintPinState = (
  key: Key,
  state: { callSid: string; tries: number },
  nowS: number,
): Promise<string> => mint(key, PIN, nowS, { aud: EDGE, sub: state.callSid, tries: state.tries });

/** @param ask.tryId names one try from spend to refund; {@link newTryId} */
export const mintTriesToken = (
  key: Key,
  ask: { relay: string; caller: string; act: TriesClaims["act"]; tryId: string },
  nowS: number,
): Promise<string> =>
  mint(key, TRIES, nowS, { aud: audienceOf(ask.relay), sub: ask.caller, act: ask.act, jti: ask.tryId });

const newId = (): string => randomBytes(16).toString("base64url");
export const newTryId = newId;

/**
 * What can be said of a stream's token at once, with no promise: whoever is refused is refused, and who is not has
 * still to pass {@link verifyStreamToken}.
 * @param audience {@link audienceOf} the relay
 */
export const readStreamToken = (keys: readonly Key[], token: string, audience: string, nowS: number) =>
  read(keys, STREAM, token, audience, nowS);

export const verifyStreamToken = (keys: readonly Key[], token: string, relay: string, nowS: number) =>
  verify(keys, STREAM, token, audienceOf(relay), nowS);
export const verifyEndingToken = (keys: readonly Key[], token: string, relay: string, nowS: number) =>
  verify(keys, ENDING, token, audienceOf(relay), nowS);
export const verifyState = (keys: readonly Key[], token: string, nowS: number) =>
  verify(keys, STATE, token, EDGE, nowS);
export const verifyTransferState = (keys: readonly Key[], token: string, nowS: number) =>
  verify(keys, TRANSFER, token, EDGE, nowS);
export const verifyPinState = (keys: readonly Key[], token: string, nowS: number) =>
  verify(keys, PIN, token, EDGE, nowS);
export const verifyTriesToken = (keys: readonly Key[], token: string, relay: string, nowS: number) =>
  verify(keys, TRIES, token, audienceOf(relay), nowS);

/**
 * A relay's name in tokens: its URL as an origin, so that `wss://relay.example.com`, the same with `:443` and the
 * same with a trailing slash are one audience.
 */
export function audienceOf(relayUrl: string): string {
  const url = new URL(relayUrl);
  return `${url.protocol}//${url.host}`;
}
