/**
 * The network between Twilio and the relay, one direction of it: every frame comes later by a fixed time and some
 * jitter, and none overtakes another, because it is one TCP connection. The jitter comes from a seed, so that a
 * run can be had again. It delays; it never drops, joins or changes anything.
 */

import { monotonicMs } from "./ticker.ts";

export type Network = {
  readonly oneWayMs: number;
  /** Added to each frame: uniform between 0 and this. */
  readonly jitterMs: number;
  readonly seed: number;
};

export const NO_DELAY: Network = { oneWayMs: 0, jitterMs: 0, seed: 1 };

export class DelayLine<Item> {
  readonly #network: Network;
  readonly #deliver: (item: Item) => void;
  readonly #random: () => number;
  readonly #waiting: Array<{ readonly dueMs: number; readonly item: Item }> = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(network: Network, deliver: (item: Item) => void) {
    this.#network = network;
    this.#deliver = deliver;
    this.#random = seededRandom(network.seed);
  }

  push(item: Item): void {
    const { oneWayMs, jitterMs } = this.#network;
    if (oneWayMs === 0 && jitterMs === 0) {
      this.#deliver(item);
      return;
    }
    const dueMs = monotonicMs() + oneWayMs + jitterMs * this.#random();
    // A frame with an earlier time than the one before it waits behind it, as in TCP.
    this.#waiting.push({ dueMs, item });
    this.#arm();
  }

  #arm(): void {
    if (this.#timer !== undefined) return;
    const head = this.#waiting[0];
    if (head === undefined) return;
    // Rounded up: a timer that fires early would deliver a frame before its time.
    this.#timer = setTimeout(() => this.#run(), Math.max(0, Math.ceil(head.dueMs - monotonicMs())));
  }

  #run(): void {
    this.#timer = undefined;
    for (;;) {
      const head = this.#waiting[0];
      if (head === undefined || head.dueMs > monotonicMs()) break;
      this.#waiting.shift();
      this.#deliver(head.item);
    }
    this.#arm();
  }
}

/** mulberry32: small, and good enough to spread jitter evenly. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
