/**
 * When things happen at the carrier, in our own time, and how long a frame takes to get there and back.
 *
 * Twilio's inbound frames carry the ms since the stream began, so each is a reading of the carrier's clock. The
 * network can only make a frame late, never early: the smallest difference between our clock and theirs is the
 * truest, and jitter falls out. All times are ours (monotonic ms), as seen from here with the least delay: what
 * the carrier did at its time t is "seen" at t + lag, and what we send now takes effect, seen, a round trip later.
 */

/** Until a mark has measured it: a relay and a carrier on one continent. */
const ASSUMED_ROUND_TRIP_MS = 60;
/** Two crystals differ by up to 100 parts in a million; the floor under the lag rises a little faster than that. */
const DRIFT_PER_MS = 0.0002;
const ROUND_TRIPS_KEPT = 9;

export class CarrierClock {
  #lag: number | undefined;
  #lagAt = 0;
  #lastTimestamp: number | undefined;
  #roundTripMs = ASSUMED_ROUND_TRIP_MS;
  readonly #roundTrips: number[] = [];

  /** An inbound frame that says `timestamp` has arrived. */
  heard(timestamp: number, at: number): void {
    const lag = at - timestamp;
    const floor = this.#lag === undefined ? lag : this.#lag + (at - this.#lagAt) * DRIFT_PER_MS;
    this.#lag = Math.min(lag, floor);
    this.#lagAt = at;
    this.#lastTimestamp = timestamp;
  }

  /** A mark on an empty queue came back: there and back again, with nothing to wait for. */
  measured(roundTripMs: number): void {
    this.#roundTrips.push(roundTripMs);
    if (this.#roundTrips.length > ROUND_TRIPS_KEPT) this.#roundTrips.shift();
    // The lower quartile: one slow packet must not move it, and of the jitter only the way out counts, for what
    // comes in is reckoned at its least delay.
    const sorted = this.#roundTrips.toSorted((a, b) => a - b);
    this.#roundTripMs = sorted[Math.floor((sorted.length - 1) / 4)] ?? ASSUMED_ROUND_TRIP_MS;
  }

  get roundTripMs(): number {
    return this.#roundTripMs;
  }

  /** When the newest inbound frame was sent, seen from here; TCP keeps the order, so what comes next is later. */
  get lastSeen(): number {
    return this.#lastTimestamp === undefined || this.#lag === undefined
      ? Number.NEGATIVE_INFINITY
      : this.#lastTimestamp + this.#lag;
  }
}
