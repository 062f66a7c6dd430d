/**
 * What the log says of refused handshakes: each with its reason, but of a flood only the first of each minute, and
 * then how many more there were. No address: whoever has one is a person.
 */
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

const WINDOW_MS = 60_000;
export const MOST_LINES = 60;

export class Refusals {
  readonly #clock: Clock;
  readonly #log: Log;
  #since = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #more = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  add(why: string): void {
    const at = this.#clock.monotonicMs();
    if (at >= this.#since + WINDOW_MS) {
      this.sumUp();
      this.#since = at;
      this.#lines = 0;
    }
    if (this.#lines < MOST_LINES) {
      this.#lines++;
      this.#log({ event: "handshake.refused", level: "warn", why });
      return;
    }
    this.#more++;
    this.#timer ??= setTimeout(() => this.sumUp(), this.#since + WINDOW_MS - at);
  }

  /** Also when the process ends. */
  sumUp(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#more === 0) return;
    this.#log({ event: "handshake.refused_more", level: "warn", count: this.#more });
    this.#more = 0;
  }
}
