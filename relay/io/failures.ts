/**
 * How often handshakes from one address have failed in the last minute. It only decides how a failure is answered:
 * all of Twilio's traffic may come through one proxy, so whoever has a good token and a good signature comes in,
 * however many failed from the same address.
 */

const WINDOW_MS = 60_000;
/** A retrying client fails a few times a minute, a scanner some hundred times a second. */
export const MOST_FAILURES = 100;
/** Some MB at most. Whoever has more addresses than this is not counted, and is not let in either. */
const MOST_ADDRESSES = 10_000;

/** Failures in this window and in the one before, of which a part still counts. */
type Count = { window: number; now: number; before: number };

export class Failures {
  /** Least recently seen first. */
  readonly #counts = new Map<string, Count>();

  /** Counts one. True: there have been too many. */
  add(address: string, atMs: number): boolean {
    const window = Math.floor(atMs / WINDOW_MS);
    const last = this.#counts.get(address);
    const count: Count = {
      window,
      now: 1 + (last?.window === window ? last.now : 0),
      before: last?.window === window ? last.before : last?.window === window - 1 ? last.now : 0,
    };
    this.#counts.delete(address);
    this.#counts.set(address, count);
    if (this.#counts.size > MOST_ADDRESSES) {
      const [oldest] = this.#counts.keys();
      if (oldest !== undefined) this.#counts.delete(oldest);
    }
    const stillCounts = 1 - (atMs % WINDOW_MS) / WINDOW_MS;
    return count.now + count.before * stillCounts > MOST_FAILURES;
  }

  get size(): number {
    return this.#counts.size;
  }
}
