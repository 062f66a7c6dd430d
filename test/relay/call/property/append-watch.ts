/**
 * What must hold of the caller's audio on its way to the model: all of it, in order, untouched, with nothing but
 * silence between.
 */
import type { Input } from "../../../../relay/call/call.ts";
import type { Effect } from "../../../../relay/call/outbox.ts";
import { hold } from "./broken.ts";

/** As much of it as is looked at: other audio does not begin so. */
const SILENCE = "////".repeat(500);
const EARLY_SAMPLES = 10_000 * 8;
const LARGEST_SILENCE_SAMPLES = 5_000 * 8;

const samplesOf = (base64: string) => Buffer.byteLength(base64, "base64");

export class AppendWatch {
  #early: string[] = [];

  /** Audio has come in before the session is ready. */
  early(payload: string): void {
    this.#early.push(payload);
  }

  step(effects: readonly Effect[], input: Input, session: { wasReady: boolean; isReady: boolean }): void {
    const payloads: string[] = [];
    const words: string[] = [];
    const silence: string[] = [];
    for (const effect of effects) {
      if (effect.to !== "model" || effect.event.type !== "input_audio_buffer.append") continue;
      const { audio } = effect.event;
      payloads.push(audio);
      (SILENCE.startsWith(audio.slice(0, SILENCE.length)) ? silence : words).push(audio);
    }
    if (!session.wasReady && session.isReady) {
      const total = payloads.reduce((sum, payload) => sum + samplesOf(payload), 0);
      const kept = this.#early.slice(this.#early.length - words.length);
      const inOrder = words.every((payload, i) => payload === kept[i]);
      hold("early audio is flushed in order", words.length <= this.#early.length && inOrder);
      hold("at most 10 s of early audio are kept", total <= EARLY_SAMPLES);
      const full = total > EARLY_SAMPLES - LARGEST_SILENCE_SAMPLES;
      hold("early audio is dropped only where 10 s are kept", words.length === this.#early.length || full);
      this.#early = [];
      return;
    }
    const silent = silence.reduce((sum, payload) => sum + samplesOf(payload), 0);
    hold("silence is put in by at most 5 s at once", silent <= LARGEST_SILENCE_SAMPLES);
    if (input.from === "twilio" && input.frame.event === "media" && session.wasReady) {
      const last = payloads.at(-1);
      hold("the caller's audio is passed on, untouched", last === input.frame.media.payload);
      hold("the caller's audio is passed on once", words.length <= 1);
    } else {
      hold("audio is appended only when some comes in", words.length === 0);
    }
  }
}
