/**
 * What a new session is told of the assistant's words is what the caller's ear got of them: over conversations by chance,
 * with callers who interrupt and sessions that break at any moment, never more than a word too much, and never less than
 * half. The ear is a carrier's queue worked out in simulated time (simulated-world.ts); it knows nothing of the playhead.
 */
import { describe, expect, test } from "bun:test";
import type { Effect } from "../../../relay/call/outbox.ts";
import "../../patience.ts";
import type { Input } from "../../../relay/call/call.ts";
import type { FromModel, ToModel } from "../../../relay/wire/realtime.ts";
import { tries } from "../../often.ts";
import { audio, CallInHand, PCMU, PROFILE, SETTINGS, STREAM_SID } from "./call-in-hand.ts";
import { Chance } from "./chance.ts";
import { Agenda, Queue, Way } from "./simulated-world.ts";

const TALKS = tries(40);
const TALK_MS = 40_000;
const FRAME_MS = 20;
const PIECE_MS = 200;
const ENGLISH =
  "well the weather will be rather pleasant tomorrow with a little wind and rain towards evening".split(" ");
const JAPANESE = "明日は晴れのち曇りで夕方から雨が降るでしょう";

/** How this assistant talks. Its words run ahead of its voice by as many pieces. */
type Voice = {
  readonly words: (ms: number, chance: Chance) => string;
  readonly unit: RegExp;
  readonly ahead: number;
};

const english = (ahead: number): Voice => ({
  ahead,
  unit: /\S+/g,
  words: (ms, chance) => {
    const length = (ms / 1_000) * chance.between(11, 17);
    let words = "";
    while (words.length < length)
      words += `${words === "" ? "" : " "}${ENGLISH[chance.whole(0, ENGLISH.length - 1)]}`;
    return words;
  },
});
const japanese: Voice = {
  ahead: 0,
  unit: /./gu,
  words: (ms, chance) => {
    const from = chance.whole(0, JAPANESE.length - 1);
    return JAPANESE.repeat(10).slice(from, from + Math.ceil((ms / 1_000) * 7));
  },
};

type Item = { readonly words: string; readonly ms: number };
/** One item, as the ear got it and as the new session was told of it. In words, or in characters. */
type Told = { readonly heard: number; readonly told: number };

class Talk {
  readonly seeds: Told[][] = [];
  breaks = 0;
  interruptions = 0;
  readonly #voice: Voice;
  readonly #chance: Chance;
  readonly #agenda = new Agenda();
  readonly #hand = new CallInHand({ ...SETTINGS }, PROFILE, 0);
  readonly #toCarrier: Way;
  readonly #fromCarrier: Way;
  readonly #queue: Queue;
  readonly #items = new Map<string, Item>();
  /** In the order in which the caller was sent something of them. */
  readonly #sent: string[] = [];
  #playing: string | undefined;
  #socket = 0;
  #isUp = false;
  #active: string | undefined;
  #responses = 0;

  constructor(voice: Voice, seed: number) {
    this.#voice = voice;
    const chance = new Chance(seed);
    this.#chance = chance;
    const way = () =>
      new Way(this.#agenda, { oneWayMs: chance.between(1, 60), jitterMs: chance.between(0, 10) }, chance);
    this.#toCarrier = way();
    this.#fromCarrier = way();
    this.#queue = new Queue(this.#agenda, 0, (name) =>
      this.#frame({ event: "mark", streamSid: STREAM_SID, mark: { name } }),
    );
  }

  run(): this {
    this.#perform(this.#hand.effects);
    this.#frame({ event: "connected" });
    this.#agenda.at(5, () => this.#fromCarrier.send(() => this.#started()));
    this.#agenda.at(100, () => this.#hears(0));
    for (let at = 2_000; at < TALK_MS; at += this.#chance.between(600, 5_000)) {
      this.#agenda.at(at, () => (this.#chance.often(0.3) ? this.#break() : this.#interrupt()));
    }
    while (this.#agenda.now < TALK_MS) {
      const next = this.#agenda.nextAt ?? TALK_MS;
      const due = this.#hand.call.nextDeadline() ?? TALK_MS;
      if (due < next) {
        this.#agenda.now = Math.max(this.#agenda.now, due);
        this.#give({ from: "clock" });
      } else this.#agenda.runUntil(next);
    }
    return this;
  }

