/** The cutter: each moment at which a connection can end, what of the request has gone by then, and what was done. */
import { afterEach, expect, test } from "bun:test";
import { connect } from "node:net";
import { PATIENCE_MS } from "../../patience.ts";
import type { Cut, Moment, Passage } from "../../rehearsal/tools/cut-connection.ts";
import { type Cutter, startCutter } from "../../rehearsal/tools/cutter.ts";
import type { Tools } from "../../rehearsal/tools/server.ts";
import { Desk, INITIALIZE, LIST, post } from "./desk.ts";

const desk = new Desk();
let cutter: Cutter;
afterEach(async () => {
  cutter.stop();
  await desk.clear();
});

type Scene = {
  readonly tools: Tools;
  readonly call: (content: string) => Promise<string>;
  readonly list: () => Promise<string>;
  readonly passage: (content: string) => Passage | undefined;
};

async function scene(options: Parameters<Desk["start"]>[0] = {}): Promise<Scene> {
  const tools = await desk.start({ seeds: false, ...options });
  cutter = startCutter(tools.url);
  const address = { url: cutter.url, key: tools.key };
  const session = (await post(address, INITIALIZE)).headers.get("mcp-session-id") ?? "";
  const ask = async (message: object): Promise<string> =>
    (await post(address, message, { "mcp-session-id": session })).text();
  return {
    tools,
    list: () => ask(LIST),
    call: (content) => {
      const params = { name: "todoist_create_task", arguments: { content } };
      return ask({ jsonrpc: "2.0", id: 3, method: "tools/call", params });
    },
    passage: (content) => cutter.passages.find(({ request }) => request.includes(`"${content}"`)),
  };
}

test("without a cut everything goes through as it is, and is written down", async () => {
  const { tools, call, passage } = await scene();
  expect(await call("milk")).toContain('\\"content\\":\\"milk\\"');
  await cutter.waitFor(() => passage("milk")?.returnedWhole, PATIENCE_MS);
  const { requestBytes, sentBytes, answerBytes, returnedBytes, cut } = passage("milk") ?? {};
  expect([sentBytes, returnedBytes, cut]).toEqual([requestBytes, answerBytes, undefined]);
  expect(tools.executions()).toHaveLength(1);
});

const CUTS: ReadonlyArray<
  readonly [what: string, cut: Cut, seen: Partial<Passage> | undefined, done: number]
> = [
  ["a connection that is reset unread", { moment: { at: "accept" } }, { sentBytes: 0, answerBytes: 0 }, 0],
  ["one reset before the first byte", { moment: { at: "request", bytes: 0 } }, { sentBytes: 0 }, 0],
  ["one reset after 100 bytes", { moment: { at: "request", bytes: 100 } }, { sentBytes: 100 }, 0],
  [
    "one that closes after 100 bytes",
    { moment: { at: "request", bytes: 100 }, how: "close" },
    { sentBytes: 100 },
    0,
  ],
  ["one reset after the whole request", { moment: { at: "forwarded" } }, { returnedBytes: 0 }, 1],
  ["one reset at the answer's first byte", { moment: { at: "answer", bytes: 0 } }, { returnedBytes: 0 }, 1],
  ["one reset within the answer", { moment: { at: "answer", bytes: 40 } }, { returnedBytes: 40 }, 1],
  [
    "one that closes within the answer",
    { moment: { at: "answer", bytes: 40 }, how: "close" },
    { returnedBytes: 40 },
    1,
  ],
];
for (const json of [false, true]) {
  for (const [what, cut, seen, done] of CUTS) {
    test(`${what}: no answer, ${done === 1 ? "done" : "nothing done"} (${json ? "documents" : "streams"})`, async () => {
      const { tools, call, list, passage } = await scene({ json });
      cutter.arm(cut);
      await expect(call("milk")).rejects.toThrow();
      expect(passage("milk") ?? { cut: "accept" }).toMatchObject({
        ...seen,
        cut: cut.moment.at,
        returnedWhole: false,
      });
      if (done === 1) await tools.waitFor(() => tools.calls[0]?.done, PATIENCE_MS);
      expect(await list()).toContain("todoist_find_tasks");
      expect(tools.executions()).toHaveLength(done);
      expect(cutter.armed()).toBe(0);
    });
  }
}

