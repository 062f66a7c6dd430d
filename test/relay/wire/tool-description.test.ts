/** Texts from outside: what a model is told of a tool, and what a log may name. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fitDescription, LONGEST_DESCRIPTION, printable } from "../../../relay/wire/tool-description.ts";

describe("a description", () => {
  test("keeps its words and its lines", () => {
    expect(fitDescription("  Adds a task.\r\nReturns its id. 👩‍🚀 می‌خواهم ")).toBe(
      "Adds a task.\nReturns its id. 👩‍🚀 می‌خواهم",
    );
  });

  test("loses what cannot be seen: control characters, turned writing, hidden tags", () => {
    expect(fitDescription("a\u0000b\tc\u001b[31m")).toBe("a b c [31m");
    expect(fitDescription("safe\u202egnihton\u2066x\u200bx\ufeff")).toBe("safegnihtonxx");
    expect(fitDescription("a\u{e0041}\u{e0042}b\ud800c")).toBe("abc");
  });

  test("is cut at what the API takes, never through a character", () => {
    const cut = fitDescription(`${"x".repeat(LONGEST_DESCRIPTION - 2)}🚀🚀`);
    expect(cut).toBe(`${"x".repeat(LONGEST_DESCRIPTION - 2)}…`);
    expect(fitDescription("x".repeat(LONGEST_DESCRIPTION))).toHaveLength(LONGEST_DESCRIPTION);
  });

  test("is always short, visible and whole", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 3_000 }), (text) => {
        const fit = fitDescription(text);
        expect(fit.length).toBeLessThanOrEqual(LONGEST_DESCRIPTION);
        expect(fit).not.toMatch(/(?!\n)[\p{Cc}\p{Cs}]/u);
        expect(fit).not.toMatch(/(?![\u200c\u200d])\p{Cf}/u);
      }),
    );
  });
});

test("a name in the log is one line, and no longer than a reader wants", () => {
  expect(printable("notes (home)")).toBe("notes (home)");
  expect(printable("a\nlevel=info\u001b[0m\u2028b")).toBe("a?level=info?[0m?b");
  expect(printable("x".repeat(100))).toBe(`${"x".repeat(63)}…`);
  expect(printable("x".repeat(100), 10)).toBe(`${"x".repeat(9)}…`);
});
