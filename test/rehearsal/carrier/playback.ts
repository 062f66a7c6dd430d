/**
 * Twilio's playback buffer for one bidirectional stream: audio of any size, played in order at real speed, with
 * marks between. It counts samples and knows no clock: whoever owns it says how many samples of time have gone by.
 *
 * https://www.twilio.com/docs/voice/media-streams/websocket-messages: a mark comes back when the audio before it
 * has been played, at once where there is none, and every pending mark comes back when `clear` empties the buffer.
 */

import type { Ear } from "./ear.ts";

type Entry =
  | { readonly kind: "audio"; readonly bytes: Uint8Array; offset: number }
  | { readonly kind: "mark"; readonly name: string };

export class Playback {
  readonly #ear: Ear;
  readonly #entries: Entry[] = [];
  readonly #due: string[] = [];
  #bufferedSamples = 0;

  constructor(ear: Ear) {
    this.#ear = ear;
  }

  get bufferedSamples(): number {
    return this.#bufferedSamples;
  }

  add(bytes: Uint8Array): void {
    this.#entries.push({ kind: "audio", bytes, offset: 0 });
    this.#bufferedSamples += bytes.length;
  }

  mark(name: string): void {
    if (this.#bufferedSamples === 0) this.#due.push(name);
    else this.#entries.push({ kind: "mark", name });
  }

  /** Time goes by: what is buffered is heard, and silence where the buffer has run dry. */
  play(samples: number): void {
    let left = samples;
    while (left > 0) {
      const entry = this.#entries[0];
      if (entry === undefined) break;
      if (entry.kind === "audio") {
        const bytes = entry.bytes.subarray(entry.offset, entry.offset + left);
        this.#ear.hear(bytes);
        entry.offset += bytes.length;
        left -= bytes.length;
        this.#bufferedSamples -= bytes.length;
        if (entry.offset < entry.bytes.length) break;
      }
      this.#entries.shift();
      this.#releaseMarks();
    }
    this.#ear.hearNothing(left);
  }

  /** The marks whose audio has been played, in order; each is given out once. */
  takeDueMarks(): string[] {
    return this.#due.splice(0);
  }

  clear(): { readonly droppedSamples: number; readonly marks: string[] } {
    const droppedSamples = this.#bufferedSamples;
    const marks = this.takeDueMarks();
    for (const entry of this.#entries) {
      if (entry.kind === "mark") marks.push(entry.name);
    }
    this.#entries.length = 0;
    this.#bufferedSamples = 0;
    return { droppedSamples, marks };
  }

  #releaseMarks(): void {
    for (;;) {
      const next = this.#entries[0];
      if (next?.kind !== "mark") return;
      this.#entries.shift();
      this.#due.push(next.name);
    }
  }
}
