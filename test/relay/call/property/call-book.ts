/**
 * What a new session must be told of the calls that the model has made: each once, as it was made, with what it came to
 * as the model was told it, or would have been had there been a session; and what is still at work is open.
 */
import type { Remembered } from "../../../../relay/call/remembered.ts";
import type { NewItem } from "../../../../relay/wire/realtime.ts";
import { hold } from "./broken.ts";
import type { Asked } from "./consent-watch.ts";

export type Called = Asked & {
  readonly callId: string;
  readonly args: string;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
  readonly at: number;
  state: "fresh" | "answered" | "running" | "asked by key" | "confirming" | "leaving";
};

type Made = {
  readonly name: string;
  readonly text: string;
  /** What a model was told that it came to. */
  output: string | undefined;
  /** It came to something that nobody was told yet, and this is in it. */
  unseen: string | undefined;
};

export class CallBook {
  readonly #made = new Map<string, Made>();

  constructor(before: Remembered | undefined) {
    for (const line of before?.lines ?? []) {
      if (line.by !== "tool") continue;
      const unseen = line.answer === undefined ? "" : undefined;
      this.#made.set(line.callId, { name: line.name, text: line.args, output: line.answer, unseen });
    }
  }

  called(callId: string, name: string, text: string): void {
    if (!this.#made.has(callId)) this.#made.set(callId, { name, text, output: undefined, unseen: undefined });
  }

  answered(callId: string, output: string): void {
    const made = this.#made.get(callId);
    if (made !== undefined) made.output = output;
  }

  /** It is over, and there was no session that could be told. */
  over(callId: string, text: string): void {
    const made = this.#made.get(callId);
    if (made !== undefined) made.unseen = text;
  }

  /** Returns the calls that were open, and of which this has told what they came to. */
  seeded(items: readonly NewItem[], isAtWork: (callId: string) => boolean): readonly string[] {
    const open = new Set<string>();
    const told = new Map<string, string>();
    for (const item of items) {
      if (item.type === "function_call") {
        const made = this.#made.get(item.call_id);
        const isAsMade = made?.name === item.name && made.text === item.arguments;
        hold("the seed holds calls that were made, as they were made", isAsMade);
        hold("the seed holds each call once", !open.has(item.call_id) && !told.has(item.call_id));
        open.add(item.call_id);
      } else if (item.type === "function_call_output") {
        hold("the seed holds one answer to each call", open.delete(item.call_id));
        told.set(item.call_id, item.output);
      }
    }
    const answered: string[] = [];
    for (const [callId, made] of this.#made) {
      const output = told.get(callId);
      hold("the seed holds every call that was made", output !== undefined || open.has(callId));
      if (output === undefined) {
        hold(
          "what has come to something is not open any more",
          isAtWork(callId) && made.unseen === undefined,
        );
        continue;
      }
      if (made.output !== undefined) {
        hold("what a call came to does not change", made.output === output);
        continue;
      }
      hold("what is at work has come to nothing yet", made.unseen !== undefined || !isAtWork(callId));
      hold("the seed holds what a call came to", output.includes(made.unseen ?? ""));
      made.output = output;
      made.unseen = undefined;
      answered.push(callId);
    }
    return answered;
  }
}
