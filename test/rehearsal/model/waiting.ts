/**
 * Waiting for what a stand-in will have seen: a predicate is asked at once, and again whenever the stand-in says that
 * something has changed. Nobody polls, and nobody sleeps to be right.
 */
export class Waiting {
  readonly #asking = new Set<() => void>();

  readonly changed = (): void => {
    for (const ask of this.#asking) ask();
  };

  /** The predicate's first result that is neither undefined nor false. */
  for<Found>(predicate: () => Found | undefined | false, withinMs: number): Promise<Found> {
    const { promise, resolve, reject } = Promise.withResolvers<Found>();
    const ask = (): void => {
      const found = predicate();
      if (found === undefined || found === false) return;
      settle();
      resolve(found);
    };
    const timer = setTimeout(() => {
      settle();
      reject(new Error(`not within ${withinMs} ms: ${predicate.toString()}`));
    }, withinMs);
    const settle = (): void => {
      clearTimeout(timer);
      this.#asking.delete(ask);
    };
    this.#asking.add(ask);
    ask();
    return promise;
  }
}
