/**
 * The demo's tools: that its assistant goes by what it is really given, that its judges take nothing for done that was
 * not, and what the screen makes of the relay's log.
 */
import { describe, expect, test } from "bun:test";
import "../../patience.ts";
import { type ClipName, wordsOf } from "../../rehearsal/audio/clips.ts";
import { CREATE, FIND, Part } from "../../rehearsal/demo/assistant.ts";
import { painted } from "../../rehearsal/demo/paint.ts";
import { Seen, type Told } from "../../rehearsal/demo/seen.ts";
import { DAY } from "../../rehearsal/demo/todo-list.ts";
import { toolEntry } from "../../rehearsal/demo/tool-entries.ts";
import { doneOnce, lookedUp, nothingBeforeYes, putToCaller } from "../../rehearsal/demo/tool-verdicts.ts";
import type { Occasion } from "../../rehearsal/model/script.ts";
import type { LogLine } from "../../rehearsal/relay.ts";
import type { Execution } from "../../rehearsal/tools/store.ts";

const resultsOf = (...contents: readonly string[]) =>
  JSON.stringify({ results: contents.map((content) => ({ content })) });
const THE_DAY = resultsOf(...DAY.map(({ content }) => content));
const HELD = JSON.stringify({ held: "r7", done: false });

describe("the assistant of the demo", () => {
  const NOTHING: Occasion = {
    cause: "speech",
    metadata: {},
    instructions: "",
    outOfBand: false,
    response: 1,
    turn: 1,
    heard: undefined,
    transcript: undefined,
    outputs: [],
    texts: [],
    tools: [],
    toolNames: [FIND, CREATE, "confirm"],
    remoteTools: [],
    approvals: [],
    toolChoice: "auto",
    conversation: [],
    session: 0,
  };
  const hears = (part: Part, name: ClipName, more: Partial<Occasion> = {}) =>
    part.reply({ ...NOTHING, heard: wordsOf(name), ...more });
  const gets = (part: Part, name: string, output: string) =>
    part.reply({ ...NOTHING, cause: "create", outputs: [{ callId: "call_1", name, output }] });

  test("looks the day up, and reads out only what it found", () => {
    const part = new Part();
    expect(hears(part, "caller-day")).toEqual([{ call: FIND, arguments: {} }]);
    expect(gets(part, FIND, THE_DAY)).toEqual([{ clip: "assistant-day" }]);
    expect(part.saying(0)?.words).toBe(wordsOf("assistant-day"));
    expect(gets(part, FIND, resultsOf("Buy oat milk"))).toEqual([{ speak: "I found 1." }]);
    expect(gets(part, FIND, "The service cannot be reached.")).toEqual([
      { speak: "The service cannot be reached." },
    ]);
  });

  test("calls nothing that it is not offered, and says so", () => {
    for (const name of ["caller-day", "caller-milk"] as const) {
      expect(hears(new Part(), name, { toolNames: ["end_call"] })).toEqual([
        { clip: "assistant-unreachable" },
      ]);
    }
  });

  test("confirms what is held, under its id, once", () => {
    const part = new Part();
    expect(hears(part, "caller-yes")).toEqual([{ clip: "assistant-cando" }]);
    expect(hears(part, "caller-milk")).toEqual([{ call: CREATE, arguments: { content: "milk" } }]);
    expect(gets(part, CREATE, HELD)).toEqual([{ clip: "assistant-milk" }]);
    expect(hears(part, "caller-milk")).toEqual([{ clip: "assistant-milk" }]);
    expect(hears(part, "caller-yes")).toEqual([{ call: "confirm", arguments: { id: "r7" } }]);
    expect(hears(part, "caller-yes")).toEqual([{ clip: "assistant-cando" }]);
    expect(gets(part, "confirm", resultsOf("milk"))).toEqual([{ clip: "assistant-done" }]);
    expect(hears(part, "caller-yes")).toEqual([{ clip: "assistant-done" }]);
  });

  test("reads out of band what it is told to read", () => {
    const instructions = 'Read this. The text: "Press 1 to add milk."';
    expect(new Part().reply({ ...NOTHING, outOfBand: true, instructions })).toEqual([
      { speak: "Press 1 to add milk." },
    ]);
  });

  test("does not say that it is done where it was not", () => {
    const part = new Part();
    gets(part, CREATE, HELD);
    hears(part, "caller-yes");
    const refusal = "The caller has not clearly said yes, so nothing was done.";
    expect(gets(part, "confirm", refusal)).toEqual([{ speak: refusal }]);
  });
});

/** What was seen of a call, made up. */
function seenOf(
  given: { lines?: readonly LogLine[]; told?: readonly Told[]; rows?: readonly Execution[] } = {},
) {
  const { lines = [], told = [], rows = [] } = given;
  const seen = new Seen({ said: () => undefined, told: () => told, executions: () => rows }, [], () => {});
  for (const line of lines) seen.relaySaid(line);
  return seen;
}

const info = (event: string, fields: object): LogLine => ({ level: "info", event, ...fields });
const registered = (tool: string, kind: string) => info("tool.registered", { tool, kind });
const asked = (tool: string, rule: string) => info("tool.asked", { tool, rule, why: "default" });
const done = (tool: string, outcome = "answered") => info("tool.done", { tool, outcome, afterMs: 12 });
const consent = (is: string) => info("tool.consent", { tool: CREATE, by: "voice", is });
const row = (id: number, given = '{"content":"milk"}'): Execution => ({
  id,
  tool: CREATE,
  arguments: given,
  at: 0,
});

