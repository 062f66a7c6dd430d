/**
 * Running one of the owner's functions: whatever it does, there is an outcome, and it is true.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import "../../patience.ts";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ToolArguments, ToolCaller, ToolOutcome } from "../../../relay/call/tools.ts";
import {
  type Answer,
  type AssistantFunction,
  defineFunction,
  type FunctionContext,
  FunctionError,
  z,
} from "../../../relay/function.ts";
import { Functions } from "../../../relay/io/functions.ts";
import { makeLog } from "../../../relay/io/log.ts";

const NOW = new Date("2026-11-21T13:05:09Z");
const PARAMETERS = { type: "object", properties: {} } as const;

let dataDir: string;
let lines: string[];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "functions-"));
  lines = [];
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

type Changes = Partial<Pick<AssistantFunction, "policy" | "timeoutMs" | "schema">>;
const does = (run: AssistantFunction["run"], changes: Changes = {}): AssistantFunction => ({
  name: "it",
  description: "Does it.",
  schema: z.object({}),
  policy: { kind: "read" },
  ...changes,
  run,
});

const having = (...definitions: AssistantFunction[]): Functions =>
  new Functions(
    definitions.map((definition) => ({ definition, parameters: PARAMETERS })),
    {
      now: () => NOW,
      timeZone: "Europe/Zurich",
      dataDir,
      timeoutMs: 20_000,
      log: makeLog("debug", (line) => lines.push(line)),
    },
  );

async function use(
  definition: AssistantFunction,
  args: ToolArguments = {},
  caller: ToolCaller = {},
  signal = new AbortController().signal,
): Promise<ToolOutcome> {
  const functions = having(definition);
  const [tool] = functions.tools;
  if (tool === undefined) throw new Error("it is not offered");
  return functions.run({ runId: "run", tool, args }, signal, caller);
}

const WRITE = { policy: { kind: "write" } } as const satisfies Changes;

describe("as a tool, a function", () => {
  test("is offered under its name, with what it declares and its own time or the usual", () => {
    const quick = does(() => "", { policy: { kind: "write", rule: "confirm" }, timeoutMs: 3_000 });
    expect(
      having(
        does(() => ""),
        { ...quick, name: "quick" },
      ).tools,
    ).toEqual([
      {
        name: "it",
        description: "Does it.",
        parameters: PARAMETERS,
        source: { is: "function" },
        hints: { readOnly: true },
        declared: { kind: "read" },
        timeoutMs: 20_000,
      },
      {
        name: "quick",
        description: "Does it.",
        parameters: PARAMETERS,
        source: { is: "function" },
        hints: { readOnly: false },
        declared: { kind: "write", rule: "confirm" },
        timeoutMs: 3_000,
      },
    ]);
  });

  test("that is none of these is gone", async () => {
    const functions = having();
    const [tool] = having(does(() => "")).tools;
    if (tool === undefined) throw new Error("it is not offered");
    const run = { runId: "run", tool, args: {} };
    expect(await functions.run(run, new AbortController().signal, {})).toEqual({
      is: "not_done",
      why: "gone",
    });
  });
});

describe("its answer", () => {
  const answers: ReadonlyArray<readonly [Answer, string]> = [
    ["as it is", "as it is"],
    ["", ""],
    [42, "42"],
    [false, "false"],
    [null, "null"],
    [["a", 1], '["a",1]'],
    [{ left: { rooms: 3 }, missing: undefined }, '{"left":{"rooms":3}}'],
  ];
  for (const [answer, text] of answers) {
    test(`${JSON.stringify(answer)} is told as ${JSON.stringify(text)}, now or later`, async () => {
      const expected: ToolOutcome = { is: "answered", text, isError: false };
      expect(await use(does(() => answer))).toEqual(expected);
      expect(
        await use(
          does(async () => answer),
          WRITE.policy ? {} : {},
        ),
      ).toEqual(expected);
    });
  }
});

describe("a function is told", () => {
  const saw = Promise.withResolvers<FunctionContext>();
  test("the caller's name, language and time zone, the time, and where it may keep things", async () => {
    const caller = { name: "Ada", language: "de-CH", timeZone: "Asia/Tokyo" };
    const looks = does((_, context) => {
      saw.resolve(context);
      return existsSync(context.dataDir) && (statSync(context.dataDir).mode & 0o777) === 0o700;
    });
    expect(await use(looks, {}, caller)).toEqual({ is: "answered", text: "true", isError: false });
    const { now, ...rest } = await saw.promise;
    expect(now()).toBe(NOW);
    expect(rest).toEqual({
      callerName: "Ada",
      language: "de-CH",
      timeZone: "Asia/Tokyo",
      dataDir: join(dataDir, "functions"),
      signal: expect.any(AbortSignal),
    });
  });

  test("the relay's time zone where the caller has none", async () => {
    const looks = does((_, { timeZone, language = "none", callerName = "nobody" }) => [
      timeZone,
      language,
      callerName,
    ]);
    expect(await use(looks)).toMatchObject({ text: '["Europe/Zurich","none","nobody"]' });
  });

  test("its arguments as its schema makes them", async () => {
    const adds = defineFunction({
      name: "it",
      description: "Adds.",
      schema: z.object({ to: z.string().trim(), count: z.int().default(2) }),
      policy: { kind: "read" },
      run: ({ to, count }) => `${to} ${count + 1}`,
    });
    expect(await use(adds, { to: " two ", surplus: "x" })).toMatchObject({ text: "two 3" });
  });
});

describe("arguments that do not fit", () => {
  const SCHEMA = z.strictObject({
    to: z.string().max(5),
    when: z.object({ day: z.iso.date() }).optional(),
    ...Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [name, z.int().optional()])),
  });

  test("are told to the model by their fields, and the function is not run", async () => {
    let runs = 0;
    const it = does(() => ++runs, { schema: SCHEMA, ...WRITE });
    for (const [args, told] of [
      [{}, "to: Invalid input"],
      [{ to: "too long" }, "to: Too big"],
      [{ to: "a", when: { day: "tomorrow" } }, "when.day: Invalid ISO date"],
      [{ to: "a", wehn: 1 }, 'Unrecognized key: "wehn"'],
    ] as const) {
      const outcome = await use(it, args);
      expect(outcome).toEqual({ is: "answered", text: expect.stringContaining(told), isError: true });
      expect(outcome).toMatchObject({ text: expect.stringMatching(/^Nothing was done, /) });
    }
    expect([runs, lines]).toEqual([0, []]);
  });

  test("are told five at most", async () => {
    const wrong = { to: 1, a: "x", b: "x", c: "x", d: "x", e: "x" };
    const outcome = await use(
      does(() => "", { schema: SCHEMA }),
      wrong,
    );
    expect(outcome.is === "answered" && outcome.text.split(";")).toHaveLength(5);
  });

  test("are looked up by a check that takes its time, too", async () => {
    const known = z.object({
      name: z.string().refine(async (name) => name === "Ada", "nobody has that name"),
    });
    expect(
      await use(
        does(() => "found", { schema: known }),
        { name: "Ada" },
      ),
    ).toMatchObject({ text: "found" });
    expect(
      await use(
        does(() => "found", { schema: known }),
        { name: "Eve" },
      ),
    ).toMatchObject({
      isError: true,
      text: expect.stringContaining("name: nobody has that name"),
    });
  });
});

describe("a function that fails", () => {
  const fails = (thrown: unknown): AssistantFunction["run"] => {
    return () => {
      throw thrown;
    };
  };

  test("for a reason that it tells is an answer, in its own words, and nothing in the log", async () => {
    const sentence = "The shop is closed on Sundays.";
    for (const changes of [{}, WRITE]) {
      const outcome = await use(does(fails(new FunctionError(sentence)), changes));
      expect(outcome).toEqual({ is: "answered", text: sentence, isError: true });
    }
    expect(lines).toEqual([]);
  });

  test("by a mistake is logged by kind and place, without a word of what was thrown", async () => {
    const secret = "canary: the number is +15551234567";
    await use(does(fails(new RangeError(secret))));
    await use(does(fails("canary as a string")));
    await use(does(async () => Promise.reject({ canary: true })));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        level: "error",
        event: "bug",
        error: "RangeError",
        stack: expect.stringContaining("functions.test.ts"),
      },
      { event: "bug", error: "string" },
      { event: "bug", error: "object" },
    ]);
    expect(lines.join("\n")).not.toContain("canary");
  });

  test("by a mistake says that it failed where it only reads, and that nobody knows where it writes", async () => {
    const bug = fails(new TypeError("undefined is not a function"));
    expect(await use(does(bug))).toEqual({
      is: "answered",
      text: expect.stringContaining("It failed"),
      isError: true,
    });
    expect(await use(does(bug, WRITE))).toEqual({ is: "lost" });
    expect(lines).toHaveLength(2);
  });

  test("in its schema fails like any other", async () => {
    const schema = z.object({ name: z.string().transform((name) => new URL(name).host) });
    expect(
      await use(
        does(() => "", { schema }),
        { name: "Ada" },
      ),
    ).toMatchObject({ isError: true });
    expect(lines).toHaveLength(1);
  });

  test("because its answer cannot be told is a mistake of its own", async () => {
    const circle: { [name: string]: Answer } = {};
    circle.itself = circle;
    expect(await use(does(() => circle))).toMatchObject({ is: "answered", isError: true });
    expect(lines).toHaveLength(1);
  });
});

describe("a run that is called off", () => {
  test("before it began is not begun", async () => {
    let runs = 0;
    const outcome = await use(
      does(() => ++runs, WRITE),
      {},
      {},
      AbortSignal.abort(),
    );
    expect([outcome, runs]).toEqual([{ is: "not_done", why: "refused" }, 0]);
  });

  test("is told to the function, whose own end of it is no mistake", async () => {
    for (const how of ["reason", "fetch"] as const) {
      const control = new AbortController();
      const begun = Promise.withResolvers<void>();
      const outcome = use(
        does(async (_, { signal }) => {
          const ended = Promise.withResolvers<never>();
          signal.addEventListener("abort", () =>
            ended.reject(how === "reason" ? signal.reason : new DOMException("aborted", "AbortError")),
          );
          begun.resolve();
          return ended.promise;
        }, WRITE),
        {},
        {},
        control.signal,
      );
      await begun.promise;
      control.abort(new Error("the caller has hung up"));
      expect(await outcome).toEqual({ is: "lost" });
    }
    expect(lines).toEqual([]);
  });

  test("does not hide a mistake that it has nothing to do with", async () => {
    const control = new AbortController();
    const bug = does(() => {
      control.abort();
      throw new TypeError("undefined is not a function");
    });
    await use(bug, {}, {}, control.signal);
    expect(lines).toHaveLength(1);
  });
});

test("a data folder that cannot be made is the affair of the function that needs it", async () => {
  writeFileSync(join(dataDir, "functions"), "a file of that name");
  expect(await use(does(() => "needs none"))).toMatchObject({ text: "needs none", isError: false });
});
