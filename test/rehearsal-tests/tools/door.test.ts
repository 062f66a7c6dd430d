/** Keys, sessions and addresses: what the rehearsed server refuses, and with which status. */
import { afterEach, expect, test } from "bun:test";
import { PATIENCE_MS } from "../../patience.ts";
import { Desk, INITIALIZE, LIST, post } from "./desk.ts";

const desk = new Desk();
afterEach(() => desk.clear());

test("no key, a wrong one and one in another scheme are 401, and nothing is said of sessions", async () => {
  const tools = await desk.start({ key: "zap-right" });
  for (const authorization of ["", "Bearer zap-wrong", "Basic zap-right", "Bearer zap-right2"]) {
    const answer = await post(tools, INITIALIZE, { authorization });
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(answer.headers.has("mcp-session-id")).toBeFalse();
  }
  await expect(desk.connect({ url: tools.url, key: "zap-wrong" })).rejects.toThrow();
  expect((await post(tools, INITIALIZE)).status).toBe(200);
  expect(tools.sessions()).toBe(1);
});

test("expired credentials are 404, for a session that was good as well as for a new one", async () => {
  const tools = await desk.start();
  const session = (await post(tools, INITIALIZE)).headers.get("mcp-session-id") ?? "";
  expect((await post(tools, LIST, { "mcp-session-id": session })).status).toBe(200);
  tools.setCredentials("expired");
  expect((await post(tools, LIST, { "mcp-session-id": session })).status).toBe(404);
  expect((await post(tools, INITIALIZE)).status).toBe(404);
  tools.setCredentials("good");
  expect((await post(tools, LIST, { "mcp-session-id": session })).status).toBe(200);
});

test("a request without its session is 400, one with a session that there is not is 404", async () => {
  const tools = await desk.start();
  const nameless = await post(tools, LIST);
  expect([nameless.status, await nameless.json()]).toMatchObject([400, { error: { code: -32000 } }]);
  const unknown = await post(tools, LIST, { "mcp-session-id": crypto.randomUUID() });
  expect([unknown.status, await unknown.json()]).toMatchObject([404, { error: { code: -32001 } }]);
  expect((await fetch(tools.url, { headers: { authorization: `Bearer ${tools.key}` } })).status).toBe(400);
});

test("a session that was forgotten, or closed by its client, is 404", async () => {
  const tools = await desk.start();
  const { client, transport } = await desk.connect(tools);
  await client.listTools();
  const session = transport.sessionId ?? "";
  await tools.forgetSessions();
  await expect(client.listTools()).rejects.toThrow("Session not found");
  expect(tools.requests.at(-1)).toMatchObject({ rpc: "tools/list", session, status: 404 });
  const second = await desk.connect(tools);
  const left = second.transport.sessionId ?? "";
  await second.transport.terminateSession();
  expect((await post(tools, LIST, { "mcp-session-id": left })).status).toBe(404);
});

test("a server that goes down refuses, and comes back at its address with its file and no session", async () => {
  const tools = await desk.start();
  const client = await desk.client(tools);
  await client.callTool({ name: "todoist_create_task", arguments: { content: "Buy milk" } });
  await tools.down();
  await expect(client.listTools()).rejects.toThrow();
  await expect(post(tools, INITIALIZE)).rejects.toThrow();
  await tools.up();
  await expect(client.listTools()).rejects.toThrow("Session not found");
  const again = await desk.client(tools);
  expect((await again.listTools()).tools).toHaveLength(11);
  expect(tools.executions()).toHaveLength(1);
});

test("wrong types, wrong paths and what is no JSON have the statuses of the specification", async () => {
  const tools = await desk.start();
  expect((await post(tools, INITIALIZE, { accept: "application/json" })).status).toBe(406);
  expect((await post(tools, INITIALIZE, { "content-type": "text/plain" })).status).toBe(415);
  expect((await post({ ...tools, url: tools.url.replace("connect", "else") }, INITIALIZE)).status).toBe(404);
  const session = (await post(tools, INITIALIZE)).headers.get("mcp-session-id") ?? "";
  expect((await post(tools, "{", { "mcp-session-id": session })).status).toBe(400);
  expect(
    (await post(tools, LIST, { "mcp-session-id": session, "mcp-protocol-version": "1999" })).status,
  ).toBe(400);
});

test("a server can send its clients elsewhere", async () => {
  const tools = await desk.start({ redirectTo: "http://127.0.0.1:9/elsewhere" });
  const answer = await post(tools, INITIALIZE);
  expect([answer.status, answer.headers.get("location")]).toEqual([307, "http://127.0.0.1:9/elsewhere"]);
});

test("answers can be JSON documents or streams of events", async () => {
  const type = async (json: boolean): Promise<string | null> =>
    (await post(await desk.start({ json }), INITIALIZE)).headers.get("content-type");
  expect(await type(false)).toBe("text/event-stream");
  expect(await type(true)).toBe("application/json");
  const client = await desk.client(await desk.start({ json: true }));
  expect((await client.listTools()).tools).toHaveLength(11);
});

test("everything that was asked is written down, with the status that it got", async () => {
  const tools = await desk.start();
  const client = await desk.client(tools);
  await client.callTool({ name: "todoist_find_tasks", arguments: {} });
  await tools.waitFor(() => tools.requests.some(({ method }) => method === "GET"), PATIENCE_MS);
  expect(tools.requests.map(({ rpc, status }) => [rpc, status])).toContainAllValues([
    ["initialize", 200],
    ["notifications/initialized", 202],
    [null, 200],
    ["tools/call", 200],
  ]);
  expect(tools.calls).toMatchObject([{ tool: "todoist_find_tasks", done: true, end: "answered" }]);
});
