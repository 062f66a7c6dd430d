/**
 * A moment written into audio, so that another process can tell how long a frame was on its way. The bytes go
 * through the relay untouched; a stamp must stand at the start of a frame, and a relay that cuts frames keeps it
 * at the start of the first piece.
 *
 * The clock is `performance.timeOrigin + performance.now()`: it never jumps, and processes of one machine agree on it
 * to a fraction of a millisecond (Bun's process.hrtime starts anew in each process).
 */

const MAGIC = Buffer.from([0x5a, 0x13, 0xc7, 0x2e]);
export const STAMP_BYTES = MAGIC.length + 8;

export const machineMs = (): number => performance.timeOrigin + performance.now();

/** Writes the moment over the first bytes of the frame. */
export function stamp(frame: Uint8Array, atMs: number = machineMs()): void {
  if (frame.length < STAMP_BYTES) throw new Error(`a stamp takes ${STAMP_BYTES} bytes`);
  frame.set(MAGIC);
  new DataView(frame.buffer, frame.byteOffset).setFloat64(MAGIC.length, atMs);
}

/** The moment that the frame begins with, if it does. */
export function stampOf(frame: Uint8Array): number | undefined {
  if (frame.length < STAMP_BYTES) return undefined;
  for (const [index, byte] of MAGIC.entries()) {
    if (frame[index] !== byte) return undefined;
  }
  return new DataView(frame.buffer, frame.byteOffset).getFloat64(MAGIC.length);
}