  // --- the caller ---------------------------------------------------------------------------------------------

  #started(): void {
    this.#hand.at = this.#agenda.now;
    this.#perform(this.#hand.start().effects);
  }

  #hears(index: number): void {
    const media = { track: "inbound" as const, timestamp: index * FRAME_MS, payload: audio(FRAME_MS) };
    this.#frame({ event: "media", streamSid: STREAM_SID, media });
    this.#agenda.at(this.#agenda.now + FRAME_MS, () => this.#hears(index + 1));
  }

  #interrupt(): void {
    if (!this.#isUp) return;
    this.interruptions++;
    const { now } = this.#agenda;
    const item_id = `turn-${now}`;
    this.#active = undefined;
    this.#event({ type: "input_audio_buffer.speech_started" });
    this.#later(now + 500, () => {
      this.#event({ type: "input_audio_buffer.committed", item_id });
      this.#respond();
    });
  }

  // --- the model ----------------------------------------------------------------------------------------------

  #break(): void {
    if (!this.#isUp) return;
    this.breaks++;
    this.#give({ from: "line", news: { is: "model_closed", code: 1011 } });
  }

  /** Unless the session is gone by then. */
  #later(at: number, happen: () => void): void {
    const socket = this.#socket;
    this.#agenda.at(at, () => {
      if (this.#socket === socket) happen();
    });
  }

  #asked(event: ToModel): void {
    if (event.type === "session.update") {
      this.#later(this.#agenda.now + 40, () => {
        this.#isUp = true;
        this.#event({ type: "session.updated", session: { audio: PCMU } });
      });
    } else if (event.type === "response.create") {
      this.#later(this.#agenda.now + 40, () => this.#respond(event.response.metadata.reason));
    }
  }

  #respond(reason?: string): void {
    const chance = this.#chance;
    const id = `r${this.#responses++}`;
    const item_id = `${id}-item`;
    const pieces = chance.whole(3, 25);
    const ms = pieces * PIECE_MS;
    const words = this.#voice.words(ms, chance);
    this.#items.set(item_id, { words, ms });
    this.#active = id;
    const pace = chance.one([6, 3, 1.2, 1]);
    const metadata = reason === undefined ? null : { reason };
    this.#event({ type: "response.created", response: { id, metadata } });
    let at = this.#agenda.now + chance.between(20, 300);
    const upTo = (piece: number) =>
      Math.floor((words.length * Math.min(pieces, Math.max(0, piece))) / pieces);
    let spelt = 0;
    for (let piece = 0; piece < pieces; piece++) {
      const to = upTo(piece + 1 + this.#voice.ahead);
      const delta = words.slice(spelt, to);
      spelt = to;
      this.#when(id, at, () => {
        this.#event({ type: "response.output_audio_transcript.delta", response_id: id, item_id, delta });
        this.#says(id, item_id);
      });
      at += PIECE_MS / pace;
    }
    this.#when(id, at, () => {
      this.#event({
        type: "response.output_audio_transcript.done",
        response_id: id,
        item_id,
        transcript: words,
      });
      this.#event({ type: "response.output_audio.done", response_id: id, item_id, content_index: 0 });
      this.#active = undefined;
      this.#event({ type: "response.done", response: { id, status: "completed" } });
    });
  }

  #when(id: string, at: number, happen: () => void): void {
    this.#later(at, () => {
      if (this.#active === id) happen();
    });
  }

  #says(response_id: string, item_id: string): void {
    this.#playing = item_id;
    const delta = audio(PIECE_MS);
    this.#event({ type: "response.output_audio.delta", response_id, item_id, content_index: 0, delta });
    this.#playing = undefined;
  }

  // --- to and fro ---------------------------------------------------------------------------------------------

  #frame(frame: Extract<Input, { from: "twilio" }>["frame"]): void {
    this.#fromCarrier.send(() => this.#give({ from: "twilio", frame }));
  }

  #event(event: FromModel): void {
    this.#give({ from: "model", event });
  }

  #give(input: Input): void {
    this.#hand.at = this.#agenda.now;
    this.#perform(this.#hand.give(input).effects);
  }

  #perform(effects: readonly Effect[]): void {
    const seed: string[] = [];
    for (const effect of effects) {
      if (effect.to === "session") {
        this.#socket++;
        this.#isUp = false;
        this.#active = undefined;
        const openMs = this.#chance.between(20, 900);
        if (effect.is === "dial")
          this.#later(this.#agenda.now + openMs, () =>
            this.#give({ from: "line", news: { is: "model_open" } }),
          );
      } else if (effect.to === "model") {
        const { event } = effect;
        if (event.type === "conversation.item.create" && event.item.type === "message")
          if (event.item.role === "assistant") seed.push(event.item.content[0].text.replace(/ …$/, ""));
        this.#asked(event);
      } else if (effect.to === "twilio") this.#toEar(effect.frame);
    }
    const isSeed = effects.some((effect) => effect.to === "log" && effect.entry.event === "session.restored");
    if (isSeed) this.seeds.push(this.#compare(seed));
  }

  #toEar(frame: Extract<Effect, { to: "twilio" }>["frame"]): void {
    const item = this.#playing ?? "the relay's own";
    if (frame.event === "media") {
      if (this.#playing !== undefined && this.#sent.at(-1) !== item) this.#sent.push(item);
      const ms = Buffer.byteLength(frame.media.payload, "base64") / 8;
      this.#toCarrier.send(() => this.#queue.media(item, ms));
    } else if (frame.event === "mark") {
      const { name } = frame.mark;
      this.#toCarrier.send(() => this.#queue.mark(name));
    } else this.#toCarrier.send(() => this.#queue.clear());
  }

  // --- the ear, and what is told of it ------------------------------------------------------------------------

  /** Items of which nothing is told are those of which not a word was heard: the others are told of in their order. */
  #compare(seed: readonly string[]): Told[] {
    const left = [...seed];
    return this.#sent.map((itemId) => {
      const { words, ms } = this.#items.get(itemId) ?? { words: "", ms: 1 };
      const heard = this.#unitsIn(words, (words.length * this.#queue.heardMs(itemId)) / ms);
      const [next] = left;
      const isTold = next !== undefined && next !== "" && words.startsWith(next);
      if (isTold) left.shift();
      return { heard, told: isTold ? this.#unitsIn(words, next.length) : 0 };
    });
  }

  /** Whole words, or characters, in the first so many characters. */
  #unitsIn(words: string, length: number): number {
    const ends = [...words.matchAll(this.#voice.unit)].map((match) => match.index + match[0].length);
    return ends.filter((end) => end <= length + 0.01).length;
  }
}

