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
const ROUND_TRIPS_KEPT = 12;
/** TCP keeps the order: a timestamp this far back is of a clock that has begun anew. */
export const BEGUN_ANEW_MS = 1_000;
/** Lateness is averaged over about so many frames: a second or so of them. */
const LATENESS_OVER = 50;

export class CarrierClock {
  #lag: number | undefined;
  #lagAt = 0;
  #lastTimestamp: number | undefined;
  /** How much later than the least delay frames come, on average. */
  #latenessMs = 0;
  /** The newest measurement: the next frame will bound from above when its mark was sent. */
  #newest: { readonly sentAt: number; readonly earliest: number; readonly latest: number } | undefined;
  #roundTripMs = ASSUMED_ROUND_TRIP_MS;
  readonly #roundTrips: number[] = [];

  /** An inbound frame that says `timestamp` has arrived. */
  heard(timestamp: number, at: number): void {
    if (this.#lastTimestamp !== undefined && timestamp < this.#lastTimestamp - BEGUN_ANEW_MS) {
      this.#lag = undefined;
      this.#latenessMs = 0;
      this.#newest = undefined;
    }
    const lag = at - timestamp;
    const floor = this.#lag === undefined ? lag : this.#lag + (at - this.#lagAt) * DRIFT_PER_MS;
    this.#lag = Math.min(lag, floor);
    this.#lagAt = at;
    this.#lastTimestamp = timestamp;
    this.#latenessMs += (lag - this.#lag - this.#latenessMs) / LATENESS_OVER;
    if (this.#newest === undefined) return;
    const { sentAt, earliest, latest } = this.#newest;
    this.#newest = undefined;
    if (this.lastSeen >= latest || this.lastSeen < earliest) return;
    this.#roundTrips.pop();
    this.#took((earliest + this.lastSeen) / 2 - sentAt);
  }

  /** What arrives now was sent no earlier than this, seen from here. */
  earliestSeen(at: number): number {
    return Math.max(this.lastSeen, at - 2 * this.#latenessMs);
  }

  /** A mark that was sent at `sentAt` to an empty queue has come back: there and back, with nothing to wait for. */
  measured(sentAt: number, at: number): void {
    const earliest = this.earliestSeen(at);
    this.#newest = { sentAt, earliest, latest: at };
    this.#took((earliest + at) / 2 - sentAt);
  }

  #took(roundTripMs: number): void {
    // A carrier whose timestamps jump seems to answer before it was asked.
    this.#roundTrips.push(Math.max(0, roundTripMs));
    if (this.#roundTrips.length > ROUND_TRIPS_KEPT) this.#roundTrips.shift();
    // The mean of the middle third: one slow packet must not move it, and jitter evens out.
    const sorted = this.#roundTrips.toSorted((a, b) => a - b);
    const outer = Math.floor(sorted.length / 3);
    const middle = sorted.slice(outer, sorted.length - outer);
    this.#roundTripMs = middle.reduce((sum, each) => sum + each, 0) / middle.length;
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
