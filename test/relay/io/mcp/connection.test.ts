/** One session: its list, in as many pages as there are, and what becomes of those who use it when it is retired. */
import { afterEach, describe, expect, test } from "bun:test";
import { Connection } from "../../../../relay/io/mcp/connection.ts";
import { until } from "../../../patience.ts";
import { Desk, NEVER, serverAt } from "./desk.ts";
import { type Scripted, textResult, tool } from "./scripted.ts";

const desk = new Desk();
afterEach(() => desk.clear());

async function begun(server: Scripted): Promise<Connection> {
  const connection = await Connection.open(serverAt(server.url), NEVER);
  desk.put({ stop: () => connection.close() });
  return connection;
}
const CALL = { name: "create_task", args: {}, isRead: false, needsTask: false };

describe("a list", () => {
  test("comes in pages, in order", async () => {
    const server = await desk.scripted();
    server.on("tools/list", ({ message, result }) => {
      const page = Number(message.params?.cursor ?? 0);
      result({ tools: [tool(`t${page}`)], ...(page < 4 && { nextCursor: String(page + 1) }) });
    });
    expect(await (await begun(server)).list(NEVER)).toEqual([0, 1, 2, 3, 4].map((n) => tool(`t${n}`)));
  });

  test("has an end, also of a server that pages in circles or for ever, or lists without measure", async () => {
    const circle = await desk.scripted();
    circle.on("tools/list", ({ result }) => result({ tools: [tool("a")], nextCursor: "again" }));
    await (await begun(circle)).list(NEVER);
    expect(circle.seen("tools/list")).toHaveLength(2);
    const endless = await desk.scripted();
    endless.on("tools/list", ({ result }) => {
      result({ tools: [tool("a")], nextCursor: `${endless.raw.requests.length}` });
    });
    await (await begun(endless)).list(NEVER);
    expect(endless.seen("tools/list")).toHaveLength(100);
    const long = await desk.scripted(Array.from({ length: 3_000 }, () => 0));
    expect(await (await begun(long)).list(NEVER)).toHaveLength(1_000);
  });

  test("of which a page is too large to be read while calls go on is none", async () => {
    const server = await desk.scripted([tool("a", { description: "x".repeat(3_000_000) })]);
    await expect((await begun(server)).list(NEVER)).rejects.toThrow("too_long");
  });

  test("of a server without tools is not asked for", async () => {
    const server = await desk.scripted();
    server.capabilities = { prompts: {} };
    expect(await (await begun(server)).list(NEVER)).toEqual([]);
    expect(server.seen("tools/list")).toEqual([]);
  });

  test("that broke off is asked for once more, and then given up", async () => {
    const server = await desk.scripted();
    const connection = await begun(server);
    server.on("tools/list", ({ socket }) => socket.destroy(), 1);
    expect(await connection.list(NEVER)).toHaveLength(1);
    server.on("tools/list", ({ socket }) => socket.destroy(), 2);
    await expect(connection.list(NEVER)).rejects.toThrow("no answer came");
    expect(server.seen("tools/list")).toHaveLength(4);
  });
});

test("a session that is retired ends when the last who uses it has been answered", async () => {
  const server = await desk.scripted();
  const connection = await begun(server);
  const { promise: held, resolve: hold } = Promise.withResolvers<() => void>();
  server.on("tools/call", ({ result }) => hold(() => result(textResult("sent"))));
  const calling = connection.call(CALL, "own", NEVER);
  const answerNow = await held;
  connection.retire();
  expect(server.raw.open.length).toBeGreaterThan(0);
  answerNow();
  expect(await calling).toMatchObject(textResult("sent"));
  await until(() => server.raw.open.length === 0);
});

test("a session that could not be begun leaves nothing behind", async () => {
  const server = await desk.scripted();
  server.on("initialize", ({ result }) => result({ protocolVersion: "1999-01-01", capabilities: {} }));
  await expect(Connection.open(serverAt(server.url), NEVER)).rejects.toThrow();
  await until(() => server.raw.open.length === 0);
});
