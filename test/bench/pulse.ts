/**
 * The 20 ms beat of all lines of a process: one timer, twenty slots of a millisecond, and the lines dealt out over them
 * evenly, so that every run puts the same load on the same moments. Beats are laid against a fixed start: nothing
 * drifts, and after a stall what was missed is made up for.
 */

const BEAT_MS = 20;

export class Pulse {
  readonly #slots: ReadonlyArray<Array<() => void>> = Array.from({ length: BEAT_MS }, () => []);
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The next millisecond that has not been run. */
  #cursor = 0;
  #latenessMs: number[] = [];

  /** @param slot any whole number; lines 20 apart share a moment */
  join(slot: number, beat: () => void): void {
    this.#slots[slot % BEAT_MS]?.push(beat);
  }

  /** Where it beats already, nothing. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#cursor = Math.floor(performance.now());
    this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** How late each moment's beats were since this was last asked: what the load process itself added. */
  takeLateness(): readonly number[] {
    const lateness = this.#latenessMs;
    this.#latenessMs = [];
    return lateness;
  }

  #run(): void {
    const now = performance.now();
    for (; this.#cursor <= now; this.#cursor++) {
      const slot = this.#slots[this.#cursor % BEAT_MS];
      if (slot === undefined || slot.length === 0) continue;
      this.#latenessMs.push(now - this.#cursor);
      for (const beat of slot) beat();
    }
    this.#arm();
  }

  #arm(): void {
    if (this.#slots.every((slot) => slot.length === 0)) return;
    let next = this.#cursor;
    while (this.#slots[next % BEAT_MS]?.length === 0) next++;
    this.#timer = setTimeout(() => this.#run(), Math.max(0, Math.ceil(next - performance.now())));
  }
}
