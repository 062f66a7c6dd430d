/**
 * The count of failures of each address, with the time moved by hand.
 */
import { expect, test } from "bun:test";
import { Failures, MOST_FAILURES } from "../../../relay/io/failures.ts";

const MINUTE_MS = 60_000;
/** How many of `count` were too many. */
const refusedOf = (failures: Failures, count: number, atMs: number, address = "198.51.100.1") =>
  Array.from({ length: count }, () => failures.add(address, atMs)).filter(Boolean).length;

test("so many a minute are borne, and each more is too many", () => {
  const failures = new Failures();
  expect(refusedOf(failures, MOST_FAILURES, 5)).toBe(0);
  expect(refusedOf(failures, 10, MINUTE_MS - 1)).toBe(10);
});

test("another address is not held liable", () => {
  const failures = new Failures();
  refusedOf(failures, 2 * MOST_FAILURES, 5);
  expect(refusedOf(failures, 1, 5, "198.51.100.2")).toBe(0);
});

test("the minute slides: what was just borne still counts when the next begins, and fades with it", () => {
  const failures = new Failures();
  refusedOf(failures, MOST_FAILURES, MINUTE_MS - 1);
  expect(refusedOf(failures, 10, MINUTE_MS + 1)).toBe(10);
  expect(refusedOf(failures, 10, 1.5 * MINUTE_MS)).toBe(0);
  expect(refusedOf(failures, 10, 10 * MINUTE_MS)).toBe(0);
});

test("the addresses are bounded, the longest unseen forgotten first", () => {
  const failures = new Failures();
  refusedOf(failures, 2 * MOST_FAILURES, 5, "first");
  refusedOf(failures, 2 * MOST_FAILURES, 5, "seen again");
  for (let n = 0; n < 9_990; n++) failures.add(`address-${n}`, 5);
  expect(refusedOf(failures, 1, 5, "seen again")).toBe(1);
  for (let n = 0; n < 100; n++) failures.add(`another-${n}`, 5);
  expect(failures.size).toBe(10_000);
  expect(refusedOf(failures, 1, 5, "first")).toBe(0);
  expect(refusedOf(failures, 1, 5, "seen again")).toBe(1);
});
