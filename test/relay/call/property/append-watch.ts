/**
 * What must hold of the caller's audio on its way to the model: all of it, in order, untouched, with nothing but
 * silence between; and to a session that takes another's place, the turn that the caller has no answer to once more, or
 * what the one before it may not have listened to, and what they said while there was none.
 */
import type { Input } from "../../../../relay/call/call.ts";
import type { Effect } from "../../../../relay/call/outbox.ts";
import { hold } from "./broken.ts";

/** As much of it as is looked at: other audio does not begin so. */
const SILENCE = "////".repeat(500);
const EARLY_SAMPLES = 10_000 * 8;
const TURN_SAMPLES = 30_000 * 8;
const UNHEARD_SAMPLES = 8_000 * 8;
const LEAD_MS = 1_000;
const DEAF_AFTER_MS = 3_000;
const LARGEST_SILENCE_SAMPLES = 5_000 * 8;

/** Of 16 bits: what is louder is a voice, where it lasts so long. */
const LOUD = 924;
const SPOKEN_SAMPLES = 100 * 8;

const isSilence = (payload: string) => SILENCE.startsWith(payload.slice(0, SILENCE.length));
const samplesOf = (base64: string) => Buffer.byteLength(base64, "base64");
const sum = (payloads: readonly string[]) =>
  payloads.reduce((total, payload) => total + samplesOf(payload), 0);

export class AppendWatch {
  /** What has come in since there was a session last. */
  #early: string[] = [];
  /** What the sessions have been sent that may have to be said again, silence and all. */
  #sent: string[] = [];
  #sentSamples = 0;
  /** Of that, what the next session is told; undefined: there was no session yet, or there is one. */
  #again: string[] | undefined;
  #isTurn = false;

  /** Audio has come in while there is no session. */
  early(payload: string): void {
    this.#early.push(payload);
  }

  /** The caller was found to speak. */
  turnBegan(): void {
    if (!this.#isTurn) this.#keep(LEAD_MS * 8);
    this.#isTurn = true;
  }

  /** They have what they spoke for, or it is being done. */
  turnAnswered(): void {
    if (this.#isTurn) this.#keep(LEAD_MS * 8);
    this.#isTurn = false;
  }

  get isTurn(): boolean {
    return this.#isTurn;
  }

  /** The session is gone. Returns whether the caller may have spoken to it while it did not listen. */
  lost(input: Input): boolean {
    const isClosed = input.from === "line" && input.news.is === "model_closed";
    const deafMs = isClosed ? (input.news.deafMs ?? 0) : 0;
    if (!this.#isTurn) this.#keep(deafMs >= DEAF_AFTER_MS ? (deafMs + LEAD_MS) * 8 : 0);
    this.#again = this.#sent;
    this.#sent = [];
    this.#sentSamples = 0;
    const spoken = this.#again.filter(isLoud);
    return !this.#isTurn && sum(spoken) >= SPOKEN_SAMPLES;
  }

  step(effects: readonly Effect[], input: Input, session: { wasReady: boolean; isReady: boolean }): void {
    const payloads: string[] = [];
    for (const effect of effects) {
      if (effect.to !== "model" || effect.event.type !== "input_audio_buffer.append") continue;
      payloads.push(effect.event.audio);
    }
    const words = payloads.filter((payload) => !isSilence(payload));
    if (!session.wasReady && session.isReady) return this.#flushed(words, payloads);
    hold(
      "silence is put in by at most 5 s at once",
      sum(payloads.filter(isSilence)) <= LARGEST_SILENCE_SAMPLES,
    );
    if (input.from === "twilio" && input.frame.event === "media" && session.wasReady) {
      const last = payloads.at(-1);
      hold("the caller's audio is passed on, untouched", last === input.frame.media.payload);
      hold("the caller's audio is passed on once", words.length <= 1);
    } else {
      hold("audio is appended only when some comes in", words.length === 0);
    }
    // It may have been lost after it was sent this.
    if (this.#again === undefined) this.#passed(payloads);
    else if (this.#isTurn) this.#again.push(...payloads);
  }

  #flushed(words: readonly string[], payloads: readonly string[]): void {
    const again = this.#again ?? [];
    const limit = this.#again === undefined ? EARLY_SAMPLES : EARLY_SAMPLES + this.#limit;
    const all = [...again.filter((payload) => !isSilence(payload)), ...this.#early];
    const kept = all.slice(all.length - words.length);
    const inOrder = words.length <= all.length && words.every((payload, i) => payload === kept[i]);
    hold("early audio, and what was not answered or not heard, is flushed in order", inOrder);
    const total = sum(payloads);
    hold(
      "at most 10 s of early audio are kept, 30 s of a turn, and 8 s of what was not heard",
      total <= limit,
    );
    const isFull = total > limit - LARGEST_SILENCE_SAMPLES;
    hold("it is dropped only where there is too much of it", words.length === all.length || isFull);
    this.#early = [];
    this.#again = undefined;
    // The next session is sent what this one was.
    this.#passed(payloads);
  }

  get #limit(): number {
    return this.#isTurn ? TURN_SAMPLES : UNHEARD_SAMPLES;
  }

  #passed(payloads: readonly string[]): void {
    this.#sent.push(...payloads);
    this.#sentSamples += sum(payloads);
    this.#keep(this.#limit);
  }

  #keep(samples: number): void {
    while (this.#sentSamples > samples) this.#sentSamples -= samplesOf(this.#sent.shift() ?? "");
  }
}

/** As it sounds: a quarter of it is. */
function isLoud(payload: string): boolean {
  const bytes = [...Buffer.from(payload, "base64")];
  const loud = bytes.filter((byte) => {
    const bits = 0xff - byte;
    return (((bits % 16) * 8 + 132) << (Math.floor(bits / 16) % 8)) - 132 >= LOUD;
  });
  return loud.length > 0 && loud.length * 4 >= bytes.length;
}
