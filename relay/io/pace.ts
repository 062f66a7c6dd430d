/**
 * How many strangers are looked at before the calls get their turn. Bun takes connections for as long as another is
 * waiting, and answers each request right there: under a flood, half a second of handshakes may stand between two
 * frames of a call. So only some are answered at once; the others wait, in the order in which they came, until the
 * event loop has been at the calls' sockets. Nobody is refused for it.
 */

/** About a millisecond's worth of the dearest. */
export const MOST_AT_ONCE = 16;

export class Pace {
  readonly #waiting: Array<() => void> = [];
  #left = MOST_AT_ONCE;
  #isArmed = false;

  /** Undefined: now. Otherwise, when it settles. */
  turn(): Promise<void> | undefined {
    this.#arm();
    if (this.#left > 0) {
      this.#left--;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    setImmediate(() => this.#next());
  }

  #next(): void {
    this.#isArmed = false;
    const next = this.#waiting.splice(0, MOST_AT_ONCE);
    this.#left = MOST_AT_ONCE - next.length;
    if (next.length > 0) this.#arm();
    for (const go of next) go();
  }
}
