/**
 * Voice activity detection on the sound that was really appended.
 *
 * Its time is the number of samples appended, as the live service's is: no clock. It is as eager as the live one
 * (a cough or an "mm-hm" is speech to it), because a calmer one would hide what real calls suffer from.
 * OpenAI's is a neural network; this one measures energy, so its `threshold` maps to a level in dBFS.
 */
import { levelDbfs } from "./mulaw.ts";
import type { TurnDetection } from "./session-shape.ts";

const SAMPLES_PER_MS = 8;
const FRAME_MS = 20;
const FRAME_SAMPLES = FRAME_MS * SAMPLES_PER_MS;
/** So many loud frames in a row are speech: a click of the line lasts less. */
const ONSET_FRAMES = 3;

/** Semantic VAD waits for a model's opinion; without one, a fixed wait well under its documented maximum. */
const SEMANTIC_SILENCE_MS = { high: 400, medium: 800, auto: 800, low: 1600 } as const;

export type Speech =
  /** `startMs` includes the prefix padding. */
  | { readonly kind: "started"; readonly startMs: number }
  /** `endMs` includes the silence that proved the end. */
  | { readonly kind: "stopped"; readonly endMs: number };

/** 0.5, the default, is −42 dBFS: between a quiet line (about −55) and quiet speech (about −35). */
export const thresholdDbfs = (threshold: number): number => -60 + 36 * threshold;

export class Vad {
  readonly #loudDbfs: number;
  readonly #prefixMs: number;
  readonly #silenceMs: number;
  /** Where the sound begins that no earlier turn has used. */
  #freeFromMs: number;
  #nowMs: number;
  #rest = new Uint8Array(0);
  #loudFrames = 0;
  #quietMs = 0;
  #speaking = false;

  /** @param nowMs how much sound was appended before this detector took over */
  constructor(settings: TurnDetection, nowMs: number) {
    const server = settings.type === "server_vad" ? settings : undefined;
    this.#loudDbfs = thresholdDbfs(server?.threshold ?? 0.5);
    this.#prefixMs = server?.prefix_padding_ms ?? 300;
    this.#silenceMs =
      settings.type === "server_vad" ? settings.silence_duration_ms : SEMANTIC_SILENCE_MS[settings.eagerness];
    this.#nowMs = nowMs;
    this.#freeFromMs = nowMs;
  }

  get speaking(): boolean {
    return this.#speaking;
  }

  hear(samples: Uint8Array): readonly Speech[] {
    const heard: Speech[] = [];
    const sound = new Uint8Array(this.#rest.length + samples.length);
    sound.set(this.#rest);
    sound.set(samples, this.#rest.length);
    let at = 0;
    for (; at + FRAME_SAMPLES <= sound.length; at += FRAME_SAMPLES) {
      const change = this.#frame(levelDbfs(sound.subarray(at, at + FRAME_SAMPLES)) > this.#loudDbfs);
      if (change !== undefined) heard.push(change);
    }
    this.#rest = sound.slice(at);
    return heard;
  }

  #frame(loud: boolean): Speech | undefined {
    this.#nowMs += FRAME_MS;
    if (!this.#speaking) {
      this.#loudFrames = loud ? this.#loudFrames + 1 : 0;
      if (this.#loudFrames < ONSET_FRAMES) return undefined;
      this.#speaking = true;
      this.#quietMs = 0;
      const onsetMs = this.#nowMs - ONSET_FRAMES * FRAME_MS;
      return { kind: "started", startMs: Math.max(this.#freeFromMs, onsetMs - this.#prefixMs) };
    }
    this.#quietMs = loud ? 0 : this.#quietMs + FRAME_MS;
    if (this.#quietMs < this.#silenceMs || this.#quietMs === 0) return undefined;
    this.#speaking = false;
    this.#loudFrames = 0;
    this.#freeFromMs = this.#nowMs;
    return { kind: "stopped", endMs: this.#nowMs };
  }
}
