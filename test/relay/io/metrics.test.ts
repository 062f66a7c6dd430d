/**
 * What the log is told becomes figures, and nothing that was said to the log becomes a label; and who may read them.
 */
import { beforeEach, describe, expect, test } from "bun:test";
import type { Entry } from "../../../relay/call/journal.ts";
import { makeLog, type RelayEntry } from "../../../relay/io/log.ts";
import { Metrics } from "../../../relay/io/metrics.ts";
import { MetricsDoor } from "../../../relay/io/metrics-door.ts";
import { Secret } from "../../../relay/secret.ts";
import { figureOf, type Sample, samplesIn } from "./scrape.ts";

let metrics: Metrics;
beforeEach(() => {
  metrics = new Metrics();
});
const scrape = async (): Promise<readonly Sample[]> => samplesIn(await metrics.text());
const tell = (...entries: Array<Entry | RelayEntry>) => {
  const log = metrics.counting(() => {});
  for (const entry of entries) log(entry, "c0ffee00");
};
const done = (tool: string, afterMs = 300): Entry => ({
  event: "tool.done",
  level: "info",
  tool,
  outcome: "answered",
  afterMs,
});

describe("the figures", () => {
  test("count what the log is told, also where the log does not write it", async () => {
    const lines: string[] = [];
    const log = metrics.counting(makeLog("error", (line) => lines.push(line)));
    log({ event: "barge_in", level: "info", heardMs: 900, unheardMs: 50, truncations: 2, roundTripMs: 40 });
    log({ event: "call.admitted", level: "info", callSid: `CA${"0".repeat(32)}`, attempt: 0 });
    log({ event: "call.admitted", level: "info", callSid: `CA${"0".repeat(32)}`, attempt: 2 });
    expect(lines).toEqual([]);
    const samples = await scrape();
    expect(figureOf(samples, "relay_barge_ins_total")).toBe(1);
    expect(figureOf(samples, "relay_truncations_total")).toBe(2);
    expect(figureOf(samples, "relay_calls_admitted_total", { attempt: "first" })).toBe(1);
    expect(figureOf(samples, "relay_calls_admitted_total", { attempt: "again" })).toBe(1);
  });

  test("begin at nought for every ending, so that the first of a kind is seen as a rise", async () => {
    const before = await scrape();
    expect(figureOf(before, "relay_calls_ended_total", { ending: "bug" })).toBe(0);
    expect(figureOf(before, "relay_calls_ended_total", { ending: "caller_hung_up" })).toBe(0);
  });

  test("are in seconds, in buckets that fit what is measured", async () => {
    tell(
      { event: "call.first_audio", level: "info", afterMs: 250 },
      { event: "turn.answered", level: "info", afterMs: 800 },
    );
    metrics.saw({ stallMs: 30, residentBytes: 1 });
    const samples = await scrape();
    const bucket = (name: string, le: string) => figureOf(samples, `${name}_bucket`, { le });
    expect([bucket("relay_first_audio_seconds", "0.2"), bucket("relay_first_audio_seconds", "0.3")]).toEqual([
      0, 1,
    ]);
    expect(figureOf(samples, "relay_turn_answer_seconds_sum")).toBe(0.8);
    expect([
      bucket("relay_event_loop_stall_seconds", "0.02"),
      bucket("relay_event_loop_stall_seconds", "0.05"),
    ]).toEqual([0, 1]);
  });

  test("tell what was spent, in dollars and tokens, reported and estimated apart; and which brakes held", async () => {
    const tokens = { textIn: 1, textCached: 2, textOut: 3, audioIn: 4, audioCached: 5, audioOut: 6 };
    const counted = { event: "spend.counted", level: "debug", micros: 250_000, ...tokens } as const;
    tell(
      { ...counted, isEstimated: false },
      { ...counted, isEstimated: false },
      { ...counted, level: "info", isEstimated: true },
      { event: "limit.reached", level: "info", notice: "nearly_over" },
      { event: "budget.warned", level: "warn", period: "day", spentMicros: 8, limitMicros: 10 },
      { event: "budget.spent", level: "warn", period: "call", spentMicros: 10, limitMicros: 10 },
    );
    const samples = await scrape();
    expect(figureOf(samples, "relay_spent_dollars_total", { is: "reported" })).toBe(0.5);
    expect(figureOf(samples, "relay_spent_dollars_total", { is: "estimated" })).toBe(0.25);
    expect(figureOf(samples, "relay_tokens_total", { kind: "textCached" })).toBe(6);
    expect(figureOf(samples, "relay_tokens_total", { kind: "audioOut" })).toBe(18);
    expect(figureOf(samples, "relay_limits_total", { notice: "nearly_over" })).toBe(1);
    expect(figureOf(samples, "relay_budgets_total", { is: "warned", period: "day" })).toBe(1);
    expect(figureOf(samples, "relay_budgets_total", { is: "spent", period: "call" })).toBe(1);
  });

  test("tell of sessions that were lost and restored", async () => {
    tell({ event: "session.ready", level: "info", afterMs: 100, earlyMs: 0 });
    const samples = await scrape();
    expect(figureOf(samples, "relay_sessions_total", { is: "ready" })).toBe(1);
    expect(figureOf(samples, "relay_sessions_total", { is: "lost" })).toBe(0);
    expect(figureOf(samples, "relay_sessions_total", { is: "restored" })).toBe(0);
  });

  test("that are asked for are asked at the moment of the scrape", async () => {
    let calls = 0;
    metrics.watch({
      liveCalls: () => calls,
      isReady: () => calls === 0,
      isBad: (what) => what === "memory",
      residentBytes: () => 123,
    });
    calls = 3;
    const samples = await scrape();
    expect(figureOf(samples, "relay_calls_live")).toBe(3);
    expect(figureOf(samples, "relay_takes_calls")).toBe(0);
    expect(figureOf(samples, "relay_trouble", { what: "memory" })).toBe(1);
    expect(figureOf(samples, "relay_trouble", { what: "disk" })).toBe(0);
    expect(figureOf(samples, "process_resident_memory_bytes")).toBe(123);
  });
});

