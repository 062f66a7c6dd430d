/** When what calls have left in memory is collected: once, a second after the last of them, if no other has come. */
import { expect, test } from "bun:test";
import { LiveCalls } from "../../../relay/io/live-calls.ts";
import { LULL_MS, Lull } from "../../../relay/io/lull.ts";

function watched() {
  const due: Array<{ readonly ms: number; readonly work: () => void }> = [];
  let collected = 0;
  const lull = new Lull({
    later(ms, work) {
      const entry = { ms, work };
      due.push(entry);
      return () => void due.splice(due.indexOf(entry), 1);
    },
    collect: () => {
      collected++;
    },
  });
  const pass = () => {
    for (const { work } of due.splice(0)) work();
    return collected;
  };
  return { calls: new LiveCalls(lull), due, pass };
}
const RUNNER = { stop() {}, budgetSpent() {}, superseded() {} };

test("after the last call has left, and not after one of two", () => {
  const { calls, due, pass } = watched();
  calls.add("one", "CA1", RUNNER);
  calls.add("two", "CA2", RUNNER);
  calls.left("one");
  expect(due).toEqual([]);
  calls.left("two");
  calls.left("two");
  expect(due.map(({ ms }) => ms)).toEqual([LULL_MS]);
  expect([pass(), pass()]).toEqual([1, 1]);
});

test("not where somebody has called meanwhile, but when they have left", () => {
  const { calls, due, pass } = watched();
  calls.add("one", "CA1", RUNNER);
  calls.left("one");
  calls.add("two", "CA2", RUNNER);
  expect([due.length, pass()]).toEqual([0, 0]);
  calls.left("two");
  expect(pass()).toBe(1);
});
