/**
 * What the caller heard, exactly: one byte for each sample since the call was answered, with silence (0xFF) where
 * nothing was being played. This is the truth that truncations and playheads are judged against, so it only
 * records: it is filled by the line's clock and by nothing else.
 *
 * Twilio's own voice (<Say>) is not synthesised: its words are in the timeline, and the ear has silence there.
 */

import { FRAME_SAMPLES, isAudible, SAMPLES_PER_MS } from "./mulaw.ts";
import { Recording } from "./recording.ts";

export type ClearRecord = {
  /** Milliseconds since dial. */
  readonly atMs: number;
  /** Samples of the relay's audio played since the call began, up to this clear. */
  readonly playedSamples: number;
  readonly droppedSamples: number;
};

const AUDIBLE = Uint8Array.from({ length: 256 }, (_, byte) => (isAudible(byte) ? 1 : 0));
/** A 20 ms frame is audible when an eighth of its samples are: speech crosses zero, clicks are short. */
const AUDIBLE_FRAME_SAMPLES = FRAME_SAMPLES / 8;

export class Ear {
  /** Undefined where only numbers are kept: 200 ears would fill the memory. */
  readonly #recording: Recording | undefined;
  readonly #counts = new Float64Array(256);
  readonly #clears: ClearRecord[] = [];
  #buffered: () => number = () => 0;
  #samples = 0;
  #playedSamples = 0;
  #firstPlayedSample: number | undefined;
  #frameAudible = 0;
  #audibleFrames = 0;
  #lastAudibleSample: number | undefined;
  #answeredAtMs = 0;

  constructor(keepsBytes: boolean) {
    this.#recording = keepsBytes ? new Recording() : undefined;
  }

  /** Where the record begins, in milliseconds since dial. */
  get answeredAtMs(): number {
    return this.#answeredAtMs;
  }

  /** Samples since the call was answered, silence and all. */
  get samples(): number {
    return this.#samples;
  }

  /** Samples of the relay's audio that were played. */
  get playedSamples(): number {
    return this.#playedSamples;
  }

  /** Milliseconds from the answer to the first sample of the relay's audio. */
  get firstAudioAfterAnswerMs(): number | undefined {
    return this.#firstPlayedSample === undefined ? undefined : this.#firstPlayedSample / SAMPLES_PER_MS;
  }

  get clears(): readonly ClearRecord[] {
    return this.#clears;
  }

  /** How much audible sound there was so far, in whole frames. */
  get audibleMs(): number {
    return (this.#audibleFrames * FRAME_SAMPLES) / SAMPLES_PER_MS;
  }

  /** How long it has been quiet; undefined when nothing audible was heard yet. */
  get quietForMs(): number | undefined {
    return this.#lastAudibleSample === undefined
      ? undefined
      : (this.#samples - this.#lastAudibleSample) / SAMPLES_PER_MS;
  }

  /** Samples that wait in Twilio's playback buffer and have not been heard. */
  bufferedSamples(): number {
    return this.#buffered();
  }

  /** How many samples of this byte value were played: for tagged audio, how much of an item was heard. */
  heardOf(byteValue: number): number {
    return this.#counts[byteValue] ?? 0;
  }

  /** Everything heard since the answer. */
  bytes(): Uint8Array {
    return this.slice(0, this.#samples);
  }

  /** What was heard between two samples of the record. */
  slice(fromSample: number, toSample: number): Uint8Array {
    if (this.#recording === undefined)
      throw new Error("this line keeps counts only: open it with keep: 'all'");
    return this.#recording.slice(fromSample, toSample);
  }

  // --- for the line ---------------------------------------------------------------------------------------

  answer(atMs: number): void {
    this.#answeredAtMs = atMs;
  }

  /** Whose backlog {@link bufferedSamples} tells. */
  listenTo(buffered: () => number): void {
    this.#buffered = buffered;
  }

  hear(bytes: Uint8Array): void {
    this.#firstPlayedSample ??= this.#samples;
    this.#playedSamples += bytes.length;
    this.#recording?.add(bytes);
    // By index and frame by frame: with 200 lines this is 1.6 million samples a second.
    let from = 0;
    while (from < bytes.length) {
      const left = FRAME_SAMPLES - (this.#samples % FRAME_SAMPLES);
      const to = Math.min(bytes.length, from + left);
      let audible = 0;
      for (let at = from; at < to; at++) {
        const byte = bytes[at] ?? 0;
        this.#counts[byte] = (this.#counts[byte] ?? 0) + 1;
        audible += AUDIBLE[byte] ?? 0;
      }
      this.#frameAudible += audible;
      this.#samples += to - from;
      if (to - from === left) this.#endFrame();
      from = to;
    }
  }

  hearNothing(samples: number): void {
    if (samples === 0) return;
    this.#recording?.addSilence(samples);
    const frameEnd = this.#samples - (this.#samples % FRAME_SAMPLES) + FRAME_SAMPLES;
    this.#samples += samples;
    if (this.#samples >= frameEnd) this.#endFrame(frameEnd);
  }

  cleared(record: ClearRecord): void {
    this.#clears.push(record);
  }

  #endFrame(atSample = this.#samples): void {
    if (this.#frameAudible >= AUDIBLE_FRAME_SAMPLES) {
      this.#audibleFrames += 1;
      this.#lastAudibleSample = atSample;
    }
    this.#frameAudible = 0;
  }
}
