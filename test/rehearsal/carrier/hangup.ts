/**
 * The caller may hang up at any moment of a call, and whatever was under way is then over. This is the one place
 * where that moment lives, so that no verb can forget it.
 */

/** Thrown out of whatever was being waited for. */
export class HungUp extends Error {}

export class Hangup {
  readonly #controller = new AbortController();

  get happened(): boolean {
    return this.#controller.signal.aborted;
  }

  happen(): void {
    this.#controller.abort();
  }

  /** The outcome of the work, or {@link HungUp} as soon as the caller is gone; the work itself is not undone. */
  unless<Value>(work: Promise<Value>): Promise<Value> {
    const { signal } = this.#controller;
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new HungUp());
      if (signal.aborted) return gone();
      signal.addEventListener("abort", gone, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener("abort", gone));
    });
  }

  sleep(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const slept = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    return this.unless(slept).finally(() => clearTimeout(timer));
  }
}
