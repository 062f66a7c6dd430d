/** One string of a JSON text, read where it stands: exactly what JSON.parse makes of it, or nothing. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { plainString } from "../../../relay/wire/json.ts";

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
