/**
 * Words as sound, and sound as words: what the model says is cut into numbered pieces of audio, and whoever hears a piece
 * played knows the words that were said in it, and nothing of those that were not played. A voice ends in a breath of
 * silence, as the live one's do.
 */
import type { Clips, Recording } from "../../../../relay/call/clips.ts";
import { samplesIn } from "../../../../relay/wire/twilio.ts";

export type Utterance = {
  readonly words: string;
  /** Who really speaks. No listener can tell. */
  readonly by: "mind" | "reader" | "relay";
  /** Pieces with words in them. */
  readonly count: number;
};

export type Piece = {
  readonly utterance: Utterance;
  /** Its place among the pieces with words; the breath comes after them. */
  readonly index: number;
  readonly words: string;
  readonly ms: number;
  readonly payload: string;
};

const MS_PER_CHAR = 60;
const WORDS_PER_PIECE = 4;
export const BREATH_MS = 360;
const NUMBER_BYTES = 6;
const NUMBER_CHARS = (NUMBER_BYTES / 3) * 4;

export class Sound {
  readonly #pieces: Piece[] = [];
  /** What the relay says by itself, as it has it recorded. */
  readonly clips: Clips = {
    one_moment: this.#recorded("One moment, please."),
    sorry: this.#recorded("I am sorry, I cannot go on at the moment."),
    budget_spent: this.#recorded("The budget for this assistant is used up."),
  };

  /** What is sent of these words, in order. */
  of(words: string, by: Utterance["by"]): readonly Piece[] {
    const spoken = words.split(/\s+/).filter((word) => word !== "");
    const groups: string[] = [];
    for (let at = 0; at < spoken.length; at += WORDS_PER_PIECE) {
      groups.push(spoken.slice(at, at + WORDS_PER_PIECE).join(" "));
    }
    const utterance: Utterance = { words, by, count: groups.length };
    const pieces = groups.map((group, index) =>
      this.#piece(utterance, index, group, Math.ceil((group.length * MS_PER_CHAR) / 20) * 20),
    );
    return [...pieces, this.#piece(utterance, groups.length, "", BREATH_MS)];
  }

  /** The piece that this audio is. */
  heard(payload: string): Piece {
    const number = Buffer.from(payload.slice(0, NUMBER_CHARS), "base64").readUIntBE(0, NUMBER_BYTES);
    const piece = this.#pieces[number];
    if (piece === undefined || piece.payload.length !== payload.length) {
      throw new Error("sound that nobody has made was played");
    }
    return piece;
  }

  #recorded(words: string): Recording {
    return this.of(words, "relay").map(({ payload }) => payload);
  }

  #piece(utterance: Utterance, index: number, words: string, ms: number): Piece {
    const head = Buffer.alloc(NUMBER_BYTES);
    head.writeUIntBE(this.#pieces.length, 0, NUMBER_BYTES);
    const piece = { utterance, index, words, ms, payload: head.toString("base64") + tailFor(ms) };
    this.#pieces.push(piece);
    return piece;
  }
}

const TAILS = new Map<number, string>();

/** The rest of so much audio, made once. */
function tailFor(ms: number): string {
  let tail = TAILS.get(ms);
  if (tail === undefined) {
    tail = Buffer.alloc(ms * 8 - NUMBER_BYTES, 0x2a).toString("base64");
    if (samplesIn("A".repeat(NUMBER_CHARS) + tail) !== ms * 8) throw new Error(`${ms} ms have no audio`);
    TAILS.set(ms, tail);
  }
  return tail;
}
