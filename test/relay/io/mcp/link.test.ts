/** A server, kept connected: through restarts, absences, refusals and changes of its list. */
import { afterEach, describe, expect, test } from "bun:test";
import type { Trouble } from "../../../../relay/io/mcp/trouble.ts";
import { PATIENCE_MS, until } from "../../../patience.ts";
import { freePort } from "../../../rehearsal/relay.ts";
import { Desk, listed, run, serverAt, toolIn } from "./desk.ts";
import { RawServer } from "./raw-server.ts";
import { type Scripted, type Turn, tool } from "./scripted.ts";

const desk = new Desk();
afterEach(() => desk.clear());

const DONE = { is: "answered", text: "done", isError: false };
const OFTEN = { pingEveryMs: 10, relistEveryMs: 600_000 };
const LISTENS = { tools: { listChanged: true } };

describe("at the start", () => {
  test("all servers are asked at once, and each has listed when it is over", async () => {
    const [one, two] = [await desk.scripted([tool("a")]), await desk.scripted([tool("b")])];
    const catalogue = await desk.opened([
      serverAt(one.url),
      serverAt(two.url, { label: "two", prefix: "two" }),
    ]);
    expect(catalogue.list.tools.map(({ name }) => name)).toEqual(["a", "two__b"]);
    expect(catalogue.list.unreachable).toEqual([]);
    expect(
      desk
        .logged("mcp.connected")
        .map(({ server }) => server)
        .sort(),
    ).toEqual(["notes", "two"]);
  });

  test("a server that says nothing delays nobody for longer than was said", async () => {
    const silent = desk.put(await RawServer.start(() => {}));
    const good = await desk.scripted([tool("a")]);
    const catalogue = desk.catalogue([serverAt(silent.url, { label: "silent" }), serverAt(good.url)]);
    await catalogue.open(200);
    await listed(catalogue, ["a"]);
    expect(catalogue.list.unreachable).toEqual(["silent"]);
  });

  test("a server that has yet to list is not taken for one that has nothing", async () => {
    const server = await desk.scripted([tool("a")]);
    const asked = Promise.withResolvers<Turn>();
    server.on("tools/list", asked.resolve, 1);
    const catalogue = desk.catalogue([serverAt(server.url)]);
    await catalogue.open(300);
    const turn = await asked.promise;
    expect(desk.logged("mcp.connected")).toHaveLength(1);
    expect(catalogue.list).toEqual({ tools: [], unreachable: ["notes"] });
    turn.result({ tools: server.tools });
    await listed(catalogue, ["a"]);
    expect(catalogue.list.unreachable).toEqual([]);
  });

  test("one that cannot list is as good as not there, and one that has no tools has listed", async () => {
    const [failing, toolless] = [await desk.scripted([tool("a")]), await desk.scripted([])];
    failing.on("tools/list", ({ error }) => error(-32603, "no list today"));
    toolless.capabilities = {};
    const servers = [serverAt(failing.url), serverAt(toolless.url, { label: "toolless" })];
    const catalogue = await desk.opened(servers);
    expect(catalogue.list).toEqual({ tools: [], unreachable: ["notes"] });
    expect(desk.logged("mcp.list_failed")).toMatchObject([{ server: "notes" }]);
  });

  test("a server that is not there yet is found when it comes", async () => {
    const port = freePort();
    const catalogue = await desk.opened([serverAt(`http://127.0.0.1:${port}/mcp`)]);
    expect(catalogue.list).toEqual({ tools: [], unreachable: ["notes"] });
    const late = desk.put(Bun.serve({ hostname: "127.0.0.1", port, fetch: small }));
    await listed(catalogue, ["late"]);
    expect(catalogue.list.unreachable).toEqual([]);
    await late.stop(true);
    // However often it was tried.
    expect(desk.logged("mcp.unreachable")).toEqual([
      {
        event: "mcp.unreachable",
        level: "warn",
        server: "notes",
        why: "refused",
        mend: expect.stringContaining('"notes" in mcp.json'),
      },
    ]);
    expect(desk.logged("mcp.connected")).toHaveLength(1);
  });
});

