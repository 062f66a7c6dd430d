/**
 * What must hold of the caller's audio on its way to the model: all of it, in order, untouched, with nothing but
 * silence between; and to a session that takes another's place, the turn that the caller has no answer to once more, and
 * what they said while there was none.
 */
import type { Input } from "../../../../relay/call/call.ts";
import type { Effect } from "../../../../relay/call/outbox.ts";
import { hold } from "./broken.ts";

/** As much of it as is looked at: other audio does not begin so. */
const SILENCE = "////".repeat(500);
const EARLY_SAMPLES = 10_000 * 8;
const TURN_SAMPLES = 30_000 * 8;
const LEAD_SAMPLES = 1_000 * 8;
const LARGEST_SILENCE_SAMPLES = 5_000 * 8;

const samplesOf = (base64: string) => Buffer.byteLength(base64, "base64");
const sum = (payloads: readonly string[]) =>
  payloads.reduce((total, payload) => total + samplesOf(payload), 0);

export class AppendWatch {
  /** What has come in since there was a session last. */
  #early: string[] = [];
  /** What the last sessions have been sent that may have to be said again: all since the last answer, and a second before. */
  #sent: string[] = [];
  /** Where in `#sent` the turn that has no answer was noticed; undefined: there is none. */
  #turnFrom: number | undefined;

  /** Audio has come in while there is no session. */
  early(payload: string): void {
    this.#early.push(payload);
  }

  /** The caller was found to speak. */
  turnBegan(): void {
    this.#turnFrom ??= this.#sent.length;
  }

  /** They have what they spoke for, or it is being done. */
  turnAnswered(): void {
    if (this.#turnFrom === undefined) return;
    this.#turnFrom = undefined;
    this.#trim();
  }

  get isTurn(): boolean {
    return this.#turnFrom !== undefined;
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
    if (!session.wasReady && session.isReady) return this.#flushed(words, payloads);
    const silent = sum(silence);
    hold("silence is put in by at most 5 s at once", silent <= LARGEST_SILENCE_SAMPLES);
    if (input.from === "twilio" && input.frame.event === "media" && session.wasReady) {
      const last = payloads.at(-1);
      hold("the caller's audio is passed on, untouched", last === input.frame.media.payload);
      hold("the caller's audio is passed on once", words.length <= 1);
      this.#passed(words);
    } else {
      hold("audio is appended only when some comes in", words.length === 0);
    }
  }

  #flushed(words: readonly string[], payloads: readonly string[]): void {
    const turnFrom = this.#turnFrom;
    const limit = turnFrom === undefined ? EARLY_SAMPLES : TURN_SAMPLES + EARLY_SAMPLES;
    const again = turnFrom === undefined ? [] : this.#sent;
    const all = [...again, ...this.#early];
    const kept = all.slice(all.length - words.length);
    const inOrder = words.length <= all.length && words.every((payload, i) => payload === kept[i]);
    hold("early audio, and a turn without an answer, is flushed in order", inOrder);
    const total = sum(payloads);
    hold("at most 10 s of early audio are kept, and 30 s of a turn", total <= limit);
    const least = all.length - (turnFrom ?? 0);
    const isFull =
      total > EARLY_SAMPLES - LARGEST_SILENCE_SAMPLES || sum(all.slice(turnFrom ?? 0)) > TURN_SAMPLES;
    hold(
      "early audio, and a turn, is dropped only where there is too much of it",
      words.length >= least || isFull,
    );
    const before = all.slice(all.length - words.length, all.length - least);
    hold("no more than a second before a turn is said again", sum(before) <= LEAD_SAMPLES);
    this.#early = [];
    // The next session is sent what this one was.
    this.#turnFrom = turnFrom === undefined ? undefined : Math.max(0, words.length - least);
    this.#sent = [...words];
    this.#trim();
  }

  #passed(words: readonly string[]): void {
    this.#sent.push(...words);
    this.#trim();
  }

  #trim(): void {
    if (this.#turnFrom !== undefined) return;
    while (this.#sent.length > 0 && sum(this.#sent.slice(1)) >= LEAD_SAMPLES) this.#sent.shift();
  }
}
