/**
 * The conversation that the stand-in keeps: items in order, what was sent of each, what a truncation left of it.
 *
 * The figures of this file are what a rehearsal measures a relay by: `sentMs` is all that ever left for the client,
 * `audioMs` what the server still holds. It sends nothing; refusals are values.
 */
import type { NewItem } from "./client-events.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { RemoteError, RemoteTool } from "./remote-tools.ts";

export type Part = {
  readonly type: "input_text" | "input_audio" | "output_text" | "output_audio";
  /** Text, or the transcript of audio. A truncation deletes it, for it may hold words that nobody heard. */
  words: string;
  /** What the server holds; a truncation shortens it. */
  audioMs: number;
  /** What was sent to the client, ever. */
  sentMs: number;
  /** Sound that is still on its way when its item is truncated is sent, but no longer kept. */
  truncated: boolean;
};

export type Item = { readonly id: string; status: "in_progress" | "completed" | "incomplete" } & (
  | { readonly kind: "message"; readonly role: "user" | "assistant" | "system"; readonly content: Part[] }
  | { readonly kind: "function_call"; readonly name: string; readonly callId: string; arguments: string }
  | { readonly kind: "function_call_output"; readonly callId: string; readonly output: string }
  | { readonly kind: "mcp_list_tools"; readonly server: string; tools: readonly RemoteTool[] }
  | (RemoteUse & {
      readonly kind: "mcp_call";
      approvalId: string | null;
      output: string | null;
      error: RemoteError | null;
    })
  | (RemoteUse & { readonly kind: "mcp_approval_request" })
  | {
      readonly kind: "mcp_approval_response";
      readonly approvalId: string;
      readonly approve: boolean;
      readonly reason: string | null;
    }
);
type RemoteUse = { readonly server: string; readonly name: string; arguments: string };

export const partOf = (type: Part["type"], words: string, audioMs: number): Part => ({
  type,
  words,
  audioMs,
  sentMs: 0,
  truncated: false,
});

export type Done<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: Refusal };

const done = <Value>(value: Value): Done<Value> => ({ ok: true, value });
const no = (why: Refusal): Done<never> => ({ ok: false, refusal: why });

export class Conversation {
  readonly items: Item[] = [];
  readonly #newId: (kind: string) => string;

  constructor(newId: (kind: string) => string) {
    this.#newId = newId;
  }

  get lastId(): string | null {
    return this.items.at(-1)?.id ?? null;
  }

  find(id: string): Item | undefined {
    return this.items.find((item) => item.id === id);
  }

  before(id: string): string | null {
    const at = this.items.findIndex((item) => item.id === id);
    return this.items[at - 1]?.id ?? null;
  }

  append(item: Item): void {
    this.items.push(item);
  }

