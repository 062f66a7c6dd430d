/**
 * An item as the wire shows it: everything but the sound. The items of MCP have neither `object` nor `status`.
 *
 * Source: ConversationItem in npm's openai package.
 */
import type { Item } from "./conversation.ts";

export function shown(item: Item): Record<string, unknown> {
  const { id, kind: type } = item;
  const head = { id, object: "realtime.item", type, status: item.status };
  switch (item.kind) {
    case "message":
      return {
        ...head,
        role: item.role,
        content: item.content.map((part) =>
          part.type.endsWith("_text")
            ? { type: part.type, text: part.words }
            : {
                type: part.type,
                transcript: part.type === "input_audio" && part.words === "" ? null : part.words,
              },
        ),
      };
    case "function_call":
      return { ...head, name: item.name, call_id: item.callId, arguments: item.arguments };
    case "function_call_output":
      return { ...head, call_id: item.callId, output: item.output };
    case "mcp_list_tools":
      return {
        id,
        type,
        server_label: item.server,
        tools: item.tools.map(({ name, description, inputSchema, annotations }) => ({
          name,
          description,
          input_schema: inputSchema,
          annotations,
        })),
      };
    case "mcp_call":
      return {
        id,
        type,
        server_label: item.server,
        name: item.name,
        arguments: item.arguments,
        approval_request_id: item.approvalId,
        output: item.output,
        error: item.error,
      };
    case "mcp_approval_request":
      return { id, type, server_label: item.server, name: item.name, arguments: item.arguments };
    case "mcp_approval_response":
      return {
        id,
        type,
        approval_request_id: item.approvalId,
        approve: item.approve,
        reason: item.reason,
      };
    default:
      return item satisfies never;
  }
}
