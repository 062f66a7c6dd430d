/**
 * A call in hand whose tools OpenAI uses by itself: what it tells of them, by short names, in the order in which it does
 * live. It decides nothing and checks nothing.
 */
import type { NativeServer } from "../../../relay/call/native-tools.ts";
import { Secret } from "../../../relay/secret.ts";
import type { McpItem } from "../../../relay/wire/native-mcp.ts";
import { ToolRig } from "./tool-rig.ts";

export const CANARIES = {
  url: "https://mcp.example.com/s/canary-in-the-path/mcp",
  authorization: "canary-token",
  header: "canary-header",
} as const;

/** As the sources of the rig's tools name it, and as OpenAI does. */
export const SERVER: NativeServer = {
  label: "zapier",
  serverLabel: "zapier_at_openai",
  url: new Secret(CANARIES.url),
  authorization: new Secret(CANARIES.authorization),
  headers: { "x-key": new Secret(CANARIES.header) },
};

type CallItem = Extract<McpItem, { type: "mcp_call" }>;
type Failure = NonNullable<CallItem["error"]>;
type Call = { readonly name: string; readonly text: string; readonly responseId: string; approval?: string };
type How = "both" | "response" | "conversation";

export class NativeRig extends ToolRig {
  readonly #calls = new Map<string, Call>();
  #made = 0;

  constructor(given: NonNullable<ConstructorParameters<typeof ToolRig>[0]> = {}) {
    super({ native: [SERVER], ...given });
  }

  /** The model writes a call in this response; returns the call's item. */
  writes(response_id: string, name: string, args: unknown = {}): string {
    const id = `mcp_${++this.#made}`;
    const text = JSON.stringify(args);
    this.#calls.set(id, { name, text, responseId: response_id });
    this.model({ type: "response.output_item.added", response_id, item: this.#item(id, { arguments: "" }) });
    this.model({ type: "response.mcp_call_arguments.done", item_id: id, arguments: text });
    return id;
  }

  /** OpenAI asks whether it may make this call; returns the question's item. @param how the events that bring it */
  asks(id: string, how: How = "both"): string {
    const call = this.#callOf(id);
    const approval = `ask_${id}`;
    const { name, text, responseId: response_id } = call;
    const item = {
      type: "mcp_approval_request",
      id: approval,
      server_label: SERVER.serverLabel,
      name,
      arguments: text,
    } as const;
    if (how !== "conversation") this.model({ type: "response.output_item.done", response_id, item });
    if (how !== "response") this.model({ type: "conversation.item.done", item });
    call.approval = approval;
    return approval;
  }

  begins(id: string): this {
    return this.model({ type: "response.mcp_call.in_progress", item_id: id });
  }

  returns(id: string, output = "Milk, eggs"): this {
    return this.completes(id).isWhole(id, { output });
  }

  completes(id: string): this {
    return this.model({ type: "response.mcp_call.completed", item_id: id });
  }

  fails(id: string, error: Failure = { type: "tool_execution_error" }): this {
    return this.failsSilently(id).isWhole(id, { error });
  }

  /** The same, and the reason never comes. */
  failsSilently(id: string): this {
    return this.model({ type: "response.mcp_call.failed", item_id: id });
  }

  /** The model makes one call and nothing else, and nobody is asked; returns the call's item. */
  modelUses(name: string, args: unknown = {}): string {
    const response = `use_${++this.#made}`;
    this.created(response);
    const id = this.writes(response, name, args);
    this.done(response).begins(id);
    return id;
  }

  /** The model makes one call, about which OpenAI asks; returns the question's item and the call's. */
  modelWants(name: string, args: unknown = {}): [approval: string, id: string] {
    const response = `want_${++this.#made}`;
    this.created(response);
    const id = this.writes(response, name, args);
    const approval = this.asks(id);
    this.done(response);
    return [approval, id];
  }

  /** The question that the relay reads to the caller is read, and heard to its end. */
  isRead(): this {
    const words = /The text: (".*")$/s.exec(this.asked?.instructions ?? "")?.[1];
    if (words === undefined) throw new Error("nothing is to be read");
    return this.modelSays(String(JSON.parse(words)), "read_back");
  }

  /** What OpenAI was answered, by the question: approved, or why not. */
  get approvals(): Record<string, true | string> {
    const approvals: Record<string, true | string> = {};
    for (const event of this.allEvents) {
      if (event.type !== "conversation.item.create" || event.item.type !== "mcp_approval_response") continue;
      const { approval_request_id: id, approve, reason } = event.item;
      if (id in approvals) throw new Error(`${id} was answered twice`);
      approvals[id] = approve || (reason ?? "");
    }
    return approvals;
  }

  /** What the model was told beside. */
  get notes(): string[] {
    return this.allEvents.flatMap((event) =>
      event.type === "conversation.item.create" &&
      event.item.type === "message" &&
      event.item.role === "system"
        ? event.item.content.map(({ text }) => text)
        : [],
    );
  }

  /** Why each response was asked for, ever. */
  get reasons(): string[] {
    return this.allEvents.flatMap((event) =>
      event.type === "response.create" ? [event.response.metadata.reason] : [],
    );
  }

  /** The call's item, with what came of it. @param how the events that bring it */
  isWhole(id: string, result: Partial<CallItem>, how: How = "both"): this {
    const item = this.#item(id, result);
    const { responseId: response_id } = this.#callOf(id);
    if (how !== "conversation") this.model({ type: "response.output_item.done", response_id, item });
    return how === "response" ? this : this.model({ type: "conversation.item.done", item });
  }

  #item(id: string, rest: Partial<CallItem>): CallItem {
    const { name, text, approval = null } = this.#callOf(id);
    return {
      type: "mcp_call",
      id,
      server_label: SERVER.serverLabel,
      name,
      arguments: text,
      approval_request_id: approval,
      output: null,
      error: null,
      ...rest,
    };
  }

  #callOf(id: string): Call {
    const call = this.#calls.get(id);
    if (call === undefined) throw new Error(`no call ${id}`);
    return call;
  }
}
