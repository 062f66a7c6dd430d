/**
 * The conversation as both sides had it: what the assistant said, as far as it was heard; what the caller said, where
 * their words are transcribed; which tools were called, and what the model was told of them. From this a new session
 * learns what the last one knew (seed.ts), be it in this process or in another.
 *
 * Bounded: a model reads all of it again at every response, so a long call is remembered from its newest part.
 */
import type { Outbox } from "./outbox.ts";
import type { Line } from "./remembered.ts";
import type { Kind } from "./tools.ts";

const MOST_LINES = 160;
const MOST_CHARS = 24_000;
/** Of one tool's answer: what matters of it has been spoken about. */
const MOST_ANSWER_CHARS = 1_500;
/** Words come before the audio, so of items that the caller is sent nothing of there are some. */
const MOST_UNSENT = 8;
/** Nobody speaks faster: words that are there before their audio do not count as heard for it. */
const MOST_CHARS_PER_S = 20;

type Kept =
  /** `isOpen`: said, and not answered yet. */
  | { readonly by: "caller"; readonly itemId: string; words: string; isOpen: boolean }
  | { readonly by: "assistant"; readonly itemId: string; words: string; isCut: boolean }
  | {
      readonly by: "tool";
      readonly callId: string;
      readonly name: string;
      readonly args: string;
      kind: Kind;
      answer?: string;
    };
type By<Side extends Kept["by"]> = Extract<Kept, { by: Side }>;

export class Memory {
  readonly #outbox: Outbox;
  #kept: Kept[];
  readonly #unsent = new Map<string, string>();
  /** The item of which the caller was sent audio last. */
  #newest: string | undefined;
  /** Asked for every piece of audio. */
  #hasOpen = false;

