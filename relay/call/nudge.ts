/**
 * Models that say that they use a tool and use none: "let me check", and then silence; "I have added it", and nothing was.
 * Once for each turn of the caller's the model is then asked again, and has to call something.
 */
import type { Outbox } from "./outbox.ts";
import { pretence } from "./pretence.ts";
import type { ToolCalls } from "./tool-calls.ts";

/** Responses that are told what to say promise nothing by themselves. */
const SCRIPTED = new Set<string | undefined>(["greeting", "goodbye", "read_back", "filler", "notice"]);

export class Nudge {
  readonly #tools: ToolCalls;
  readonly #outbox: Outbox;
  readonly #language: string | undefined;
  #wasGiven = false;

  constructor(tools: ToolCalls, outbox: Outbox, language: string | undefined) {
    this.#tools = tools;
    this.#outbox = outbox;
    this.#language = language;
  }

  callerStarted(): void {
    this.#wasGiven = false;
  }

  /** A response is done, and said this. Returns whether the model is to be asked again. */
  isDue(reason: string | undefined, words: string): boolean {
    const { names, calledSinceCaller, isIdle, hasWritten } = this.#tools;
    if (this.#wasGiven || calledSinceCaller || !isIdle || names.length === 0) return false;
    if (SCRIPTED.has(reason)) return false;
    const how = pretence(words, names, this.#language);
    // A claim may be true of something that was done before.
    if (how === undefined || (how === "claims" && hasWritten)) return false;
    this.#outbox.log({ event: "tool.pretended", level: "warn", how });
    this.#wasGiven = true;
    return true;
  }
}
