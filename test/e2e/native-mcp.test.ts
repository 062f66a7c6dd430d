/**
 * Native MCP from end to end: the server's tools are really used, and by the model's side alone; the relay says what may
 * be used, and the caller's key decides what the policy leaves to them.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { BlockList } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { readPolicy } from "../../relay/call/policy.ts";
import type { Settings } from "../../relay/call/session.ts";
import { keyFrom } from "../../relay/contract.ts";
import { systemClock } from "../../relay/io/clock.ts";
import { Health } from "../../relay/io/health.ts";
import { makeLog } from "../../relay/io/log.ts";
import type { McpServer } from "../../relay/io/mcp/address.ts";
import { Catalogue } from "../../relay/io/mcp/catalogue.ts";
import { nativeServersOf } from "../../relay/io/mcp/native.ts";
import { RelayServer } from "../../relay/io/server.ts";
import { Store } from "../../relay/io/store.ts";
import { TokenTime } from "../../relay/io/token-time.ts";
import { Tools } from "../../relay/io/tools.ts";
import { Secret } from "../../relay/secret.ts";
import { canariesIn } from "../canaries.ts";
import { PATIENCE_MS } from "../patience.ts";
import { clip } from "../rehearsal/audio/clips.ts";
import { whenPlayedOut } from "../rehearsal/carrier/caller.ts";
import { type OpenedStream, openStream } from "../rehearsal/carrier/carrier.ts";
import { newSid } from "../rehearsal/carrier/sid.ts";
import type { ResponseRecord } from "../rehearsal/model/records.ts";
import type { Turn } from "../rehearsal/model/script.ts";
import { type Model, startModel } from "../rehearsal/model/server.ts";
import { Waiting } from "../rehearsal/model/waiting.ts";
import { ACCOUNT_SID, freePort, TOKEN_SECRET, ticketFor } from "../rehearsal/relay.ts";
import { startTools, type Tools as ToolServer } from "../rehearsal/tools/server.ts";

const KEY = "zap-canary-key";
const SUBJECT = "canary subject";
const LABEL = "my zapier!";
/** As OpenAI is told: it takes no such label. */
const SERVER_LABEL = "my_zapier";

const SETTINGS: Settings = {
  model: "gpt-realtime-2.1",
  voice: "marin",
  instructions: "Be brief.",
  greeting: undefined,
  turnDetection: { type: "server_vad", threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 500 },
  noiseReduction: undefined,
  transcriptionModel: undefined,
  temperature: undefined,
};

const Line = z.looseObject({ event: z.string() });
type Line = z.infer<typeof Line>;

type Scene = {
  readonly tools: ToolServer;
  readonly model: Model;
  readonly call: OpenedStream;
  readonly lines: readonly Line[];
  readonly logged: (matches: (line: Line) => boolean) => Promise<Line>;
};

const clearing: Array<() => unknown> = [];
afterEach(async () => {
  for (const clear of clearing.splice(0).reverse()) await clear();
});

/** A call for which OpenAI has listed the tools, and that waits for the caller to speak. */
async function scene(script: readonly Turn[], rules = ""): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), "native-"));
  clearing.push(() => rmSync(folder, { recursive: true, force: true }));
  const tools = await startTools({ dbPath: join(folder, "tools.sqlite"), key: KEY });
  clearing.push(() => tools.stop());
  const model = await startModel({ script });
  clearing.push(() => model.stop());
  const waiting = new Waiting();
  const lines: Line[] = [];
  const log = makeLog("debug", (line) => {
    lines.push(Line.parse(JSON.parse(line)));
    waiting.changed();
  });
  const read = readPolicy(rules, "");
  if (!read.ok) throw new Error("no policy");
  const { policy } = read;
  const server: McpServer = {
    label: LABEL,
    url: new Secret(tools.url),
    headers: { authorization: new Secret(`Bearer ${KEY}`) },
    prefix: undefined,
    keptIn: "ZAPIER_MCP_TOKEN",
    timeoutMs: undefined,
  };
  const catalogue = new Catalogue([server], {
    clock: systemClock,
    log,
    policy,
    reserved: new Set(),
    timeoutMsOf: () => 20_000,
  });
  clearing.push(() => catalogue.close());
  await catalogue.open(PATIENCE_MS);
  const nobody = { tools: [], run: async () => ({ is: "not_done", why: "gone" }) as const };
  const records = Store.open(folder);
  clearing.push(() => records.close());
  const port = freePort();
  const relayUrl = `ws://127.0.0.1:${port}`;
  const relay = new RelayServer(
    {
      port,
      reusePort: false,
      gate: {
        relayUrl,
        keys: [await keyFrom(TOKEN_SECRET)],
        accountSid: ACCOUNT_SID,
        authToken: undefined,
      },
      maxCalls: 1,
      trustedProxies: new BlockList(),
      model: { url: model.url, model: SETTINGS.model, apiKey: new Secret(model.key) },
      settings: SETTINGS,
    },
    {
      records,
      health: new Health(log),
      time: new TokenTime(systemClock, 0, log),
      clock: systemClock,
      log,
      tools: new Tools(
        policy,
        { phone: nobody, functions: nobody, mcp: catalogue },
        nativeServersOf([server]),
      ),
    },
  );
  clearing.push(() => relay.stop(0));
  const callSid = newSid("CA");
  const call = openStream({
    ...(await ticketFor({ url: relayUrl }, callSid)),
    callSid,
    accountSid: ACCOUNT_SID,
    authToken: "none",
  });
  clearing.push(() => call.hangUp());
  const logged: Scene["logged"] = (matches) => waiting.for(() => lines.find(matches), PATIENCE_MS);
  await logged(({ event, is }) => event === "native.list" && is === "completed");
  return { tools, model, call, lines, logged };
}