  constructor(outbox: Outbox, before: readonly Line[] = []) {
    this.#outbox = outbox;
    this.#kept = before.map((line) =>
      line.by === "tool" ? { ...line } : { ...line, itemId: "", isOpen: false },
    );
  }

  /** What is known of the conversation, oldest first. */
  get lines(): readonly Line[] {
    return this.#kept.flatMap((kept): Line[] => {
      switch (kept.by) {
        case "tool":
          return [{ ...kept }];
        case "caller":
          return kept.words === "" ? [] : [{ by: "caller", words: kept.words }];
        case "assistant":
          return kept.words === "" ? [] : [{ by: "assistant", words: kept.words.trim(), isCut: kept.isCut }];
        default:
          return kept satisfies never;
      }
    });
  }

  // --- the assistant ------------------------------------------------------------------------------------------

  /** More words of an item. */
  spells(itemId: string, words: string): void {
    const spoken = this.#spoken(itemId);
    if (spoken !== undefined) {
      if (!spoken.isCut) spoken.words += words;
      return;
    }
    this.#unsent.set(itemId, (this.#unsent.get(itemId) ?? "") + words);
    if (this.#unsent.size <= MOST_UNSENT) return;
    for (const oldest of this.#unsent.keys()) {
      this.#unsent.delete(oldest);
      return;
    }
  }

  /** All the words of an item. */
  spelt(itemId: string, words: string): void {
    const spoken = this.#spoken(itemId);
    if (spoken === undefined) {
      this.#unsent.set(itemId, words);
      return;
    }
    if (spoken.isCut) return;
    spoken.words = words;
    this.#changed();
  }

  /** The caller is being sent audio of this item. */
  sent(itemId: string): void {
    if (itemId === this.#newest) return;
    this.#newest = itemId;
    if (this.#spoken(itemId) !== undefined) return;
    const words = this.#unsent.get(itemId) ?? "";
    this.#unsent.delete(itemId);
    this.#add({ by: "assistant", itemId, words, isCut: false });
  }

  /** The caller heard no more of this item than this. @param sentMs what they were sent of it */
  cut(itemId: string, heardMs: number, sentMs: number): void {
    const spoken = this.#spoken(itemId);
    if (spoken === undefined || spoken.isCut) return;
    spoken.words = upTo(spoken.words, heardMs, sentMs);
    spoken.isCut = true;
    if (spoken.words === "") this.#kept = this.#kept.filter((kept) => kept !== spoken);
    this.#changed();
  }

  // --- the caller ---------------------------------------------------------------------------------------------

  /** A turn of the caller's is over; its words may come. */
  turn(itemId: string | undefined): void {
    if (itemId === undefined) return;
    this.#hasOpen = true;
    this.#add({ by: "caller", itemId, words: "", isOpen: true });
  }

  heard(itemId: string, words: string | undefined): void {
    const turn = this.#kept.findLast((kept) => isTurn(kept, itemId));
    if (turn === undefined || words === undefined) return;
    turn.words = words.trim();
    this.#changed();
  }

  /** They have the answer to what they said. */
  turnAnswered(): void {
    if (!this.#hasOpen) return;
    this.#hasOpen = false;
    for (const kept of this.#kept) if (kept.by === "caller") kept.isOpen = false;
  }

  /** What the caller said, and has no answer to: another session hears it again. */
  forgetTurn(): void {
    this.#kept = this.#kept.filter((kept) => kept.by !== "caller" || !kept.isOpen);
  }

  /** Keys are not heard again. */
  typed(words: string): void {
    this.#add({ by: "caller", itemId: "", words, isOpen: false });
  }

  // --- tools --------------------------------------------------------------------------------------------------

  called(callId: string, name: string, args: string): void {
    this.#add({ by: "tool", callId, name, args, kind: "read" });
  }

  /** From now on it may have been done. */
  begun(callId: string, kind: Kind): void {
    const use = this.#use(callId);
    if (use === undefined) return;
    use.kind = kind;
    this.#outbox.put({ to: "memory", is: kind === "write" ? "now" : "changed" });
  }

  answered(callId: string, answer: string): void {
    const use = this.#use(callId);
    if (use === undefined) return;
    use.answer =
      answer.length <= MOST_ANSWER_CHARS ? answer : `${answer.slice(0, MOST_ANSWER_CHARS)} [cut here]`;
    this.#changed();
  }

  // --- the bounds ---------------------------------------------------------------------------------------------

  #spoken(itemId: string): By<"assistant"> | undefined {
    return this.#kept.findLast((kept) => isSpoken(kept, itemId));
  }

  #use(callId: string): By<"tool"> | undefined {
    return this.#kept.findLast((kept): kept is By<"tool"> => kept.by === "tool" && kept.callId === callId);
  }

  #add(kept: Kept): void {
    this.#kept.push(kept);
    let chars = 0;
    let from = this.#kept.length;
    while (from > 0) {
      const next = this.#kept[from - 1];
      chars += next === undefined ? 0 : sizeOf(next);
      if (chars > MOST_CHARS || this.#kept.length - from >= MOST_LINES) break;
      from--;
    }
    // What is at work is not forgotten: somebody has to be told of it.
    if (from > 0) {
      const open = this.#kept.slice(0, from).filter((old) => old.by === "tool" && old.answer === undefined);
      this.#kept = [...open, ...this.#kept.slice(from)];
    }
    this.#changed();
  }

  #changed(): void {
    this.#outbox.put({ to: "memory", is: "changed" });
  }
}

const isSpoken = (kept: Kept, itemId: string): kept is By<"assistant"> =>
  kept.by === "assistant" && kept.itemId === itemId;
const isTurn = (kept: Kept, itemId: string): kept is By<"caller"> =>
  kept.by === "caller" && kept.itemId === itemId;

const sizeOf = (kept: Kept): number =>
  kept.by === "tool" ? kept.args.length + (kept.answer?.length ?? 0) : kept.words.length;

/** The words of which the caller heard all; speech is taken to be even. */
function upTo(words: string, heardMs: number, sentMs: number): string {
  if (heardMs <= 0 || sentMs <= 0) return "";
  const share = Math.min(1, heardMs / sentMs) * words.length;
  const length = Math.floor(Math.min(share, (heardMs / 1000) * MOST_CHARS_PER_S));
  if (length >= words.length) return words;
  // Not through the middle of a word, where words are told apart by spaces.
  const whole = words.slice(0, length + 1).replace(/\S*$/u, "");
  return whole === "" && !/\s/.test(words) ? words.slice(0, length) : whole.trimEnd();
}
