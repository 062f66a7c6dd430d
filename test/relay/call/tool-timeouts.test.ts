/** How long each tool may take, as the owner writes it down. */
import { describe, expect, test } from "bun:test";
import { readTimeouts, timeoutMsOf } from "../../../relay/call/tool-timeouts.ts";

const read = (text: string) => readTimeouts(text, 20_000);
const problems = (text: string) => read(text).problems.map(({ problem }) => problem);

describe("TOOL_TIMEOUTS", () => {
  test("holds for the tool, then its server's, then the usual", () => {
    const { timeouts, problems } = read("zapier_*=35, slow_tool = 60,\nzapier_find_*=2.5");
    expect(problems).toEqual([]);
    expect(timeoutMsOf(timeouts, "slow_tool")).toBe(60_000);
    expect(timeoutMsOf(timeouts, "slow_tool_2")).toBe(20_000);
    expect(timeoutMsOf(timeouts, "slow_tool_2", 7_000)).toBe(7_000);
    expect(timeoutMsOf(timeouts, "slow_tool", 7_000)).toBe(60_000);
  });

  test("of several patterns takes the most specific, in whatever order they stand", () => {
    for (const text of [
      "*=5, zapier_*=35, zapier_find_mail=1, zapier_find_*=2",
      "zapier_find_*=2, zapier_find_mail=1, zapier_*=35, *=5",
    ]) {
      const { timeouts } = read(text);
      const seconds = [
        "zapier_find_mail",
        "zapier_find_task",
        "zapier_send",
        "other",
        "Zapier_Find_Mail",
      ].map((tool) => timeoutMsOf(timeouts, tool) / 1000);
      expect(seconds).toEqual([1, 2, 35, 5, 1]);
    }
  });

  test("names each entry that is wrong", () => {
    expect(problems("a=, =5, a, a=x, b c=4, a=0, a=301, ok=5")).toEqual([
      '"a=" is not a name or pattern, = and seconds',
      '"=5" is not a name or pattern, = and seconds',
      '"a" is not a name or pattern, = and seconds',
      '"a=x" is not a name or pattern, = and seconds',
      '"b c=4" is not a name or pattern, = and seconds',
      '"a=0" has no such seconds',
      '"a=301" has no such seconds',
    ]);
    expect(problems("a=5, a=6")).toEqual(['"a=6" is there twice']);
    expect(problems("")).toEqual([]);
    expect(problems(" , \n")).toEqual([]);
  });
});
