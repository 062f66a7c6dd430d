/**
 * A day's budget comes to its end while calls are up, over a SIGKILL of the relay: the proof of it
 * (`npm run prove -- --only faults/budget`), small.
 */
import { expect, test } from "bun:test";
import { TEST_MS } from "../patience.ts";
import { spendBudget } from "../prove/faults/budget.ts";

test(
  "a day's budget ends its calls with a word, holds over a kill, and the next caller is told and costs nothing",
  async () => {
    const plan = { calls: 2, dollars: 0.02, killAtShare: 0.3, withinMs: TEST_MS, restarts: 0 };
    const outcome = await spendBudget(plan, () => {});
    const { spent, spentAtKill, live, dearest, toldAndEnded, stories, next, warned, told } = outcome;
    expect(spentAtKill).toBeGreaterThan(0);
    // One response for each call, and on a slow machine as many again that were reported when the kill came.
    expect(spent - plan.dollars).toBeLessThanOrEqual(2 * plan.calls * dearest);
    expect([live, toldAndEnded, stories]).toEqual([2, 2, []]);
    expect(next.map(({ told, sessions }) => [told, sessions])).toEqual([[true, 0]]);
    expect([warned, told]).toEqual([1, 1]);
  },
  3 * TEST_MS,
);
