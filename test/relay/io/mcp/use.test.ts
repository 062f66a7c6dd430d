/** One use of a tool: what became of it, to the letter, and how often the server was asked. */
import { afterEach, describe, expect, test } from "bun:test";
import type { ToolOutcome } from "../../../../relay/call/tools.ts";
import { PATIENCE_MS, until } from "../../../patience.ts";
import { freePort } from "../../../rehearsal/relay.ts";
import { Desk, run, serverAt, toolIn } from "./desk.ts";
import { endOfStream, event, piece, type Scripted, textResult, tool } from "./scripted.ts";

const desk = new Desk();
afterEach(() => desk.clear());

const READ = tool("get_tasks", { annotations: { readOnlyHint: true } });
const WRITE = tool("create_task", { annotations: { readOnlyHint: false } });
const DONE: ToolOutcome = { is: "answered", text: "done", isError: false };
const LOST: ToolOutcome = { is: "lost" };

async function opened() {
  const server = await desk.scripted([READ, WRITE]);
  const catalogue = await desk.opened([serverAt(server.url)]);
  return { server, catalogue };
}
type Act = Parameters<Scripted["on"]>[1];

/** Everything after which nobody knows whether it was done. */
const LOSSES: Readonly<Record<string, Act>> = {
  "a closed connection": ({ socket }) => socket.end(),
  "a reset": ({ socket }) => socket.resetAndDestroy(),
  "half a head": ({ socket }) => socket.end("HTTP/1.1 200 OK\r\nconte"),
  "half a document": ({ socket }) =>
    socket.end("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"),
  "a document that is none": ({ status }) =>
    status(200, '{"jsonrpc":"2.0"', ["content-type: application/json"]),
  "a stream that ends": ({ stream, socket }) => {
    stream();
    endOfStream(socket);
  },
  "half an event": ({ stream, socket }) => {
    stream();
    piece(socket, 'data: {"jsonrpc":"2.0","id":');
    socket.end();
  },
  "a page for people": ({ status }) => status(200, "<p>Log in</p>", ["content-type: text/html"]),
  "nothing but taking note": ({ status }) => status(202),
  "500": ({ status }) => status(500, "oops"),
  "502": ({ status }) => status(502),
  "503": ({ status }) => status(503),
  "504": ({ status }) => status(504),
  "a gateway's own patience": ({ error }) => error(-32001, "Request timed out"),
};

