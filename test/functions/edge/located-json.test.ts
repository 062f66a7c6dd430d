import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { JsonSyntaxError, lineAt, parseLocated, plain } from "../../../functions/edge/located-json.ts";

const outcome = (parse: () => unknown): unknown => {
  try {
    return { value: parse() };
  } catch (error) {
    return error instanceof SyntaxError || error instanceof JsonSyntaxError ? "refused" : error;
  }
};
const ours = (text: string) => outcome(() => plain(parseLocated(text)));
const theirs = (text: string) => outcome((): unknown => JSON.parse(text));

describe("JSON with lines", () => {
  test("is what JSON.parse makes of the same text", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(0, 1, "\t"), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        expect(ours(spaced)).toEqual(theirs(spaced));
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  test("takes and refuses what JSON.parse takes and refuses, a mutation at a time", () => {
    const good = `{"+1": {"a": [1, -0.5e+3, true, null], "b\\u0041\\n": "\\"x\\\\"}, "__proto__": {}, "c": []}`;
    let refused = 0;
    fc.assert(
      fc.property(
        fc.nat(good.length),
        fc.nat(3),
        fc.string({
          unit: fc.constantFrom(...`{}[]",:\\0123456789.eE+-truefalsn \n\t\r\u0001é`),
          maxLength: 3,
        }),
        (at, cut, added) => {
          const text = good.slice(0, at) + added + good.slice(at + cut);
          const expected = theirs(text);
          if (expected === "refused") refused += 1;
          expect([text, ours(text)]).toEqual([text, expected]);
        },
      ),
      { numRuns: 5000, seed: 3 },
    );
    expect(refused).toBeGreaterThan(1000);
  });

  test("refuses what is nested beyond any file of ours, instead of running out of stack", () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    expect(ours(nested(60))).toEqual(theirs(nested(60)));
    expect(ours(nested(100_000))).toBe("refused");
  });

  test("says where it stopped, whatever ends the lines", () => {
    for (const newline of ["\n", "\r\n"]) {
      try {
        parseLocated(["{", '  "a": 1,', '  "b": ?', "}"].join(newline));
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(JsonSyntaxError);
        expect(error).toMatchObject({ line: 3, message: "expected a value" });
      }
    }
  });

  test("knows the line of every name and value, and of the last step that is there", () => {
    const file = parseLocated('{\n"a": {\n"b":\n[\n1,\n2]\n}\n}');
    expect(lineAt(file, [])).toBe(1);
    expect(lineAt(file, ["a"])).toBe(2);
    expect(lineAt(file, ["a", "b"])).toBe(3);
    expect(lineAt(file, ["a", "b", 0])).toBe(5);
    expect(lineAt(file, ["a", "b", 1])).toBe(6);
    expect(lineAt(file, ["a", "b", 9])).toBe(3);
    expect(lineAt(file, ["a", "missing"])).toBe(2);
  });
});
