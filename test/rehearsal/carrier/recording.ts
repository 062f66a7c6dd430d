/**
 * Sound on the call's clock, as exact as it was: the pieces that were heard or said, and stretches of silence that
 * take no room. It knows nothing of who speaks.
 */

import { SILENCE } from "./mulaw.ts";

export class Recording {
  /** A number is so many samples of silence. */
  readonly #pieces: Array<Uint8Array | number> = [];
  #samples = 0;

  get samples(): number {
    return this.#samples;
  }

  add(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#samples += bytes.length;
  }

  addSilence(samples: number): void {
    const last = this.#pieces.length - 1;
    const before = this.#pieces[last];
    if (typeof before === "number") this.#pieces[last] = before + samples;
    else this.#pieces.push(samples);
    this.#samples += samples;
  }

  bytes(): Uint8Array {
    return this.slice(0, this.#samples);
  }

  slice(fromSample: number, toSample: number): Uint8Array {
    const sound = new Uint8Array(Math.max(0, Math.min(toSample, this.#samples) - fromSample)).fill(SILENCE);
    let at = 0;
    for (const piece of this.#pieces) {
      const length = typeof piece === "number" ? piece : piece.length;
      if (typeof piece !== "number" && at + length > fromSample && at < fromSample + sound.length) {
        const skip = Math.max(0, fromSample - at);
        const to = at + skip - fromSample;
        sound.set(piece.subarray(skip, skip + sound.length - to), to);
      }
      at += length;
    }
    return sound;
  }
}
