/**
 * What a conversation is sealed with before it leaves this process, so that no backup, no append-only file and no
 * stolen disk holds a word of it. AES-256-GCM under keys that are derived from the secrets that edge and relay share
 * (HKDF-SHA-256, RFC 5869): the newest seals, any opens, so that a secret which is being replaced loses nobody's call.
 * The CallSid is sealed in, and one call's conversation is none for another.
 *
 * Whoever has both the sealed bytes and the secret can read them: that is why they are also taken away.
 */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import type { Key } from "../contract.ts";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
/** Random nonces of this size are good for 2^32 messages under one key (NIST SP 800-38D, 8.3): years of calls. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Of UTF-16, in UTF-8. */
const MOST_BYTES_A_CHAR = 3;
const PURPOSE = "phone-assistant conversation 1";

export class Seal {
  readonly #newest: KeyObject;
  readonly #keys: readonly KeyObject[];
  /** Where words are while they are sealed. One for all, for what is made anew each time is a pause of all calls in the end. */
  #words = Buffer.alloc(0);

  /** @param keys the newest first */
  constructor(keys: readonly Key[]) {
    this.#keys = keys.map(({ secret }) =>
      createSecretKey(new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(0), PURPOSE, KEY_BYTES))),
    );
    const [newest] = this.#keys;
    if (newest === undefined) throw new Error("there is no key to seal with");
    this.#newest = newest;
  }

  /** A nonce, the tag, and what is sealed. */
  close(callSid: string, text: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#newest, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(callSid));
    const mostBytes = text.length * MOST_BYTES_A_CHAR;
    if (this.#words.length < mostBytes) this.#words = Buffer.alloc(mostBytes);
    const bytes = this.#words.write(text, "utf8");
    const body = cipher.update(this.#words.subarray(0, bytes));
    this.#words.fill(0, 0, bytes);
    cipher.final();
    return Buffer.concat([nonce, cipher.getAuthTag(), body]);
  }

  /** Undefined: not sealed by any of our keys, or for another call, or changed since. */
  open(callSid: string, sealed: Uint8Array): string | undefined {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    for (const key of this.#keys) {
      try {
        return opened(key, callSid, bytes);
      } catch {
        // The next one may have sealed it.
      }
    }
    return undefined;
  }
}

/** @throws where the tag is not what this key makes */
function opened(key: KeyObject, callSid: string, bytes: Buffer): string {
  const from = NONCE_BYTES + TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(callSid));
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, from));
  return Buffer.concat([decipher.update(bytes.subarray(from)), decipher.final()]).toString("utf8");
}
