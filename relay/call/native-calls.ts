/**
 * Native MCP: what becomes of the calls that OpenAI makes itself. Its events are followed and told to the log, its
 * questions whether it may are handed to the very policy and consents that the relay's own calls pass (tool-calls.ts),
 * and when a result is in the conversation a response to it is wished for, since OpenAI makes none by itself.
 *
 * Nothing here can stop, repeat or undo a call: after the answer to a question, all that is left is to watch.
 * The order of events: https://platform.openai.com/docs/guides/realtime-mcp
 */
import type { McpEvent, McpItem } from "../wire/native-mcp.ts";
import type { Answers } from "./answers.ts";
import type { Outbox } from "./outbox.ts";
import { INTERRUPTED, UNKNOWN_TOOL } from "./tool-answers.ts";
import { argumentsFrom } from "./tool-arguments.ts";
import type { ToolCalls } from "./tool-calls.ts";
import type { Offer } from "./toolbox.ts";
import type { Tool, ToolOutcome, ToolRequest } from "./tools.ts";
import type { Turns } from "./turns.ts";

type CallItem = Extract<McpItem, { type: "mcp_call" }>;
type ApprovalItem = Extract<McpItem, { type: "mcp_approval_request" }>;

type NativeCall = {
  readonly itemId: string;
  readonly tool: Tool | undefined;
  /** Its arguments, as far as they are known. */
  text: string;
  approvalId: string | undefined;
  isFollowed: boolean;
  isOver: boolean;
};

export type NativeCallParts = {
  readonly offer: Offer;
  readonly outbox: Outbox;
  readonly turns: Turns;
  readonly tools: ToolCalls;
  readonly answers: Answers;
};

const MEND =
  "OpenAI could not list this server's tools, and this call goes on without them: OpenAI must reach it from the internet, with the key it was given; MCP_MODE=bridged has the relay ask it instead";

export class NativeCalls {
  readonly #parts: NativeCallParts;
  readonly #calls = new Map<string, NativeCall>();
  /** Questions that have come: each comes in more than one event. */
  readonly #asked = new Set<string>();
  /** The server that each list is of. */
  readonly #listed = new Map<string, string>();

  constructor(parts: NativeCallParts) {
    this.#parts = parts;
  }

  take(event: McpEvent, at: number): void {
    switch (event.type) {
      case "mcp_list_tools.in_progress":
        return this.#list("in_progress", event.item_id);
      case "mcp_list_tools.completed":
        return this.#list("completed", event.item_id);
      case "mcp_list_tools.failed":
        return this.#list("failed", event.item_id);
      case "response.output_item.added":
        // Whether it may be used is asked when the question is whole.
        if ("server_label" in event.item && event.item.type === "mcp_call") this.#call(event.item, at);
        return;
      case "conversation.item.done":
        if ("server_label" in event.item) this.item(event.item, at);
        return;
      case "response.mcp_call_arguments.done": {
        const call = this.#calls.get(event.item_id);
        if (call !== undefined) call.text = event.arguments;
        return;
      }
      case "response.mcp_call.in_progress":
        return this.#begun(event.item_id, at);
      case "response.mcp_call.completed":
        return this.#over(event.item_id, RETURNED, at);
      case "response.mcp_call.failed":
        return this.#failed(event.item_id, at);
      default:
        event satisfies never;
    }
  }

  /** An item, as far as it is known. @param responseId of which it is; undefined: that is not told */
  item(item: McpItem, at: number, responseId?: string): void {
    switch (item.type) {
      case "mcp_list_tools":
        this.#listed.set(item.id, item.server_label);
        return;
      case "mcp_call":
        return this.#call(item, at);
      case "mcp_approval_request":
        return this.#approval(item, responseId, at);
      default:
        item satisfies never;
    }
  }

  // --- the lists ----------------------------------------------------------------------------------------------

