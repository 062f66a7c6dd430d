/** How the rehearsed tools behave badly: what a client sees of it, and what was done all the same. */
import { afterEach, expect, test } from "bun:test";
import { connect } from "node:net";
import { PATIENCE_MS } from "../../patience.ts";
import type { BehaviourInput } from "../../rehearsal/tools/behaviour.ts";
import type { Tools } from "../../rehearsal/tools/server.ts";
import { Desk, INITIALIZE, isErrorOf, post, resultsOf, textOf } from "./desk.ts";

const desk = new Desk();
afterEach(() => desk.clear());

const TASK = { name: "todoist_create_task", arguments: { content: "Buy milk" } };
const started = async (behaviour: BehaviourInput, options: Parameters<Desk["start"]>[0] = {}) => {
  const tools = await desk.start({ ...options, behaviours: { todoist_create_task: behaviour } });
  return { tools, client: await desk.client(tools) };
};

test("a slow tool answers late; it is done before it answers, or only then, as is asked", async () => {
  const { tools, client } = await started({ afterMs: 60_000 });
  const answer = Promise.allSettled([client.callTool(TASK)]);
  await tools.waitFor(() => tools.calls[0]?.done, PATIENCE_MS);
  expect(tools.executions()).toHaveLength(1);
  expect(tools.calls[0]?.end).toBe("under way");
  await desk.clear();
  expect(await answer).toMatchObject([{ status: "rejected" }]);
});

test("a call that is cancelled before it was carried out never is", async () => {
  const { tools, client } = await started({ beforeMs: 60_000 });
  const abort = new AbortController();
  const answer = Promise.allSettled([client.callTool(TASK, undefined, { signal: abort.signal })]);
  await tools.waitFor(() => tools.calls.length === 1, PATIENCE_MS);
  abort.abort("changed my mind");
  expect(await answer).toMatchObject([{ status: "rejected" }]);
  await tools.waitFor(() => tools.calls[0]?.end === "cancelled", PATIENCE_MS);
  expect(tools.executions()).toEqual([]);
});

test("a tool says that it failed, having done nothing, or all of it", async () => {
  for (const done of [false, true]) {
    const { tools, client } = await started({ done, ends: { is: "error", text: "Quota exceeded" } });
    const result = await client.callTool(TASK);
    expect([isErrorOf(result), textOf(result)]).toEqual([true, "Quota exceeded"]);
    expect(tools.executions()).toHaveLength(done ? 1 : 0);
  }
});

test("a JSON-RPC error is thrown at the client", async () => {
  const { tools, client } = await started({
    done: false,
    ends: { is: "throw", code: -32603, message: "upstream is down" },
  });
  await expect(client.callTool(TASK)).rejects.toThrow("upstream is down");
  expect(tools.calls).toMatchObject([{ done: false, end: "thrown" }]);
});

test("a tool that hangs answers nobody, and other calls go on beside it", async () => {
  const { tools, client } = await started({ ends: { is: "hang" } });
  const answer = Promise.allSettled([client.callTool(TASK)]);
  await tools.waitFor(() => tools.calls[0]?.end === "hanging", PATIENCE_MS);
  expect(tools.executions()).toHaveLength(1);
  expect(resultsOf(await client.callTool({ name: "todoist_find_tasks", arguments: {} }))).toHaveLength(4);
  await desk.clear();
  expect(await answer).toMatchObject([{ status: "rejected" }]);
});

/** All that comes of an answer's body until the connection ends: fetch would throw it away. */
function cutBody({ port, key, url }: Tools, call: object, session: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const body = JSON.stringify(call);
  const socket = connect(port, "127.0.0.1");
  socket.write(
    [
      `POST ${new URL(url).pathname} HTTP/1.1`,
      `host: 127.0.0.1:${port}`,
      `authorization: Bearer ${key}`,
      `mcp-session-id: ${session}`,
      "content-type: application/json",
      "accept: application/json, text/event-stream",
      `content-length: ${Buffer.byteLength(body)}`,
      "",
      body,
    ].join("\r\n"),
  );
  let received = "";
  socket.on("data", (piece) => {
    received += piece.toString("latin1");
  });
  socket.on("error", () => undefined);
  socket.on("close", () => resolve(received.split("\r\n\r\n").slice(1).join("\r\n\r\n")));
  return promise;
}

for (const json of [false, true]) {
  for (const afterBytes of [0, 12]) {
    const form = json ? "a document" : "a stream";
    test(`a connection cut after ${afterBytes} bytes of ${form} leaves what was done, and no more bytes come`, async () => {
      const tools = await desk.start({
        json,
        behaviours: { [TASK.name]: { ends: { is: "cut", afterBytes } } },
      });
      const session = (await post(tools, INITIALIZE)).headers.get("mcp-session-id") ?? "";
      const call = { jsonrpc: "2.0", id: 2, method: "tools/call", params: TASK };
      const body = await cutBody(tools, call, session);
      // One chunk, and no last one: that the answer is not whole can be seen.
      expect(body).toMatch(afterBytes === 0 ? /^$/ : /^c\r\n.{12}\r\n$/s);
      expect(tools.executions()).toHaveLength(1);
      expect(tools.calls).toMatchObject([{ done: true, end: "cut" }]);
    });
  }
}

test("a very long answer is as long as was asked", async () => {
  const { client } = await started({ ends: { is: "long", chars: 50_000 } });
  expect(textOf(await client.callTool(TASK)).length).toBeGreaterThan(50_000);
});

test("structured content is given where it was promised, and the client complains where it is not", async () => {
  const { tools, client } = await started({ ends: { is: "unstructured" } }, { structured: [TASK.name] });
  await client.listTools();
  await expect(client.callTool(TASK)).rejects.toThrow("structured content");
  tools.setBehaviour(TASK.name, {});
  expect(await client.callTool(TASK)).toMatchObject({
    structuredContent: { results: [{ content: "Buy milk" }] },
  });
});

test("bad behaviour can be for some calls only, and for every tool that is not named", async () => {
  const { tools, client } = await started({ times: 2, ends: { is: "error", text: "Try again" } });
  const failed = async (call: typeof TASK): Promise<boolean> => isErrorOf(await client.callTool(call));
  expect([await failed(TASK), await failed(TASK), await failed(TASK)]).toEqual([true, true, false]);
  tools.setBehaviour("*", { ends: { is: "error", text: "All is broken" } });
  tools.setBehaviour(TASK.name, {});
  expect([await failed(TASK), await failed({ ...TASK, name: "todoist_find_tasks" })]).toEqual([false, true]);
});

test("the list can be refused as well, and not by what holds for every tool", async () => {
  const tools = await desk.start({ behaviours: { "*": { ends: { is: "hang" } } } });
  const client = await desk.client(tools);
  expect((await client.listTools()).tools).toHaveLength(11);
  tools.setBehaviour("tools/list", { ends: { is: "throw", code: -32603, message: "no list today" } });
  await expect(client.listTools()).rejects.toThrow("no list today");
});
