/** The brakes, as an owner sets them: what each variable means, what is refused, and that no budget goes uncounted. */
import { describe, expect, test } from "bun:test";
import { configFrom, type Env, type Finding, printFindings } from "../../relay/config.ts";
import type { ReadFile } from "../../relay/tool-settings.ts";
import { good, NEEDED, problems, TODAY } from "./configured.ts";

const MODEL = { text: { in: 1, cached: 1, out: 1 }, audio: { in: 1, cached: 1, out: 1 } };
const OWN = JSON.stringify({ asOf: "2026-11", models: { mine: MODEL } });

/** With these files and no other. */
async function read(env: Env, files: Readonly<Record<string, string>> = {}, readFile?: ReadFile) {
  return configFrom({ ...NEEDED, ...env }, TODAY, readFile ?? (async (path) => files[path]));
}
const named = (findings: readonly Finding[]) => findings.map(({ variable }) => variable);

describe("how long a call may last", () => {
  test("is half an hour, with silence asked about after 20 seconds and ended after 60", async () => {
    const { config } = await good();
    expect(config.limits).toEqual({ maxCallMs: 1_800_000, askAfterMs: 20_000, endAfterMs: 60_000 });
  });

  test("is what the owner says, or nothing where it is off or 0", async () => {
    const env = { MAX_CALL_MINUTES: "1.5", SILENCE_ASK_SECONDS: "5", SILENCE_END_SECONDS: "7.5" };
    expect((await good(env)).config.limits).toEqual({
      maxCallMs: 90_000,
      askAfterMs: 5_000,
      endAfterMs: 7_500,
    });
    for (const none of ["off", "0"]) {
      const env = { MAX_CALL_MINUTES: none, SILENCE_ASK_SECONDS: none, SILENCE_END_SECONDS: none };
      expect((await good(env)).config.limits).toEqual({
        maxCallMs: undefined,
        askAfterMs: undefined,
        endAfterMs: undefined,
      });
    }
  });

  test("is a number that makes sense", async () => {
    for (const [variable, value] of [
      ["MAX_CALL_MINUTES", "-1"],
      ["MAX_CALL_MINUTES", "1441"],
      ["MAX_CALL_MINUTES", "long"],
      ["SILENCE_ASK_SECONDS", "0.5"],
      ["SILENCE_END_SECONDS", "4000"],
    ] as const) {
      expect(await problems({ [variable]: value })).toEqual([
        expect.stringContaining(`${variable} is not a number`),
      ]);
    }
  });

  test("leaves the caller time to answer whether they are there", async () => {
    const found = await problems({ SILENCE_ASK_SECONDS: "60" });
    expect(found).toEqual([expect.stringContaining("SILENCE_END_SECONDS is 60, and the caller is asked")]);
    await good({ SILENCE_ASK_SECONDS: "60", SILENCE_END_SECONDS: "off" });
    await good({ SILENCE_ASK_SECONDS: "off", SILENCE_END_SECONDS: "10" });
  });
});

describe("a budget", () => {
  test("is in dollars, and counted in millionths", async () => {
    const env = { BUDGET_PER_CALL: "0.5", BUDGET_PER_DAY: "5", BUDGET_PER_MONTH: "49.99" };
    expect((await good(env)).config.budgets).toEqual({
      perCallMicros: 500_000,
      perDayMicros: 5_000_000,
      perMonthMicros: 49_990_000,
    });
  });

  test("is an amount; all that is wrong is told at once", async () => {
    const env = { BUDGET_PER_CALL: "0", BUDGET_PER_DAY: "$5", BUDGET_PER_MONTH: "-1", MAX_CALL_MINUTES: "x" };
    const found = (await problems(env)).map((problem) => problem.split(" ")[0]);
    expect(found.sort()).toEqual([
      "BUDGET_PER_CALL",
      "BUDGET_PER_DAY",
      "BUDGET_PER_MONTH",
      "MAX_CALL_MINUTES",
    ]);
  });

  test("of a day above that of a month is doubtful", async () => {
    const { warnings } = await good({ BUDGET_PER_DAY: "51", BUDGET_PER_MONTH: "50" });
    expect(named(warnings)).toEqual(["BUDGET_PER_DAY"]);
  });

  test("is refused where the model, or the transcription's, has no price; with the way to add it", async () => {
    for (const budget of ["BUDGET_PER_CALL", "BUDGET_PER_DAY", "BUDGET_PER_MONTH"]) {
      const env = { [budget]: "5", OPENAI_MODEL: "mine", TRANSCRIPTION_MODEL: "scribe" };
      const configured = await read(env);
      if (configured.ok) throw new Error("it starts");
      expect(named(configured.problems)).toEqual(["OPENAI_MODEL", "TRANSCRIPTION_MODEL"]);
      const told = printFindings(configured.problems);
      expect(told).toContain('is "mine", which has no price');
      expect(told).toContain('add it there under "models"');
      expect(told).toContain('add it there under "transcription"');
      expect(told).toContain("PRICES_FILE=");
    }
  });

  test("counts by the owner's prices once they are there", async () => {
    const env = { BUDGET_PER_DAY: "5", OPENAI_MODEL: "mine", PRICES_FILE: "own.json" };
    const configured = await read(env, { "own.json": OWN });
    expect(configured).toMatchObject({
      ok: true,
      warnings: [],
      config: { rates: { model: { audio: { out: 1_000 } } } },
    });
  });
});

describe("without a budget", () => {
  test("a model with no price is only warned of", async () => {
    const { config, warnings } = await good({ OPENAI_MODEL: "mine" });
    expect(named(warnings)).toEqual(["OPENAI_MODEL"]);
    expect(config.rates.model).toBeUndefined();
  });

  test("a file of prices that is of no use is only warned of, and ours hold", async () => {
    const configured = await read({ PRICES_FILE: "gone.json" });
    if (!configured.ok) throw new Error(printFindings(configured.problems));
    expect(named(configured.warnings)).toEqual(["PRICES_FILE"]);
    expect(configured.config.rates.model?.audio.out).toBe(64_000);
  });
});

describe("with a budget, a file of prices", () => {
  const found = async (files: Readonly<Record<string, string>>, readFile?: ReadFile) => {
    const configured = await read({ BUDGET_PER_MONTH: "50", PRICES_FILE: "own.json" }, files, readFile);
    return configured.ok ? [] : configured.problems.map(({ variable, problem }) => `${variable} ${problem}`);
  };
  test("that is not there is a problem, and says so", async () => {
    expect(await found({})).toEqual(["PRICES_FILE names a file that is not there"]);
  });

  test("that cannot be read is a problem, and says so", async () => {
    const refuse = () => Promise.reject(new Error("EACCES: canary"));
    expect(await found({}, refuse)).toContain("PRICES_FILE names a file that cannot be read");
  });

  test("that is corrupt is a problem, and says where", async () => {
    expect(await found({ "own.json": "{" })).toEqual(["PRICES_FILE names a file that is not JSON"]);
    const [wrong] = await found({ "own.json": JSON.stringify({ asOf: "2026-11", models: { a: 1 } }) });
    expect(wrong).toContain("does not hold prices (models.a");
  });
});
