/**
 * The register of calls that are up: it must forget each of them exactly once, or a relay fills up over the weeks.
 */
import { expect, test } from "bun:test";
import { LiveCalls } from "../../../relay/io/live-calls.ts";

const runner = (stopped: string[], name: string) => ({
  stop: () => void stopped.push(name),
  budgetSpent: () => void stopped.push(`${name} has spent`),
  superseded: () => void stopped.push(`${name} is superseded`),
});

test("a call is unstarted until it starts, and is counted once however often it starts or leaves", () => {
  const calls = new LiveCalls();
  calls.add("one", "CA1", runner([], "one"));
  calls.add("two", "CA2", runner([], "two"));
  expect([calls.size, calls.unstarted]).toEqual([2, 2]);
  for (let times = 0; times < 2; times++) calls.started("one");
  expect([calls.size, calls.unstarted, calls.has("one")]).toEqual([2, 1, true]);
  for (let times = 0; times < 2; times++) calls.left("one");
  for (let times = 0; times < 2; times++) calls.left("two");
  calls.started("two");
  expect([calls.size, calls.unstarted, calls.has("one")]).toEqual([0, 0, false]);
});

test("of a call it is known whether one of its streams has begun", () => {
  const calls = new LiveCalls();
  calls.add("one", "CA1", runner([], "one"));
  expect(calls.hasStarted("CA1")).toBe(false);
  calls.started("one");
  expect([calls.hasStarted("CA1"), calls.hasStarted("CA2")]).toEqual([true, false]);
  calls.left("one");
  expect(calls.hasStarted("CA1")).toBe(false);
});

test("all are asked to stop, also where one leaves meanwhile", () => {
  const calls = new LiveCalls();
  const stopped: string[] = [];
  for (const name of ["one", "two", "three"]) {
    calls.add(name, name, {
      stop: () => {
        stopped.push(name);
        calls.left(name);
      },
      budgetSpent: () => calls.left(name),
      superseded: () => calls.left(name),
    });
  }
  calls.stop();
  expect(stopped).toEqual(["one", "two", "three"]);
  expect(calls.size).toBe(0);
});

test("all are told that a budget is spent", () => {
  const calls = new LiveCalls();
  const told: string[] = [];
  for (const name of ["one", "two"]) calls.add(name, name, runner(told, name));
  calls.budgetSpent();
  expect(told).toEqual(["one has spent", "two has spent"]);
});

test("a newer stream of a call ends the older one of that call, and of no other", () => {
  const calls = new LiveCalls();
  const ended: string[] = [];
  calls.add("one", "CA1", runner(ended, "one"));
  calls.add("two", "CA2", runner(ended, "two"));
  calls.supersede("CA1");
  calls.supersede("CA3");
  expect(ended).toEqual(["one is superseded"]);
});
