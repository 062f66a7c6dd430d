/**
 * Conversations that could still be opened by whoever has the bytes of a disk and the secret as well: every offset is
 * tried as the beginning of a sealed one (relay/io/sealed.ts: a nonce of 12 bytes, a tag of 16, then AES-256 in counter
 * mode), by whether it opens to what every conversation begins with. What is in base64 is tried too.
 *
 * It knows how the relay seals; whether it still does is shown by a search while a call is up, which must find it.
 */
import { createCipheriv, hkdfSync } from "node:crypto";

const PURPOSE = "phone-assistant conversation 1";
const OPENING = Buffer.from('{"lines":[');
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const BLOCK_BYTES = 16;
/** Of GCM, the first block is the tag's own. */
const FIRST_BLOCK = 2;
/** Offsets in one go. */
const BATCH = 1 << 16;
const BASE64_RUN = /[A-Za-z0-9+/]{64,}={0,2}/g;

/** How many there are. */
export function sealedIn(bytes: Buffer, secret: string): number {
  const inText = bytes.toString("latin1").match(BASE64_RUN) ?? [];
  const decoded = inText.map((run) => Buffer.from(run, "base64"));
  const key = Buffer.from(hkdfSync("sha256", secret, new Uint8Array(0), PURPOSE, 32));
  return [bytes, ...decoded].reduce((sum, each) => sum + openingsIn(each, key), 0);
}

function openingsIn(bytes: Buffer, key: Buffer): number {
  let found = 0;
  const last = bytes.length - NONCE_BYTES - TAG_BYTES - OPENING.length;
  for (let from = 0; from <= last; from += BATCH) {
    const count = Math.min(BATCH, last - from + 1);
    const counters = Buffer.alloc(count * BLOCK_BYTES);
    for (let at = 0; at < count; at++) {
      bytes.copy(counters, at * BLOCK_BYTES, from + at, from + at + NONCE_BYTES);
      counters.writeUInt32BE(FIRST_BLOCK, at * BLOCK_BYTES + NONCE_BYTES);
    }
    // Counter mode is this, and all blocks of a batch go in one call.
    const cipher = createCipheriv("aes-256-ecb", key, null).setAutoPadding(false);
    const stream = Buffer.concat([cipher.update(counters), cipher.final()]);
    for (let at = 0; at < count; at++) if (opensAt(bytes, from + at, stream, at * BLOCK_BYTES)) found++;
  }
  return found;
}

function opensAt(bytes: Buffer, from: number, stream: Buffer, streamFrom: number): boolean {
  const sealedFrom = from + NONCE_BYTES + TAG_BYTES;
  for (let at = 0; at < OPENING.length; at++) {
    const opened = (bytes[sealedFrom + at] ?? 0) ^ (stream[streamFrom + at] ?? 0);
    if (opened !== OPENING[at]) return false;
  }
  return true;
}
