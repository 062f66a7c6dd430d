/**
 * Native MCP from end to end: the server's tools are really used, and by the model's side alone; the relay says what may
 * be used, and the caller's key decides what the policy leaves to them.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canariesIn } from "../canaries.ts";
import { PATIENCE_MS } from "../patience.ts";
import { clip } from "../rehearsal/audio/clips.ts";
import { whenPlayedOut } from "../rehearsal/carrier/caller.ts";
import type { OpenedStream } from "../rehearsal/carrier/carrier.ts";
import { ticker } from "../rehearsal/carrier/ticker.ts";
import type { ResponseRecord } from "../rehearsal/model/records.ts";
import type { Turn } from "../rehearsal/model/script.ts";
import type { Model } from "../rehearsal/model/server.ts";
import type { LogLine, RunningRelay } from "../rehearsal/relay.ts";
import { startTools, type Tools } from "../rehearsal/tools/server.ts";
import { Rig } from "../relay/io/rig.ts";

const KEY = "zap-canary-key";
const SUBJECT = "canary subject";
const LABEL = "my zapier";
/** As OpenAI is told: it takes no such label. */
const SERVER_LABEL = "my_zapier";

type Scene = {
  readonly tools: Tools;
  readonly model: Model;
  readonly relay: RunningRelay;
  readonly call: OpenedStream;
  readonly logged: (matches: (line: LogLine) => boolean) => Promise<LogLine>;
};

const clearing: Array<() => unknown> = [];
const cleared = async () => {
  for (const clear of clearing.splice(0).reverse()) await clear();
};
afterEach(cleared);

/** With no frame for 300 ms the line is quiet to the relay (relay/call/intake.ts), and what the caller says comes in two. */
const STILL_MS = 250;
const MOST_RUNS = 3;
/** Again where it failed and this process stood still, which is the caller: the second half then interrupts the answer. */
const heardWhole = (body: () => Promise<void>) => async () => {
  for (let runs = 1; ; runs++) {
    ticker.resetLateness();
    try {
      return await body();
    } catch (thrown) {
      if (ticker.worstLateMs < STILL_MS || runs === MOST_RUNS) throw thrown;
      await cleared();
    }
  }
};

/** A call for which OpenAI has listed the tools, and that waits for the caller to speak. */
async function scene(script: readonly Turn[], rules = ""): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), "native-"));
  clearing.push(() => rmSync(folder, { recursive: true, force: true }));
  const tools = await startTools({ dbPath: join(folder, "tools.sqlite"), key: KEY });
  clearing.push(() => tools.stop());
  const file = join(folder, "mcp.json");
  const headers = { Authorization: `Bearer \${NOBODYS_KEY}` };
  writeFileSync(file, JSON.stringify({ mcpServers: { [LABEL]: { url: tools.url, headers } } }));
  const env = { MCP_MODE: "native", MCP_CONFIG: file, NOBODYS_KEY: KEY, TOOL_POLICY: rules };
  const rig = await Rig.start({ model: { script }, env: { ...env, GREETING: "off", LOG_LEVEL: "debug" } });
  clearing.push(() => rig.stop());
  const { model, relay } = rig;
  const call = await rig.stream();
  const logged: Scene["logged"] = (matches) => relay.waitForLog(matches, PATIENCE_MS);
  await logged(({ event, is }) => event === "native.list" && is === "completed");
  return { tools, model, relay, call, logged };
}

/** The question is read to the caller. A 1 before it was heard counts for nothing: whoever means it presses it again. */
async function pressed(digit: "1" | "2", { call, relay, logged, model }: Scene): Promise<void> {
  const isRead = ({ metadata, doneAt }: ResponseRecord) =>
    metadata.reason === "read_back" && doneAt !== undefined;
  await model.waitFor(() => model.sessions.some(({ responses }) => responses.some(isRead)), PATIENCE_MS);
  const early = () => relay.lines.filter(({ event }) => event === "tool.key_early").length;
  const isDecided = ({ event, is }: LogLine) => event === "tool.consent" && is !== "held";
  for (;;) {
    await whenPlayedOut(call, PATIENCE_MS);
    const before = early();
    call.press(digit);
    await logged((line) => isDecided(line) || early() > before);
    if (relay.lines.some(isDecided)) return;
  }
}

