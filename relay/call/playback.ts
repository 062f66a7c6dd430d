/**
 * What the caller has heard.
 *
 * The model sends faster than real time and the carrier queues, so what was sent is far ahead of what was heard,
 * and marks alone lag by a delta and a round trip. So the carrier's queue is played along here: audio that arrives
 * while the queue is full joins the current run, audio that finds it empty starts a new one, and a run plays at
 * real speed. Each mark that comes back then corrects the run, within the narrow window that the order of the
 * inbound frames leaves for when it was sent. Positions are samples since the stream began (8 a ms); times are
 * ms on our clock, as carrier-clock.ts defines them.
 */
import { SAMPLES_PER_MS } from "../wire/twilio.ts";
import { CarrierClock } from "./carrier-clock.ts";
import { Marks } from "./marks.ts";

/** Audio of one content part of one item, contiguous in the stream: only one response plays at a time. */
type Part = {
  readonly itemId: string;
  readonly contentIndex: number;
  readonly from: number;
  to: number;
  /** The model has said that no more of it comes. */
  complete: boolean;
};
/** A stretch that the carrier plays without a pause. */
type Run = {
  readonly from: number;
  to: number;
  startsAt: number;
  readonly arrivesAt: number;
  next: Run | undefined;
};

export type Truncation = {
  readonly item_id: string;
  readonly content_index: number;
  readonly audio_end_ms: number;
};
export type Interruption = {
  /** Of the part that was being heard, or 0. */
  readonly heardMs: number;
  /** Sent and not heard: what `clear` throws away. */
  readonly unheardMs: number;
  readonly truncations: readonly Truncation[];
  /** What was sent of each of these, in their order, in ms. */
  readonly sentMs: readonly number[];
};

/** Carriers send marks with their next packet of 20 ms, and so up to that much late. */
const PACKET_MS = 20;
/** More than this a mark is not late by jitter alone; it is the only bound on a line with no inbound frames. */
const MOST_MARK_DELAY_MS = 120;

export class Playback {
  readonly #clock = new CarrierClock();
  /** The runs that are not over, each with the next: one, nearly always. */
  #firstRun: Run | undefined;
  #lastRun: Run | undefined;
  #sent = 0;
  #heardAtLeast = 0;
  /** A position proved reached since the last inbound frame: that next frame will bound when, from above. */
  #justProved: { readonly position: number; readonly started: boolean } | undefined;
  /** The newest of the parts, and whether any is complete. */
  #part: Part | undefined;
  #isAnyComplete = false;
  /** Behind audio a mark proves that the audio was played; on an empty queue it measures the way. */
  readonly #marks = new Marks();
  #parts: Part[] = [];

  get roundTripMs(): number {
    return this.#clock.roundTripMs;
  }

  /** Of which something may be still to be heard. */
  get items(): readonly string[] {
    return this.#parts.map(({ itemId }) => itemId);
  }

  /** Audio sent so far, in ms. */
  get sentMs(): number {
    return this.#sent / SAMPLES_PER_MS;
  }

