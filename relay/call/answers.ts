/**
 * Every call of a tool is answered once: a function's with an output, and OpenAI's question whether it may make one
 * itself with a yes or a no. What the model is to speak about then is wished for here, and nowhere asked for.
 */
import type { Memory } from "./memory.ts";
import type { Outbox } from "./outbox.ts";
import type { Kind } from "./tools.ts";
import type { Turns, Wish } from "./turns.ts";

export class Answers {
  readonly #outbox: Outbox;
  readonly #turns: Turns;
  readonly #memory: Memory;
  /** OpenAI's questions that wait for an answer, with the tool that each is about. */
  readonly #approvals = new Map<string, string>();
  readonly #approved = new Set<string>();

  constructor(outbox: Outbox, turns: Turns, memory: Memory) {
    this.#outbox = outbox;
    this.#turns = turns;
    this.#memory = memory;
  }

  /** From now on what this call asks for may have been done. */
  begun(callId: string, kind: Kind): void {
    this.#memory.begun(callId, kind);
  }

  /** What a call came to, or why it was not made; one response for all that are there by then. Returns the item's id. */
  give(callId: string, output: string, reason: Wish["reason"] = "tool"): string {
    this.#memory.answered(callId, output);
    const itemId = this.#approvals.has(callId)
      ? this.#decide(callId, false, output)
      : this.#outbox.item({
          id: this.#outbox.id("out-"),
          type: "function_call_output",
          call_id: callId,
          output,
        });
    this.#turns.wish({ reason, itemId });
    return itemId;
  }

  /** OpenAI asks whether it may use a tool. */
  asked(approvalId: string, tool: string): void {
    this.#approvals.set(approvalId, tool);
    this.#outbox.log({ event: "native.approval", level: "info", tool, is: "asked" });
  }

  /** OpenAI may. False: it did not ask that. */
  approve(approvalId: string): boolean {
    if (!this.#approvals.has(approvalId)) return false;
    this.#approved.add(approvalId);
    this.#decide(approvalId, true);
    return true;
  }

  /** OpenAI asked this, and waits. */
  isApproval(callId: string): boolean {
    return this.#approvals.has(callId);
  }

  /** The session is gone, and with it whatever OpenAI asked. */
  lost(): void {
    this.#approvals.clear();
  }

  wasApproved(approvalId: string): boolean {
    return this.#approved.has(approvalId);
  }

  /** OpenAI has made a call itself, and what came of it is in the conversation. @param note what is to be said beside */
  made(note: string | undefined): void {
    this.#turns.wish(note === undefined ? { reason: "native" } : { reason: "tool", itemId: this.note(note) });
  }

  /** For the model to know, and not to speak about by itself. Returns the item's id. */
  note(text: string): string {
    const id = this.#outbox.id("note-");
    const content = [{ type: "input_text", text }] as const;
    return this.#outbox.item({ id, type: "message", role: "system", content });
  }

  #decide(approvalId: string, approve: boolean, reason?: string): string {
    const tool = this.#approvals.get(approvalId) ?? "unknown";
    this.#approvals.delete(approvalId);
    const is = approve ? "approved" : "refused";
    this.#outbox.log({ event: "native.approval", level: approve ? "info" : "warn", tool, is });
    return this.#outbox.item({
      id: this.#outbox.id("approval-"),
      type: "mcp_approval_response",
      approval_request_id: approvalId,
      approve,
      ...(reason !== undefined && { reason }),
    });
  }
}
