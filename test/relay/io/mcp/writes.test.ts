/**
 * Writes, with the connection cut at chosen and at random moments, against tools that really change a file: none is done
 * twice, and what is told of each is true.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { ToolOutcome } from "../../../../relay/call/tools.ts";
import { Secret } from "../../../../relay/secret.ts";
import { PATIENCE_MS, until } from "../../../patience.ts";
import type { Moment } from "../../../rehearsal/tools/cut-connection.ts";
import { startCutter } from "../../../rehearsal/tools/cutter.ts";
import { startTools } from "../../../rehearsal/tools/server.ts";
import { Desk, NEVER, run, serverAt, toolIn } from "./desk.ts";

const desk = new Desk();
afterEach(() => desk.clear());

async function behindCutter(options: Partial<Parameters<typeof startTools>[0]> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "writes-"));
  desk.put({ stop: () => rmSync(folder, { recursive: true, force: true }) });
  const tools = desk.put(await startTools({ dbPath: join(folder, "tools.sqlite"), ...options }));
  const cutter = desk.put(startCutter(tools.url));
  const headers = { authorization: new Secret(`Bearer ${tools.key}`) };
  const catalogue = await desk.opened([serverAt(cutter.url, { label: "zapier", headers })]);
  const create = (content: string, signal = NEVER) =>
    run(catalogue, toolIn(catalogue, "todoist_create_task"), { content }, signal);
  const doneTimes = (content: string) =>
    tools.executions().filter(({ arguments: given }) => given.includes(JSON.stringify(content))).length;
  return { tools, cutter, catalogue, create, doneTimes };
}

describe("a write whose connection is cut", () => {
  const LOST: ToolOutcome = { is: "lost" };
  const moments: ReadonlyArray<[string, Moment, number]> = [
    ["in its head", { at: "request", bytes: 20 }, 0],
    ["when all of it has gone", { at: "forwarded" }, 1],
    ["before the first byte of its answer", { at: "answer", bytes: 0 }, 1],
    ["in the head of its answer", { at: "answer", bytes: 30 }, 1],
  ];
  for (const how of ["reset", "close"] as const) {
    for (const [when, moment, done] of moments) {
      test(`${when} (${how}) is lost, and was done ${done === 0 ? "never" : "once"}`, async () => {
        const { cutter, create, doneTimes } = await behindCutter();
        cutter.arm({ moment, how });
        expect(await create("milk")).toEqual(LOST);
        expect(cutter.armed()).toBe(0);
        // What had reached the server is done in its own time.
        await until(() => doneTimes("milk") === done);
        expect(await create("bread")).toMatchObject({ is: "answered", isError: false });
        expect([doneTimes("milk"), doneTimes("bread")]).toEqual([done, 1]);
      });
    }
  }

  test("when all of its answer has come is answered", async () => {
    const { cutter, create, doneTimes } = await behindCutter();
    cutter.arm({ moment: { at: "answered" } });
    expect(await create("milk")).toMatchObject({ is: "answered", isError: false });
    expect(doneTimes("milk")).toBe(1);
  });

  test("before anybody took it was not done, and is not said to be", async () => {
    const { cutter, create, doneTimes } = await behindCutter();
    cutter.arm({ moment: { at: "accept" } });
    // Whether it had left when the reset came, this machine alone knows; done it is not.
    expect(["lost", "not_done"]).toContain((await create("milk")).is);
    expect(doneTimes("milk")).toBe(0);
  });

  test("by nobody, but never answered, is lost when the call gives it up", async () => {
    const { tools, cutter, create, doneTimes } = await behindCutter();
    const stop = new AbortController();
    cutter.arm({ moment: { at: "swallow" } });
    const creating = create("milk", stop.signal);
    await tools.waitFor(() => doneTimes("milk") === 1, PATIENCE_MS);
    stop.abort();
    expect(await creating).toEqual(LOST);
    expect(doneTimes("milk")).toBe(1);
  });
});

test("a write while its server is away was not done, and once it is back is done once", async () => {
  const { tools, cutter, create, doneTimes } = await behindCutter();
  cutter.down();
  expect(await create("milk")).toEqual({ is: "not_done", why: "unreachable" });
  await cutter.up();
  await tools.forgetSessions();
  expect(await create("milk")).toMatchObject({ is: "answered", isError: false });
  expect(doneTimes("milk")).toBe(1);
});

test("a write in a session that its server has forgotten is done once", async () => {
  const { tools, create, doneTimes } = await behindCutter();
  for (let n = 0; n < 3; n++) {
    await tools.forgetSessions();
    expect(await create(`milk ${n}`)).toMatchObject({ is: "answered", isError: false });
    expect(doneTimes(`milk ${n}`)).toBe(1);
  }
});

test("a write with a key that has expired was not done, and the owner hears what to do", async () => {
  const { tools, create, doneTimes } = await behindCutter();
  tools.setCredentials("expired");
  expect(await create("milk")).toEqual({ is: "not_done", why: "unauthorized" });
  expect(doneTimes("milk")).toBe(0);
  expect(desk.logged("mcp.unreachable")).toMatchObject([
    { why: "expired", mend: expect.stringContaining("new key") },
  ]);
});

test("100 writes, cut at random moments or not at all: none is done twice, and each is told truly", async () => {
  const { cutter, catalogue, doneTimes } = await behindCutter({ json: false });
  const create = toolIn(catalogue, "todoist_create_task");
  const moment = fc.oneof(
    fc.constantFrom<Moment>({ at: "accept" }, { at: "forwarded" }, { at: "answered" }),
    fc.record({ at: fc.constant("request" as const), bytes: fc.nat(600) }),
    fc.record({ at: fc.constant("answer" as const), bytes: fc.nat(600) }),
  );
  const cuts = fc.sample(fc.tuple(moment, fc.constantFrom("reset", "close", undefined)), {
    numRuns: 100,
    seed: 4,
  });
  const told: Record<string, number> = {};
  for (const [n, [at, how]] of cuts.entries()) {
    const content = `task ${n}.`;
    cutter.disarm();
    if (how !== undefined) cutter.arm({ moment: at, how });
    const outcome = await run(catalogue, create, { content });
    told[outcome.is] = (told[outcome.is] ?? 0) + 1;
    // A server that has all of a request does it, sooner or later; that was the last chance for a second time as well.
    cutter.disarm();
    await run(catalogue, "todoist_find_tasks");
    const sent = cutter.passages.filter(({ request }) => request.includes(content));
    const whole = sent.filter(({ sentBytes, requestBytes }) => sentBytes === requestBytes).length;
    await until(() => doneTimes(content) === whole);
    expect(whole).toBeLessThanOrEqual(1);
    if (outcome.is === "answered") expect([outcome.isError, whole]).toEqual([false, 1]);
    if (outcome.is === "not_done") expect(whole).toBe(0);
    if (how === undefined) expect(outcome.is).toBe("answered");
  }
  expect(Object.keys(told)).toContain("lost");
  expect(told.answered).toBeGreaterThan(20);
});

test("reads under the same cuts are answered all the same", async () => {
  const { cutter, catalogue } = await behindCutter();
  const moments: Moment[] = [
    { at: "request", bytes: 20 },
    { at: "forwarded" },
    { at: "answer", bytes: 0 },
    { at: "answer", bytes: 30 },
  ];
  for (const moment of moments) {
    cutter.arm({ moment });
    expect(await run(catalogue, "todoist_find_tasks")).toMatchObject({ is: "answered", isError: false });
    expect(cutter.armed()).toBe(0);
  }
});
