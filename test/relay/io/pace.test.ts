/** How many strangers are looked at in one turn of the event loop. */
import { expect, test } from "bun:test";
import { MOST_AT_ONCE, Pace } from "../../../relay/io/pace.ts";

const nextLoop = () => new Promise<void>((resolve) => setImmediate(resolve));

test("a few are answered at once, without a promise", () => {
  const pace = new Pace();
  for (let i = 0; i < MOST_AT_ONCE; i++) expect(pace.turn()).toBeUndefined();
});

test("of a crowd so many go in each turn of the loop, and in the order in which they came", async () => {
  const pace = new Pace();
  const gone: number[] = [];
  for (let i = 0; i < 4 * MOST_AT_ONCE; i++) {
    const turn = pace.turn();
    if (turn === undefined) gone.push(i);
    else void turn.then(() => gone.push(i));
  }
  for (let turns = 1; turns <= 4; turns++) {
    await Promise.resolve();
    expect(gone).toEqual(Array.from({ length: turns * MOST_AT_ONCE }, (_, i) => i));
    await nextLoop();
  }
});

test("whoever comes while others wait does not pass them", async () => {
  const pace = new Pace();
  const gone: string[] = [];
  for (let i = 0; i < 2 * MOST_AT_ONCE; i++) void pace.turn()?.then(() => gone.push("early"));
  await nextLoop();
  expect(gone).toHaveLength(MOST_AT_ONCE);
  void pace.turn()?.then(() => gone.push("late"));
  expect(gone).not.toContain("late");
  await nextLoop();
  expect(gone.at(-1)).toBe("late");
});

test("when the crowd has gone, the next few are answered at once again", async () => {
  const pace = new Pace();
  for (let i = 0; i < 3 * MOST_AT_ONCE; i++) void pace.turn();
  for (let turns = 0; turns < 4; turns++) await nextLoop();
  expect(pace.turn()).toBeUndefined();
});
