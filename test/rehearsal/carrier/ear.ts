/**
 * What the caller heard, exactly: one byte for each sample since the call was answered, with silence (0xFF) where
 * nothing was being played. This is the truth that truncations and playheads are judged against, so it only
 * records: it is filled by the line's clock and by nothing else.
 *
 * Twilio's own voice (<Say>) is not synthesised: its words are in the timeline, and the ear has silence there.
 */

import { FRAME_SAMPLES, isAudible, SAMPLES_PER_MS, SILENCE } from "./mulaw.ts";

export type ClearRecord = {
  /** Milliseconds since dial. */
  readonly atMs: number;
  /** Samples of the relay's audio played since the call began, up to this clear. */
  readonly playedSamples: number;
  readonly droppedSamples: number;
};

const AUDIBLE = Array.from({ length: 256 }, (_, byte) => isAudible(byte));
/** A 20 ms frame is audible when an eighth of its samples are: speech crosses zero, clicks are short. */
const AUDIBLE_FRAME_SAMPLES = FRAME_SAMPLES / 8;

export class Ear {
  /** Whether the bytes are kept, or only counted (for load, where 200 ears would fill the memory). */
  readonly #keepsBytes: boolean;
  readonly #pieces: Array<Uint8Array | number> = [];
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
    this.#keepsBytes = keepsBytes;
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
    if (!this.#keepsBytes) throw new Error("this line keeps counts only: open it with keep: 'all'");
    const heard = new Uint8Array(Math.max(0, Math.min(toSample, this.#samples) - fromSample)).fill(SILENCE);
    let at = 0;
    for (const piece of this.#pieces) {
      const length = typeof piece === "number" ? piece : piece.length;
      if (typeof piece !== "number" && at + length > fromSample && at < fromSample + heard.length) {
        const skip = Math.max(0, fromSample - at);
        const to = at + skip - fromSample;
        heard.set(piece.subarray(skip, skip + heard.length - to), to);
      }
      at += length;
    }
    return heard;
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
    if (this.#keepsBytes) this.#pieces.push(bytes);
    for (const byte of bytes) {
      this.#counts[byte] = (this.#counts[byte] ?? 0) + 1;
      if (AUDIBLE[byte] === true) this.#frameAudible += 1;
      this.#samples += 1;
      if (this.#samples % FRAME_SAMPLES === 0) this.#endFrame();
    }
  }

  hearNothing(samples: number): void {
    if (samples === 0) return;
    const last = this.#pieces.length - 1;
    const before = this.#pieces[last];
    if (!this.#keepsBytes) {
      // Only the position moves on.
    } else if (typeof before === "number") this.#pieces[last] = before + samples;
    else this.#pieces.push(samples);
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