const VOICES = [
  ["words that come with the voice", english(0)],
  ["words that run ahead of the voice", english(1)],
  ["words with no spaces between them", japanese],
] as const;

describe("a session that takes another's place is told what was heard", () => {
  test.each(VOICES)("of %s", (_, voice) => {
    let [told, heard, cut, breaks, interruptions] = [0, 0, 0, 0, 0];
    for (let seed = 1; seed <= TALKS; seed++) {
      const talk = new Talk(voice, seed).run();
      breaks += talk.breaks;
      interruptions += talk.interruptions;
      for (const items of talk.seeds) {
        const tooMuch = items.filter((item) => item.told > item.heard + 1);
        expect(tooMuch, `talk ${seed}`).toEqual([]);
        const sum = (of: (item: Told) => number) => items.reduce((total, item) => total + of(item), 0);
        expect(
          sum((item) => item.told),
          `talk ${seed}`,
        ).toBeGreaterThanOrEqual(sum((item) => item.heard) / 2);
        told += sum((item) => item.told);
        heard += sum((item) => item.heard);
        cut += items.filter((item) => item.told < item.heard).length;
      }
    }
    // It did happen, and what is lost of what was heard is little.
    expect(Math.min(breaks, interruptions)).toBeGreaterThan(TALKS);
    expect(heard).toBeGreaterThan(75 * TALKS);
    expect(told / heard).toBeGreaterThan(0.9);
    expect(cut).toBeGreaterThan(0);
  });
});
