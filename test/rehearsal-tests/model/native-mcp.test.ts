/** MCP servers that the stand-in calls by itself: their lists, their calls in a real file, approvals, and what fails. */
import { afterEach, expect, test } from "bun:test";
import { z } from "zod";
import { PATIENCE_MS } from "../../patience.ts";
import { clip } from "../../rehearsal/audio/clips.ts";
import type { Occasion, Reply } from "../../rehearsal/model/script.ts";
import { startModel } from "../../rehearsal/model/server.ts";
import { Client, field, type Got, SETTINGS, text } from "./client.ts";
import { CREATE, itemDone, NativeRig, once, serverOf } from "./native-rig.ts";

const rig = new NativeRig();
afterEach(() => rig.clear());

const Listed = z.array(z.looseObject({ name: z.string() }));
const names = (got: Got): string[] => Listed.parse(field(got, "item.tools")).map(({ name }) => name);

test("a server's tools are listed as an item of the conversation, and its key is not shown again", async () => {
  const tools = await rig.desk.start({ pageSize: 4 });
  const client = await rig.ready(tools, {}, { headers: { "x-mine": "1" } });
  const done = await itemDone(client, "mcp_list_tools");
  const from = client.types().indexOf("session.updated");
  expect(client.types().slice(from)).toEqual([
    "session.updated",
    "mcp_list_tools.in_progress",
    "conversation.item.added",
    "mcp_list_tools.completed",
    "conversation.item.done",
  ]);
  const itemId = field(await client.next("mcp_list_tools.in_progress"), "item_id");
  expect(field(await client.next("mcp_list_tools.completed"), "item_id")).toBe(itemId);
  expect(field(done, "item.id")).toBe(itemId);
  expect(Object.keys(z.record(z.string(), z.unknown()).parse(field(done, "item")))).toEqual([
    "id",
    "type",
    "server_label",
    "tools",
  ]);
  expect(names(done)).toHaveLength(11);
  expect(field(done, "item.tools.1")).toMatchObject({
    name: "todoist_create_task",
    input_schema: { type: "object", required: ["content"] },
    annotations: { readOnlyHint: false },
  });
  const shown = field(await client.next("session.updated"), "session.tools.0");
  expect(shown).toEqual({
    type: "mcp",
    server_label: "zapier",
    server_url: tools.url,
    require_approval: "never",
  });
});

for (const [what, allowed_tools, expected] of [
  ["by name", ["gmail_find_email", "fly"], ["gmail_find_email"]],
  ["by a filter of names", { tool_names: ["gmail_find_email"] }, ["gmail_find_email"]],
  ["that only read", { read_only: true }, ["todoist_find_tasks", "gmail_find_email"]],
  ["by name if they only read", { read_only: true, tool_names: ["gmail_send_email"] }, []],
] as const) {
  test(`only the tools allowed ${what} are listed`, async () => {
    const client = await rig.ready(await rig.desk.start(), {}, { allowed_tools });
    expect(names(await itemDone(client, "mcp_list_tools"))).toEqual([...expected]);
  });
}

test("a list that fails says nothing of why, and the session goes on without", async () => {
  const tools = await rig.desk.start();
  rig.model = await startModel({ script: [{ reply: [{ tag: 1, ms: 40 }] }] });
  const client = await Client.ready(rig.model, {
    ...SETTINGS,
    tools: [serverOf(tools, { authorization: "wrong" })],
  });
  const failed = await client.next("mcp_list_tools.failed");
  expect(Object.keys(failed.event).toSorted()).toEqual(["event_id", "item_id", "type"]);
  expect(names(await itemDone(client, "mcp_list_tools"))).toEqual([]);
  client.send({ type: "response.create" });
  expect(field(await client.next("response.done"), "response.status")).toBe("completed");
  expect(tools.requests.every(({ status }) => status === 401)).toBeTrue();
});

