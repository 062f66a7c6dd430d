/**
 * The caller's words in writing, as the live service gives them: by another model, beside the conversation and in its own
 * time, so that they may come before, during or after the answer to the very turn that they are of, or not at all.
 *
 * It knows the words because the rehearsal says them. Source: the input_audio_transcription events in npm's openai.
 */
import { z } from "zod";
import type { Item } from "./conversation.ts";
import type { Moment, SessionRecord } from "./records.ts";
import { textTokens } from "./usage.ts";

/** What is heard of one turn of the caller's, and when it is written. */
export const Heard = z.strictObject({
  words: z.string().default(""),
  /** The error's code, instead of the words. */
  fails: z.string().optional(),
  /** From the end of the turn; without it, what holds for all turns. */
  afterMs: z.number().min(0).optional(),
  /** Not before the next event of this type has been sent. */
  after: z.enum(["response.created", "response.done"]).optional(),
});
export type Heard = z.infer<typeof Heard>;
export type HeardInput = string | z.input<typeof Heard>;

export const heardFrom = (given: HeardInput): Heard =>
  Heard.parse(typeof given === "string" ? { words: given } : given);

const KIND = "conversation.item.input_audio_transcription";
/** Billed by the time that they listen; the others by tokens. */
const BY_DURATION: ReadonlySet<string> = new Set(["whisper-1", "gpt-realtime-whisper"]);

export type Desk = {
  readonly send: (event: { readonly type: string; readonly [field: string]: unknown }) => void;
  readonly tell: (moment: Moment) => void;
  /** For turns that say nothing of their own time. */
  readonly usualMs: number;
};

export class Transcriber {
  readonly #record: SessionRecord;
  readonly #desk: Desk;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #awaited: Array<{ readonly event: string; readonly then: () => void }> = [];
  /** What has been written of the caller's last turn. */
  #last: { readonly turn: number; readonly words: string } | undefined;

  constructor(record: SessionRecord, desk: Desk) {
    this.#record = record;
    this.#desk = desk;
  }

  /** The words of the caller's last turn, if they have been written by now. */
  get written(): string | undefined {
    return this.#last?.turn === this.#record.turns ? this.#last.words : undefined;
  }

  turn(item: Item, audioMs: number, heard: Heard | undefined): void {
    const { transcription } = this.#record.settings.audio.input;
    if (transcription == null) return;
    const turn = this.#record.turns;
    const write = (): void => this.#write(item, turn, audioMs, heard, transcription.model ?? "");
    const ms = heard?.afterMs ?? this.#desk.usualMs;
    const then = ms === 0 ? write : () => this.#later(ms, write);
    if (heard?.after === undefined) then();
    else this.#awaited.push({ event: heard.after, then });
  }

  /** An event has been sent to the client. */
  sent(type: string): void {
    if (this.#awaited.length === 0) return;
    const due = this.#awaited.filter(({ event }) => event === type);
    this.#awaited = this.#awaited.filter(({ event }) => event !== type);
    for (const { then } of due) then();
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#awaited = [];
  }

  #later(ms: number, then: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.add(timer);
  }

  #write(item: Item, turn: number, audioMs: number, heard: Heard | undefined, model: string): void {
    const where = { item_id: item.id, content_index: 0 };
    const fails = heard === undefined ? "audio_unintelligible" : heard.fails;
    this.#desk.tell({ what: "transcribed", itemId: item.id, failed: fails !== undefined });
    if (heard === undefined || fails !== undefined) {
      const message = heard === undefined ? "Not in the script." : "The audio could not be transcribed.";
      const error = { type: "server_error", code: fails, message, param: null };
      this.#desk.send({ type: `${KIND}.failed`, ...where, error });
      return;
    }
    const { words } = heard;
    const part = item.kind === "message" ? item.content[0] : undefined;
    if (part !== undefined) part.words = words;
    this.#last = { turn, words };
    for (const delta of words.match(/\s*\S+/g) ?? []) {
      this.#desk.send({ type: `${KIND}.delta`, ...where, delta });
    }
    this.#desk.send({
      type: `${KIND}.completed`,
      ...where,
      transcript: words,
      usage: usageOf(words, audioMs, model),
    });
  }
}

function usageOf(words: string, audioMs: number, model: string): Record<string, unknown> {
  if (BY_DURATION.has(model)) return { type: "duration", seconds: Math.ceil(audioMs / 1000) };
  const tokens = { input: Math.ceil(audioMs / 100), output: textTokens(words) };
  return {
    type: "tokens",
    total_tokens: tokens.input + tokens.output,
    input_tokens: tokens.input,
    output_tokens: tokens.output,
    input_token_details: { text_tokens: 0, audio_tokens: tokens.input },
  };
}
