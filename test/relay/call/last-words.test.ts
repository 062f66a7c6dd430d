/** The line closes when the last words were heard, by proof or by the time that they take. */
import { expect, test } from "bun:test";
import { LastWords } from "../../../relay/call/last-words.ts";

const words = new LastWords("model_dropped", "code 1006");

test("last words that are proved heard are over", () => {
  expect(words.wereHeard(true, 5_000, 4_000)).toBe(true);
});

test("proof may be lost: two seconds after they should have been heard they count as heard", () => {
  expect(words.dueAt(5_000)).toBe(7_000);
  expect(words.wereHeard(false, 5_000, 6_999)).toBe(false);
  expect(words.wereHeard(false, 5_000, 7_000)).toBe(true);
});

test("how the call ends is known from the beginning of them", () => {
  expect(words.ending).toBe("model_dropped");
  expect(words.detail).toBe("code 1006");
});
