/** Native MCP on the wire: what OpenAI tells of it, and what it is given. */
import { describe, expect, test } from "bun:test";
import { inspect } from "node:util";
import { Secret } from "../../../relay/secret.ts";
import { type McpTool, opened } from "../../../relay/wire/native-mcp.ts";
import { decodeModel, encodeModel, type Session } from "../../../relay/wire/realtime.ts";
import { canariesIn } from "../../canaries.ts";

const CALL = {
  type: "mcp_call",
  id: "item_1",
  server_label: "zapier",
  name: "todoist_find_tasks",
  arguments: "{}",
  approval_request_id: null,
  output: null,
  error: null,
};
const APPROVAL = {
  type: "mcp_approval_request",
  id: "mcpr_1",
  server_label: "zapier",
  name: "todoist_create_task",
  arguments: '{"content":"milk"}',
};
const LIST = { type: "mcp_list_tools", id: "mcpl_1", server_label: "zapier", tools: [{ name: "x" }] };

const decoded = (event: object) => decodeModel(JSON.stringify({ event_id: "event_1", ...event }));

describe("an event", () => {
  test.each([
    [{ type: "mcp_list_tools.in_progress", item_id: "mcpl_1" }],
    [{ type: "mcp_list_tools.completed", item_id: "mcpl_1" }],
    [{ type: "mcp_list_tools.failed", item_id: "mcpl_1" }],
    [{ type: "mcp_list_tools.failed" }],
    [{ type: "response.mcp_call_arguments.done", item_id: "item_1", arguments: '{"a":1}' }],
    [{ type: "response.mcp_call.in_progress", item_id: "item_1" }],
    [{ type: "response.mcp_call.completed", item_id: "item_1" }],
    [{ type: "response.mcp_call.failed", item_id: "item_1" }],
  ])("%j is read as it stands", (event) => {
    expect(decoded({ ...event, output_index: 0, response_id: "resp_1" })).toEqual(
      expect.objectContaining(event),
    );
  });

  test.each([
    ["response.output_item.added", CALL],
    ["response.output_item.done", { ...CALL, output: "Milk" }],
    ["response.output_item.done", { ...CALL, error: { type: "http_error", code: 502 } }],
    ["response.output_item.done", APPROVAL],
    ["conversation.item.added", LIST],
    ["conversation.item.done", CALL],
    ["conversation.item.done", APPROVAL],
    ["conversation.item.done", LIST],
  ])("%s brings its item whole", (type, item) => {
    expect(decoded({ type, response_id: "resp_1", item })).toMatchObject({ type, item });
  });

  test.each([
    ["response.output_item.done", { ...CALL, server_label: undefined }],
    ["response.output_item.done", { ...APPROVAL, name: undefined }],
    ["conversation.item.done", { ...APPROVAL, arguments: undefined }],
    ["conversation.item.done", { ...LIST, tools: undefined }],
    ["response.output_item.added", { ...CALL, id: "" }],
  ])(
    "%s with an item of native MCP in another shape is not taken for one that needs no answer",
    (type, item) => {
      expect(decoded({ type, response_id: "resp_1", item })).toMatchObject({
        type: "malformed",
        event: type,
      });
    },
  );

  test.each([
    ["response.output_item.added", { type: "message", id: "item_2", role: "assistant" }],
    ["conversation.item.done", { type: "mcp_something_new", id: "item_2" }],
  ])("%s with any other item is read, and has no server", (type, item) => {
    const event = decoded({ type, response_id: "resp_1", item });
    expect(event.type).not.toBe("malformed");
    expect(JSON.stringify(event)).not.toContain("server_label");
  });

  test("of another shape is malformed", () => {
    expect(decoded({ type: "response.mcp_call.completed" })).toEqual({
      type: "malformed",
      event: "response.mcp_call.completed",
    });
  });
});

const CANARIES = { url: "canary-url", token: "canary-token", header: "canary-header" };
const TOOL: McpTool = {
  type: "mcp",
  server_label: "zapier",
  server_url: new Secret(`https://mcp.example.com/s/${CANARIES.url}`),
  authorization: new Secret(CANARIES.token),
  headers: { "x-key": new Secret(CANARIES.header) },
  allowed_tools: ["todoist_find_tasks"],
  require_approval: "never",
};

describe("a server that is handed over", () => {
  const event = { type: "session.update", event_id: "session-1" } as const;
  const session = (tools: Session["tools"]): Session => ({
    type: "realtime",
    instructions: "x",
    output_modalities: ["audio"],
    audio: {
      input: { format: { type: "audio/pcmu" }, turn_detection: { type: "semantic_vad", eagerness: "auto" } },
      output: { format: { type: "audio/pcmu" }, voice: "marin" },
    },
    tools,
    tool_choice: "auto",
  });

  test("is opened on the wire, and prints as nothing anywhere else", () => {
    const update = { ...event, session: session([TOOL]) };
    expect(JSON.parse(encodeModel(update))).toMatchObject({
      session: {
        tools: [
          {
            type: "mcp",
            server_label: "zapier",
            server_url: "https://mcp.example.com/s/canary-url",
            authorization: "canary-token",
            headers: { "x-key": "canary-header" },
            allowed_tools: ["todoist_find_tasks"],
            require_approval: "never",
          },
        ],
      },
    });
    const printed = [JSON.stringify(update), inspect(update, { depth: 10 }), Bun.inspect(update)].join("\n");
    expect(canariesIn(printed, CANARIES)).toEqual([]);
  });

  test("without keys has no fields for them", () => {
    const { type, server_label, server_url, allowed_tools, require_approval } = TOOL;
    const bare = { type, server_label, server_url, allowed_tools, require_approval };
    expect(Object.keys(opened(bare)).sort()).toEqual(Object.keys(bare).sort());
  });

  test("leaves functions as they are", () => {
    const told = {
      type: "function",
      name: "end_call",
      description: "x",
      parameters: { type: "object" },
    } as const;
    const update = { ...event, session: session([told]) };
    expect(JSON.parse(encodeModel(update))).toEqual(JSON.parse(JSON.stringify(update)));
  });
});
