/**
 * Streamable HTTP as the SDK's client sees it: a request ends with its answer, or with the certainty that none will
 * come. The SDK's own transport is asked the same where ours exists because of what it says.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { Unanswered, Unsent } from "../../../../relay/io/mcp/http.ts";
import { Refusal } from "../../../../relay/io/mcp/refusal.ts";
import { StreamableHttp } from "../../../../relay/io/mcp/transport.ts";
import { Secret } from "../../../../relay/secret.ts";
import { until } from "../../../patience.ts";
import { Desk, serverAt } from "./desk.ts";
import { endOfStream, event, piece, type Scripted } from "./scripted.ts";

const desk = new Desk();
afterEach(() => desk.clear());

const call = (id: number, params: Record<string, unknown> = { name: "get_time" }): JSONRPCMessage => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params,
});
const answerTo = (id: number | string) => ({ jsonrpc: "2.0", id, result: { content: [] } });

/** With a session, and all that it heard. */
async function begun(server: Scripted, more: Parameters<typeof serverAt>[1] = {}) {
  const transport = new StreamableHttp(serverAt(server.url, more));
  desk.put({ stop: () => transport.close() });
  const heard: JSONRPCMessage[] = [];
  transport.onmessage = (message) => heard.push(message);
  await transport.send({ jsonrpc: "2.0", id: 0, method: "initialize", params: {} });
  transport.setProtocolVersion("2025-11-25");
  heard.length = 0;
  return { transport, heard };
}
async function failure(sending: Promise<unknown>): Promise<string> {
  const thrown = await sending.then(
    () => "answered",
    (error: unknown) => error,
  );
  if (thrown instanceof Unanswered) return `unanswered: ${thrown.why}`;
  if (thrown instanceof Unsent) return `unsent: ${thrown.why}`;
  return thrown instanceof Refusal ? `refused: ${thrown.status}` : String(thrown);
}

describe("a request", () => {
  test("carries the server's headers, our session and the version, and takes both kinds of answer", async () => {
    const server = await desk.scripted();
    const { transport } = await begun(server, { headers: { authorization: new Secret("Bearer key-1") } });
    await transport.send(call(1));
    const [first, second] = server.raw.requests.map(({ headers }) => headers);
    for (const headers of [first, second]) {
      expect(headers?.get("authorization")).toBe("Bearer key-1");
      expect(headers?.get("accept")).toBe("application/json, text/event-stream");
      expect(headers?.get("content-type")).toBe("application/json");
    }
    expect([first?.get("mcp-session-id"), second?.get("mcp-session-id")]).toEqual([undefined, "session-1"]);
    expect(second?.get("mcp-protocol-version")).toBe("2025-11-25");
  });

  test("ends with its answer, as a document, in a batch, or in a stream with other messages before it", async () => {
    const server = await desk.scripted();
    const { transport, heard } = await begun(server);
    const note = { jsonrpc: "2.0", method: "notifications/message", params: {} };
    server
      .on("tools/call", ({ status }) => status(200, JSON.stringify(answerTo(1)), JSON_HEADERS), 1)
      .on("tools/call", ({ status }) => status(200, JSON.stringify([note, answerTo(2)]), JSON_HEADERS), 1)
      .on("tools/call", ({ stream, socket }) => {
        stream();
        piece(socket, ": a comment\n\nevent: ping\ndata: {}\n\n");
        event(socket, note);
        event(socket, answerTo(3));
        endOfStream(socket);
      });
    for (const id of [1, 2, 3]) await transport.send(call(id));
    expect(heard).toMatchObject([answerTo(1), note, answerTo(2), note, answerTo(3)]);
  });

  test("that may not be made twice has a connection of its own, and one that changes nothing need not", async () => {
    const server = await desk.scripted();
    const { transport } = await begun(server);
    const harmless = { name: "get_time" };
    transport.over("kept", harmless);
    for (const [id, params] of [
      [1, { name: "get_time" }],
      [2, harmless],
      [3, harmless],
      [4, { name: "get_time" }],
    ] as const) {
      await transport.send(call(id, params));
    }
    const connections = server.raw.requests.map(({ connection }) => connection);
    expect(connections).toEqual([1, 2, 1, 1, 3]);
  });

  test("keeps its connection when its stream ends with the answer", async () => {
    const server = await desk.scripted();
    const { transport } = await begun(server);
    server.on("ping", ({ message, stream, socket }) => {
      stream();
      event(socket, { jsonrpc: "2.0", id: message.id, result: {} });
      socket.write("0\r\n\r\n");
    });
    let id = 0;
    await until(async () => {
      id += 1;
      await transport.send({ jsonrpc: "2.0", id, method: "ping" });
      return server.raw.connections < id;
    });
  });

  test("leaves no connection open behind an answer, even where the server never ends its stream", async () => {
    const server = await desk.scripted();
    const { transport } = await begun(server);
    server.on("tools/call", ({ stream, socket }) => {
      stream();
      event(socket, answerTo(1));
    });
    await transport.send(call(1));
    await until(() => server.raw.open.length <= 1);
  });
});