  /** @param afterId an item's id, "root" for the very beginning, or nothing for the end */
  create(made: NewItem, afterId: string | null | undefined): Done<Item> {
    const at = this.#placeAfter(afterId);
    if (at === undefined) {
      return no(
        refusal("item_not_found", `Previous item with ID '${afterId}' not found.`, "previous_item_id"),
      );
    }
    if (made.id !== undefined && this.find(made.id) !== undefined) {
      return no(refusal("invalid_value", `Item with ID '${made.id}' already exists.`, "item.id"));
    }
    if (made.type === "function_call_output") {
      const wrong = this.#refuseOutput(made.call_id);
      if (wrong !== undefined) return no(wrong);
    }
    if (made.type === "mcp_approval_response") {
      const wrong = this.#refuseApproval(made.approval_request_id);
      if (wrong !== undefined) return no(wrong);
    }
    const item = itemFrom(made, this.#newId);
    this.items.splice(at, 0, item);
    return done(item);
  }

  delete(id: string): Done<Item> {
    const at = this.items.findIndex((item) => item.id === id);
    const [item] = at < 0 ? [] : this.items.splice(at, 1);
    return item === undefined
      ? no(
          refusal(
            "item_delete_invalid_item_id",
            `Error deleting item: the item with id '${id}' does not exist.`,
          ),
        )
      : done(item);
  }

  truncate(id: string, contentIndex: number, audioEndMs: number): Done<Part> {
    const item = this.find(id);
    if (item === undefined) {
      return no(
        refusal(
          "item_truncate_invalid_item_id",
          `Error truncating item: the item with id '${id}' does not exist.`,
        ),
      );
    }
    const content = item.kind === "message" && item.role === "assistant" ? item.content : [];
    const part = content[contentIndex];
    if (part === undefined && content.length > 0) {
      return no(refusal("invalid_value", `Content index ${contentIndex} is out of range.`, "content_index"));
    }
    // Also an item that was announced and of which no sound was made yet: live relays have met this refusal when
    // they were interrupted between the two.
    if (part === undefined || part.type !== "output_audio" || part.sentMs === 0) {
      return no(refusal("unsupported_content_type", "Only model output audio messages can be truncated"));
    }
    if (audioEndMs > part.audioMs) {
      return no(
        refusal(
          "invalid_value",
          `Audio content of ${Math.floor(part.audioMs)}ms is already shorter than ${audioEndMs}ms`,
          "audio_end_ms",
        ),
      );
    }
    part.audioMs = audioEndMs;
    part.words = "";
    part.truncated = true;
    return done(part);
  }

  #placeAfter(afterId: string | null | undefined): number | undefined {
    if (afterId === "root") return 0;
    if (afterId === null || afterId === undefined) return this.items.length;
    const before = this.items.findIndex((item) => item.id === afterId);
    return before < 0 ? undefined : before + 1;
  }

  #refuseApproval(id: string): Refusal | undefined {
    const param = "item.approval_request_id";
    if (!this.items.some((item) => item.kind === "mcp_approval_request" && item.id === id)) {
      return refusal("item_not_found", `Approval request with ID '${id}' not found.`, param);
    }
    const isAnswered = this.items.some(
      (item) => item.kind === "mcp_approval_response" && item.approvalId === id,
    );
    return isAnswered
      ? refusal("invalid_value", `Approval request with ID '${id}' has already been answered.`, param)
      : undefined;
  }

  #refuseOutput(callId: string): Refusal | undefined {
    const called = this.items.some((item) => item.kind === "function_call" && item.callId === callId);
    if (!called)
      return refusal("invalid_tool_call_id", `Tool call ID '${callId}' not found in conversation.`);
    const answered = this.items.some(
      (item) => item.kind === "function_call_output" && item.callId === callId,
    );
    return answered
      ? refusal("invalid_tool_call_id", `Tool call ID '${callId}' already has an output in the conversation.`)
      : undefined;
  }
}

export function itemFrom(made: NewItem, newId: (kind: string) => string): Item {
  const id = made.id ?? newId("item");
  switch (made.type) {
    case "message": {
      const content = made.content.map((part): Part => {
        if (part.type !== "input_audio") return partOf(part.type, part.text, 0);
        const audioMs = Buffer.from(part.audio ?? "", "base64").length / 8;
        return partOf(part.type, part.transcript ?? "", audioMs);
      });
      return { id, kind: "message", role: made.role, status: "completed", content };
    }
    case "function_call":
      return {
        id,
        kind: "function_call",
        status: "completed",
        name: made.name,
        callId: made.call_id ?? newId("call"),
        arguments: made.arguments,
      };
    case "function_call_output":
      return {
        id,
        kind: "function_call_output",
        status: "completed",
        callId: made.call_id,
        output: made.output,
      };
    case "mcp_approval_response":
      return {
        id,
        kind: "mcp_approval_response",
        status: "completed",
        approvalId: made.approval_request_id,
        approve: made.approve,
        reason: made.reason ?? null,
      };
    default:
      return made satisfies never;
  }
}
