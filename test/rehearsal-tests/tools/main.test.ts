/** The rehearsed tools as a process of their own: the address that it prints, and the file that it leaves. */
import { afterEach, expect, test } from "bun:test";
import { z } from "zod";
import { Store } from "../../rehearsal/tools/store.ts";
import { Desk } from "./desk.ts";

const desk = new Desk();
afterEach(() => desk.clear());

const MAIN = new URL("../../rehearsal/tools/main.ts", import.meta.url).pathname;
const Ready = z.strictObject({ url: z.string(), port: z.number(), key: z.string() });

test("as a process it prints its address, serves, and ends on SIGTERM with everything in the file", async () => {
  const dbPath = desk.dbPath();
  const child = Bun.spawn({
    cmd: [process.execPath, MAIN, "--db", dbPath, "--options", '{"key":"zap-mine","seeds":false}'],
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  try {
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let line = "";
    while (!line.endsWith("\n")) line += (await reader.read()).value ?? "\n";
    const { url, port, key } = Ready.parse(JSON.parse(line));
    expect([url, key]).toEqual([`http://127.0.0.1:${port}/api/v1/connect`, "zap-mine"]);
    const client = await desk.client({ url, key });
    await client.callTool({ name: "todoist_create_task", arguments: { content: "Buy milk" } });
    const store = new Store(dbPath);
    expect(store.executions()).toMatchObject([{ tool: "todoist_create_task" }]);
    store.close();
  } finally {
    child.kill("SIGTERM");
  }
  expect(await child.exited).toBe(0);
});

test("an option that there is not ends the process with an error", async () => {
  const child = Bun.spawn({
    cmd: [process.execPath, MAIN, "--db", desk.dbPath(), "--options", '{"aegntic":"app"}'],
    stdout: "ignore",
    stderr: "pipe",
  });
  expect(await child.exited).toBe(1);
  expect(await child.stderr.text()).toContain("aegntic");
});