/** As small as an MCP server can be. */
async function small(request: Request): Promise<Response> {
  if (request.method !== "POST") return new Response(null, { status: 405 });
  const { id, method } = (await request.json()) as { id?: number; method: string };
  if (id === undefined) return new Response(null, { status: 202 });
  const serverInfo = { name: "small", version: "1" };
  const result =
    method === "initialize"
      ? { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo }
      : { tools: [tool("late")] };
  return Response.json({ jsonrpc: "2.0", id, result });
}

describe("a restart", () => {
  test("in the middle is survived by the next call, without anybody's help", async () => {
    const server = await desk.scripted();
    const catalogue = await desk.opened([serverAt(server.url)]);
    for (let n = 0; n < 3; n++) {
      server.restart();
      expect(await run(catalogue, "get_time")).toMatchObject(DONE);
    }
    expect(server.seen("initialize")).toHaveLength(4);
  });

  test("is found out before anybody calls", async () => {
    const server = await desk.scripted();
    await desk.opened([serverAt(server.url)], { pace: OFTEN });
    server.restart();
    await until(() => server.seen("initialize").length === 2);
    expect(desk.logged("mcp.unreachable")).toEqual([]);
  });

  test("under many calls begins one session, for all of them", async () => {
    const server = await desk.scripted([tool("create_task")]);
    const catalogue = await desk.opened([serverAt(server.url)]);
    server.restart();
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => run(catalogue, "create_task")));
    for (const outcome of outcomes) expect(outcome).toMatchObject(DONE);
    expect(outcomes).toHaveLength(10);
    expect(server.seen("initialize")).toHaveLength(2);
  });

  test("does not disturb what is still under way in the old session", async () => {
    const server = await desk.scripted([tool("create_task"), tool("send_mail")]);
    const catalogue = await desk.opened([serverAt(server.url)]);
    const { promise: held, resolve: hold } = Promise.withResolvers<() => void>();
    server.on(
      "tools/call",
      ({ result }) => hold(() => result({ content: [{ type: "text", text: "sent" }] })),
      1,
    );
    const slow = run(catalogue, "send_mail");
    const answerNow = await held;
    server.session = "another";
    expect(await run(catalogue, "create_task")).toMatchObject(DONE);
    expect(server.seen("initialize")).toHaveLength(2);
    answerNow();
    expect(await slow).toMatchObject({ is: "answered", text: "sent" });
  });
});

