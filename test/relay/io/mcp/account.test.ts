/** The account of all tools that an owner reads: once for each change, and with what they can do. */
import { afterEach, describe, expect, test } from "bun:test";
import { readPolicy } from "../../../../relay/call/policy.ts";
import type { McpEntry } from "../../../../relay/io/mcp/entry.ts";
import { until } from "../../../patience.ts";
import { Desk, listed, run, serverAt } from "./desk.ts";
import { tool } from "./scripted.ts";

const desk = new Desk();
afterEach(() => desk.clear());

const many = (count: number) =>
  Array.from({ length: count }, (_, n) => tool(`get_${String(n).padStart(3, "0")}`));

describe("the account of the tools", () => {
  test("counts them, and says of each where it lives, what may be done with it, and why", async () => {
    const read = readPolicy("create_*=allow", "");
    if (!read.ok) throw new Error("the policy is wrong");
    const server = await desk.scripted([
      tool("get_tasks", { annotations: { readOnlyHint: true } }),
      tool("create_task"),
      tool("send_mail"),
    ]);
    await desk.opened([serverAt(server.url)], { policy: read.policy });
    const told: unknown = desk.entries.filter(({ event }) => event.startsWith("tool"));
    const expected: readonly McpEntry[] = [
      { event: "tools.registered", level: "info", message: "Registered tools count: 3" },
      ...(
        [
          { tool: "create_task", kind: "write", rule: "allow", why: "owner: create_*" },
          { tool: "get_tasks", kind: "read", rule: "allow", why: "default: a read" },
          {
            tool: "send_mail",
            kind: "write",
            rule: "keypad",
            why: "default: a write that reaches other people",
          },
        ] as const
      ).map((fields) => ({ event: "tool.registered", level: "info", server: "notes", ...fields }) as const),
    ];
    expect(told).toEqual(expected);
  });

  test("is given once, however often the list is asked for, and again when it is another", async () => {
    const server = await desk.scripted([tool("a"), tool("b")]);
    const pace = { pingEveryMs: 5, relistEveryMs: 5 };
    const catalogue = await desk.opened([serverAt(server.url)], { pace });
    await until(() => server.seen("tools/list").length > 10);
    server.tools = [tool("b"), tool("a")];
    const before = server.seen("tools/list").length;
    await until(() => server.seen("tools/list").length > before + 5);
    expect(desk.logged("tools.registered")).toHaveLength(1);
    server.tools = [tool("a")];
    await listed(catalogue, ["a"]);
    expect(desk.logged("tools.registered").map(({ message }) => message)).toEqual([
      "Registered tools count: 2",
      "Registered tools count: 1",
    ]);
  });

  test("waits at the start until every server was tried, and is then one", async () => {
    const [one, two] = [await desk.scripted([tool("a")]), await desk.scripted([tool("b")])];
    await desk.opened([serverAt(one.url), serverAt(two.url, { label: "two", prefix: "two" })]);
    expect(desk.logged("tools.registered").map(({ message }) => message)).toEqual([
      "Registered tools count: 2",
    ]);
  });

  test("of an empty list says what to do, and that it is empty on purpose nobody knows", async () => {
    const server = await desk.scripted([]);
    const none = await desk.scripted([tool("a")]);
    none.capabilities = {};
    await desk.opened([serverAt(server.url), serverAt(none.url, { label: "none" })]);
    expect(desk.logged("mcp.empty")).toEqual([
      {
        event: "mcp.empty",
        level: "warn",
        server: "notes",
        mend: expect.stringContaining("add tools to it"),
      },
      { event: "mcp.empty", level: "warn", server: "none", mend: expect.stringContaining("add tools to it") },
    ]);
    expect(desk.logged("tools.registered")).toMatchObject([{ message: "Registered tools count: 0" }]);
  });

  test("of too many to choose among warns, and offers them all", async () => {
    const server = await desk.scripted(many(60));
    const catalogue = await desk.opened([serverAt(server.url)]);
    expect(catalogue.list.tools).toHaveLength(60);
    expect(desk.logged("tools.many")).toMatchObject([
      { count: 60, mend: expect.stringContaining("TOOL_POLICY") },
    ]);
    expect(await run(catalogue, "get_059")).toMatchObject({ is: "answered" });
    await desk.clear();
    const few = await desk.scripted(many(20));
    await desk.opened([serverAt(few.url)]);
    expect(desk.logged("tools.many")).toEqual([]);
  });

  test("of more than a session takes says which are left out: the same ones each time", async () => {
    const reserved = new Set(["end_call", "confirm", "cancel", "current_time"]);
    const left: string[][] = [];
    for (const tools of [many(140), many(140).toReversed()]) {
      const server = await desk.scripted(tools);
      const catalogue = await desk.opened([serverAt(server.url)], { reserved });
      expect(catalogue.list.tools).toHaveLength(124);
      const out = desk.logged("tool.left_out").filter(({ why }) => why === "too_many");
      expect(out).toHaveLength(16);
      left.push(out.map((entry) => entry.tool));
      await desk.clear();
    }
    expect(left[0]).toEqual(left[1] ?? []);
  });

  test("of what had to be mended or left out says so by name, and the rest works", async () => {
    const server = await desk.scripted([
      tool("fine"),
      tool("recursive", { inputSchema: { type: "object", properties: { again: { $ref: "#" } } } }),
      tool("hostile", { inputSchema: { $ref: "https://evil.example.com/schema" } }),
      tool("\u001b[2Jclear", { inputSchema: 7 }),
      tool("enable_zapier_action"),
      "no tool at all",
    ]);
    const catalogue = await desk.opened([serverAt(server.url)]);
    expect(catalogue.list.tools.map(({ name }) => name)).toEqual(["fine", "recursive"]);
    expect(desk.logged("tool.left_out").map(({ tool, why, mend }) => [tool, why, mend !== ""])).toEqual([
      ["?", "not_a_tool", true],
      ["?[2Jclear", "not_an_object", true],
      ["hostile", "remote_reference", true],
    ]);
    expect(desk.logged("tool.mended")).toMatchObject([{ tool: "recursive", lost: ["recursion"] }]);
    expect(desk.logged("tool.withheld")).toMatchObject([{ tool: "enable_zapier_action", server: "notes" }]);
    expect(await run(catalogue, "recursive")).toMatchObject({ is: "answered", text: "done" });
  });

  test("is not given where there are no servers", async () => {
    const catalogue = await desk.opened([]);
    expect([catalogue.list, desk.entries]).toEqual([{ tools: [], unreachable: [] }, []]);
  });
});
