/** What OpenAI is told that it may use by itself, and what it has to ask about. */
import { describe, expect, test } from "bun:test";
import { nativeToolsOf } from "../../../relay/call/native-tools.ts";
import { NO_POLICY } from "../../../relay/call/policy.ts";
import { offerOf } from "../../../relay/call/toolbox.ts";
import type { Tool, ToolHints } from "../../../relay/call/tools.ts";
import { SERVER } from "./native-rig.ts";
import { policyOf } from "./tool-rig.ts";

const tool = (
  remoteName: string,
  {
    server = "zapier",
    hints = {},
    name = remoteName,
  }: { server?: string; hints?: ToolHints; name?: string } = {},
): Tool => ({
  name,
  description: remoteName,
  parameters: { type: "object" },
  source: { is: "mcp", server, remoteName },
  hints,
  timeoutMs: 20_000,
});

const FIND = tool("todoist_find_tasks");
const CREATE = tool("todoist_create_task");
const MAIL = tool("gmail_send_email");

const toldOf = (tools: readonly Tool[], policy = NO_POLICY, profile = {}) => {
  const { told } = offerOf({ tools, policy, unreachable: [], native: [SERVER] }, profile);
  return told.find(({ type }) => type === "mcp");
};

describe("a server", () => {
  test("is handed over with what the policy offers, and with what has to be asked about", () => {
    expect(toldOf([FIND, CREATE, MAIL])).toEqual({
      type: "mcp",
      server_label: "zapier_at_openai",
      server_url: SERVER.url,
      ...(SERVER.authorization !== undefined && { authorization: SERVER.authorization }),
      headers: SERVER.headers,
      allowed_tools: ["todoist_find_tasks", "todoist_create_task", "gmail_send_email"],
      require_approval: {
        always: { tool_names: ["todoist_create_task", "gmail_send_email"] },
        never: { tool_names: ["todoist_find_tasks"] },
      },
    });
  });

  test("of which all is asked about, or nothing, is told so in a word", () => {
    expect(toldOf([CREATE, MAIL])).toMatchObject({ require_approval: "always" });
    expect(toldOf([FIND])).toMatchObject({ require_approval: "never" });
  });

  test("of which nothing may be used is not handed over at all", () => {
    expect(toldOf([])).toBeUndefined();
    expect(toldOf([MAIL], policyOf("gmail_*=deny"))).toBeUndefined();
    expect(toldOf([MAIL], NO_POLICY, { tools: ["todoist_*"] })).toBeUndefined();
  });

  test("without keys is handed over without fields for them", () => {
    const bare = { ...SERVER, authorization: undefined, headers: {} };
    const [told] = nativeToolsOf([bare], [FIND], NO_POLICY).told;
    expect(Object.keys(told ?? {})).toEqual([
      "type",
      "server_label",
      "server_url",
      "allowed_tools",
      "require_approval",
    ]);
  });

  test("keeps its own names, and is known by OpenAI's label", () => {
    const odd = tool("Find tasks!", { name: "Find_tasks_xkcdbqr", hints: { readOnly: true } });
    const { byServer, told, labels } = nativeToolsOf([SERVER], [odd], NO_POLICY);
    expect(told[0]?.allowed_tools).toEqual(["Find tasks!"]);
    expect(byServer.get("zapier_at_openai")?.get("Find tasks!")).toBe(odd);
    expect(labels.get("zapier_at_openai")).toBe("zapier");
  });
});

describe("what has to be asked about", () => {
  test.each([
    ["a read", FIND, "", false],
    ["a read that the owner wants confirmed", FIND, "todoist_find_tasks=confirm", true],
    ["a read by its server's word alone", tool("look", { hints: { readOnly: true } }), "", false],
    ["a write", CREATE, "", true],
    // What the call reads later may make it stricter, and then nothing could hold it back.
    ["a write that is allowed", CREATE, "todoist_create_task=allow", true],
    ["a write that is allowed by a pattern", MAIL, "gmail_*=allow", true],
    ["what nobody knows", tool("frobnicate"), "", true],
    ["a read that runs what its arguments name", tool("execute_zapier_read_action"), "", true],
    ["a write that does", tool("execute_zapier_write_action"), "", true],
    ["a look-up of actions", tool("list_enabled_zapier_actions", { hints: { readOnly: true } }), "", false],
  ] as const)("%s", (_, given, rules, isAsked) => {
    const { asked, unasked } = nativeToolsOf([SERVER], [given], policyOf(rules));
    expect([asked.has(given), unasked.has(given)]).toEqual([isAsked, !isAsked]);
  });
});

describe("beside native servers", () => {
  test("the relay's own tools are functions, and OpenAI's are none", () => {
    const note: Tool = { ...tool("take_note"), source: { is: "function" } };
    const other = tool("search", { server: "notes", hints: { readOnly: true } });
    const offer = offerOf(
      { tools: [FIND, note, other], policy: NO_POLICY, unreachable: [], native: [SERVER] },
      {},
    );
    expect([...offer.tools.keys()]).toEqual(["take_note", "search"]);
    const functions = offer.told.flatMap((each) => (each.type === "function" ? [each.name] : []));
    expect(functions).toEqual(["end_call", "confirm", "cancel", "take_note", "search"]);
    expect(offer.count).toBe(6);
  });

  test("nothing changes where there are none", () => {
    const offer = offerOf({ tools: [FIND], policy: NO_POLICY, unreachable: [] }, {});
    expect(offer.native).toMatchObject({ told: [], asked: new Set(), unasked: new Set() });
    expect([...offer.tools.keys()]).toEqual(["todoist_find_tasks"]);
    expect(offer.told.every(({ type }) => type === "function")).toBe(true);
  });
});
