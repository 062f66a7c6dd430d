/**
 * Whether this process takes new calls, and if not why: it is stopping, it is not well (vitals.ts), or it cannot write
 * down that a token was used. Calls that are up are no concern of this.
 */
import type { Clock } from "./clock.ts";
import type { Health } from "./health.ts";
import type { Records } from "./records.ts";
import type { Vital, Vitals } from "./vitals.ts";

export type Unready = "stopping" | "cannot record" | Vital;

/** For so long it is not tried again whether anything can be recorded. */
const READY_FOR_MS = 1_000;

export type ReadinessParts = {
  readonly records: Pick<Records, "heartbeat">;
  readonly health: Health;
  readonly vitals: Pick<Vitals, "trouble">;
  readonly clock: Clock;
};

export class Readiness {
  readonly #parts: ReadinessParts;
  #isStopping = false;
  /** When it was last tried to record something, and its end. */
  #askedAt = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: ReadinessParts) {
    this.#parts = parts;
  }

  /** From now on nobody new comes in. */
  stop(): void {
    this.#isStopping = true;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** What is known without trying anything; undefined: nothing speaks against a call. */
  get obstacle(): "stopping" | Vital | undefined {
    return this.#isStopping ? "stopping" : this.#parts.vitals.trouble;
  }

  /** As far as is known now. */
  get isReady(): boolean {
    return this.obstacle === undefined && this.#parts.health.isWell;
  }

  /** Tries whether anything can be recorded; undefined: it is ready. */
  async ask(): Promise<Unready | undefined> {
    const { obstacle } = this;
    if (obstacle !== undefined) return obstacle;
    const { clock, records, health } = this.#parts;
    const at = clock.monotonicMs();
    // Anybody may ask, and a write holds up every call until the disk has it.
    if (at >= this.#askedAt + READY_FOR_MS) {
      this.#askedAt = at;
      this.#writing = records.heartbeat().then(
        () => health.worked(),
        (thrown) => health.failed(thrown),
      );
    }
    await this.#writing;
    return health.isWell ? undefined : "cannot record";
  }
}