test("other machines are not called", async () => {
  rig.model = await startModel();
  const server = { type: "mcp", server_label: "far", server_url: "https://mcp.example.com/mcp" };
  const client = await Client.ready(rig.model, { ...SETTINGS, tools: [server] });
  await client.next("mcp_list_tools.failed");
});

test("a call is really made; the response ends before its result is there, and none follows by itself", async () => {
  const tools = await rig.desk.start();
  const seen: Occasion[] = [];
  const client = await rig.ready(tools, { script: once([CREATE], seen) });
  client.send({ type: "response.create" });
  const completed = await client.next("response.mcp_call.completed");
  const done = await itemDone(client, "mcp_call");
  expect(tools.executions()).toMatchObject([
    { tool: "todoist_create_task", arguments: '{"content":"Buy milk"}' },
  ]);
  const from = client.types().indexOf("response.created");
  const types = client.types().slice(from);
  const ordered = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done",
    "response.mcp_call.in_progress",
  ];
  expect(types.filter((type) => ordered.includes(type))).toEqual(ordered);
  expect(types.slice(-3)).toEqual([
    "response.mcp_call.completed",
    "response.output_item.done",
    "conversation.item.done",
  ]);
  const response = await client.next("response.done");
  expect(client.types().indexOf("response.done")).toBeLessThan(client.types().indexOf(completed.type));
  expect(field(response, "response.output.0")).toMatchObject({ type: "mcp_call", output: null, error: null });
  expect(field(done, "item")).toMatchObject({
    type: "mcp_call",
    server_label: "zapier",
    name: "todoist_create_task",
    arguments: '{"content":"Buy milk"}',
    approval_request_id: null,
    error: null,
  });
  expect(text(done, "item.output")).toContain('"Buy milk"');
  expect([field(completed, "item_id"), field(completed, "output_index")]).toEqual([
    field(done, "item.id"),
    0,
  ]);
  client.send({ type: "response.create" });
  await client.next("response.done", 2);
  expect(client.all("response.created")).toHaveLength(2);
  expect(seen[0]?.remoteTools).toHaveLength(11);
  expect(seen[1]?.outputs).toMatchObject([{ name: "todoist_create_task", callId: field(done, "item.id") }]);
});

test("where it was asked for, the response waits for the result", async () => {
  const tools = await rig.desk.start();
  const script = once([CREATE, { tag: 1, ms: 40 }]);
  const client = await rig.ready(tools, { script, mcpResults: "before" });
  client.send({ type: "response.create" });
  const done = await client.next("response.done");
  expect(client.types().indexOf("response.mcp_call.completed")).toBeLessThan(
    client.types().indexOf("response.output_audio.delta"),
  );
  expect(text(done, "response.output.0.output")).toContain("Buy milk");
  expect(tools.executions()).toHaveLength(1);
});

test("the caller's speech ends a response that waits for a result, and the tool goes on", async () => {
  const tools = await rig.desk.start({ behaviours: { todoist_create_task: { ends: { is: "hang" } } } });
  const client = await rig.ready(tools, { script: once([CREATE]), mcpResults: "before" });
  client.send({ type: "response.create" });
  await tools.waitFor(() => tools.calls[0]?.end === "hanging", PATIENCE_MS);
  client.say(clip("caller-wait"));
  expect(field(await client.next("response.done"), "response.status")).toBe("cancelled");
  expect(tools.executions()).toHaveLength(1);
});

test("a call that fails says how in its item and not in its event", async () => {
  const tools = await rig.desk.start({
    behaviours: {
      todoist_create_task: { ends: { is: "throw", code: -32603, message: "upstream" }, times: 1 },
    },
  });
  const reply = (occasion: Occasion): Reply =>
    occasion.response === 2 ? [{ ...CREATE, arguments: { colour: "red" } }] : [CREATE];
  const client = await rig.ready(tools, { script: reply });
  const errorOf = async (nth: number): Promise<unknown> => {
    client.send({ type: "response.create" });
    await client.next("response.done", nth);
    const failed = await client.next("response.mcp_call.failed", nth);
    expect(Object.keys(failed.event).toSorted()).toEqual(["event_id", "item_id", "output_index", "type"]);
    return field(await client.next("response.output_item.done", nth), "item.error");
  };
  expect(await errorOf(1)).toMatchObject({ type: "protocol_error", code: -32603 });
  expect(await errorOf(2)).toMatchObject({
    type: "tool_execution_error",
    message: expect.stringContaining("colour"),
  });
  await tools.forgetSessions();
  expect(await errorOf(3)).toMatchObject({ type: "http_error", code: 404 });
});

