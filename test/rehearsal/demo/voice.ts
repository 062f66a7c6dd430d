/**
 * What the model said, response by response: its words and its sound. The stand-in for the model knows it from its
 * script, the tap in front of the real one from what came by. And the script of the rehearsed call itself.
 */
import { type ClipName, clip, wordsOf } from "../audio/clips.ts";
import type { Occasion, Reply } from "../model/script.ts";

export type Saying = {
  readonly words: string;
  readonly sound: Uint8Array;
  /** False while more may come. */
  readonly whole: boolean;
};

export type Voice = {
  /** Undefined for a response that nothing is known of. */
  said(responseId: string): Saying | undefined;
};

/** The assistant's part: the greeting, then an answer for each of the caller's turns. */
export class Part {
  readonly #answers: readonly ClipName[];
  readonly #given: ClipName[] = [];

  constructor(answers: readonly ClipName[]) {
    this.#answers = answers;
  }

  reply({ metadata, turn, response }: Occasion): Reply {
    // A caller's words may come in two where the machine stands still: whoever has said goodbye says it again.
    const answer = this.#answers[Math.min(turn, this.#answers.length) - 1];
    const name = metadata.reason === "greeting" ? "assistant-greeting" : (answer ?? "assistant-cando");
    this.#given[response - 1] = name;
    return name === "assistant-goodbye"
      ? [{ clip: name }, { call: "end_call", arguments: {} }]
      : [{ clip: name }];
  }

  /** @param response which of the session's responses, from 0 */
  saying(response: number): Saying | undefined {
    const name = this.#given[response];
    return name === undefined ? undefined : { words: wordsOf(name), sound: clip(name), whole: true };
  }
}
