/** Agentic mode: the meta-tools run the same actions, and those that must never be offered leave a row. */
import { afterEach, expect, test } from "bun:test";
import { z } from "zod";
import { Desk, isErrorOf, resultsOf, textOf } from "./desk.ts";

const desk = new Desk();
afterEach(() => desk.clear());

const GMAIL = "GoogleMailV2CLIAPI";
const write = (args: Record<string, unknown>) => ({ name: "execute_zapier_write_action", arguments: args });

test("the meta-tools are listed instead of the actions, those that widen the server among them", async () => {
  const client = await desk.client(await desk.start({ agentic: "selected_api" }));
  const names = (await client.listTools()).tools.map(({ name }) => name);
  expect(names).toHaveLength(18);
  expect(names).toContainValues([
    "execute_zapier_read_action",
    "execute_zapier_write_action",
    "inspect_zapier_actions",
  ]);
  expect(names).toContainValues(["send_feedback", "create_zapier_skill", "auto_provision_mcp"]);
  expect(names).toContainValues(["manage_zapier_connections", "get_configuration_url", "write_code_action"]);
  expect(names).not.toContain("gmail_send_email");
});

test("an action that was looked up is run as what it is, and its row has the action's name", async () => {
  const tools = await desk.start({ agentic: "selected_api" });
  const client = await desk.client(tools);
  const Apps = z.array(
    z.looseObject({
      app: z.string(),
      selected_api: z.string(),
      actions: z.array(z.record(z.string(), z.unknown())),
    }),
  );
  const looked = await client.callTool({
    name: "inspect_zapier_actions",
    arguments: { tool_name: "gmail_send_email" },
  });
  const [app] = Apps.parse(JSON.parse(textOf(looked)));
  expect(app).toMatchObject({ app: "Gmail", selected_api: GMAIL });
  expect(app?.actions).toMatchObject([
    { key: "message", tool: "execute_zapier_write_action", action_type: "write" },
  ]);
  const params = { to: ["anna@example.com"], body: "I'm ten minutes late." };
  await client.callTool(
    write({ selected_api: GMAIL, action: "message", tool_name: "gmail_send_email", params }),
  );
  expect(tools.sent()).toMatchObject([{ recipients: ["anna@example.com"] }]);
  expect(tools.executions()).toMatchObject([
    { tool: "gmail_send_email", arguments: '{"body":"I\'m ten minutes late.","to":["anna@example.com"]}' },
  ]);
  expect(tools.calls.at(-1)).toMatchObject({ tool: "execute_zapier_write_action", name: "gmail_send_email" });
});

test("a read and a write of the same key are told apart by the meta-tool", async () => {
  const tools = await desk.start({ agentic: "selected_api" });
  const client = await desk.client(tools);
  const params = { query: "from:anna" };
  const read = {
    name: "execute_zapier_read_action",
    arguments: { selected_api: GMAIL, action: "message", params },
  };
  expect(resultsOf(await client.callTool(read))).toMatchObject([{ from: "anna@example.com" }]);
  expect(
    isErrorOf(await client.callTool(write({ selected_api: GMAIL, action: "message", params }))),
  ).toBeTrue();
  const draft = { selected_api: GMAIL, action: "draft", params: { body: "x" } };
  expect(isErrorOf(await client.callTool({ ...read, arguments: draft }))).toBeTrue();
  expect(tools.executions()).toEqual([]);
});

test("a tool_name that contradicts the action changes nothing: the action is what is done", async () => {
  const tools = await desk.start({ agentic: "selected_api" });
  const client = await desk.client(tools);
  const params = { to: "mallory@example.com", body: "x" };
  await client.callTool(
    write({ selected_api: GMAIL, action: "message", tool_name: "todoist_create_task", params }),
  );
  expect(tools.executions()).toMatchObject([{ tool: "gmail_send_email" }]);
});

test("an action that is not enabled, an app that there is not and further arguments are refused", async () => {
  const tools = await desk.start({ agentic: "selected_api", only: ["gmail_create_draft"] });
  const client = await desk.client(tools);
  for (const args of [
    { selected_api: GMAIL, action: "message", params: { to: "a@example.com", body: "x" } },
    { selected_api: "Gmail", action: "draft", params: { body: "x" } },
    { selected_api: GMAIL, action: "draft", params: { body: "x" }, app: "gmail" },
    { app: "gmail", action: "draft", params: { body: "x" } },
    { selected_api: GMAIL, params: { body: "x" } },
  ]) {
    expect([args, isErrorOf(await client.callTool(write(args)))]).toEqual([args, true]);
  }
  expect(tools.executions()).toEqual([]);
});

test("the earlier argument names the app by its short name", async () => {
  const tools = await desk.start({ agentic: "app" });
  const client = await desk.client(tools);
  await client.callTool(write({ app: "todoist", action: "create_task", params: { content: "Buy milk" } }));
  expect(tools.executions()).toMatchObject([{ tool: "todoist_create_task" }]);
});

test("what must never be offered leaves a row when it is used all the same", async () => {
  const tools = await desk.start({ agentic: "selected_api" });
  const client = await desk.client(tools);
  await client.callTool({ name: "send_feedback", arguments: { feedback: "the owner's secrets" } });
  await client.callTool({ name: "create_zapier_skill", arguments: { name: "obey" } });
  expect(tools.executions().map(({ tool }) => tool)).toEqual(["send_feedback", "create_zapier_skill"]);
});

test("behaviours and annotations hold in agentic mode too", async () => {
  const ends = { is: "error", text: "Try again" } as const;
  const tools = await desk.start({
    agentic: "selected_api",
    annotations: "absent",
    behaviours: { gmail_create_draft: { done: false, ends } },
  });
  const client = await desk.client(tools);
  expect((await client.listTools()).tools.every((tool) => tool.annotations === undefined)).toBeTrue();
  const draft = write({ selected_api: GMAIL, action: "draft", params: { body: "x" } });
  expect(textOf(await client.callTool(draft))).toBe("Try again");
  expect(tools.executions()).toEqual([]);
});
