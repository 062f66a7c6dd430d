/**
 * How long a test waits for what must come, and how it measures what must come soon. A machine of CI may be slow or
 * stand still for seconds, and no test may fail for that: a deadline here only decides how soon a test fails that
 * fails anyway. Whoever imports this has the long limit for its tests and hooks too.
 */
import { setDefaultTimeout } from "bun:test";

/** For what takes some ms where nothing else runs. */
export const PATIENCE_MS = 20_000;
/** Several waits in vain, so that the wait's own words are what is read and not the runner's. */
export const TEST_MS = 90_000;

setDefaultTimeout(TEST_MS);

const STEP_MS = 10;

/**
 * Time as this process was given it: the steps of a timer, of which none is made up for. While the machine stands
 * still, or works for others, so does this clock; on a machine that is free it is the time. For claims such as
 * "within a second", which are about us and not about the machine.
 */
export class Stopwatch {
  #steps = 0;
  readonly #timer = setInterval(() => {
    this.#steps += 1;
  }, STEP_MS);

  get ms(): number {
    return this.#steps * STEP_MS;
  }

  /** Stops it, and tells. */
  stop(): number {
    clearInterval(this.#timer);
    return this.ms;
  }
}

/** Asks again and again, for what nobody tells. */
export async function until(isSo: () => boolean | Promise<boolean>, withinMs = PATIENCE_MS): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${isSo}`);
    await Bun.sleep(5);
  }
}
