/** Tools that their server runs only as tasks: begun once, fetched as often as it takes. */
import { afterEach, describe, expect, test } from "bun:test";
import { until } from "../../../patience.ts";
import { Desk, run, serverAt } from "./desk.ts";
import { type Scripted, textResult, tool } from "./scripted.ts";

const desk = new Desk();
afterEach(() => desk.clear());

const DONE = { is: "answered", text: "done", isError: false };
const LOST = { is: "lost" };
type Act = Parameters<Scripted["on"]>[1];

describe("a tool that is run as a task", () => {
  const TASK = tool("research", { execution: { taskSupport: "required" } });
  const begun = { task: { taskId: "t-1", status: "working", ttl: 1, createdAt: "", lastUpdatedAt: "" } };

  async function withTask() {
    const server = await desk.scripted([TASK]);
    const catalogue = await desk.opened([serverAt(server.url)]);
    server.on("tools/call", ({ result }) => result(begun));
    return { server, catalogue };
  }

  test("is begun once, and its result fetched as often as it takes", async () => {
    const { server, catalogue } = await withTask();
    server
      .on("tasks/result", ({ socket }) => socket.destroy(), 2)
      .on("tasks/result", ({ result }) => result(textResult("found")));
    expect(await run(catalogue, "research")).toEqual({ is: "answered", text: "found", isError: false });
    expect(server.seen("tools/call")).toMatchObject([{ params: { task: { ttl: 600_000 } } }]);
    expect(server.seen("tasks/result")).toMatchObject(Array(3).fill({ params: { taskId: "t-1" } }));
  });

  test("and was begun is lost whatever goes wrong then, and not begun again", async () => {
    const wrongs: Act[] = [
      ({ status }) => status(404),
      ({ status }) => status(401),
      ({ socket }) => socket.destroy(),
      ({ error }) => error(-32602, "Task not found"),
      ({ error }) => error(-32601, "Method not found"),
    ];
    for (const act of wrongs) {
      const { server, catalogue } = await withTask();
      server.on("tasks/result", act);
      expect(await run(catalogue, "research")).toMatchObject(LOST);
      expect(server.seen("tools/call")).toHaveLength(1);
      await desk.clear();
    }
  });

  test("says itself that it failed, or answers as if it had not been asked for a task", async () => {
    const { server, catalogue } = await withTask();
    server.on("tasks/result", ({ error }) => error(-32603, "no sources"));
    expect(await run(catalogue, "research")).toEqual({ is: "answered", text: "no sources", isError: true });
    server.off("tools/call");
    expect(await run(catalogue, "research")).toMatchObject(DONE);
  });

  test("is cancelled with its call", async () => {
    const { server, catalogue } = await withTask();
    const stop = new AbortController();
    server.on("tasks/result", () => stop.abort());
    expect(await run(catalogue, "research", {}, stop.signal)).toMatchObject(LOST);
    await until(() => server.seen("tasks/cancel").length === 1);
  });
});