describe("a write", () => {
  test("that is answered is answered", async () => {
    const { server, catalogue } = await opened();
    expect(await run(catalogue, "create_task", { content: "milk" })).toEqual(DONE);
    expect(server.seen("tools/call")).toMatchObject([
      { params: { name: "create_task", arguments: { content: "milk" } } },
    ]);
  });

  for (const [what, act] of Object.entries(LOSSES)) {
    test(`is lost after ${what}, and never sent again`, async () => {
      const { server, catalogue } = await opened();
      server.on("tools/call", act, 1);
      expect(await run(catalogue, "create_task")).toEqual(LOST);
      // Whatever was begun anew because of it is done, too.
      await catalogue.close();
      expect(server.seen("tools/call")).toHaveLength(1);
    });
  }

  test("has never gone over a connection that somebody used before", async () => {
    const { server, catalogue } = await opened();
    for (let n = 0; n < 3; n++) {
      await run(catalogue, "get_tasks");
      await run(catalogue, "create_task");
    }
    const writes = server.raw.requests.filter(
      ({ body }) => body.includes('"create_task"') && body.includes("tools/call"),
    );
    expect(writes).toHaveLength(3);
    for (const { connection, n } of writes) {
      expect(
        server.raw.requests.filter((other) => other.connection === connection).map((other) => other.n),
      ).toEqual([n]);
    }
  });

  test("is sent again, once, where the server knows no such session any more", async () => {
    for (const act of [
      ({ status }) => status(404, "Session not found"),
      ({ status }) => status(400, '{"error":{"message":"Bad Request: No valid session ID provided"}}'),
    ] satisfies Act[]) {
      const { server, catalogue } = await opened();
      server.on("tools/call", act, 1);
      expect(await run(catalogue, "create_task")).toEqual(DONE);
      expect(server.seen("tools/call")).toHaveLength(2);
      expect(server.seen("initialize")).toHaveLength(2);
      await desk.clear();
    }
  });

  test("is not done where the next session is not taken either: it is the key", async () => {
    const { server, catalogue } = await opened();
    server.on("tools/call", ({ status }) => status(404));
    expect(await run(catalogue, "create_task")).toEqual({ is: "not_done", why: "unauthorized" });
    expect(server.seen("tools/call")).toHaveLength(2);
    expect(desk.logged("mcp.unreachable")).toMatchObject([
      { server: "notes", why: "expired", mend: expect.stringContaining("expired") },
    ]);
  });

  test("is not done where no next session can be begun, and says why", async () => {
    const cases = [
      [404, "unauthorized", "expired"],
      [401, "unauthorized", "unauthorized"],
      [503, "unreachable", "gateway"],
    ] as const;
    for (const [status, why, told] of cases) {
      const { server, catalogue } = await opened();
      server.on("tools/call", (turn) => turn.status(404)).on("initialize", (turn) => turn.status(status));
      expect(await run(catalogue, "create_task")).toEqual({ is: "not_done", why });
      expect(server.seen("tools/call")).toHaveLength(1);
      expect(desk.logged("mcp.unreachable").map((entry) => entry.why)).toEqual([told]);
      await desk.clear();
    }
  });

  test("is not done where the server refuses it, and says why", async () => {
    const cases: ReadonlyArray<[Act, string]> = [
      [({ status }) => status(401), "unauthorized"],
      [({ status }) => status(403), "unauthorized"],
      [({ status }) => status(429), "refused"],
      [({ status }) => status(400, "what is this?"), "refused"],
      [({ status }) => status(307, "", ["location: https://evil.example.com/"]), "refused"],
      [({ error }) => error(-32602, "Invalid arguments for tool create_task"), "refused"],
      [({ error }) => error(-32602, "Unknown tool: create_task"), "gone"],
      [({ error }) => error(-32601, "Method not found"), "gone"],
    ];
    for (const [act, why] of cases) {
      const { server, catalogue } = await opened();
      server.on("tools/call", act, 1);
      expect(await run(catalogue, "create_task")).toEqual({
        is: "not_done",
        why: expect.stringMatching(why),
      });
      expect(server.seen("tools/call")).toHaveLength(1);
      await desk.clear();
    }
  });

  test("that says itself that it failed has been answered, whichever way it says so", async () => {
    const { server, catalogue } = await opened();
    server
      .on("tools/call", ({ result }) => result({ ...textResult("Quota exceeded"), isError: true }), 1)
      .on("tools/call", ({ error }) => error(-32603, "upstream is down"), 1);
    expect(await run(catalogue, "create_task")).toEqual({
      is: "answered",
      text: "Quota exceeded",
      isError: true,
    });
    expect(await run(catalogue, "create_task")).toEqual({
      is: "answered",
      text: "upstream is down",
      isError: true,
    });
  });

  test("is not done where nobody listens any more", async () => {
    const { server, catalogue } = await opened();
    const create = toolIn(catalogue, "create_task");
    await server.stop();
    expect(await run(catalogue, create)).toEqual({ is: "not_done", why: "unreachable" });
    expect(await run(catalogue, create)).toEqual({ is: "not_done", why: "unreachable" });
  });

  test("that is called off has ended at once, wherever it was", async () => {
    const { server, catalogue } = await opened();
    const stop = new AbortController();
    server.on("tools/call", () => stop.abort());
    expect(await run(catalogue, "create_task", {}, stop.signal)).toEqual(LOST);
    expect(await run(catalogue, "create_task", {}, stop.signal)).toEqual({
      is: "not_done",
      why: "unreachable",
    });
    await until(() => server.seen("notifications/cancelled").length === 1);
    // It was ours to end: nothing is wrong with the server.
    expect([catalogue.list.unreachable, server.seen("initialize").length]).toEqual([[], 1]);
  });

  test("that waits for a connection can be called off", async () => {
    const { server, catalogue } = await opened();
    const create = toolIn(catalogue, "create_task");
    const stop = new AbortController();
    server.on("tools/call", ({ status }) => status(404)).on("initialize", () => stop.abort());
    expect(await run(catalogue, create, {}, stop.signal)).toEqual({ is: "not_done", why: "unreachable" });
  });

  test("that answers without the structure that its tool has promised is answered all the same", async () => {
    const { server, catalogue } = await opened();
    server.tools = [{ ...WRITE, outputSchema: { type: "object", properties: { id: { type: "string" } } } }];
    expect(await run(catalogue, "create_task")).toEqual(DONE);
  });
});

