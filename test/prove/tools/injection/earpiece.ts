/**
 * The carrier's end of the line: it plays its queue at real speed, answers marks when what was before them was played,
 * and throws away what was not when it is told to clear. What was played whole has been heard; nothing else has.
 */
import type { Agenda } from "../../../relay/call/simulated-world.ts";
import type { Piece, Sound } from "./sound.ts";

type Queued = { readonly piece: Piece; readonly to: number };

export type EarpieceParts = {
  readonly agenda: Agenda;
  readonly sound: Sound;
  readonly acknowledge: (mark: string) => void;
  readonly heard: (piece: Piece) => void;
};

export class Earpiece {
  readonly #parts: EarpieceParts;
  #queue: Queued[] = [];
  #marks: Array<{ readonly name: string }> = [];
  #busyUntil = 0;

  constructor(parts: EarpieceParts) {
    this.#parts = parts;
  }

  media(payload: string): void {
    const { agenda, sound, heard } = this.#parts;
    const piece = sound.heard(payload);
    this.#busyUntil = Math.max(this.#busyUntil, agenda.now) + piece.ms;
    const queued = { piece, to: this.#busyUntil };
    this.#queue.push(queued);
    agenda.at(queued.to, () => {
      if (this.#queue[0] !== queued) return;
      this.#queue.shift();
      heard(piece);
    });
  }

  mark(name: string): void {
    const { agenda, acknowledge } = this.#parts;
    const entry = { name };
    this.#marks.push(entry);
    agenda.at(Math.max(agenda.now, this.#busyUntil), () => {
      const at = this.#marks.indexOf(entry);
      if (at < 0) return;
      this.#marks.splice(at, 1);
      acknowledge(name);
    });
  }

  clear(): void {
    const flushed = this.#marks;
    this.#queue = [];
    this.#marks = [];
    this.#busyUntil = this.#parts.agenda.now;
    for (const { name } of flushed) this.#parts.acknowledge(name);
  }
}
