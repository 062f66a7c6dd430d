/**
 * Native MCP in a session: the lists of the servers' tools as items, and the model's calls of them, with the client's
 * approval where it is required. The tool is called by the stand-in itself; the client learns of it by events.
 *
 * In the order in which OpenAI's own libraries meet it live (openai-dotnet and openai-ruby, tests and examples of 2026):
 * the response is done before the result is there, and no further response follows by itself. `results: "before"` holds
 * the response back until then, which the documentation leaves open.
 */
import type { Conversation, Item } from "./conversation.ts";
import { RemoteServer, type RemoteTool } from "./remote-tools.ts";
import { shown } from "./shown-item.ts";
import type { McpTool } from "./tool-shape.ts";

export type RemoteCall = Extract<Item, { kind: "mcp_call" }>;
export type Approval = Extract<Item, { kind: "mcp_approval_request" }>;

type Place = {
  readonly item: RemoteCall;
  readonly responseId: string;
  readonly outputIndex: number;
  /** False for a response out of band. */
  readonly inConversation: boolean;
};

/** What becomes of a call that the model has written to its end. */
export type RemoteStep = {
  /** It is asked for with this item, and not made before it is answered. */
  readonly approval?: Approval;
  /** The response is to wait for it. */
  readonly settled?: Promise<void>;
};

export type RemoteWay = {
  readonly conversation: Conversation;
  readonly newId: (kind: string) => string;
  readonly send: (event: { readonly type: string; readonly [field: string]: unknown }) => void;
  readonly onItem: (item: Item) => void;
  /** A result that the model reads with its next response. */
  readonly onResult: (item: RemoteCall) => void;
  readonly results: "after" | "before";
};

export class RemoteCalls {
  readonly #way: RemoteWay;
  readonly #servers = new Map<string, RemoteServer>();
  readonly #waiting = new Map<string, Place>();
  #over = false;

  constructor(way: RemoteWay) {
    this.#way = way;
  }

  /** What the model can call now. */
  get tools(): readonly RemoteTool[] {
    return [...this.#servers.values()].flatMap(({ tools }) => tools);
  }

  /** Asked for and not answered yet. */
  get approvals(): readonly Approval[] {
    const { items } = this.#way.conversation;
    return items
      .filter((item) => item.kind === "mcp_approval_request")
      .filter(({ id }) => this.#waiting.has(id));
  }

  /** The session's servers from now on: a new one, or one with other settings, is listed anew. */
  servers(configs: readonly McpTool[]): void {
    const wanted = new Map(configs.map((config) => [config.server_label, config]));
    for (const [label, server] of this.#servers) {
      if (JSON.stringify(wanted.get(label)) === JSON.stringify(server.config)) continue;
      this.#servers.delete(label);
      server.close();
    }
    for (const [label, config] of wanted) {
      if (this.#servers.has(label)) continue;
      const server = new RemoteServer(config);
      this.#servers.set(label, server);
      this.#list(server);
    }
  }

  tool(server: string, name: string): RemoteTool | undefined {
    return this.#servers.get(server)?.tools.find((tool) => tool.name === name);
  }

  /** The model has called a tool. */
  called(place: Place): RemoteStep {
    const { item } = place;
    const server = this.#servers.get(item.server);
    const tool = this.tool(item.server, item.name);
    if (server !== undefined && tool !== undefined && server.needsApproval(tool)) {
      const approval: Approval = {
        id: this.#way.newId("mcpr"),
        kind: "mcp_approval_request",
        status: "completed",
        server: item.server,
        name: item.name,
        arguments: item.arguments,
      };
      item.approvalId = approval.id;
      this.#waiting.set(approval.id, place);
      return { approval };
    }
    const settled = this.#run(place);
    return this.#way.results === "before" ? { settled } : {};
  }

  /** The client's answer to a request that is in the conversation. */
  decided(approvalId: string, approve: boolean, reason: string | null): void {
    const place = this.#waiting.get(approvalId);
    this.#waiting.delete(approvalId);
    if (place === undefined) return;
    if (approve) {
      this.#run(place);
      return;
    }
    // How the live service ends a call that was not approved is not published; this is what its types allow.
    const message = reason ?? "The call was not approved.";
    this.#settled(place, { output: null, error: { type: "tool_execution_error", message } });
  }

  isWaiting(approvalId: string): boolean {
    return this.#waiting.has(approvalId);
  }

  stop(): void {
    this.#over = true;
    for (const server of this.#servers.values()) server.close();
  }

  #list(server: RemoteServer): void {
    const { conversation, newId, send, onItem } = this.#way;
    const id = newId("mcpl");
    const item: Item = {
      id,
      kind: "mcp_list_tools",
      status: "in_progress",
      server: server.config.server_label,
      tools: [],
    };
    send({ type: "mcp_list_tools.in_progress", item_id: id });
    const previous_item_id = conversation.lastId;
    conversation.append(item);
    onItem(item);
    send({ type: "conversation.item.added", previous_item_id, item: shown(item) });
    server.list().then((listed) => {
      if (this.#over) return;
      item.status = "completed";
      item.tools = server.tools;
      send({ type: `mcp_list_tools.${listed ? "completed" : "failed"}`, item_id: id });
      send({ type: "conversation.item.done", previous_item_id: conversation.before(id), item: shown(item) });
    });
  }

  async #run(place: Place): Promise<void> {
    const { item, outputIndex } = place;
    const server = this.#servers.get(item.server);
    this.#way.send({
      type: "response.mcp_call.in_progress",
      item_id: item.id,
      output_index: outputIndex,
    });
    const args = argumentsOf(item.arguments);
    const result =
      server === undefined || args === undefined
        ? ({
            output: null,
            error: { type: "protocol_error", code: -32602, message: "Invalid call." },
          } as const)
        : await server.call(item.name, args);
    if (!this.#over) this.#settled(place, result);
  }

  #settled(
    { item, responseId, outputIndex, inConversation }: Place,
    result: Pick<RemoteCall, "output" | "error">,
  ): void {
    const { conversation, send, onResult } = this.#way;
    item.output = result.output;
    item.error = result.error;
    item.status = "completed";
    const place = { item_id: item.id, output_index: outputIndex };
    send({ type: `response.mcp_call.${item.error === null ? "completed" : "failed"}`, ...place });
    send({
      type: "response.output_item.done",
      response_id: responseId,
      output_index: outputIndex,
      item: shown(item),
    });
    onResult(item);
    if (!inConversation || conversation.find(item.id) === undefined) return;
    const previous_item_id = conversation.before(item.id);
    send({ type: "conversation.item.done", previous_item_id, item: shown(item) });
  }
}

function argumentsOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
