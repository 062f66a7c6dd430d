/**
 * A phone line on the carrier's clock: what the caller says, what the caller hears, and the stream between, if there
 * is one. Time passes here and nowhere else: at each 20 ms tick, and whenever something happens in between, the ear
 * is brought up to that very sample.
 */

import { Ear } from "./ear.ts";
import { Mouth, type Voice } from "./mouth.ts";
import { FRAME_SAMPLES, SAMPLES_PER_MS } from "./mulaw.ts";
import type { Playback } from "./playback.ts";
import { Recording } from "./recording.ts";
import { type Ticking, ticker } from "./ticker.ts";
import { type CarrierEvent, Timeline } from "./timeline.ts";

/** What a line needs of its stream. */
export type LineStream = {
  readonly playback: Playback;
  readonly isOpen: boolean;
  tick(dueMs: number, spoken: Uint8Array | undefined): void;
  press(digit: string): void;
  hangUp(): void;
};

export type Keep =
  /** Every byte heard and every mark: a test, the demo. */
  | "all"
  /** Numbers only: hundreds of lines at once. */
  | "counts";

export class Line implements Ticking {
  readonly ear: Ear;
  readonly mouth: Mouth;
  readonly timeline: Timeline;
  readonly #spoken: Recording | undefined;
  #stream: LineStream | undefined;
  #listener: ((spoken: Uint8Array | undefined) => void) | undefined;
  #answeredMs: number | undefined;
  #firstAudioTold = false;

  constructor(keep: Keep, onEvent?: (event: CarrierEvent) => void, voice?: Voice) {
    this.mouth = new Mouth(voice);
    this.timeline = new Timeline(onEvent);
    this.ear = new Ear(keep === "all");
    this.#spoken = keep === "all" ? new Recording() : undefined;
    this.ear.listenTo(() => this.#stream?.playback.bufferedSamples ?? 0);
  }

  get stream(): LineStream | undefined {
    return this.#stream;
  }

  get answered(): boolean {
    return this.#answeredMs !== undefined;
  }

  /**
   * What the caller said since the answer, for a stereo record beside the ear's: a frame that goes out at a tick is
   * what was said in the 20 ms before it.
   */
  spoken(): Uint8Array {
    if (this.#spoken === undefined) throw new Error("this line keeps counts only: open it with keep: 'all'");
    return this.#spoken.bytes();
  }

  answer(): void {
    if (this.#answeredMs !== undefined) return;
    this.#answeredMs = ticker.join(this);
    const atMs = this.#answeredMs - this.timeline.startedMs;
    this.ear.answer(atMs);
    this.timeline.emit({ kind: "answered" }, atMs);
  }

  attach(stream: LineStream): void {
    this.#stream = stream;
  }

  detach(stream: LineStream): void {
    if (this.#stream === stream) this.#stream = undefined;
  }

  /** Whatever the caller says is heard, 20 ms at a time, by one at most. Undefined: nobody listens any more. */
  listen(listener: ((spoken: Uint8Array | undefined) => void) | undefined): void {
    this.#listener = listener;
  }

  tick(dueMs: number): void {
    this.advance(dueMs);
    // Spoken whether or not a stream is there to carry it.
    const spoken = this.mouth.takeFrame();
    if (spoken === undefined) this.#spoken?.addSilence(FRAME_SAMPLES);
    else this.#spoken?.add(spoken);
    this.#stream?.tick(dueMs, spoken);
    this.#listener?.(spoken);
  }

  /** Brings the ear up to a moment of the monotonic clock. Time never runs backwards: an earlier one is no news. */
  advance(toMs: number): void {
    if (this.#answeredMs === undefined) return;
    const samples = Math.floor((toMs - this.#answeredMs) * SAMPLES_PER_MS) - this.ear.samples;
    if (samples <= 0) return;
    if (this.#stream === undefined) this.ear.hearNothing(samples);
    else this.#stream.playback.play(samples);
    this.#tellFirstAudio();
  }

  end(): void {
    ticker.leave(this);
    this.mouth.close();
    this.timeline.close();
  }

  #tellFirstAudio(): void {
    const afterAnswerMs = this.ear.firstAudioAfterAnswerMs;
    if (this.#firstAudioTold || afterAnswerMs === undefined) return;
    this.#firstAudioTold = true;
    this.timeline.emit({ kind: "heard-first-audio", afterAnswerMs }, this.ear.answeredAtMs + afterAnswerMs);
  }
}