const JSON_HEADERS = ["content-type: application/json; charset=utf-8"];

describe("no answer will come, and the request says so", () => {
  test("where a stream ends without it, which leaves the SDK's own transport waiting", async () => {
    const server = await desk.scripted();
    server.on("tools/call", ({ stream, socket }) => {
      stream();
      endOfStream(socket);
    });
    const { transport } = await begun(server);
    expect(await failure(transport.send(call(1)))).toBe("unanswered: broken");

    const client = new Client({ name: "sdk", version: "1" });
    await client.connect(new StreamableHTTPClientTransport(new URL(server.url)));
    let isOver = false;
    const waiting = client.callTool({ name: "get_time" }).finally(() => {
      isOver = true;
    });
    await until(() => server.seen("tools/call").length === 2 && server.raw.open.length <= 2);
    await client.ping();
    expect(isOver).toBe(false);
    await client.close();
    await expect(waiting).rejects.toThrow();
  });

  test("where what comes is no answer to it", async () => {
    const server = await desk.scripted();
    const { transport } = await begun(server);
    // Too deep to be written out again, which would take seconds to fail.
    const deep = `{"jsonrpc":"2.0","id":1,"result":{"structuredContent":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`;
    const wrong: ReadonlyArray<[string, string]> = [
      ["application/json", "{"],
      ["application/json", "7"],
      ["application/json", "[]"],
      ["application/json", JSON.stringify(answerTo(99))],
      ["text/html", "<p>Please log in</p>"],
      ["text/event-stream", "data: {\n\n"],
      ["application/json", deep],
      ["text/event-stream", `data: ${deep}\n\n`],
      ["text/event-stream", `data: ${JSON.stringify(answerTo(99))}\n\n`],
    ];
    let id = 0;
    for (const [type, body] of wrong) {
      const answer = body.includes(deep) ? body.replace('"id":1', `"id":${id + 1}`) : body;
      server
        .off("tools/call")
        .on("tools/call", ({ status }) => status(200, answer, [`content-type: ${type}`]));
      expect(await failure(transport.send(call(++id)))).toMatch(/^unanswered: (?:garbled|broken)$/);
    }
    server.off("tools/call").on("tools/call", ({ status }) => status(202));
    expect(await failure(transport.send(call(++id)))).toBe("unanswered: garbled");
  });

  test("where a server forgets the stream, or the stream never gets further", async () => {
    const server = await desk.scripted();
    const { transport } = await begun(server);
    const broken = ({ stream, socket }: Parameters<Parameters<typeof server.on>[1]>[0]) => {
      stream();
      piece(socket, "id: 7\nretry: 1\ndata:\n\n");
      endOfStream(socket);
    };
    server.on("tools/call", broken).on("GET", ({ status }) => status(404));
    expect(await failure(transport.send(call(1)))).toBe("unanswered: broken");
    server.off("GET").on("GET", broken);
    expect(await failure(transport.send(call(2)))).toBe("unanswered: broken");
    server.off("GET").on("GET", ({ socket }) => socket.destroy());
    expect(await failure(transport.send(call(3)))).toBe("unanswered: broken");
  });

  test("where the server refuses it", async () => {
    const server = await desk.scripted();
    const { transport } = await begun(server);
    for (const status of [401, 403, 404, 429, 503]) {
      server.on("tools/call", (turn) => turn.status(status, "no"), 1);
      expect(await failure(transport.send(call(status)))).toBe(`refused: ${status}`);
    }
  });
});

