/** A JSON text, read where it stands: one string of it exactly as JSON.parse reads it, or not at all; and its depth. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { nestsDeeper, plainString } from "../../../relay/wire/json.ts";

test("a string with nothing to unescape is read as it stands", () => {
  expect(plainString('{"a":"b+/=é"}', 6)).toBe("b+/=é");
  expect(plainString('{"a":""}', 6)).toBe("");
});

test("a string with an escape, a control character or no end is not read at all", () => {
  for (const text of ['"a\\"b"', '"a\\u0041"', '"a\nb"', '"a\u0000"', '"abc', '"']) {
    expect(plainString(text, 1)).toBeUndefined();
  }
});

test("whatever is read is what JSON.parse reads", () => {
  let read = 0;
  const character = fc.oneof(
    { weight: 6, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constantFrom('"', "\\", "\n", "\t", "\u0000", "\u001f", "\u007f", "\\n") },
  );
  fc.assert(
    fc.property(fc.array(character, { maxLength: 6 }), (characters) => {
      const text = `"${characters.join("")}"`;
      const string = plainString(text, 1);
      if (string === undefined) return;
      read++;
      expect(JSON.parse(text.slice(0, string.length + 2))).toBe(string);
    }),
    { seed: 20261121, numRuns: 2000 },
  );
  expect(read).toBeGreaterThan(200);
});

test("brackets are counted where they nest, and not in strings, whatever is escaped in them", () => {
  for (const [text, depth] of [
    ["1", 0],
    ["[]", 1],
    ['{"a":[{}]}', 3],
    ["[[],[],[[]]]", 3],
    ['{"[[[":"]{{"}', 1],
    ['["\\"[[", "\\\\", []]', 2],
    ['["\\\\\\"[["]', 1],
  ] as const) {
    expect([text, nestsDeeper(text, depth), nestsDeeper(text, depth - 1)]).toEqual([text, false, true]);
  }
});

test("the depth of whatever JSON can say is that of its value", () => {
  const depthOf = (value: unknown): number =>
    typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const depth = depthOf(value);
      const text = JSON.stringify(value);
      expect([nestsDeeper(text, depth), nestsDeeper(text, depth - 1)]).toEqual([false, true]);
    }),
    { seed: 20261121, numRuns: 1000 },
  );
});

test("a text that ends in a string, or is none of JSON, has an end", () => {
  for (const text of ['["', '["\\', "[".repeat(10), "]]]", ""]) expect(nestsDeeper(text, 10)).toBe(false);
});
