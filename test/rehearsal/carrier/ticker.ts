/**
 * One clock for every line of a process: 200 calls at once must cost one timer, not 200.
 *
 * Each line ticks every 20 ms at its own phase (the millisecond at which it joined), as real calls do. Ticks are
 * laid against a fixed start and never against the tick before, so nothing drifts; after a stall every missed
 * tick is run, in order, with the time at which it was due. It holds no call and knows nothing of Twilio.
 */

const TICK_MS = 20;

/** Milliseconds on the one monotonic clock that the whole carrier uses. */
export const monotonicMs = (): number => performance.now();

export type Ticking = {
  /** @param dueMs when this tick was due on the monotonic clock: a whole number, 20 more each time */
  tick(dueMs: number): void;
};

/** The world's clock and timer, so that a test can move time by hand. */
export type Clock = {
  nowMs(): number;
  /** @returns what takes the wake-up back */
  wakeIn(delayMs: number, wake: () => void): () => void;
};

const realClock: Clock = {
  nowMs: monotonicMs,
  wakeIn(delayMs, wake) {
    const timer = setTimeout(wake, delayMs);
    return () => clearTimeout(timer);
  },
};

export class Ticker {
  readonly #clock: Clock;
  /** The lines by phase: slot n holds those whose ticks fall on n modulo 20. */
  readonly #slots: ReadonlyArray<Map<Ticking, { readonly joinedMs: number }>> = Array.from(
    { length: TICK_MS },
    () => new Map(),
  );
  #lines = 0;
  /** The next millisecond not yet run. */
  #cursorMs = 0;
  #cancel: (() => void) | undefined;
  #worstLateMs = 0;

  constructor(clock: Clock = realClock) {
    this.#clock = clock;
  }

  /** How late the latest tick ran since {@link resetLateness}: what this process, not the network, added. */
  get worstLateMs(): number {
    return this.#worstLateMs;
  }

  resetLateness(): void {
    this.#worstLateMs = 0;
  }

  /** The first tick comes 20 ms after the whole millisecond that is returned. */
  join(line: Ticking): number {
    const joinedMs = Math.floor(this.#clock.nowMs());
    if (this.#lines === 0) this.#cursorMs = joinedMs;
    this.#slot(joinedMs).set(line, { joinedMs });
    this.#lines += 1;
    this.#arm();
    return joinedMs;
  }

  leave(line: Ticking): void {
    for (const slot of this.#slots) {
      if (slot.delete(line)) this.#lines -= 1;
    }
    if (this.#lines === 0) this.#disarm();
  }

  #slot(ms: number): Map<Ticking, { readonly joinedMs: number }> {
    const slot = this.#slots[ms % TICK_MS];
    if (slot === undefined) throw new Error(`no slot for ${ms} ms`);
    return slot;
  }

  #run(): void {
    this.#cancel = undefined;
    const nowMs = this.#clock.nowMs();
    while (this.#cursorMs <= nowMs && this.#lines > 0) {
      const dueMs = this.#cursorMs;
      this.#cursorMs += 1;
      // A copy, because a tick may end its own line or start another.
      for (const [line, { joinedMs }] of [...this.#slot(dueMs)]) {
        if (dueMs <= joinedMs) continue;
        this.#worstLateMs = Math.max(this.#worstLateMs, nowMs - dueMs);
        line.tick(dueMs);
      }
    }
    this.#arm();
  }

  #arm(): void {
    this.#disarm();
    if (this.#lines === 0) return;
    let dueMs = this.#cursorMs;
    while (this.#slot(dueMs).size === 0) dueMs += 1;
    const delayMs = Math.max(0, Math.ceil(dueMs - this.#clock.nowMs()));
    this.#cancel = this.#clock.wakeIn(delayMs, () => this.#run());
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

/** The process's own. */
export const ticker = new Ticker();