describe("a read", () => {
  for (const [what, act] of Object.entries(LOSSES)) {
    test(`is made again after ${what}, once`, async () => {
      const { server, catalogue } = await opened();
      server.on("tools/call", act, 1);
      expect(await run(catalogue, "get_tasks")).toEqual(DONE);
      expect(server.seen("tools/call")).toHaveLength(2);
      server.on("tools/call", act, 2);
      expect(await run(catalogue, "get_tasks")).toEqual(LOST);
      expect(server.seen("tools/call")).toHaveLength(4);
    });
  }

  test("is not made again once it was called off", async () => {
    const { server, catalogue } = await opened();
    const stop = new AbortController();
    server.on("tools/call", ({ socket }) => {
      stop.abort();
      socket.destroy();
    });
    expect(await run(catalogue, "get_tasks", {}, stop.signal)).toEqual(LOST);
    expect(server.seen("tools/call")).toHaveLength(1);
  });

  test("by its server's word alone is none where its name says otherwise", async () => {
    const server = await desk.scripted([tool("send_mail", { annotations: { readOnlyHint: true } })]);
    const catalogue = await desk.opened([serverAt(server.url)]);
    server.on("tools/call", ({ socket }) => socket.destroy());
    expect(await run(catalogue, "send_mail")).toEqual(LOST);
    expect(server.seen("tools/call")).toHaveLength(1);
  });
});

test("a server that was never there is unreachable, each time, and is there for the next when it comes", async () => {
  const port = freePort();
  const known = await opened();
  const create = toolIn(known.catalogue, "create_task");
  const catalogue = await desk.opened([serverAt(`http://127.0.0.1:${port}/mcp`)]);
  expect(await run(catalogue, create)).toEqual({ is: "not_done", why: "unreachable" });
  expect(catalogue.list).toEqual({ tools: [], unreachable: ["notes"] });
  const elsewhere = { ...create, source: { ...create.source, server: "nobody's" } } as const;
  expect(await run(catalogue, elsewhere)).toEqual({ is: "not_done", why: "gone" });
});

test("an answer after other messages, in a stream, is the answer", async () => {
  const { server, catalogue } = await opened();
  server.on("tools/call", ({ stream, socket, message }) => {
    stream();
    event(socket, {
      jsonrpc: "2.0",
      method: "notifications/progress",
      params: { progressToken: 1, progress: 1 },
    });
    // What we were not asked for, we do not have; the server is told, and goes on.
    event(socket, { jsonrpc: "2.0", id: "s-1", method: "sampling/createMessage", params: {} });
    event(socket, { jsonrpc: "2.0", id: message.id, result: textResult("done") });
    endOfStream(socket);
  });
  expect(await run(catalogue, "create_task")).toEqual(DONE);
  await until(() => server.raw.requests.some(({ body }) => body.includes('"s-1"')), PATIENCE_MS);
});
