/**
 * What the assistant of a cell says and does: each kind of answer in a tone of its own, so that the ear tells them apart.
 * However often it is asked, and by whichever session: what a caller waits for is decided by what they asked for.
 */
import type { Occasion, Reply } from "../model/script.ts";

/** Byte values. */
export const TONE = {
  greeting: 71,
  answer: 72,
  /** After a session was replaced, what the assistant goes on with. */
  goingOn: 73,
  /** What came of a tool. */
  told: 74,
  goodbye: 75,
  filler: 76,
  /** The answer to the question that is asked when all is over: whether the call still works. */
  check: 77,
  /** Whatever else. */
  other: 78,
} as const;
export type Tone = keyof typeof TONE;

export const LENGTH_MS: Readonly<Record<Tone, number>> = {
  greeting: 2_000,
  answer: 4_000,
  goingOn: 1_200,
  told: 1_200,
  goodbye: 2_000,
  filler: 500,
  check: 800,
  other: 500,
};

/** As many as can be said in the time. */
export const GREETING_WORDS = "Good day Ada, what may it be?";
export const CALLERS_WORDS = "Would you kindly look after my marmalade?";
export const ANSWER_WORDS = "There are nine jars of orange marmalade left in the pantry.";

const WORDS: Partial<Record<Tone, string>> = { greeting: GREETING_WORDS, answer: ANSWER_WORDS };

/** What the caller wants when they speak. */
export type Wish = "answer" | "write" | "read" | "goodbye" | "check";

export class Role {
  wish: Wish = "answer";
  /** Responses that are to fail, by their tone, and how: the next ones. */
  readonly failing: Array<{ readonly tone: Tone; readonly code: string; readonly afterMs: number }> = [];
  readonly #tools = { write: "todoist_create_task", read: "todoist_find_tasks" } as const;

  readonly hears = (): string => CALLERS_WORDS;

  readonly script = (occasion: Occasion): Reply => {
    const { metadata, cause, outputs, outOfBand } = occasion;
    if (outOfBand) return this.#say("other");
    switch (metadata.reason) {
      case "greeting":
        return this.#say("greeting");
      case "filler":
        return this.#say("filler");
      case "resume":
        return this.#say("goingOn");
      default:
    }
    // Whoever has just spoken is answered first; what a new session is told of older tools is no news to them.
    if (outputs.length > 0 && cause !== "speech") return this.#say("told");
    return cause === "speech" || metadata.reason === "retry" ? this.#wished(occasion) : this.#say("other");
  };

  #wished({ conversation }: Occasion): Reply {
    switch (this.wish) {
      case "answer":
      case "check":
        return this.#say(this.wish);
      case "goodbye":
        return [this.#tone("goodbye"), { call: "end_call", arguments: {} }];
      case "write":
      case "read": {
        const name = this.#tools[this.wish];
        // Whoever reads that it was called does not call it again.
        const hasCalled = conversation.some((item) => item.kind === "function_call" && item.name === name);
        if (hasCalled) return this.#say("told");
        return [{ call: name, arguments: this.wish === "write" ? { content: "marmalade" } : {} }];
      }
      default:
        return this.wish satisfies never;
    }
  }

  #say(tone: Tone): Reply {
    const at = this.failing.findIndex((failure) => failure.tone === tone);
    const [failure] = at < 0 ? [] : this.failing.splice(at, 1);
    const output = [this.#tone(tone)];
    if (failure === undefined) return output;
    const { code, afterMs } = failure;
    return { output, ends: { status: "failed", code, message: "Scripted.", afterMs } };
  }

  #tone(tone: Tone) {
    const words = WORDS[tone];
    return { tag: TONE[tone], ms: LENGTH_MS[tone], ...(words !== undefined && { words }) };
  }
}
