/**
 * A disk that fails is told once, however many ask, and again when it works.
 */
import { expect, test } from "bun:test";
import { Health } from "../../../relay/io/health.ts";

test("the records are told of when they change, and not before", () => {
  const told: unknown[] = [];
  const health = new Health((entry) => told.push(entry));
  health.worked();
  expect(told).toEqual([]);
  const full = Object.assign(new Error("the words of a caller"), { code: "SQLITE_FULL" });
  for (let times = 0; times < 3; times++) health.failed(full);
  expect(told).toMatchObject([{ event: "store.failed", level: "error", code: "SQLITE_FULL" }]);
  for (let times = 0; times < 3; times++) health.worked();
  health.failed("thrown");
  expect(told.slice(1)).toMatchObject([
    { event: "store.recovered", level: "info" },
    { event: "store.failed", code: "unknown" },
  ]);
  expect(JSON.stringify(told)).not.toContain("words");
});
