/**
 * What became of the frames of one way, up or down: all of them are counted, and those sent while it is measured are
 * timed.
 */
import { z } from "zod";
import type { Stamped } from "./stamp.ts";

const Spread = z.object({ count: z.number(), p50Ms: z.number(), p99Ms: z.number() });
type Spread = z.infer<typeof Spread>;
export const Way = z.object({
  sent: z.number(),
  received: z.number(),
  /** Sent and never received. */
  lost: z.number(),
  /** Out of order, twice, on another call's socket, or with other bytes than were sent. */
  wrong: z.number(),
  latency: Spread,
});
export type Way = z.infer<typeof Way>;

export class Tally {
  #sent = 0;
  #received = 0;
  #wrong = 0;
  #fromMs = Number.POSITIVE_INFINITY;
  #toMs = Number.POSITIVE_INFINITY;
  readonly #latenciesMs: number[] = [];

  sent(): void {
    this.#sent++;
  }

  /** @param isExpected the next frame of the line that belongs to the socket it came on */
  received(stamp: Stamped, isExpected: boolean): void {
    this.#received++;
    if (!isExpected || !stamp.intact) this.#wrong++;
    if (stamp.sentMs < this.#fromMs || stamp.sentMs > this.#toMs) return;
    this.#latenciesMs.push(performance.now() - stamp.sentMs);
  }

  measureFrom(ms: number): void {
    this.#fromMs = ms;
  }

  measureTo(ms: number): void {
    this.#toMs = ms;
  }

  get isComplete(): boolean {
    return this.#received >= this.#sent;
  }

  take(): Way {
    return {
      sent: this.#sent,
      received: this.#received,
      lost: Math.max(0, this.#sent - this.#received),
      wrong: this.#wrong,
      latency: spreadOf(this.#latenciesMs),
    };
  }
}

/** Sequence on one socket: frames of one line only, and each exactly one after the last. */
export class Sequence {
  #line: number | undefined;
  #next = 0;

  isNext({ line, number }: Stamped): boolean {
    this.#line ??= line;
    const isNext = line === this.#line && number === this.#next;
    this.#next = number + 1;
    return isNext;
  }
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99) };
}
