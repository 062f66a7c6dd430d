/** What is told of a call's sounds: silences between them, and which of them answers a fault. */
import { expect, test } from "bun:test";
import { longestSilence, type Sound } from "../../rehearsal/faults/hearing.ts";
import { TONE } from "../../rehearsal/faults/role.ts";
import { complaintsAbout, figuresOf, firstOf, heardMs } from "../../rehearsal/faults/verdict.ts";

const sound = (what: Sound["what"], fromMs: number, toMs: number): Sound => ({ what, fromMs, toMs });
const SOUNDS: readonly Sound[] = [
  sound(`tone ${TONE.answer}`, 0, 1_200),
  sound("one_moment", 1_500, 2_500),
  sound(`tone ${TONE.goingOn}`, 4_000, 5_000),
];

test("the longest silence is between two sounds, or before the first, or after the last", () => {
  expect(longestSilence(SOUNDS, 1_000, 5_000)).toBe(1_500);
  expect(longestSilence(SOUNDS, -3_000, 5_000)).toBe(3_000);
  expect(longestSilence(SOUNDS, 1_000, 9_000)).toBe(4_000);
  expect(longestSilence([], 1_000, 3_000)).toBe(2_000);
});

test("nobody has to say anything while the caller speaks", () => {
  expect(longestSilence(SOUNDS, 1_000, 5_000, [{ fromMs: 2_400, toMs: 3_900 }])).toBe(300);
});

test("a sound that goes on counts, and one that is over or breaks off does not", () => {
  expect(firstOf(SOUNDS, ["answer", "one_moment"], 600)?.fromMs).toBe(0);
  expect(firstOf(SOUNDS, ["answer", "one_moment"], 1_000)?.what).toBe("one_moment");
  expect(firstOf(SOUNDS, ["answer", "one_moment"], 1_300)?.what).toBe("one_moment");
  expect(firstOf(SOUNDS, ["sorry"], 0)).toBeUndefined();
});

test("figures say how long it took and how long it was silent, and complaints what was too long", () => {
  const expected = { by: ["one_moment"], withinS: 0.4, silentS: 1, outcome: "goes on" } as const;
  const figures = figuresOf(SOUNDS, expected, { struckMs: 1_000, fromMs: 1_000, toMs: 4_000 }, []);
  expect(figures).toEqual({ firstS: 0.5, silentS: 1.5 });
  expect(complaintsAbout(figures, expected)).toHaveLength(2);
  expect(complaintsAbout(figures, { ...expected, withinS: 1, silentS: 2 })).toEqual([]);
  expect(complaintsAbout({ firstS: undefined, silentS: 0 }, expected)).toEqual([
    "none of one_moment was heard",
  ]);
});

test("what was heard in a tone is all of its pieces", () => {
  expect(heardMs([...SOUNDS, sound(`tone ${TONE.answer}`, 6_000, 6_500)], "answer")).toBe(1_700);
});