test("a stream that breaks before the answer is gone on with where it broke", async () => {
  const server = await desk.scripted();
  const { transport, heard } = await begun(server);
  server
    .on("tools/call", ({ stream, socket }) => {
      stream();
      event(socket, { jsonrpc: "2.0", method: "notifications/message", params: {} }, ["id: 7", "retry: 1"]);
      socket.write("5\r\nda", () => socket.destroy());
    })
    .on(
      "GET",
      ({ stream, socket }) => {
        stream();
        piece(socket, "id: 8\ndata:\n\n");
        endOfStream(socket);
      },
      1,
    )
    .on("GET", ({ stream, socket }) => {
      stream();
      event(socket, answerTo(1), ["id: 9"]);
      endOfStream(socket);
    });
  await transport.send(call(1));
  const resumed = server.raw.requests.filter(({ method }) => method === "GET");
  expect(resumed.map(({ headers }) => headers.get("last-event-id"))).toEqual(["7", "8"]);
  expect(heard).toHaveLength(2);
  expect(server.seen("tools/call")).toHaveLength(1);
});

describe("a request that is cancelled", () => {
  const cancelled = (requestId: number): JSONRPCMessage => ({
    jsonrpc: "2.0",
    method: "notifications/cancelled",
    params: { requestId },
  });

  test("ends, with its connection, and the server hears of it", async () => {
    const server = await desk.scripted();
    const { transport } = await begun(server);
    server.on("tools/call", () => {});
    const sending = failure(transport.send(call(1)));
    await until(() => server.seen("tools/call").length === 1);
    await transport.send(cancelled(1));
    expect(await sending).toBe("unanswered: stopped");
    expect(server.seen("notifications/cancelled")).toMatchObject([{ params: { requestId: 1 } }]);
    await until(() => server.raw.open.length <= 1);
  });

  test("and was answered already, or never made, troubles nobody", async () => {
    const server = await desk.scripted();
    const { transport } = await begun(server);
    await transport.send(call(1));
    await transport.send(cancelled(1));
    await transport.send(cancelled(2));
    expect(server.seen("notifications/cancelled")).toEqual([]);
  });
});

const STOPPED = "unanswered: stopped";

test("closing ends whatever is under way, tells the client once, and leaves no connection", async () => {
  const server = await desk.scripted();
  const { transport } = await begun(server);
  let closed = 0;
  transport.onclose = () => {
    closed += 1;
  };
  server.on("tools/call", () => {});
  const sending = [failure(transport.send(call(1))), failure(transport.send(call(2)))];
  const listening = failure(transport.listen());
  await until(() => server.seen("tools/call").length === 2 && server.listeners === 1);
  await transport.close();
  await transport.close();
  expect(await Promise.all([...sending, listening])).toEqual([STOPPED, STOPPED, STOPPED]);
  expect(closed).toBe(1);
  await until(() => server.raw.open.length === 0);
});

test("what the server says unasked is heard until its stream ends; a server may not offer one", async () => {
  const server = await desk.scripted();
  const { transport, heard } = await begun(server);
  const listening = transport.listen();
  await until(() => server.listeners === 1);
  server.tell("notifications/tools/list_changed");
  await until(() => heard.length === 1);
  for (const socket of server.raw.open) endOfStream(socket);
  expect(await listening).toBe(true);
  server.on("GET", ({ status }) => status(405), 1);
  expect(await transport.listen()).toBe(false);
  server.on("GET", ({ status }) => status(200, "{}", JSON_HEADERS), 1);
  expect(await transport.listen()).toBe(false);
});

test("a session is ended politely, and that takes no time from anybody", async () => {
  const server = await desk.scripted();
  const { transport } = await begun(server);
  await transport.goodbye();
  const last = server.raw.requests.at(-1);
  expect([last?.method, last?.headers.get("mcp-session-id")]).toEqual(["DELETE", "session-1"]);
  server.on("DELETE", () => {});
  await transport.goodbye();
});
