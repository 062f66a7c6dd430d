/** What of a server's list is offered: fit, under which name, and what was left out and why. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { offerOf } from "../../../../relay/io/mcp/offer.ts";
import { TOOL_NAME } from "../../../../relay/wire/tool-name.ts";
import { complaintsAbout } from "../../wire/fit-schema.ts";
import { serverAt } from "./desk.ts";
import { tool } from "./scripted.ts";

const server = serverAt("https://notes.example.com/mcp");
const naming = { prefix: undefined, otherPrefixes: [], reserved: new Set(["end_call"]) };
const offer = (listed: readonly unknown[]) => offerOf(listed, { server, naming, timeoutMsOf: () => 20_000 });
const names = (listed: readonly unknown[]) => offer(listed).tools.map(({ name }) => name);

describe("a tool in a server's list", () => {
  test("is offered with what the API takes, and what its server says of it", () => {
    const listed = {
      name: "create_task",
      title: "Create a task",
      description: "Adds a task\u0007 to a list.",
      inputSchema: {
        $schema: "http://json-schema.org/draft-07/schema#",
        type: "object",
        properties: { content: { type: "string", title: "Content" } },
        required: ["content"],
      },
      outputSchema: { type: "object" },
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: "yes", title: "x" },
      _meta: { secret: 1 },
      icons: [],
    };
    expect(offer([listed])).toEqual({
      tools: [
        {
          name: "create_task",
          description: "Adds a task  to a list.",
          parameters: { type: "object", properties: { content: { type: "string" } }, required: ["content"] },
          source: { is: "mcp", server: "notes", remoteName: "create_task" },
          hints: { readOnly: false, destructive: false },
          timeoutMs: 20_000,
        },
      ],
      leftOut: [],
      mended: [],
      withheld: [],
      asTasks: new Set(),
    });
  });

  test("has a description in any case: its own, its title, or its name", () => {
    const described = (more: object) =>
      offer([{ name: "a_b", inputSchema: {}, ...more }]).tools[0]?.description;
    expect(described({ description: "Own" })).toBe("Own");
    expect(described({ description: " \u0000", title: "Title" })).toBe("Title");
    expect(described({ annotations: { title: "Annotated" } })).toBe("Annotated");
    expect(described({ description: 7 })).toBe("a_b");
  });

  test("keeps what its server calls it, whatever it is called here", () => {
    const [made] = offer([tool("files/read")]).tools;
    expect(made?.name).toMatch(/^files_read_[a-z]{7}$/);
    expect(made?.source).toEqual({ is: "mcp", server: "notes", remoteName: "files/read" });
  });

  test("and all the others are in an order that does not depend on the server's", () => {
    const tools = ["b", "a", "C", "files/read", "files.read", "end_call"].map((name) => tool(name));
    expect(names(tools)).toEqual(names(tools.toReversed()));
    expect(new Set(names(tools)).size).toBe(6);
    expect(names(tools)).not.toContain("end_call");
  });
});

describe("left out, with a reason, is", () => {
  test("what no model could be told of", () => {
    const listed = [
      tool("fine"),
      tool("text", { inputSchema: { type: "string" } }),
      tool("remote", { inputSchema: { type: "object", properties: { a: { $ref: "https://x/" } } } }),
      tool("proto", { inputSchema: JSON.parse('{"required":["__proto__"]}') }),
      tool("huge", {
        inputSchema: {
          type: "object",
          properties: Object.fromEntries(Array.from({ length: 4_000 }, (_, n) => [`p${n}`, {}])),
        },
      }),
      null,
      { name: 7 },
      { name: "" },
      tool("evil\nlevel=info", { inputSchema: [] }),
    ];
    const { tools, leftOut } = offer(listed);
    expect(tools.map(({ name }) => name)).toEqual(["fine"]);
    expect(leftOut).toEqual([
      { tool: "?", why: "not_a_tool" },
      { tool: "?", why: "not_a_tool" },
      { tool: "?", why: "not_a_tool" },
      { tool: "evil?level=info", why: "not_an_object" },
      { tool: "huge", why: "too_large" },
      { tool: "proto", why: "impossible" },
      { tool: "remote", why: "remote_reference" },
      { tool: "text", why: "not_an_object" },
    ]);
  });

  test("what comes after more than anybody reads, so that no server can keep the relay busy", () => {
    const properties = Object.fromEntries(Array.from({ length: 1_900 }, (_, n) => [`p${n}`, {}]));
    const listed = Array.from({ length: 300 }, (_, n) =>
      tool(`t${n}`, { inputSchema: { type: "object", properties } }),
    );
    const { tools, leftOut } = offer([...listed, tool("z")]);
    expect(tools).toHaveLength(5);
    expect(new Set(leftOut.map(({ why }) => why))).toEqual(new Set(["too_large"]));
  });

  test("the second of one name, the same one each time", () => {
    const twins = [tool("a", { description: "One" }), tool("a", { description: "Two" })];
    expect(offer(twins).leftOut).toEqual([{ tool: "a", why: "same_name" }]);
    expect(offer(twins).tools).toHaveLength(1);
  });
});

test("what was lost of a schema is told", () => {
  const recursive = { type: "object", properties: { again: { $ref: "#" } } };
  expect(offer([tool("a", { inputSchema: recursive })]).mended).toEqual([{ tool: "a", lost: ["recursion"] }]);
});

test("of Zapier's meta-tools only those of the allow-list are offered", () => {
  const listed = [
    "execute_zapier_read_action",
    "execute_zapier_write_action",
    "list_enabled_zapier_actions",
    "inspect_zapier_actions",
    "discover_zapier_actions",
    "enable_zapier_action",
    "send_feedback",
    "something_of_tomorrow",
  ].map((name) => tool(name));
  const { tools, withheld } = offer(listed);
  expect(tools.map(({ name }) => name)).toEqual([
    "execute_zapier_read_action",
    "execute_zapier_write_action",
    "inspect_zapier_actions",
    "list_enabled_zapier_actions",
  ]);
  expect([...withheld].sort()).toEqual([
    "discover_zapier_actions",
    "enable_zapier_action",
    "send_feedback",
    "something_of_tomorrow",
  ]);
});

test("which tools are run as tasks is known by their server's names", () => {
  const task = tool("a/b", { execution: { taskSupport: "required" } });
  const maybe = tool("c", { execution: { taskSupport: "optional" } });
  expect(offer([task, maybe]).asTasks).toEqual(new Set(["a/b"]));
});

test("whatever a server lists, what is offered is fit and unmistakable", () => {
  const entry = fc.oneof(
    fc.record({
      name: fc.oneof(
        fc.string({ unit: "binary", maxLength: 90 }),
        fc.constantFrom("a", "a/b", "a.b", "end_call"),
      ),
      description: fc.option(fc.string({ unit: "binary", maxLength: 2_000 })),
      inputSchema: fc.oneof(
        fc.anything(),
        fc.object({ withNullPrototype: true }),
        fc.constant({ type: "object" }),
      ),
      annotations: fc.anything(),
      execution: fc.anything(),
    }),
    fc.anything(),
  );
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), (listed) => {
      const { tools, leftOut, withheld } = offer(listed);
      expect(tools.length + leftOut.length + withheld.length).toBe(listed.length);
      for (const made of tools) {
        expect(made.name).toMatch(TOOL_NAME);
        expect(made.description).not.toBe("");
        expect(complaintsAbout(made.parameters)).toEqual([]);
      }
      expect(new Set(tools.map(({ name }) => name)).size).toBe(tools.length);
    }),
    { numRuns: 800 },
  );
});
