/**
 * What the log says of a flood, with the time moved by hand.
 */
import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { systemClock } from "../../../relay/io/clock.ts";
import { MOST_LINES, Refusals } from "../../../relay/io/refusals.ts";

let told: Array<Record<string, unknown>>;
let refusals: Refusals;
beforeEach(() => {
  jest.useFakeTimers();
  told = [];
  refusals = new Refusals(systemClock, (entry) => told.push({ ...entry }));
});
afterEach(() => {
  jest.useRealTimers();
});
const flood = (count: number) => {
  for (let n = 0; n < count; n++) refusals.add("token expired");
};

test("each of a few refusals is a line with its reason", () => {
  refusals.add("token expired");
  refusals.add("full");
  expect(told).toEqual([
    { event: "handshake.refused", level: "warn", why: "token expired" },
    { event: "handshake.refused", level: "warn", why: "full" },
  ]);
});

test("of a flood the first of each minute are lines, and one more says how many there were, by itself", () => {
  flood(10_000);
  expect(told).toHaveLength(MOST_LINES);
  jest.advanceTimersByTime(60_000);
  expect(told.slice(MOST_LINES)).toEqual([
    { event: "handshake.refused_more", level: "warn", count: 10_000 - MOST_LINES },
  ]);
  flood(MOST_LINES);
  jest.advanceTimersByTime(600_000);
  expect(told).toHaveLength(2 * MOST_LINES + 1);
});

test("what was not told yet is told when the process ends, once", () => {
  flood(MOST_LINES + 7);
  for (let times = 0; times < 2; times++) refusals.sumUp();
  jest.advanceTimersByTime(600_000);
  expect(told.slice(MOST_LINES)).toMatchObject([{ event: "handshake.refused_more", count: 7 }]);
});
