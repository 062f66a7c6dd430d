/**
 * Who spoke, when, and how much of it was heard. The assistant's part is measured at the ear alone, by its sample
 * counter: a response begins where everything that the carrier had received before it ends, whether that was played
 * or thrown away. The relay's own idea of the playhead has no part in it.
 */
import type { PlacedCall } from "../carrier/carrier.ts";
import { isAudible, SAMPLES_PER_MS } from "../carrier/mulaw.ts";
import { type Ticking, ticker } from "../carrier/ticker.ts";
import { type Played, type Recorded, RelayVoice } from "./relay-voice.ts";
import type { Saying, Voice } from "./voice.ts";

export type Heard = {
  readonly who: "assistant";
  readonly responseId: string;
  readonly cause: "greeting" | "answer";
  /** Where it begins in the sequence of all samples that the carrier was sent. */
  readonly fromSample: number;
  /** In the ear's record; undefined while nothing of it was heard. */
  startSample: number | undefined;
  /** Since dial. */
  startMs: number | undefined;
  heardSamples: number;
  /** "cut": cleared before its end; "broken off": the line closed before its end. */
  state: "coming" | "whole" | "cut" | "broken off";
  endMs: number | undefined;
};

export type Spoken = {
  readonly who: "caller";
  readonly words: string;
  readonly sound: Uint8Array;
  /** In the record of what the caller said. */
  readonly startSample: number;
  readonly startMs: number;
  /** When the last audible sound of it was made; what follows is the quiet end of the clip. */
  readonly lastWordMs: number;
  readonly endMs: number;
};

export type Utterance = Heard | Spoken | Played;

export class Hearing {
  readonly utterances: Utterance[] = [];
  readonly #voice: Voice;
  readonly #relay: RelayVoice;
  #call: PlacedCall | undefined;
  #droppedSamples = 0;
  #closed = false;
  readonly #watch: Ticking = { tick: () => this.#listen() };

  /** @param recorded what the relay may say by itself */
  constructor(voice: Voice, recorded: readonly Recorded[]) {
    this.#voice = voice;
    this.#relay = new RelayVoice(recorded);
  }

  get heard(): Heard[] {
    return this.utterances.filter((each) => each.who === "assistant");
  }

  get spoken(): Spoken[] {
    return this.utterances.filter((each) => each.who === "caller");
  }

  /** What the relay said by itself. */
  get played(): readonly Played[] {
    return this.#relay.played;
  }

  /** All that was heard from the other end, in the order in which it began. */
  get heardInOrder(): Array<Heard | Played> {
    return [...this.heard, ...this.played]
      .filter(({ startMs }) => startMs !== undefined)
      .sort((one, other) => (one.startMs ?? 0) - (other.startMs ?? 0));
  }

  sayingOf({ responseId }: Heard): Saying | undefined {
    return this.#voice.said(responseId);
  }

  /** The share of it that was heard; 1 when it is not known how long it will be. */
  shareOf(heard: Heard | Played): number {
    const saying = heard.who === "relay" ? heard : this.sayingOf(heard);
    if (heard.state === "whole" || saying === undefined || saying.sound.length === 0) return 1;
    return Math.min(1, heard.heardSamples / saying.sound.length);
  }

  listenTo(call: PlacedCall): void {
    this.#call = call;
    ticker.join(this.#watch);
    const leave = () => ticker.leave(this.#watch);
    call.ended.then(leave, leave);
  }

  /** The caller begins to say this at the next tick of the line's clock. */
  says(words: string, sound: Uint8Array): Spoken | undefined {
    if (this.#call === undefined) return undefined;
    const startSample = this.#call.spoken().length;
    const startMs = this.#call.ear.answeredAtMs + startSample / SAMPLES_PER_MS;
    const lastWord = sound.findLastIndex(isAudible) + 1;
    const spoken: Spoken = {
      who: "caller",
      words,
      sound,
      startSample,
      startMs,
      lastWordMs: startMs + lastWord / SAMPLES_PER_MS,
      endMs: startMs + sound.length / SAMPLES_PER_MS,
    };
    this.utterances.push(spoken);
    return spoken;
  }

  /** The model sends the first sound of a response: all earlier ones have arrived. */
  begins(responseId: string, cause: Heard["cause"]): void {
    if (this.#call === undefined) return;
    const { ear } = this.#call;
    this.utterances.push({
      who: "assistant",
      responseId,
      cause,
      fromSample: ear.playedSamples + ear.bufferedSamples() + this.#droppedSamples,
      startSample: undefined,
      startMs: undefined,
      heardSamples: 0,
      state: "coming",
      endMs: undefined,
    });
  }

  cleared(playedSamples: number, droppedSamples: number, atMs: number): void {
    this.#listen(playedSamples + this.#droppedSamples);
    this.#relay.stop("cut", atMs);
    for (const heard of this.heard) if (heard.state === "coming") this.#end(heard, "cut", atMs);
    this.#droppedSamples += droppedSamples;
  }

  lineEnded(): void {
    this.#listen();
    this.#closed = true;
    const atMs = this.#call?.nowMs() ?? 0;
    this.#relay.stop("broken off", atMs);
    for (const heard of this.heard) if (heard.state === "coming") this.#end(heard, "broken off", atMs);
  }

  #end(heard: Heard, state: Heard["state"], atMs: number): void {
    heard.state = state;
    heard.endMs = atMs;
  }

  /** @param playhead in the sequence of all samples that the carrier was sent */
  #listen(playhead = (this.#call?.ear.playedSamples ?? 0) + this.#droppedSamples): void {
    if (this.#call === undefined || this.#closed) return;
    const { ear } = this.#call;
    this.utterances.push(...this.#relay.listen(ear, playhead));
    const coming = this.heard.filter(({ state }) => state === "coming");
    for (const [index, heard] of coming.entries()) {
      const into = playhead - heard.fromSample;
      if (into <= 0) continue;
      if (heard.startSample === undefined) {
        heard.startSample = ear.samples - into;
        heard.startMs = ear.answeredAtMs + heard.startSample / SAMPLES_PER_MS;
      }
      const saying = this.sayingOf(heard);
      const room = this.#nextAfter(heard, coming[index + 1]) - heard.fromSample;
      const most = Math.min(room, saying?.whole ? saying.sound.length : Number.POSITIVE_INFINITY);
      heard.heardSamples = Math.min(into, most);
      if (into < most) continue;
      this.#end(heard, "whole", ear.answeredAtMs + (ear.samples - (into - most)) / SAMPLES_PER_MS);
    }
  }

  /** Where what was sent after it begins, be it the model's or the relay's own. */
  #nextAfter({ fromSample }: Heard, next: Heard | undefined): number {
    const played = this.played.filter((each) => each.fromSample > fromSample);
    const all = [...played, ...(next === undefined ? [] : [next])];
    return Math.min(Number.POSITIVE_INFINITY, ...all.map((each) => each.fromSample));
  }
}

/**
 * Whether the ear's record, from where it began, is this sound so far, sample for sample.
 * @returns how many samples of silence lay between, where the line ran dry; undefined if another sound was heard
 */
export function gapsIn(record: Uint8Array, startSample: number, sound: Uint8Array): number | undefined {
  let at = startSample;
  let gaps = 0;
  for (let next = 0; next < sound.length; at++) {
    if (at >= record.length) return undefined;
    if (record[at] === sound[next]) next += 1;
    else if (record[at] === 0xff) gaps += 1;
    else return undefined;
  }
  return gaps;
}