  /** A frame of the caller's audio has come in. */
  inbound(timestamp: number, at: number): void {
    this.#clock.heard(timestamp, at);
    if (this.#justProved === undefined) return;
    const { position, started } = this.#justProved;
    this.#justProved = undefined;
    this.#reachedBetween(position, started, Number.NEGATIVE_INFINITY, this.#clock.lastSeen);
  }

  /** A mark to send ahead of audio that should find the queue empty: it says when the audio starts. */
  probe(at: number): string | undefined {
    if (at + this.#clock.roundTripMs <= this.quietAt) return undefined;
    return this.#marks.send(this.#sent, at, true);
  }

  /** Audio is being sent. Returns the name of the mark to send right after it. */
  sent(itemId: string, contentIndex: number, samples: number, at: number): string {
    const from = this.#sent;
    this.#sent += samples;
    const part = this.#part;
    // Contiguous: what lay between may be forgotten already, and must not count as part of this.
    if (part?.itemId === itemId && part.contentIndex === contentIndex && part.to === from) {
      part.to = this.#sent;
    } else {
      this.#part = { itemId, contentIndex, from, to: this.#sent, complete: false };
      this.#parts.push(this.#part);
    }
    const arrivesAt = at + this.#clock.roundTripMs;
    const run = this.#lastRun;
    if (run !== undefined && arrivesAt <= endOf(run)) run.to = this.#sent;
    else this.#begin({ from, to: this.#sent, startsAt: arrivesAt, arrivesAt, next: undefined });
    return this.#marks.send(this.#sent, at, false);
  }

  /** The model has said all of this part. */
  complete(itemId: string, contentIndex: number): void {
    this.#complete((part) => part.itemId === itemId && part.contentIndex === contentIndex);
  }

  /** The model has said all of this item. */
  completeItem(itemId: string): void {
    this.#complete((part) => part.itemId === itemId);
  }

  /** The response is done: whatever was sent of it is all there will be. */
  completeAll(): void {
    this.#complete(() => true);
  }

  #complete(isMeant: (part: Part) => boolean): void {
    for (const part of this.#parts) {
      if (!isMeant(part)) continue;
      part.complete = true;
      this.#isAnyComplete = true;
    }
  }

  /** A mark came back. Returns false for one that we did not send, or that a `clear` had flushed. */
  marked(name: string, at: number): boolean {
    const mark = this.#marks.take(name);
    if (mark === undefined) return false;
    const { probe, alone, position, sentAt } = mark;
    this.#heardAtLeast = Math.max(this.#heardAtLeast, position);
    this.#justProved = { position, started: probe };
    if (probe) {
      if (alone) this.#clock.measured(sentAt, at);
      this.#reachedBetween(position, true, this.#clock.earliestSeen(at), at);
    } else {
      const earliest = Math.max(this.#clock.lastSeen - PACKET_MS, at - MOST_MARK_DELAY_MS);
      this.#reachedBetween(position, false, earliest, at);
    }
    this.#forgetHeard();
    return true;
  }

  /** The sample that the caller hears at `time`, seen from here. */
  playhead(time: number): number {
    let position = this.#heardAtLeast;
    for (let run = this.#firstRun; run !== undefined; run = run.next) {
      if (run.startsAt >= time) break;
      position = Math.max(position, Math.min(run.to, run.from + (time - run.startsAt) * SAMPLES_PER_MS));
    }
    return Math.floor(position);
  }

  /** Whether the caller hears the assistant now, or has audio waiting. */
  isPlaying(at: number): boolean {
    return this.playhead(at) < this.#sent;
  }

  /** Every mark behind audio has come back: all that was sent was heard, by proof and not by estimate. */
  get allProvedHeard(): boolean {
    return this.#heardAtLeast === this.#sent;
  }

  /** When the last sample should have been heard, seen from here. */
  get quietAt(): number {
    return this.#lastRun === undefined ? Number.NEGATIVE_INFINITY : endOf(this.#lastRun);
  }

  /**
   * The caller has begun to speak: forget the queue, and say what each part must be cut to. The caller goes on
   * hearing until `clear` arrives, a network's way from now, so that is the moment that counts.
   */
  interrupt(at: number): Interruption {
    const playhead = this.playhead(at + this.#clock.roundTripMs);
    let heardMs = 0;
    const truncations: Truncation[] = [];
    const sentMs: number[] = [];
    for (const { itemId, contentIndex, from, to, complete } of this.#parts) {
      if (complete && playhead >= to) continue;
      const partMs = Math.floor(Math.max(0, Math.min(playhead, to) - from) / SAMPLES_PER_MS);
      if (partMs > 0) heardMs = partMs;
      truncations.push({ item_id: itemId, content_index: contentIndex, audio_end_ms: partMs });
      sentMs.push((to - from) / SAMPLES_PER_MS);
    }
    const unheardMs = Math.ceil((this.#sent - playhead) / SAMPLES_PER_MS);
    this.#parts = [];
    this.#part = undefined;
    this.#isAnyComplete = false;
    this.#firstRun = undefined;
    this.#lastRun = undefined;
    this.#marks.flush();
    this.#justProved = undefined;
    this.#heardAtLeast = this.#sent;
    return { heardMs, unheardMs, truncations, sentMs };
  }

  #begin(run: Run): void {
    if (this.#lastRun === undefined) this.#firstRun = run;
    else this.#lastRun.next = run;
    this.#lastRun = run;
  }

  /**
   * `position` was reached no earlier than `earliest` and no later than `latest`: move its run into that window, the
   * run that starts there or the one in which it was played.
   */
  #reachedBetween(position: number, started: boolean, earliest: number, latest: number): void {
    let run = this.#firstRun;
    while (
      run !== undefined &&
      !(started ? position === run.from : position > run.from && position <= run.to)
    ) {
      run = run.next;
    }
    if (run === undefined) return;
    const expected = run.startsAt + (position - run.from) / SAMPLES_PER_MS;
    run.startsAt += Math.min(latest, Math.max(earliest, expected)) - expected;
    for (let { next } = run; next !== undefined; next = next.next) {
      next.startsAt = Math.max(next.arrivesAt, endOf(run));
      run = next;
    }
  }

  #forgetHeard(): void {
    const heard = this.#heardAtLeast;
    if (this.#isAnyComplete) this.#forgetParts(heard);
    // The run that ends exactly here stays: the next inbound frame may still correct it, and quietAt reads it.
    let run = this.#firstRun;
    while (run?.next !== undefined && run.to < heard) run = run.next;
    this.#firstRun = run;
  }

  #forgetParts(heard: number): void {
    const [first] = this.#parts;
    // Parts follow one another: if the first is not heard whole, none is.
    if (first === undefined || !first.complete || first.to > heard) return;
    this.#parts = this.#parts.filter((part) => !part.complete || part.to > heard);
    this.#part = this.#parts.at(-1);
    this.#isAnyComplete = this.#parts.some(({ complete }) => complete);
  }
}

const endOf = (run: Run): number => run.startsAt + (run.to - run.from) / SAMPLES_PER_MS;
