/**
 * The caller's audio on its way to the model: kept until the session is ready, then passed on untouched, in order.
 *
 * Phones and carriers may leave out silent frames, and a voice-activity detector counts samples, not seconds: it
 * would never see the caller stop. So a hole in the timestamps is filled with silence, and so is a line that has
 * gone quiet, once it is clear that frames are not merely late.
 */
import { SAMPLES_PER_MS, samplesIn } from "../wire/twilio.ts";
import { BEGUN_ANEW_MS } from "./carrier-clock.ts";
import { maySpeak } from "./loudness.ts";
import { Recent } from "./recent.ts";

/** Longer than the model may take to be ready (call.ts), so that in practice nothing is dropped. */
const EARLY_LIMIT_MS = 10_000;
/** Of a caller who speaks, or has and waits for the answer, so much is kept for another session. */
const TURN_LIMIT_MS = 30_000;
/** Detection finds speech a little after it has begun. */
const LEAD_MS = 1_000;
/** Of what a model may not have listened to, so much is kept for another session. */
const UNHEARD_LIMIT_MS = 8_000;
/** Whoever lives answers a ping (io/model.ts) sooner. */
const DEAF_AFTER_MS = 3_000;
/** A hole shorter than a frame is rounding. */
const SMALLEST_HOLE_MS = 20;
/** A longer hole than this tells the model nothing more. */
const LARGEST_HOLE_MS = 5_000;
/** With no frame for this long the line is silent, not slow; then silence goes out in steps. */
const QUIET_AFTER_MS = 300;
const QUIET_STEP_MS = 100;

/** Three samples of mu-law silence (0xFF) are four characters of base64, with no padding to get in the way. */
const SILENT_TRIPLE = "////";

export class Intake {
  /** The timestamp that a frame with no sample before it would have had. */
  #firstTimestamp: number | undefined;
  #lastTimestamp = 0;
  #lastFrameAt = 0;
  #lastFedAt = 0;
  #quiet = false;
  frames = 0;
  /** Samples passed on or kept since the first frame, silence included. */
  #samples = 0;
  #open = false;
  /** What was passed on last: of the caller's turn all of it, as long as it is not answered. */
  readonly #recent = new Recent();
  #isTurn = false;
  #early: string[] = [];
  #earlySamples = 0;
  #earlyLimitMs = EARLY_LIMIT_MS;
  /** Frames that were dropped because the model was not ready in time. */
  dropped = 0;
  silenceMs = 0;

  get earlySamples(): number {
    return this.#earlySamples;
  }

  /** A frame of the caller's audio; what comes back is to be sent on now, in this order. */
  frame(timestamp: number, payload: string, at: number): string[] {
    const ready: string[] = [];
    this.#firstTimestamp ??= timestamp;
    if (timestamp < this.#lastTimestamp - BEGUN_ANEW_MS) {
      this.#firstTimestamp = timestamp - this.#samples / SAMPLES_PER_MS;
    }
    this.#lastTimestamp = timestamp;
    this.#lastFrameAt = at;
    this.#lastFedAt = at;
    this.#quiet = false;
    this.frames++;
    const holeMs = timestamp - this.#firstTimestamp - this.#samples / SAMPLES_PER_MS;
    if (holeMs >= SMALLEST_HOLE_MS) this.#silence(holeMs, ready);
    this.#take(payload, samplesIn(payload), ready);
    return ready;
  }

  /** Silence that is due because no frame has come. */
  tick(at: number): string[] {
    const ready: string[] = [];
    const dueAt = this.dueAt;
    if (dueAt === undefined || at < dueAt) return ready;
    this.#silence(at - this.#lastFedAt, ready);
    this.#lastFedAt = at;
    this.#quiet = true;
    return ready;
  }

  get dueAt(): number | undefined {
    if (this.#firstTimestamp === undefined) return undefined;
    return this.#quiet ? this.#lastFedAt + QUIET_STEP_MS : this.#lastFrameAt + QUIET_AFTER_MS;
  }

  /** The session is ready: everything kept so far, in order; from now on frames pass straight through. */
  open(): string[] {
    const early = this.#early;
    this.#open = true;
    this.#early = [];
    this.#earlySamples = 0;
    this.#earlyLimitMs = EARLY_LIMIT_MS;
    for (const payload of early) this.#recent.push(payload, samplesIn(payload));
    this.#recent.keep(this.#recentLimitMs);
    return early;
  }

  /** The caller speaks, or has spoken and has no answer yet. */
  get isTurn(): boolean {
    return this.#isTurn;
  }

  /** The caller has begun to speak. */
  turnBegan(): void {
    if (this.#isTurn) return;
    this.#recent.keep(LEAD_MS);
    this.#isTurn = true;
  }

  /** The caller has what they spoke for. */
  turnAnswered(): void {
    if (!this.#isTurn) return;
    this.#isTurn = false;
    this.#recent.keep(LEAD_MS);
  }

  /**
   * The session is gone: what the caller says is kept for the next.
   * @param deafMs so long nothing had come from it
   * @returns whether that is a turn already begun, or may be one that it did not listen to
   */
  close(deafMs: number): "turn" | "unheard" | undefined {
    if (!this.#open) return this.#isTurn ? "turn" : undefined;
    this.#open = false;
    const wasDeaf = deafMs >= DEAF_AFTER_MS;
    if (!this.#isTurn) this.#recent.keep(wasDeaf ? deafMs + LEAD_MS : 0);
    const { payloads, samples } = this.#recent.take();
    this.#early = payloads;
    this.#earlySamples = samples;
    this.#earlyLimitMs = EARLY_LIMIT_MS + this.#recentLimitMs;
    if (this.#isTurn) return "turn";
    return maySpeak(payloads) ? "unheard" : undefined;
  }

  #silence(ms: number, ready: string[]): void {
    const wanted = Math.floor(ms) * SAMPLES_PER_MS;
    const triples = Math.floor(Math.min(wanted, LARGEST_HOLE_MS * SAMPLES_PER_MS) / 3);
    if (triples === 0) return;
    this.#take(SILENT_TRIPLE.repeat(triples), triples * 3, ready);
    this.silenceMs += (triples * 3) / SAMPLES_PER_MS;
    // A hole that was cut short counts as filled, or the next frame would find it again.
    this.#samples += Math.max(0, wanted - LARGEST_HOLE_MS * SAMPLES_PER_MS);
  }

  #take(payload: string, samples: number, ready: string[]): void {
    this.#samples += samples;
    if (this.#open) {
      ready.push(payload);
      this.#recent.push(payload, samples);
      this.#recent.keep(this.#recentLimitMs);
      return;
    }
    this.#early.push(payload);
    this.#earlySamples += samples;
    while (this.#earlySamples > this.#earlyLimitMs * SAMPLES_PER_MS) {
      const oldest = this.#early.shift();
      if (oldest === undefined) return;
      this.#earlySamples -= samplesIn(oldest);
      this.dropped++;
    }
  }

  get #recentLimitMs(): number {
    return this.#isTurn ? TURN_LIMIT_MS : UNHEARD_LIMIT_MS;
  }
}
