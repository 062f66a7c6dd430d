/**
 * Two faults, each in one phase of a call, through the real edge and the real relay; `npm run faults` is all of
 * them, with bounds on time. Here time does not count, only what is heard, what is left open and what must never happen.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import "../patience.ts";
import { isAsHeard } from "../prove/faults/mid-sentence.ts";
import { runCell } from "../rehearsal/faults/cell.ts";
import { PHASES, type Phase } from "../rehearsal/faults/expected.ts";
import { type House, openHouse } from "../rehearsal/faults/house.ts";
import { cellsOf, FAULTS } from "../rehearsal/faults/matrix.ts";
import { ANSWER_WORDS } from "../rehearsal/faults/role.ts";

const SLACK = 10;

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(async () => {
  await house?.stop();
});

const CELLS: ReadonlyArray<readonly [fault: string, phase: Phase]> = [
  ["model: 401 for good", "start"],
  ["tools: the server is gone", "tool runs"],
];

test("what is broken in the middle of a call is mended there, or told", async () => {
  const cells = await Promise.all(
    CELLS.map(([name, phase]) => {
      const fault = FAULTS.find((one) => one.name === name);
      if (fault === undefined) throw new Error(`there is no fault "${name}"`);
      return runCell(house, fault, phase, { slack: SLACK });
    }),
  );
  const red = cells.filter(({ wrong }) => wrong.length > 0);
  expect(red.map(({ fault, phase, wrong, story }) => ({ fault, phase, wrong, story }))).toEqual([]);
  expect(cells.every(({ firstS }) => firstS !== undefined)).toBe(true);
});

test("the matrix has its faults, each by its own name, and a reason for every cell that cannot be", () => {
  expect(FAULTS.length).toBeGreaterThanOrEqual(20);
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
  const reasons = FAULTS.flatMap(({ expected }) =>
    PHASES.flatMap((phase) => ("not" in expected[phase] ? [expected[phase].not] : [])),
  );
  expect(cellsOf(FAULTS)).toHaveLength(FAULTS.length * PHASES.length - reasons.length);
  for (const reason of reasons) expect(reason.length).toBeGreaterThan(20);
});

test("a sentence counts as told when it ends with the word that was in the ear, and not one further", () => {
  const words = ANSWER_WORDS.split(" ");
  const upTo = (count: number) => `${words.slice(0, count).join(" ")} …`;
  // "There are nine jars of" are 22 of 59 characters in 4 s.
  expect(isAsHeard(upTo(5), 1_640)).toBe(true);
  expect(isAsHeard(upTo(4), 1_640)).toBe(false);
  expect(isAsHeard(upTo(7), 1_640)).toBe(false);
  expect(isAsHeard(words.slice(0, 5).join(" "), 1_640)).toBe(false);
  expect(isAsHeard("There were nine jars of …", 1_640)).toBe(false);
});