describe("the judges of the demo's tools", () => {
  test("take the day for looked up when all of it reached the model, and by no other way than allowed", () => {
    const told = [{ tool: FIND, output: THE_DAY }];
    expect(lookedUp(seenOf({ lines: [asked(FIND, "allow"), done(FIND)], told })).ok).toBe(true);
    expect(lookedUp(seenOf({ lines: [asked(FIND, "confirm"), done(FIND)], told })).ok).toBe(false);
    expect(lookedUp(seenOf({ lines: [asked(FIND, "allow"), done(FIND, "lost")], told })).ok).toBe(false);
    expect(lookedUp(seenOf({ lines: [asked(FIND, "allow"), done(FIND)] })).ok).toBe(false);
    expect(lookedUp(seenOf({ told })).ok).toBe(false);
  });

  test("take nothing for held that ran at once, and nothing for asked that nobody heard", () => {
    expect(putToCaller(seenOf({ lines: [asked(CREATE, "allow"), done(CREATE)] })).detail).toMatch(/not held/);
    expect(putToCaller(seenOf({ lines: [asked(CREATE, "confirm"), consent("held")] }))).toEqual({
      ok: false,
      detail: "asked back: nothing was heard",
    });
  });

  test("want the yes in writing, and no row before it", () => {
    const seen = seenOf();
    expect(nothingBeforeYes(seen).ok).toBe(false);
    seen.doneBeforeYes = 1;
    expect(nothingBeforeYes(seen).ok).toBe(false);
    seen.doneBeforeYes = 0;
    expect(nothingBeforeYes(seen).ok).toBe(true);
  });

  test("want one row, of what was agreed to", () => {
    const judge = (rows: readonly Execution[], ...news: readonly string[]) =>
      doneOnce(seenOf({ lines: news.map(consent), rows })).ok;
    expect(judge([row(1)], "held", "agreed")).toBe(true);
    expect(judge([], "held", "agreed")).toBe(false);
    expect(judge([row(1), row(2)], "held", "agreed")).toBe(false);
    expect(judge([row(1, '{"content":"gin"}')], "held", "agreed")).toBe(false);
    expect(judge([row(1)], "held")).toBe(false);
  });
});

describe("the rows of the timeline that are about tools", () => {
  const text = (seen: Seen, line: LogLine) => {
    const entry = toolEntry(seen, line);
    return entry && painted(entry.text(), false);
  };

  test("grow until the tool has answered and the answer has reached the model", () => {
    const told: Told[] = [];
    const line = asked(FIND, "allow");
    const seen = seenOf({ lines: [registered(FIND, "read"), line], told });
    const entry = toolEntry(seen, line);
    if (entry === undefined) throw new Error("it is not told");
    expect([painted(entry.text(), false), entry.isDone()]).toEqual([`${FIND}   read, allowed ✓ …`, false]);
    seen.relaySaid(done(FIND));
    expect(entry.isDone()).toBe(false);
    told.push({ tool: FIND, output: THE_DAY });
    expect([painted(entry.text(), false), entry.isDone()]).toEqual([
      `${FIND}   read, allowed ✓   5 tasks after 12 ms`,
      true,
    ]);
  });

  test("say of a request how the caller is to agree, and of a write that needs nobody that it is one", () => {
    const held = `${CREATE}   held until the caller has heard it and`;
    expect(text(seenOf(), consent("held"))).toBe(`${held} said yes ✓`);
    expect(text(seenOf(), { ...consent("held"), by: "keypad" })).toBe(`${held} pressed 1 ✓`);
    const seen = seenOf({ lines: [registered(CREATE, "write")] });
    expect(text(seen, asked(CREATE, "allow"))).toBe(`${CREATE}   write, allowed ✓ …`);
  });

  test("say how often something was done, by the database", () => {
    for (const [rows, said] of [
      [[row(1)], "done once"],
      [[row(1), row(2)], "done 2 times"],
    ] as const) {
      const line = consent("agreed");
      const seen = seenOf({ lines: [line], rows });
      const entry = toolEntry(seen, line);
      seen.relaySaid(done(CREATE));
      expect(entry && painted(entry.text(), false)).toBe(`${CREATE}   confirmed ✓ → ${said} after 12 ms`);
    }
  });

  test("tell what was refused, what did not answer and what is away", () => {
    const line = asked(FIND, "allow");
    const seen = seenOf({ lines: [line] });
    const entry = toolEntry(seen, line);
    seen.relaySaid(done(FIND, "timed_out"));
    expect(entry && painted(entry.text(), false)).toBe(`${FIND}   allowed ✓   ✗ timed_out after 12 ms`);
    expect(text(seen, asked(CREATE, "confirm"))).toBeUndefined();
    expect(text(seen, consent("declined"))).toBe(`${CREATE}   not done: declined`);
    expect(text(seen, info("tool.refused", { tool: CREATE, why: "denied" }))).toBe(
      `✗ ${CREATE}   refused: denied`,
    );
    expect(text(seen, info("mcp.unreachable", { server: "zapier", why: "unauthorized" }))).toBe(
      "✗ zapier: unauthorized; the call goes on without its tools",
    );
  });
});
