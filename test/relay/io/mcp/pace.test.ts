/** The pace at which servers are asked. */
import { expect, test } from "bun:test";
import { nearly, PACE } from "../../../../relay/io/mcp/pace.ts";

test("no two relays come back in step, and none much sooner or later than it should", () => {
  const waits = Array.from({ length: 1_000 }, () => nearly(1_000));
  expect(new Set(waits).size).toBeGreaterThan(500);
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(800);
  expect(Math.max(...waits)).toBeLessThanOrEqual(1_200);
});

test("a list is asked for at least every ten minutes, and attempts come ever less often", () => {
  expect(PACE.relistEveryMs).toBeLessThanOrEqual(600_000);
  const waits: number[] = [...PACE.againAfterMs];
  expect(waits.toSorted((a, b) => a - b)).toEqual(waits);
});
