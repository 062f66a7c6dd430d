/** Sound in which every stretch is like no other: where it is found again, byte for byte, nothing was lost or moved. */
export function noise(seed: number, ms: number): Buffer<ArrayBuffer> {
  let state = seed;
  const bytes = Array.from({ length: ms * 8 }, () => {
    // mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) & 0xff;
  });
  return Buffer.from(bytes);
}

const SILENT = 0xff;

/** Every byte of it is there in its order, and nothing else between but silence, where a slow machine's line ran dry. */
export function isWithin(record: Uint8Array, sound: Uint8Array): boolean {
  const [heard, said] = [record, sound].map((bytes) => Buffer.from(bytes.filter((byte) => byte !== SILENT)));
  return heard !== undefined && said !== undefined && said.length > 0 && heard.includes(said);
}
