/**
 * A carrier, a network and a model in simulated time, to ask of the playhead: how far is it from the ear?
 *
 * The carrier plays its queue at real speed and knows exactly what the ear got. The network delays each message by
 * a way and a jitter, and keeps the order, as TCP does. The model speaks faster or slower than real time. All of it
 * is seeded, and none of it uses anything of the relay's but Playback, which is driven as exchange.ts drives it.
 */
import { Playback } from "../../../relay/call/playback.ts";
import { Chance } from "./chance.ts";
import { Agenda, type Network, Queue, Way } from "./simulated-world.ts";

export type Mix = Network & {
  /** How fast the model speaks, in multiples of real time. */
  readonly pace: number;
  readonly items: readonly [number, number];
  /** Phones may leave out silent frames: then there are none until the caller speaks. */
  readonly silenceOmitted: boolean;
  /** The carrier plays and acknowledges at once (0), or in packets of so many ms. */
  readonly packetMs: 0 | 20;
};

export type Outcome = {
  /** |what each interruption left of the conversation − what the ear had got|, the worst item of each. */
  readonly errorsMs: readonly number[];
  /** Truncations past what was sent: the model would refuse them. */
  readonly refusals: number;
  /** Interruptions of a turn that had been heard to its end. */
  readonly heardOut: number;
};

const FRAME_MS = 20;
const SAMPLES_PER_MS = 8;
/** From the caller's first word to the model's speech_started. */
const DETECTION_MS = 250;
/** A turn is let be in so many cases, and interrupted somewhere in the others, perhaps after its end. */
const LET_BE = 0.3;

/** One long call with so many interruptions. */
export function interruptions(mix: Mix, count: number, seed: number): Outcome {
  const line = new Line(mix, new Chance(seed));
  while (line.errorsMs.length < count) line.turn();
  return line;
}

type Item = { readonly id: string; sentMs: number };

class Line implements Outcome {
  readonly errorsMs: number[] = [];
  refusals = 0;
  heardOut = 0;
  readonly #mix: Mix;
  readonly #chance: Chance;
  readonly #agenda = new Agenda();
  readonly #playback = new Playback();
  readonly #there: Way;
  readonly #queue: Queue;
  #turns = 0;
  #callerSpeaks: readonly [number, number] = [0, 1000];

  constructor(mix: Mix, chance: Chance) {
    this.#mix = mix;
    this.#chance = chance;
    const agenda = this.#agenda;
    this.#there = new Way(agenda, mix, chance);
    const back = new Way(agenda, mix, chance);
    this.#queue = new Queue(agenda, mix.packetMs, (name) =>
      back.send(() => this.#playback.marked(name, agenda.now)),
    );
    // Two crystals never agree, and the stream began at a time of its own.
    const frameMs = FRAME_MS * (1 + chance.between(-100, 100) / 1e6);
    const beganAt = chance.between(0, FRAME_MS);
    const frame = (index: number) =>
      agenda.at(beganAt + (index + 1) * frameMs, () => {
        const [from, to] = this.#callerSpeaks;
        if (!mix.silenceOmitted || (agenda.now >= from && agenda.now <= to)) {
          back.send(() => this.#playback.inbound(index * FRAME_MS, agenda.now));
        }
        frame(index + 1);
      });
    frame(0);
    this.#probe();
    agenda.runUntil(1000);
  }

  /** The assistant speaks; the caller lets it, or does not. */
  turn(): void {
    const agenda = this.#agenda;
    const items: Item[] = [];
    const totalMs = this.#speak(items);
    const wholeMs = this.#mix.pace < 1 ? totalMs / this.#mix.pace : totalMs;
    const from = agenda.now;
    const interruptAt = from + this.#chance.between(100, wholeMs + 400);
    if (this.#chance.often(LET_BE)) {
      agenda.runUntil(from + wholeMs + this.#chance.between(1000, 4000));
      return;
    }
    this.#callerSpeaks = [interruptAt - DETECTION_MS, interruptAt + 1500];
    agenda.runUntil(interruptAt);
    this.#interrupt(items);
    agenda.runUntil(interruptAt + 2000);
    this.#queue.forget();
  }

  /** Schedules what the model says; returns how much that is. */
  #speak(items: Item[]): number {
    const turn = this.#turns++;
    const { pace } = this.#mix;
    let deltaAt = this.#agenda.now;
    let totalMs = 0;
    const count = this.#chance.whole(...this.#mix.items);
    for (let i = 0; i < count; i++) {
      const item: Item = { id: `${turn}.${i}`, sentMs: 0 };
      for (let leftMs = this.#chance.whole(400, 5000); leftMs > 0; ) {
        const ms = Math.min(leftMs, this.#chance.whole(100, 400));
        leftMs -= ms;
        totalMs += ms;
        const isLast = leftMs === 0;
        this.#agenda.at(deltaAt, () => this.#delta(turn, item, ms, isLast, items));
        deltaAt += ms / pace;
      }
    }
    this.#agenda.at(deltaAt, () => {
      if (turn > this.#interrupted) this.#playback.completeAll();
    });
    return totalMs;
  }

  #interrupted = -1;

  #delta(turn: number, item: Item, ms: number, isLast: boolean, items: Item[]): void {
    if (turn <= this.#interrupted) return;
    if (item.sentMs === 0) items.push(item);
    item.sentMs += ms;
    this.#probe();
    const mark = this.#playback.sent(item.id, 0, ms * SAMPLES_PER_MS, this.#agenda.now);
    this.#there.send(() => this.#queue.media(item.id, ms));
    this.#there.send(() => this.#queue.mark(mark));
    if (isLast) this.#playback.complete(item.id, 0);
  }

  #probe(): void {
    const name = this.#playback.probe(this.#agenda.now);
    if (name !== undefined) this.#there.send(() => this.#queue.mark(name));
  }

  #interrupt(items: readonly Item[]): void {
    this.#interrupted = this.#turns - 1;
    const { truncations } = this.#playback.interrupt(this.#agenda.now);
    const cut = new Map(truncations.map(({ item_id, audio_end_ms }) => [item_id, audio_end_ms]));
    const sent = items.map((item) => ({ ...item, leftMs: cut.get(item.id) ?? item.sentMs }));
    this.refusals += sent.filter(({ leftMs, sentMs }) => leftMs > sentMs || !Number.isInteger(leftMs)).length;
    this.#there.send(() => {
      this.#queue.clear();
      const errors = sent.map(({ id, leftMs }) => Math.abs(leftMs - this.#queue.heardMs(id)));
      if (truncations.length === 0) this.heardOut++;
      this.errorsMs.push(Math.max(0, ...errors));
    });
  }
}
