import { describe, expect, test } from "bun:test";
import "../../patience.ts";
import { join } from "node:path";
import type { ToolArguments, ToolCaller } from "../../../relay/call/tools.ts";
import { isTimeZone } from "../../../relay/contract.ts";
import { CURRENT_TIME, CurrentTime, machineTimeZone, timeInWords } from "../../../relay/io/current-time.ts";

const NOW = new Date("2026-11-21T13:05:09Z");
const clock = new CurrentTime(() => NOW, "America/New_York");
const [tool] = clock.tools;
const NOBODY = new AbortController().signal;

async function ask(args: ToolArguments, caller: ToolCaller = {}) {
  if (tool === undefined) throw new Error("it has no tool");
  const outcome = await clock.run({ runId: "run", tool, args }, NOBODY, caller);
  if (outcome.is !== "answered") throw new Error(outcome.is);
  return outcome;
}

describe("the time in words", () => {
  const at = (iso: string, zone: string) => timeInWords(new Date(iso), zone);

  test("holds the day of the week, the date, both ways of telling the hour, the zone and how far it is from UTC", () => {
    expect(at("2026-11-21T13:05:09Z", "Europe/Zurich")).toBe(
      "It is Saturday, 21 November 2026, 14:05 (2:05 PM) in Europe/Zurich (UTC+01:00).",
    );
    expect(at("2026-11-21T13:05:09Z", "Asia/Kathmandu")).toBe(
      "It is Saturday, 21 November 2026, 18:50 (6:50 PM) in Asia/Kathmandu (UTC+05:45).",
    );
  });

  test("is right at midnight, at noon and at the turn of a year", () => {
    expect(at("2026-12-31T23:59:59Z", "UTC")).toBe(
      "It is Thursday, 31 December 2026, 23:59 (11:59 PM) in UTC (UTC+00:00).",
    );
    expect(at("2027-01-01T00:00:00Z", "UTC")).toStartWith("It is Friday, 1 January 2027, 00:00 (12:00 AM)");
    expect(at("2026-07-01T12:30:00Z", "UTC")).toContain(" 12:30 (12:30 PM) ");
    expect(at("2027-01-01T00:30:00Z", "America/New_York")).toStartWith(
      "It is Thursday, 31 December 2026, 19:30 (7:30 PM)",
    );
  });

  test("follows a zone into its summer time and out of it", () => {
    expect(at("2026-10-25T00:59:00Z", "Europe/Zurich")).toContain(
      "02:59 (2:59 AM) in Europe/Zurich (UTC+02:00)",
    );
    expect(at("2026-10-25T01:00:00Z", "Europe/Zurich")).toContain(
      "02:00 (2:00 AM) in Europe/Zurich (UTC+01:00)",
    );
  });
});

describe("the machine's own zone", () => {
  const zoneWith = (TZ: string): string => {
    const source = join(import.meta.dir, "../../../relay/io/current-time.ts");
    const script = `const { machineTimeZone } = await import(${JSON.stringify(source)}); console.log(machineTimeZone());`;
    const child = Bun.spawnSync([process.execPath, "-e", script], { env: { TZ }, stderr: "inherit" });
    return child.stdout.toString().trim();
  };

  test("is taken where it has a name that a caller's could have, and else is UTC", () => {
    expect(["America/New_York", "UTC", "Nowhere/AtAll"].map(zoneWith)).toEqual([
      "America/New_York",
      "UTC",
      "UTC",
    ]);
    expect(isTimeZone(machineTimeZone())).toBe(true);
  });
});

describe("current_time", () => {
  test("is a tool of the phone's own that only reads, and takes one argument that may be left out", () => {
    expect(clock.tools).toHaveLength(1);
    expect(tool).toMatchObject({
      name: CURRENT_TIME,
      source: { is: "phone" },
      hints: { readOnly: true },
      parameters: { type: "object", properties: { timeZone: { type: "string" } } },
    });
    expect(tool?.parameters).not.toHaveProperty("required");
  });

  test("tells the time where it is asked for, else where the caller is, else where the relay is", async () => {
    const ada = { timeZone: "Europe/Zurich" };
    expect((await ask({ timeZone: "Asia/Tokyo" }, ada)).text).toContain("22:05 (10:05 PM) in Asia/Tokyo");
    expect((await ask({}, ada)).text).toContain("14:05 (2:05 PM) in Europe/Zurich");
    expect((await ask({}, { name: "Grace" })).text).toContain("08:05 (8:05 AM) in America/New_York");
  });

  test("takes an argument with nothing in it for none", async () => {
    for (const timeZone of ["", "  ", null, undefined]) {
      expect(await ask({ timeZone })).toMatchObject({ isError: false });
    }
  });

  test("asks its clock each time", async () => {
    let now = NOW;
    const moving = new CurrentTime(() => now, "UTC");
    const run = { runId: "run", tool: moving.tools[0] ?? tool, args: {} };
    if (run.tool === undefined) throw new Error("it has no tool");
    const before = await moving.run({ ...run, tool: run.tool }, NOBODY, {});
    now = new Date(NOW.getTime() + 60_000);
    const after = await moving.run({ ...run, tool: run.tool }, NOBODY, {});
    expect([before, after]).toMatchObject([
      { text: expect.stringContaining("13:05") },
      { text: expect.stringContaining("13:06") },
    ]);
  });

  test("says of what is no time zone how one is written, and which it may have meant", async () => {
    for (const [timeZone, hint] of [
      ["Tokyo", "Perhaps Asia/Tokyo?"],
      ["são paulo", "Perhaps America/Sao_Paulo?"],
      ["New York", "Perhaps America/New_York?"],
      ["PST", 'as in "Asia/Tokyo"'],
      ["Atlantis", 'as in "Asia/Tokyo"'],
      ["+01:00", 'as in "Asia/Tokyo"'],
      [7, 'as in "Asia/Tokyo"'],
    ] as const) {
      const { text, isError } = await ask({ timeZone }, { timeZone: "Europe/Zurich" });
      expect([timeZone, isError, text]).toEqual([timeZone, true, expect.stringContaining(hint)]);
      expect(text).not.toContain("2026");
    }
  });
});