describe("an absence", () => {
  test("leaves what was offered in the list, and says whom it misses", async () => {
    const port = freePort();
    const first = Bun.serve({ hostname: "127.0.0.1", port, fetch: small });
    const catalogue = await desk.opened([serverAt(`http://127.0.0.1:${port}/mcp`)], { pace: OFTEN });
    const late = toolIn(catalogue, "late");
    await first.stop(true);
    await until(() => catalogue.list.unreachable.includes("notes"));
    expect(catalogue.list.tools).toEqual([late]);
    expect(await run(catalogue, late)).toEqual({ is: "not_done", why: "unreachable" });
    const second = desk.put(Bun.serve({ hostname: "127.0.0.1", port, fetch: small }));
    await until(() => catalogue.list.unreachable.length === 0);
    await second.stop(true);
    expect(desk.logged("tools.registered").map(({ message }) => message)).toEqual([
      "Registered tools count: 1",
    ]);
  });

  test("is not what one broken answer makes of it", async () => {
    const server = await desk.scripted([tool("create_task")]);
    const catalogue = await desk.opened([serverAt(server.url)]);
    server.on("tools/call", ({ socket }) => socket.destroy(), 1);
    expect(await run(catalogue, "create_task")).toEqual({ is: "lost" });
    await until(() => server.seen("ping").length === 1);
    expect(await run(catalogue, "create_task")).toMatchObject(DONE);
    expect([server.seen("initialize").length, catalogue.list.unreachable]).toEqual([1, []]);
  });

  test("of the owner's key is told once, with what to do, and is over when it is mended", async () => {
    const server = await desk.scripted();
    server.on("initialize", ({ status }) => status(401), 5);
    const where = serverAt(server.url, { label: "zapier", keptIn: "ZAPIER_MCP_TOKEN" });
    const catalogue = await desk.opened([where]);
    expect(catalogue.list.unreachable).toEqual(["zapier"]);
    await listed(catalogue, ["get_time"]);
    expect(server.seen("initialize")).toHaveLength(6);
    expect(desk.logged("mcp.unreachable")).toMatchObject([
      {
        server: "zapier",
        why: "unauthorized",
        mend: expect.stringMatching(/make a new one .* ZAPIER_MCP_TOKEN/),
      },
    ]);
  });

  test("is named for what it is", async () => {
    const names: ReadonlyArray<[Trouble, (server: Scripted) => void]> = [
      ["expired", (server) => server.on("initialize", ({ status }) => status(404))],
      ["gateway", (server) => server.on("initialize", ({ status }) => status(502))],
      ["not_mcp", (server) => server.on("initialize", ({ status }) => status(405))],
      ["not_mcp", (server) => server.on("initialize", ({ error }) => error(-32603, "no"))],
      ["broken", (server) => server.on("initialize", ({ socket }) => socket.destroy())],
      [
        "redirected",
        (server) =>
          server.on("initialize", ({ status }) => status(307, "", ["location: https://x.invalid/"])),
      ],
    ];
    for (const [why, misbehave] of names) {
      const server = await desk.scripted();
      misbehave(server);
      await desk.opened([serverAt(server.url)]);
      expect(desk.logged("mcp.unreachable").map((entry) => entry.why)).toEqual([why]);
      await desk.clear();
    }
    const silent = desk.put(await RawServer.start(() => {}));
    await desk.opened([serverAt(silent.url)], { pace: { connectWithinMs: 20 } });
    expect(desk.logged("mcp.unreachable")).toMatchObject([{ why: "timeout" }]);
    await desk.clear();
    await desk.opened([serverAt("http://no-such-host.invalid/mcp")]);
    expect(desk.logged("mcp.unreachable")[0]?.why).toMatch(/^(?:dns|timeout)$/);
  });
});