  #list(is: "in_progress" | "completed" | "failed", itemId: string | undefined): void {
    const { outbox, answers, offer } = this.#parts;
    const { labels, told } = offer.native;
    const [only, ...others] = told;
    const serverLabel =
      this.#listed.get(itemId ?? "") ?? (others.length === 0 ? only?.server_label : undefined);
    const server = labels.get(serverLabel ?? "");
    const whose = server !== undefined && { server };
    if (is !== "failed") return outbox.log({ event: "native.list", level: "info", ...whose, is });
    outbox.log({ event: "native.list", level: "warn", ...whose, is, mend: MEND });
    answers.note(
      `The tools of ${server ?? "one service"} cannot be used in this call. Say so if they are needed.`,
    );
  }

  // --- the questions ------------------------------------------------------------------------------------------

  #approval(item: ApprovalItem, responseId: string | undefined, at: number): void {
    if (this.#asked.has(item.id)) return;
    this.#asked.add(item.id);
    const { answers, outbox, tools, turns } = this.#parts;
    const tool = this.#toolOf(item);
    const call = this.#callAskedAbout(item, tool);
    if (call !== undefined) call.approvalId = item.id;
    tools.noticed();
    answers.asked(item.id, tool?.name ?? "unknown");
    if (tool === undefined) {
      outbox.log({ event: "tool.unknown", level: "warn" });
      answers.give(item.id, UNKNOWN_TOOL);
      return;
    }
    const from = responseId ?? turns.active;
    if (from !== undefined && turns.isSilenced(from)) answers.give(item.id, INTERRUPTED);
    else tools.approvalAsked(item.id, tool, item.arguments, at);
  }

  /** The call itself names the question only when it is over. */
  #callAskedAbout({ arguments: text }: ApprovalItem, tool: Tool | undefined): NativeCall | undefined {
    const open = [...this.#calls.values()].filter(
      (call) => call.tool === tool && call.approvalId === undefined && !call.isFollowed && !call.isOver,
    );
    return open.find((call) => call.text === text) ?? open.at(-1);
  }

  // --- the calls ----------------------------------------------------------------------------------------------

  #call(item: CallItem, at: number): void {
    const call = this.#calls.get(item.id) ?? this.#noticed(item.id, this.#toolOf(item));
    if (item.arguments) call.text = item.arguments;
    call.approvalId ??= item.approval_request_id ?? undefined;
    if (item.output != null) this.#over(item.id, RETURNED, at);
    else if (item.error != null) this.#over(item.id, outcomeOf(item.error), at);
  }

  #noticed(itemId: string, tool: Tool | undefined): NativeCall {
    const call = { itemId, tool, text: "", approvalId: undefined, isFollowed: false, isOver: false };
    this.#calls.set(itemId, call);
    this.#parts.tools.noticed();
    return call;
  }

  #begun(itemId: string, at: number): void {
    const call = this.#calls.get(itemId);
    if (call?.tool === undefined || call.isOver) return;
    this.#parts.outbox.log({ event: "native.call", level: "info", tool: call.tool.name });
    this.#follow(call, call.tool, at);
  }

  /** From now on it is waited for, if it is not already. Returns the run that stands for it. */
  #follow(call: NativeCall, tool: Tool, at: number): string {
    const { tools, answers } = this.#parts;
    const { itemId, approvalId } = call;
    if (approvalId !== undefined && answers.wasApproved(approvalId)) return approvalId;
    const request = requestOf(tool, call);
    if (!call.isFollowed) tools.runs.follow(itemId, request, tools.rulings.asked(request), at);
    call.isFollowed = true;
    return itemId;
  }

  #failed(itemId: string, at: number): void {
    const call = this.#calls.get(itemId);
    if (call?.tool === undefined || this.#isRefused(call)) return this.#over(itemId, UNKNOWN, at);
    this.#parts.tools.runs.failed(this.#follow(call, call.tool, at), at);
    this.#returned(call, call.tool);
  }

  /** Also where it was given up before: the model reads it all the same. */
  #returned(call: NativeCall, tool: Tool): void {
    const { rulings } = this.#parts.tools;
    rulings.returned(tool, rulings.of(requestOf(tool, call)));
  }

  #over(itemId: string, outcome: ToolOutcome, at: number): void {
    const { answers, outbox, offer, tools } = this.#parts;
    // One that nobody has announced is a stranger's.
    const call = this.#calls.get(itemId) ?? this.#noticed(itemId, undefined);
    if (call.isOver) return;
    call.isOver = true;
    const { tool } = call;
    // The answer that said no is what is to be spoken about.
    if (this.#isRefused(call)) return;
    if (tool === undefined) {
      outbox.log({ event: "tool.unknown", level: "warn" });
      tools.rulings.distrust();
      return answers.made(undefined);
    }
    if (offer.native.asked.has(tool) && call.approvalId === undefined) {
      outbox.log({ event: "native.unasked", level: "error", tool: tool.name });
    }
    const runId = this.#follow(call, tool, at);
    this.#returned(call, tool);
    tools.outcome(runId, outcome, at);
  }

  #isRefused({ approvalId }: NativeCall): boolean {
    return approvalId !== undefined && !this.#parts.answers.wasApproved(approvalId);
  }

  #toolOf({ server_label, name }: { server_label: string; name: string }): Tool | undefined {
    return this.#parts.offer.native.byServer.get(server_label)?.get(name);
  }
}

const requestOf = (tool: Tool, { text }: NativeCall): ToolRequest => ({
  tool,
  args: argumentsFrom(text) ?? {},
});

/** What a tool says is in the conversation; the relay has no use for it. */
const RETURNED: ToolOutcome = { is: "answered", text: "", isError: false };
const UNKNOWN: ToolOutcome = { is: "lost" };

/** JSON-RPC: no request, no such method, not these parameters. */
const REFUSED_BY_PROTOCOL = new Set([-32600, -32601, -32602]);
/** HTTP: refused before anything was done. */
const REFUSED_BY_HTTP = new Set([400, 404, 405, 406, 413, 415, 422, 429]);

/** Only what is certain is told as certain: of any other failure nobody here knows whether the server did its work. */
function outcomeOf({ type, code }: NonNullable<CallItem["error"]>): ToolOutcome {
  if (type === "tool_execution_error") return { is: "answered", text: "", isError: true };
  if (code == null) return UNKNOWN;
  if (type === "protocol_error" && REFUSED_BY_PROTOCOL.has(code)) return { is: "not_done", why: "refused" };
  if (type !== "http_error") return UNKNOWN;
  if (code === 401 || code === 403) return { is: "not_done", why: "unauthorized" };
  return REFUSED_BY_HTTP.has(code) ? { is: "not_done", why: "refused" } : UNKNOWN;
}