/** The question is read to the caller. A 1 before it was heard counts for nothing: whoever means it presses it again. */
async function pressed(digit: "1" | "2", { call, lines, logged, model }: Scene): Promise<void> {
  const isRead = ({ metadata, doneAt }: ResponseRecord) =>
    metadata.reason === "read_back" && doneAt !== undefined;
  await model.waitFor(() => model.sessions.some(({ responses }) => responses.some(isRead)), PATIENCE_MS);
  const early = () => lines.filter(({ event }) => event === "tool.key_early").length;
  const isDecided = ({ event, is }: Line) => event === "tool.consent" && is !== "held";
  for (;;) {
    await whenPlayedOut(call, PATIENCE_MS);
    const before = early();
    call.press(digit);
    await logged((line) => isDecided(line) || early() > before);
    if (lines.some(isDecided)) return;
  }
}

const followUp = (reason: string): Turn => ({
  on: "create",
  metadata: { reason },
  reply: [{ clip: "assistant-day" }],
});
const reasonsIn = ({ sessions }: Model) =>
  sessions.flatMap(({ responses }) => responses.map(({ metadata }) => metadata.reason ?? "the server's own"));
const doneWith = (tool: string) => (line: Line) => line.event === "tool.done" && line.tool === tool;

describe("with native MCP", () => {
  test("a read is made by the model's side, once, and its result is spoken about", async () => {
    const find = { mcp: "todoist_find_tasks", server: SERVER_LABEL, arguments: {} };
    const at = await scene([{ on: "speech", reply: [find] }, followUp("native")]);
    const { call, model, tools, logged } = at;
    await call.say(clip("caller-hello"));
    expect(await logged(doneWith("todoist_find_tasks"))).toMatchObject({ outcome: "answered" });
    await model.waitFor(() => reasonsIn(model).includes("native"), PATIENCE_MS);
    expect(reasonsIn(model)).toEqual(["the server's own", "native"]);
    expect(tools.calls.map(({ tool }) => tool)).toEqual(["todoist_find_tasks"]);
    expect(model.sessions[0]?.errors).toEqual([]);
  });

  test("a write waits for the caller's key, and is then made once", async () => {
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
  });

  test("a mail that the caller does not want is never sent, and its words and the key are in no log", async () => {
    const mail = { to: "anna@example.com", subject: SUBJECT, body: "I am late." };
    const send = { mcp: "gmail_send_email", server: SERVER_LABEL, arguments: mail };
    const at = await scene([{ on: "speech", reply: [send] }, followUp("tool")]);
    const { call, lines, model, tools } = at;
    await call.say(clip("caller-hello"));
    await pressed("2", at);
    await model.waitFor(() => reasonsIn(model).includes("tool"), PATIENCE_MS);
    expect(tools.sent()).toEqual([]);
    expect(tools.calls).toEqual([]);
    expect(lines.filter(({ event }) => event === "native.approval")).toMatchObject([
      { tool: "gmail_send_email", is: "asked" },
      { tool: "gmail_send_email", is: "refused" },
    ]);
    expect(model.sessions[0]?.errors).toEqual([]);
    const canaries = { key: KEY, url: tools.url, subject: SUBJECT, to: "anna@example.com" };
    expect(canariesIn(JSON.stringify(lines), canaries)).toEqual([]);
    // Where they belong they are.
    const [update] = model.sessions[0]?.received.filter(({ type }) => type === "session.update") ?? [];
    expect(canariesIn(JSON.stringify(update), canaries)).toEqual(["key", "url"]);
  });

  test("what the owner denies is not even listed to the model", async () => {
    const { model } = await scene([], "gmail_*=deny");
    const [list] = model.sessions[0]?.items.filter(({ kind }) => kind === "mcp_list_tools") ?? [];
    const names = list?.kind === "mcp_list_tools" ? list.tools.map(({ name }) => name) : [];
    expect(names).toContain("todoist_find_tasks");
    expect(names.filter((name) => name.startsWith("gmail_"))).toEqual([]);
  });
});