describe("a list", () => {
  test("that changes is asked for again when the server says so, once for a swarm", async () => {
    const server = await desk.scripted([tool("a")]);
    server.capabilities = LISTENS;
    const catalogue = await desk.opened([serverAt(server.url)], { pace: { settleMs: 1_000 } });
    await until(() => server.listeners === 1);
    const before = server.seen("tools/list").length;
    server.tools = [tool("a"), tool("b")];
    for (let n = 0; n < 40; n++) {
      server.tell("notifications/tools/list_changed");
      // So long that each would have been asked for by itself.
      await run(catalogue, "a");
    }
    await listed(catalogue, ["a", "b"]);
    expect(server.seen("tools/list").length - before).toBeLessThan(20);
  });

  test("that never stops changing is asked for ever less often", async () => {
    const server = await desk.scripted([tool("a")]);
    server.capabilities = LISTENS;
    await desk.opened([serverAt(server.url)], { pace: { settleMs: 1 } });
    await until(() => server.listeners === 1);
    const askedAt: number[] = [];
    server.on("tools/list", ({ result }) => {
      askedAt.push(performance.now());
      result({ tools: [tool(`t${askedAt.length}`)] });
      server.tell("notifications/tools/list_changed");
    });
    server.tell("notifications/tools/list_changed");
    await until(() => askedAt.length >= 9);
    // A slow machine makes waits longer and none shorter.
    expect((askedAt[8] ?? 0) - (askedAt[7] ?? 0)).toBeGreaterThan(100);
  });

  test("is asked for again when the stream of changes was broken: something may have been said to nobody", async () => {
    const server = await desk.scripted([tool("a")]);
    server.capabilities = LISTENS;
    const catalogue = await desk.opened([serverAt(server.url)]);
    await until(() => server.listeners === 1);
    server.tools = [tool("b")];
    for (const socket of server.raw.open) socket.destroy();
    await listed(catalogue, ["b"]);
    await until(() => server.listeners === 1);
  });

  test("is asked for again now and then, by itself", async () => {
    const server = await desk.scripted([tool("a")]);
    const catalogue = await desk.opened([serverAt(server.url)], {
      pace: { pingEveryMs: 10, relistEveryMs: 30 },
    });
    server.tools = [tool("b")];
    await listed(catalogue, ["b"]);
    expect(server.seen("ping").length + server.seen("tools/list").length).toBeGreaterThan(1);
  });

  test("is asked for again when a tool turns out to be gone, in whichever words", async () => {
    const words = [
      { error: { code: -32602, message: "Unknown tool: a" } },
      { result: { isError: true, content: [{ type: "text", text: "MCP error -32602: Tool a not found" }] } },
    ];
    for (const word of words) {
      const server = await desk.scripted([tool("a")]);
      const catalogue = await desk.opened([serverAt(server.url)]);
      server.tools = [tool("b")];
      server.on("tools/call", ({ message, status }) =>
        status(200, JSON.stringify({ jsonrpc: "2.0", id: message.id, ...word }), [
          "content-type: application/json",
        ]),
      );
      await run(catalogue, "a");
      await listed(catalogue, ["b"]);
      await desk.clear();
    }
  });

  test("that cannot be had leaves the one that there was, and is told once", async () => {
    const server = await desk.scripted([tool("a")]);
    const catalogue = await desk.opened([serverAt(server.url)], {
      pace: { pingEveryMs: 10, relistEveryMs: 10 },
    });
    server.on("tools/list", ({ error }) => error(-32603, "no"), 5);
    await until(() => server.seen("tools/list").length >= 6);
    expect(catalogue.list.tools.map(({ name }) => name)).toEqual(["a"]);
    expect(desk.logged("mcp.list_failed")).toMatchObject([{ server: "notes", why: "not_mcp" }]);
    server.tools = [tool("b")];
    await listed(catalogue, ["b"]);
  });

  test("that kills every session does not make us begin one after the other", async () => {
    const server = await desk.scripted([tool("a")]);
    server.on("tools/list", ({ status }) => status(404));
    await desk.opened([serverAt(server.url)], { pace: { againAfterMs: [60_000] } });
    await until(() => server.seen("initialize").length === 2);
    await Bun.sleep(200);
    expect(server.seen("initialize")).toHaveLength(2);
  });
});

test("closing in the middle of an attempt ends it, and nobody is told that it failed", async () => {
  const silent = desk.put(await RawServer.start(() => {}));
  const catalogue = desk.catalogue([serverAt(silent.url)]);
  const opening = catalogue.open(PATIENCE_MS);
  await until(() => silent.requests.length === 1);
  await catalogue.close();
  await opening;
  await until(() => silent.open.length === 0);
  expect(desk.logged("mcp.unreachable")).toEqual([]);
});

test("closing says goodbye, leaves no connection and no timer, and nothing is told after it", async () => {
  const server = await desk.scripted();
  server.capabilities = LISTENS;
  const catalogue = await desk.opened([
    serverAt(server.url),
    serverAt("http://127.0.0.1:1/", { label: "down" }),
  ]);
  await until(() => server.listeners === 1);
  const told = desk.entries.length;
  await catalogue.close();
  expect(server.raw.requests.at(-1)?.method).toBe("DELETE");
  await until(() => server.raw.open.length === 0, PATIENCE_MS);
  const asked = server.raw.requests.length;
  await Bun.sleep(100);
  expect([server.raw.requests.length, desk.entries.length]).toEqual([asked, told]);
});
