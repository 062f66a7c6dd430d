/**
 * The caller's side of the line: what is waiting to be said, taken 20 ms at a time by the call's clock, whether or
 * not a stream is there to carry it. A person is never faster than the clock and never waits for the network.
 */

import { FRAME_SAMPLES, silence } from "./mulaw.ts";

export type SayOutcome = "said" | "cut off";

/** Makes the frame that goes out at this very moment, or undefined for silence. */
export type Voice = () => Uint8Array | undefined;

type Utterance = { readonly bytes: Uint8Array; offset: number; readonly done: (outcome: SayOutcome) => void };

export class Mouth {
  readonly #waiting: Utterance[] = [];
  readonly #otherwise: Voice | undefined;
  #closed = false;

  constructor(otherwise?: Voice) {
    this.#otherwise = otherwise;
  }

  /** Resolves when the last of it has gone out, or was cut off by the end of the call or by {@link hush}. */
  say(bytes: Uint8Array): Promise<SayOutcome> {
    if (this.#closed) return Promise.resolve("cut off");
    if (bytes.length === 0) return Promise.resolve("said");
    return new Promise((done) => {
      this.#waiting.push({ bytes, offset: 0, done });
    });
  }

  get speaking(): boolean {
    return this.#waiting.length > 0;
  }

  /** The next 20 ms, filled up with silence where the words end; undefined when the caller says nothing. */
  takeFrame(): Uint8Array | undefined {
    if (this.#waiting.length === 0) return this.#otherwise?.();
    const frame = silence(FRAME_SAMPLES);
    let filled = 0;
    while (filled < FRAME_SAMPLES) {
      const head = this.#waiting[0];
      if (head === undefined) break;
      const bytes = head.bytes.subarray(head.offset, head.offset + FRAME_SAMPLES - filled);
      frame.set(bytes, filled);
      filled += bytes.length;
      head.offset += bytes.length;
      if (head.offset < head.bytes.length) continue;
      this.#waiting.shift();
      head.done("said");
    }
    return frame;
  }

  /** The caller falls silent in the middle of a word. */
  hush(): void {
    for (const { done } of this.#waiting.splice(0)) done("cut off");
  }

  close(): void {
    this.#closed = true;
    this.hush();
  }
}
