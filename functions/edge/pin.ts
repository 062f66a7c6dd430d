/**
 * PINs: how one is hashed for the callers file, and how what a caller typed is compared. `npm run pin` hashes with the
 * code that checks here, so that the two cannot drift.
 *
 * Everything is compared in constant time, and a hash says what it cost: a caller without a right PIN learns nothing
 * from how long the answer took. Six digits fall in hours to whoever holds the hash, so the file is private all the
 * same; the salt only keeps equal PINs from looking alike. What holds the line against guessing over the telephone is the
 * count of wrong tries on the relay.
 */
import { createHash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/** Four digits fell in about 3,300 calls of three tries each; ten are what a person can still type. */
const PIN = /^\d{6,10}$/;
export const PIN_DIGITS = { least: 6, most: 10 } as const;

export const isPin = (text: string): boolean => PIN.test(text);

export type Pin =
  /** For every caller, from CALLER_PIN. */
  | { readonly kind: "digits"; readonly digits: string }
  /** One caller's own, from the callers file. */
  | { readonly kind: "hash"; readonly hash: PinHash };

export type PinHash = {
  /** scrypt's N is 2 to the power of this; with r = 8 it takes 2^logN KiB. */
  readonly logN: number;
  readonly salt: Buffer;
  readonly key: Buffer;
};

/** 32 MiB and about 0.1 s: a Function has 256 MB and 10 s. */
const LOG_N = 15;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
const BLOCK_SIZE = 8;
/** Stronger would not fit a Function, and weaker is nobody's `npm run pin`. */
const HASH = /^scrypt\$ln=(1[4-6]),r=8,p=1\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/;

/** Undefined for what is not exactly a hash as {@link hashPin} prints it. */
export function readPinHash(text: string): PinHash | undefined {
  const [, logN = "", salt = "", key = ""] = HASH.exec(text) ?? [];
  if (logN === "") return undefined;
  return { logN: Number(logN), salt: Buffer.from(salt, "base64url"), key: Buffer.from(key, "base64url") };
}

/** @param pin as {@link isPin} wants it */
export async function hashPin(pin: string, salt: Buffer = randomBytes(SALT_BYTES)): Promise<string> {
  if (!isPin(pin)) throw new RangeError("a PIN is 6 to 10 digits");
  const key = await derive(pin, salt, LOG_N);
  return `scrypt$ln=${LOG_N},r=${BLOCK_SIZE},p=1$${salt.toString("base64url")}$${key.toString("base64url")}`;
}

/** @param typed whatever came from the keypad */
export async function isRightPin(pin: Pin, typed: string): Promise<boolean> {
  if (pin.kind === "hash") {
    const { logN, salt, key } = pin.hash;
    return timingSafeEqual(await derive(typed, salt, logN), key);
  }
  // Hashed first: timingSafeEqual wants equal lengths, and the length of a PIN is part of it.
  return timingSafeEqual(digest(pin.digits), digest(typed));
}

const digest = (text: string): Buffer => createHash("sha256").update(text, "utf8").digest();

function derive(pin: string, salt: Buffer, logN: number): Promise<Buffer> {
  const N = 2 ** logN;
  const options: ScryptOptions = { N, r: BLOCK_SIZE, p: 1, maxmem: 2 * 128 * N * BLOCK_SIZE };
  return new Promise((resolve, reject) => {
    // Bun says undefined where Node says null.
    scrypt(pin, salt, KEY_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