test("after the answer the connection goes, and the answer is there", async () => {
  const { tools, call, passage } = await scene();
  cutter.arm({ moment: { at: "answered" }, how: "close" });
  expect(await call("milk")).toContain("milk");
  await cutter.waitFor(() => passage("milk")?.cut === "answered", PATIENCE_MS);
  expect(tools.executions()).toHaveLength(1);
});

test("an answer that is swallowed leaves the caller waiting on an open line", async () => {
  const { tools, call, passage } = await scene();
  cutter.arm({ moment: { at: "swallow" } });
  let over = false;
  const answer = Promise.allSettled([call("milk").finally(() => (over = true))]);
  await cutter.waitFor(() => passage("milk")?.answerWhole, PATIENCE_MS);
  expect([over, passage("milk")?.returnedBytes, tools.executions().length]).toEqual([false, 0, 1]);
  cutter.stop();
  expect(await answer).toMatchObject([{ status: "rejected" }]);
});

test("a proxy that is down refuses, and what was open is reset; up again, it is where it was", async () => {
  const { tools, call, list } = await scene();
  cutter.down();
  await expect(call("milk")).rejects.toThrow();
  await expect(post({ url: cutter.url, key: tools.key }, INITIALIZE)).rejects.toThrow();
  await cutter.up();
  expect(await list()).toContain("todoist_find_tasks");
  expect(tools.executions()).toEqual([]);
});

test("a connection that comes is reset on arrival, and the next one is not", async () => {
  const { list } = await scene();
  cutter.arm({ moment: { at: "accept" } });
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(cutter.port, "127.0.0.1");
  socket.on("error", ({ message }) => resolve(message));
  socket.on("close", () => resolve("closed"));
  expect(await promise).toContain("ECONNRESET");
  expect(cutter.connections.at(-1)).toMatchObject({ refused: true, closedBy: "cutter" });
  expect(await list()).toContain("todoist_find_tasks");
});

test("a cut waits for the request that it is meant for, and cuts come in their order", async () => {
  const { tools, call, list, passage } = await scene();
  cutter.arm({ moment: { at: "request", bytes: 0 }, match: (request) => request.includes("butter") });
  cutter.arm({ moment: { at: "forwarded" } });
  await list();
  await expect(call("milk")).rejects.toThrow();
  await expect(call("butter")).rejects.toThrow();
  await call("bread");
  expect((["milk", "butter", "bread"] as const).map((what) => passage(what)?.cut)).toEqual([
    "forwarded",
    "request",
    undefined,
  ]);
  await tools.waitFor(() => tools.executions().length === 2, PATIENCE_MS);
});

test("for a server that is not there nothing was sent, and the connection ends", async () => {
  const tools = await desk.start();
  await tools.down();
  cutter = startCutter(tools.url);
  await expect(post({ url: cutter.url, key: tools.key }, INITIALIZE)).rejects.toThrow();
  await cutter.waitFor(() => cutter.connections.every(({ closedBy }) => closedBy !== undefined), PATIENCE_MS);
  expect(cutter.passages.map(({ sentBytes }) => sentBytes)).toEqual([0]);
});

test("300 writes cut at all moments: what was passed on whole was done, once, and nothing else was", async () => {
  const { tools, call, passage } = await scene();
  const moments: readonly (Moment | undefined)[] = [
    { at: "accept" },
    // Not after "answered": a client may still take that connection for a good one.
    undefined,
    ...[0, 1, 200, 100_000].map((bytes) => ({ at: "request", bytes }) as const),
    { at: "forwarded" },
    ...[0, 1, 90, 300].map((bytes) => ({ at: "answer", bytes }) as const),
    { at: "answered" },
  ];
  const truth: string[] = [];
  for (let n = 0; n < 300; n += 1) {
    const moment = moments[n % moments.length];
    const content = `write ${n}`;
    if (moment !== undefined) cutter.arm({ moment, how: n % 2 === 0 ? "reset" : "close" });
    const [{ status }] = await Promise.allSettled([call(content)]);
    const { sentBytes, requestBytes } = passage(content) ?? { sentBytes: 0, requestBytes: 1 };
    if (sentBytes === requestBytes) truth.push(content);
    if (moment === undefined) expect(status).toBe("fulfilled");
    cutter.disarm();
  }
  await tools.waitFor(() => tools.executions().length >= truth.length, PATIENCE_MS);
  const done = tools.tasks().map(({ content }) => content);
  expect(done.sort()).toEqual(truth.sort());
});