const followUp = (reason: string): Turn => ({
  on: "create",
  metadata: { reason },
  reply: [{ clip: "assistant-day" }],
});
const reasonsIn = ({ sessions }: Model) =>
  sessions.flatMap(({ responses }) => responses.map(({ metadata }) => metadata.reason ?? "the server's own"));
const doneWith = (tool: string) => (line: LogLine) => line.event === "tool.done" && line.tool === tool;

describe("with native MCP", () => {
  test(
    "a read is made by the model's side, once, and its result is spoken about",
    heardWhole(async () => {
      const find = { mcp: "todoist_find_tasks", server: SERVER_LABEL, arguments: {} };
      const at = await scene([{ on: "speech", reply: [find] }, followUp("native")]);
      const { call, model, tools, logged } = at;
      await call.say(clip("caller-hello"));
      expect(await logged(doneWith("todoist_find_tasks"))).toMatchObject({ outcome: "answered" });
      await model.waitFor(() => reasonsIn(model).includes("native"), PATIENCE_MS);
      expect(reasonsIn(model)).toEqual(["the server's own", "native"]);
      expect(tools.calls.map(({ tool }) => tool)).toEqual(["todoist_find_tasks"]);
      expect(model.sessions[0]?.errors).toEqual([]);
    }),
  );

  test(
    "a write waits for the caller's key, and is then made once",
    heardWhole(async () => {
      const create = { mcp: "todoist_create_task", server: SERVER_LABEL, arguments: { content: "Milk" } };
      const at = await scene([{ on: "speech", reply: [create] }, followUp("native")]);
      const { call, model, tools, logged } = at;
      await call.say(clip("caller-hello"));
      await logged(({ event, is }) => event === "native.approval" && is === "asked");
      expect(tools.executions()).toEqual([]);
      await pressed("1", at);
      expect(await logged(doneWith("todoist_create_task"))).toMatchObject({ outcome: "answered" });
      await model.waitFor(() => reasonsIn(model).includes("native"), PATIENCE_MS);
      expect(tools.executions()).toMatchObject([
        { tool: "todoist_create_task", arguments: '{"content":"Milk"}' },
      ]);
      expect(reasonsIn(model)).toEqual(["the server's own", "read_back", "native"]);
      expect(model.sessions[0]?.errors).toEqual([]);
    }),
  );

  test(
    "a mail that the caller does not want is never sent, and its words and the key are in no log",
    heardWhole(async () => {
      const mail = { to: "anna@example.com", subject: SUBJECT, body: "I am late." };
      const send = { mcp: "gmail_send_email", server: SERVER_LABEL, arguments: mail };
      const at = await scene([{ on: "speech", reply: [send] }, followUp("tool")]);
      const { call, relay, model, tools } = at;
      await call.say(clip("caller-hello"));
      await pressed("2", at);
      await model.waitFor(() => reasonsIn(model).includes("tool"), PATIENCE_MS);
      expect(tools.sent()).toEqual([]);
      expect(tools.calls).toEqual([]);
      expect(relay.lines.filter(({ event }) => event === "native.approval")).toMatchObject([
        { tool: "gmail_send_email", is: "asked" },
        { tool: "gmail_send_email", is: "refused" },
      ]);
      expect(model.sessions[0]?.errors).toEqual([]);
      const canaries = { key: KEY, url: tools.url, subject: SUBJECT, to: "anna@example.com" };
      expect(canariesIn(relay.output() + relay.errors(), canaries)).toEqual([]);
      // Where they belong they are.
      const [update] = model.sessions[0]?.received.filter(({ type }) => type === "session.update") ?? [];
      expect(canariesIn(JSON.stringify(update), canaries)).toEqual(["key", "url"]);
    }),
  );

  test("what the owner denies is not even listed to the model", async () => {
    const { model } = await scene([], "gmail_*=deny");
    const [list] = model.sessions[0]?.items.filter(({ kind }) => kind === "mcp_list_tools") ?? [];
    const names = list?.kind === "mcp_list_tools" ? list.tools.map(({ name }) => name) : [];
    expect(names).toContain("todoist_find_tasks");
    expect(names.filter((name) => name.startsWith("gmail_"))).toEqual([]);
  });
});
