/**
 * What calls leave behind in memory is collected while nobody is on the line, and not in the middle of the next call:
 * without work the engine collects nothing by itself, and what was taken in a busy hour would be kept through the night.
 * It stops the process for some tens of ms.
 */

/** A call that comes back from a hand-over or a broken line does so sooner. */
export const LULL_MS = 1_000;

export type LullParts = {
  /** @returns what calls it off */
  readonly later: (ms: number, work: () => void) => () => void;
  readonly collect: () => void;
};

const PARTS: LullParts = {
  later(ms, work) {
    const timer = setTimeout(work, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  collect: () => Bun.gc(true),
};

export class Lull {
  readonly #parts: LullParts;
  #callOff: (() => void) | undefined;

  constructor(parts = PARTS) {
    this.#parts = parts;
  }

  /** Nobody is on the line any more. */
  begins(): void {
    this.ends();
    this.#callOff = this.#parts.later(LULL_MS, () => {
      this.#callOff = undefined;
      this.#parts.collect();
    });
  }

  /** Somebody is. */
  ends(): void {
    this.#callOff?.();
    this.#callOff = undefined;
  }
}
