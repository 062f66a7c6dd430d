/**
 * The newest of the audio that was passed on, in case that it has to be said again. Every frame of every call goes
 * through here: nothing is copied, and the oldest are let go of without moving the others each time.
 */
import { SAMPLES_PER_MS } from "../wire/twilio.ts";

/** Of those that were let go of, so many are kept in the row before it is moved up. */
const MOST_GONE = 256;

export class Recent {
  #payloads: string[] = [];
  /** Of each of them: to let go of one, it need not be looked at again after all that time. */
  #sizes: number[] = [];
  #first = 0;
  #samples = 0;

  push(payload: string, samples: number): void {
    this.#payloads.push(payload);
    this.#sizes.push(samples);
    this.#samples += samples;
  }

  /** The oldest are let go of, as far as there is more than this. */
  keep(ms: number): void {
    const limit = ms * SAMPLES_PER_MS;
    while (this.#samples > limit) {
      const oldest = this.#sizes[this.#first];
      if (oldest === undefined) return;
      this.#payloads[this.#first++] = "";
      this.#samples -= oldest;
    }
    if (this.#first <= MOST_GONE) return;
    this.#payloads.splice(0, this.#first);
    this.#sizes.splice(0, this.#first);
    this.#first = 0;
  }

  /** All there is, in order; nothing is left here. */
  take(): { readonly payloads: string[]; readonly samples: number } {
    const [payloads, samples] = [this.#payloads.slice(this.#first), this.#samples];
    this.#payloads = [];
    this.#sizes = [];
    this.#first = 0;
    this.#samples = 0;
    return { payloads, samples };
  }
}