test("the table of docs/operating.md names every metric, and no other", async () => {
  metrics.watch({ liveCalls: () => 0, isReady: () => true, isBad: () => false, residentBytes: () => 0 });
  const operating = await Bun.file(new URL("../../../docs/operating.md", import.meta.url)).text();
  const rows = [...operating.matchAll(/^\| (`(?:relay|process)_[^|]+) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([a-z_]+)/g)].map(([, name = ""]) => name),
  );
  const told = [...(await metrics.text()).matchAll(/^# TYPE (\S+)/gm)].map(([, name = ""]) => name);
  expect(rows.sort()).toEqual(told.sort());
});

describe("a label", () => {
  test("names a tool that is registered, and no other", async () => {
    metrics.knowTools(["take_note"]);
    tell(
      {
        event: "tool.registered",
        level: "info",
        tool: "todoist_find_tasks",
        server: "zapier",
        kind: "read",
        rule: "allow",
        why: "a read",
      },
      done("take_note"),
      done("todoist_find_tasks"),
      done("made_up_by_the_model"),
      done("and_another"),
    );
    const samples = await scrape();
    const runs = (tool: string) => figureOf(samples, "relay_tool_runs_total", { tool, outcome: "answered" });
    expect([runs("take_note"), runs("todoist_find_tasks"), runs("other")]).toEqual([1, 1, 2]);
    expect(figureOf(samples, "relay_tool_seconds_count", { tool: "other" })).toBe(2);
    expect(runs("made_up_by_the_model")).toBeUndefined();
  });

  test("is never a tool's name that holds a number, or of tools without end", async () => {
    metrics.knowTools(["call_15551234567", 'quote"d', "über"]);
    metrics.knowTools(Array.from({ length: 5_000 }, (_, n) => `tool_${n}`));
    tell(done("call_15551234567"), done('quote"d'), done("über"));
    tell(...Array.from({ length: 5_000 }, (_, n) => done(`tool_${n}`)));
    const samples = await scrape();
    const tools = new Set(samples.flatMap(({ labels }) => labels.tool ?? []));
    expect(tools.size).toBeLessThanOrEqual(201);
    expect([...tools].filter((tool) => /\d{5}|[^\w.-]/.test(tool))).toEqual([]);
  });

  test("says why a handshake was refused, in words that are known", async () => {
    for (const why of ["token expired", "no signature of Twilio's", "full", "stalled", "+15551234567 came"])
      metrics.refused(why);
    const samples = (await scrape()).filter(({ name }) => name === "relay_handshakes_refused_total");
    expect(samples.map(({ labels, value }) => [labels.why, value])).toEqual([
      ["token_expired", 1],
      ["no_signature_of_twilio", 1],
      ["full", 1],
      ["stalled", 1],
      ["other", 1],
    ]);
  });
});

describe("the figures are read", () => {
  const answers = async (
    given: { peer?: string; headers?: Record<string, string>; token?: string } = {},
  ): Promise<number> => {
    const token = given.token === undefined ? undefined : new Secret(given.token);
    const request = { headers: new Headers(given.headers) };
    const answer = await new MetricsDoor(metrics, token).answer(request, given.peer ?? "127.0.0.1");
    const text = await answer.text();
    if (answer.status === 200) {
      samplesIn(text);
      expect(answer.headers.get("content-type")).toStartWith("text/plain; version=0.0.4");
    } else expect(text).toBe("");
    return answer.status;
  };

  test("by this machine, where there is no token", async () => {
    for (const peer of ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
      expect(await answers({ peer })).toBe(200);
  });

  test("by nobody else, and they are not even told that there is something", async () => {
    for (const peer of ["198.51.100.7", "::ffff:198.51.100.7", "2001:db8::1", "127.0.0.1.example", ""])
      expect(await answers({ peer })).toBe(404);
  });

  test("by nobody for whom a proxy of this machine asks", async () => {
    for (const name of ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
      expect(await answers({ headers: { [name]: "127.0.0.1" } })).toBe(404);
  });

  test("by whoever has the token, wherever they are, and then by nobody without it", async () => {
    const token = "0123456789abcdef";
    const bearing = (authorization: string, peer = "198.51.100.7") =>
      answers({ token, peer, headers: { authorization, "X-Forwarded-For": "198.51.100.7" } });
    expect(await bearing(`Bearer ${token}`)).toBe(200);
    for (const wrong of [`Bearer ${token}0`, `Bearer ${token.slice(1)}`, token, "Bearer ", ""])
      expect(await bearing(wrong)).toBe(401);
    expect(await answers({ token })).toBe(401);
  });
});
