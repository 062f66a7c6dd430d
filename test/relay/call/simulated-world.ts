/**
 * The world around a call in simulated time: an agenda, a network that delays and keeps the order as TCP does, and
 * a carrier's queue that is worked out rather than played, and so knows exactly what the ear got.
 */
import type { Chance } from "./chance.ts";

export type Network = { readonly oneWayMs: number; readonly jitterMs: number };

/** Things that happen, in the order of their time. */
export class Agenda {
  readonly #due: { readonly at: number; readonly order: number; readonly happen: () => void }[] = [];
  #order = 0;
  now = 0;

  at(at: number, happen: () => void): void {
    const entry = { at: Math.max(at, this.now), order: this.#order++, happen };
    let i = this.#due.length;
    while (i > 0 && (this.#due[i - 1]?.at ?? 0) > entry.at) i--;
    this.#due.splice(i, 0, entry);
  }

  get nextAt(): number | undefined {
    return this.#due[0]?.at;
  }

  runUntil(at: number): void {
    for (let first = this.#due[0]; first !== undefined && first.at <= at; first = this.#due[0]) {
      this.#due.shift();
      this.now = first.at;
      first.happen();
    }
    this.now = at;
  }
}

/** One direction of the network. */
export class Way {
  #last = 0;
  #sentAt = -1;
  #delayMs = 0;
  readonly #agenda: Agenda;
  readonly #network: Network;
  readonly #chance: Chance;

  constructor(agenda: Agenda, network: Network, chance: Chance) {
    this.#agenda = agenda;
    this.#network = network;
    this.#chance = chance;
  }

  send(arrive: () => void): void {
    const { now } = this.#agenda;
    // What is written at one moment travels as one packet.
    if (now !== this.#sentAt)
      this.#delayMs = this.#network.oneWayMs + this.#chance.between(0, this.#network.jitterMs);
    this.#sentAt = now;
    this.#last = Math.max(this.#last, now + this.#delayMs);
    this.#agenda.at(this.#last, arrive);
  }
}

/** The carrier's queue, worked out rather than played: what starts when, and what the ear had got at any moment. */
export class Queue {
  #segments: { readonly item: string; readonly from: number; readonly to: number }[] = [];
  #marks: { readonly name: string; readonly at: number }[] = [];
  #busyUntil = 0;
  readonly #agenda: Agenda;
  readonly #packetMs: number;
  readonly #acknowledge: (name: string) => void;

  constructor(agenda: Agenda, packetMs: number, acknowledge: (name: string) => void) {
    this.#agenda = agenda;
    this.#packetMs = packetMs;
    this.#acknowledge = acknowledge;
  }

  #nextPacket(at: number): number {
    return this.#packetMs === 0 ? at : Math.ceil(at / this.#packetMs) * this.#packetMs;
  }

  media(item: string, ms: number): void {
    const { now } = this.#agenda;
    const from = this.#busyUntil > now ? this.#busyUntil : this.#nextPacket(now);
    this.#busyUntil = from + ms;
    this.#segments.push({ item, from, to: this.#busyUntil });
  }

  mark(name: string): void {
    const mark = { name, at: this.#nextPacket(Math.max(this.#agenda.now, this.#busyUntil)) };
    this.#marks.push(mark);
    this.#agenda.at(mark.at, () => {
      if (!this.#marks.includes(mark)) return;
      this.#marks = this.#marks.filter((each) => each !== mark);
      this.#acknowledge(name);
    });
  }

  /** A packet that has begun is heard to its end. */
  clear(): void {
    const until = this.#nextPacket(this.#agenda.now);
    this.#segments = this.#segments
      .filter(({ from }) => from < until)
      .map((segment) => ({ ...segment, to: Math.min(segment.to, until) }));
    this.#busyUntil = Math.min(this.#busyUntil, until);
    const flushed = this.#marks;
    this.#marks = [];
    for (const { name } of flushed) this.#acknowledge(name);
  }

  /** What the ear will have got of `item`, once all that is queued now has been played. */
  heardMs(item: string): number {
    let heardMs = 0;
    for (const segment of this.#segments) if (segment.item === item) heardMs += segment.to - segment.from;
    return heardMs;
  }

  /** What the ear had got of `item` by then. */
  playedMs(item: string, by: number): number {
    let playedMs = 0;
    for (const segment of this.#segments)
      if (segment.item === item) playedMs += Math.max(0, Math.min(segment.to, by) - segment.from);
    return playedMs;
  }

  /** What the ear got last, by then. */
  lastHeard(by: number): string | undefined {
    return this.#segments.findLast(({ from }) => from < by)?.item;
  }

  /** When all that is queued now will have been played. */
  get quietAt(): number {
    return this.#busyUntil;
  }

  forget(): void {
    this.#segments = this.#segments.filter(({ to }) => to > this.#agenda.now);
  }
}
