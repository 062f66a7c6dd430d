/**
 * Native MCP, as OpenAI's Realtime API has it: a server whose tools OpenAI uses by itself is handed over as a tool of the
 * session, and what becomes of them is told in items and events.
 * Source: https://platform.openai.com/docs/guides/realtime-mcp, and the RealtimeMcp types of npm's openai package.
 */
import { z } from "zod";

const Id = z.string().min(1);

/** A call that OpenAI makes itself. Both `output` and `error` are null until it is over. */
const McpCall = z.object({
  type: z.literal("mcp_call"),
  id: Id,
  server_label: z.string(),
  name: z.string(),
  arguments: z.string().nullish(),
  approval_request_id: z.string().nullish(),
  output: z.string().nullish(),
  error: z.object({ type: z.string().nullish(), code: z.number().nullish() }).nullish(),
});
/** Whether such a call may be made. It is not before it has been answered. */
const ApprovalRequest = z.object({
  type: z.literal("mcp_approval_request"),
  id: Id,
  server_label: z.string(),
  name: z.string(),
  arguments: z.string(),
});
/** What a server offers, and the session allows. */
const ListTools = z.object({
  type: z.literal("mcp_list_tools"),
  id: Id,
  server_label: z.string(),
  tools: z.array(z.unknown()),
});
/** For a union, which takes them one by one: one in another tells for each item that is none of these why it is not. */
export const MCP_ITEMS = [McpCall, ApprovalRequest, ListTools] as const;
export type McpItem = z.infer<(typeof MCP_ITEMS)[number]>;

/** One of these in another shape must not pass for an item that nobody has to answer. */
export const NoMcpItem = z.object({
  type: z.string().refine((type) => !/^mcp_(?:call|approval_request|list_tools)$/.test(type)),
  id: Id,
});
const Item = z.union([NoMcpItem, ...MCP_ITEMS]);

const listing = <Type extends string>(type: Type) =>
  z.object({ type: z.literal(type), item_id: z.string().optional() });
const ofCall = <Type extends string>(type: Type) => z.object({ type: z.literal(type), item_id: Id });

export const MCP_EVENTS = {
  "mcp_list_tools.in_progress": listing("mcp_list_tools.in_progress"),
  "mcp_list_tools.completed": listing("mcp_list_tools.completed"),
  "mcp_list_tools.failed": listing("mcp_list_tools.failed"),
  "response.mcp_call_arguments.done": ofCall("response.mcp_call_arguments.done").extend({
    arguments: z.string(),
  }),
  "response.mcp_call.in_progress": ofCall("response.mcp_call.in_progress"),
  "response.mcp_call.completed": ofCall("response.mcp_call.completed"),
  "response.mcp_call.failed": ofCall("response.mcp_call.failed"),
  "response.output_item.added": z.object({
    type: z.literal("response.output_item.added"),
    response_id: Id,
    item: Item,
  }),
  "conversation.item.done": z.object({
    type: z.literal("conversation.item.done"),
    item: Item,
  }),
} as const;

type Events = typeof MCP_EVENTS;
export type McpEvent = { [Type in keyof Events]: z.infer<Events[Type]> }[keyof Events];

// --- to the model -------------------------------------------------------------------------------------------

/** A text that prints as something else, wherever it is printed but here: relay/secret.ts. */
export type Sealed = { readonly reveal: () => string };

type Names = { readonly tool_names: readonly string[] };

export type McpTool = {
  readonly type: "mcp";
  /** ^[a-zA-Z][a-zA-Z0-9_-]*$, and no other server of the session has it. */
  readonly server_label: string;
  readonly server_url: Sealed;
  /** A bearer token. OpenAI refuses it beside a header of that name. */
  readonly authorization?: Sealed;
  readonly headers?: Readonly<Record<string, Sealed>>;
  readonly allowed_tools: readonly string[];
  readonly require_approval: "always" | "never" | { readonly always: Names; readonly never: Names };
};

/** As it stands on the wire, with all that opens the server. */
export function opened({ server_url, authorization, headers, ...rest }: McpTool): Record<string, unknown> {
  const shown = headers && Object.entries(headers).map(([name, value]) => [name, value.reveal()]);
  return {
    ...rest,
    server_url: server_url.reveal(),
    ...(authorization !== undefined && { authorization: authorization.reveal() }),
    ...(shown !== undefined && { headers: Object.fromEntries(shown) }),
  };
}

/** The answer to an approval request, once each. */
export type ApprovalResponse = {
  /** At most 32 characters. OpenAI makes none for this kind of item. */
  readonly id: string;
  readonly type: "mcp_approval_response";
  readonly approval_request_id: string;
  readonly approve: boolean;
  readonly reason?: string;
};