test("a server with new settings is listed anew, one that is gone is gone, and the others stay", async () => {
  const [one, other] = [await rig.desk.start(), await rig.desk.start({ only: ["gmail_send_email"] })];
  const client = await rig.ready(one, {});
  const both = [serverOf(one), serverOf(other, { server_label: "mine" })];
  client.send({ type: "session.update", session: { type: "realtime", tools: both } });
  await client.next("mcp_list_tools.completed", 2);
  client.send({ type: "session.update", session: { type: "realtime", instructions: "x" } });
  await client.next("session.updated", 3);
  const only = [serverOf(one, { allowed_tools: ["todoist_find_tasks"] })];
  client.send({ type: "session.update", session: { type: "realtime", tools: only } });
  await client.next("mcp_list_tools.completed", 3);
  expect(client.all("mcp_list_tools.in_progress")).toHaveLength(3);
  expect(one.sessions() + other.sessions()).toBe(3);
});

test("a tool that was not listed, or another than tool_choice forces, is the script's error", async () => {
  for (const [reply, response] of [
    [[{ ...CREATE, mcp: "todoist_fly" }], {}],
    [[CREATE], { tool_choice: { type: "mcp", server_label: "zapier", name: "todoist_find_tasks" } }],
    [[{ tag: 1, ms: 40 }], { tool_choice: { type: "mcp", server_label: "zapier" } }],
  ] as const) {
    const client = await rig.ready(await rig.desk.start(), { script: () => [...reply] });
    client.send({ type: "response.create", response });
    expect((await client.closed).code).toBe(1011);
    await expect(rig.model?.stop()).rejects.toThrow("the reply calls");
  }
  rig.model = undefined;
});

test("under tool_choice none nothing is called, and a forced call is made", async () => {
  const tools = await rig.desk.start();
  const client = await rig.ready(tools, { script: () => [CREATE] });
  client.send({ type: "response.create", response: { tool_choice: "none" } });
  expect(field(await client.next("response.done"), "response.output")).toEqual([]);
  const tool_choice = { type: "mcp", server_label: "zapier", name: "todoist_create_task" };
  client.send({ type: "response.create", response: { tool_choice } });
  await client.next("response.mcp_call.completed");
  expect(tools.executions()).toHaveLength(1);
});

test("a call that is cut off in its arguments is incomplete, and is not made", async () => {
  const tools = await rig.desk.start();
  const reply = [{ ...CREATE, arguments: { content: "x".repeat(24 * 6_000) } }];
  const client = await rig.ready(tools, { script: once(reply) });
  client.send({ type: "response.create" });
  await client.next("response.mcp_call_arguments.delta", 3);
  client.say(clip("caller-wait"));
  const done = await client.next("response.done");
  expect(field(done, "response.status")).toBe("cancelled");
  expect(client.types()).not.toContain("response.mcp_call.in_progress");
  expect(tools.calls).toEqual([]);
});

test("when the client hangs up its calls are given up", async () => {
  const tools = await rig.desk.start({ behaviours: { todoist_create_task: { beforeMs: 3_600_000 } } });
  const client = await rig.ready(tools, { script: once([CREATE]) });
  client.send({ type: "response.create" });
  await tools.waitFor(() => tools.calls.length === 1, PATIENCE_MS);
  const before = client.types().length;
  client.close();
  await client.closed;
  await tools.stop();
  expect(client.types().slice(before)).not.toContain("response.mcp_call.failed");
  expect(rig.model?.openSockets()).toBe(0);
});
