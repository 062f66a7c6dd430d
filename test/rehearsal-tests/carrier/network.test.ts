/** The network between, with the time moved by hand: frames come later, within bounds, and never out of order. */

import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { DelayLine, NO_DELAY, seededRandom } from "../../rehearsal/carrier/network.ts";

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** Sends a frame each ms, and tells when each left and came. */
function run(network: { oneWayMs: number; jitterMs: number; seed: number }, count: number) {
  const left: number[] = [];
  const came: Array<{ item: number; afterMs: number }> = [];
  const line = new DelayLine<number>(network, (item) =>
    came.push({ item, afterMs: performance.now() - (left[item] ?? Number.NaN) }),
  );
  for (let item = 0; item < count; item++) {
    left.push(performance.now());
    line.push(item);
    jest.advanceTimersByTime(1);
  }
  jest.advanceTimersByTime(network.oneWayMs + network.jitterMs + 1);
  return came;
}

test("no frame comes before its time or overtakes another, and all of them come", () => {
  const came = run({ oneWayMs: 20, jitterMs: 30, seed: 7 }, 120);
  expect(came.map(({ item }) => item)).toEqual(Array.from({ length: 120 }, (_, item) => item));
  const delaysMs = came.map(({ afterMs }) => afterMs);
  expect(Math.min(...delaysMs)).toBeGreaterThanOrEqual(20);
  // The jitter is spread over its range: order alone would let everything wait for the slowest.
  expect(Math.max(...delaysMs) - Math.min(...delaysMs)).toBeGreaterThan(10);
  // A timer counts in whole ms.
  expect(Math.max(...delaysMs)).toBeLessThanOrEqual(51);
});

test("without delay a frame is delivered at once", () => {
  const came: string[] = [];
  const line = new DelayLine<string>(NO_DELAY, (item) => came.push(item));
  line.push("a");
  line.push("b");
  expect(came).toEqual(["a", "b"]);
});

test("the same seed gives the same jitter, another seed another", () => {
  const draw = (seed: number): number[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 1000 }, random);
  };
  expect(draw(5)).toEqual(draw(5));
  expect(draw(5)).not.toEqual(draw(6));
  const values = draw(5);
  expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean).toBeGreaterThan(0.45);
  expect(mean).toBeLessThan(0.55);
});
