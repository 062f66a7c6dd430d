/** Native MCP with approvals: nothing is done before the client has said yes, and it is done once then. */
import { afterEach, expect, test } from "bun:test";
import type { Occasion } from "../../rehearsal/model/script.ts";
import { field, text } from "./client.ts";
import { CREATE, itemDone, NativeRig, once } from "./native-rig.ts";

const rig = new NativeRig();
afterEach(() => rig.clear());

test("what must be approved is not done before it is, and done once then", async () => {
  const tools = await rig.desk.start();
  const seen: Occasion[] = [];
  const client = await rig.ready(tools, { script: once([CREATE], seen) }, { require_approval: "always" });
  client.send({ type: "response.create" });
  const asked = await itemDone(client, "mcp_approval_request");
  const response = await client.next("response.done");
  expect(field(response, "response.output.1")).toEqual(field(asked, "item"));
  expect(field(asked, "item")).toEqual({
    id: field(asked, "item.id"),
    type: "mcp_approval_request",
    server_label: "zapier",
    name: "todoist_create_task",
    arguments: '{"content":"Buy milk"}',
  });
  expect(tools.calls).toEqual([]);
  const approval_request_id = text(asked, "item.id");
  const approve = (rest: object) => ({
    type: "conversation.item.create",
    item: { id: "answer_1", type: "mcp_approval_response", approval_request_id, approve: true, ...rest },
  });
  client.send({ type: "response.create" });
  await client.next("response.done", 2);
  expect(seen[1]?.approvals).toMatchObject([{ id: approval_request_id, name: "todoist_create_task" }]);
  client.send(approve({ approval_request_id: "mcpr_0" }));
  expect(text(await client.next("error"), "error.param")).toBe("item.approval_request_id");
  client.send(approve({ reason: "the caller has agreed" }));
  const call = await itemDone(client, "mcp_call");
  expect(field(call, "item.approval_request_id")).toBe(approval_request_id);
  expect(field(call, "item.id")).toBe(
    field(await client.next("response.mcp_call_arguments.done"), "item_id"),
  );
  expect(field(await itemDone(client, "mcp_approval_response"), "item")).toEqual({
    id: "answer_1",
    type: "mcp_approval_response",
    approval_request_id,
    approve: true,
    reason: "the caller has agreed",
  });
  client.send(approve({ id: "answer_2" }));
  expect(text(await client.next("error", 2), "error.message")).toContain("already been answered");
  expect(tools.executions()).toHaveLength(1);
});

test("what is not approved is not done", async () => {
  const tools = await rig.desk.start();
  const client = await rig.ready(tools, { script: once([CREATE]) }, { require_approval: null });
  client.send({ type: "response.create" });
  const approval_request_id = text(await itemDone(client, "mcp_approval_request"), "item.id");
  const item = { id: "no", type: "mcp_approval_response", approval_request_id, approve: false };
  client.send({ type: "conversation.item.create", item });
  await client.next("response.mcp_call.failed");
  expect(field(await itemDone(client, "mcp_call"), "item.error.type")).toBe("tool_execution_error");
  expect(tools.calls).toEqual([]);
});

test("approval can be asked for some tools alone", async () => {
  const asks = async (require_approval: object, tool: string): Promise<boolean> => {
    const reply = [{ mcp: tool, server: "zapier", arguments: {} }];
    const client = await rig.ready(await rig.desk.start(), { script: once(reply) }, { require_approval });
    client.send({ type: "response.create" });
    const done = await client.next("response.done");
    await rig.model?.stop();
    return field(done, "response.output.1.type") === "mcp_approval_request";
  };
  const never = { never: { read_only: true } };
  expect(await asks(never, "todoist_find_tasks")).toBeFalse();
  expect(await asks(never, "todoist_delete_task")).toBeTrue();
  const always = { always: { tool_names: ["todoist_delete_task"] } };
  expect(await asks(always, "todoist_delete_task")).toBeTrue();
  expect(await asks(always, "todoist_find_tasks")).toBeFalse();
});
