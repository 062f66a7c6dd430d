/**
 * The newest of the audio that was passed on, in case that it has to be said again. Every frame of every call goes
 * through here: nothing is copied, and the oldest are let go of without moving the others each time.
 */
import { SAMPLES_PER_MS } from "../wire/twilio.ts";

/** Of those that were let go of, so many are kept in the row before it is moved up. */
const MOST_GONE = 256;

/** So many frames of one size, one after the other: nearly always all of them. */
type Stretch = { readonly samples: number; count: number; next: Stretch | undefined };

export class Recent {
  #payloads: string[] = [];
  #first = 0;
  #samples = 0;
  /** How long they are: to let go of one, it need not be looked at again after all that time. */
  #oldest: Stretch | undefined;
  #newest: Stretch | undefined;

  push(payload: string, samples: number): void {
    this.#payloads.push(payload);
    this.#samples += samples;
    if (this.#newest?.samples === samples) this.#newest.count++;
    else this.#begin({ samples, count: 1, next: undefined });
  }

  #begin(stretch: Stretch): void {
    if (this.#newest === undefined) this.#oldest = stretch;
    else this.#newest.next = stretch;
    this.#newest = stretch;
  }

  /** The oldest are let go of, as far as there is more than this. */
  keep(ms: number): void {
    const limit = ms * SAMPLES_PER_MS;
    while (this.#samples > limit && this.#oldest !== undefined) {
      this.#payloads[this.#first++] = "";
      this.#samples -= this.#oldest.samples;
      if (--this.#oldest.count > 0) continue;
      this.#oldest = this.#oldest.next;
      if (this.#oldest === undefined) this.#newest = undefined;
    }
    if (this.#first <= MOST_GONE) return;
    this.#payloads.splice(0, this.#first);
    this.#first = 0;
  }

  /** All there is, in order; nothing is left here. */
  take(): { readonly payloads: string[]; readonly samples: number } {
    const [payloads, samples] = [this.#payloads.slice(this.#first), this.#samples];
    this.#payloads = [];
    this.#first = 0;
    this.#samples = 0;
    this.#oldest = undefined;
    this.#newest = undefined;
    return { payloads, samples };
  }
}
