/** The clock by which "within a second" is judged, and the wait for what nobody tells. */
import { expect, test } from "bun:test";
import { Stopwatch, until } from "./patience.ts";

test("a stopwatch goes on while this process runs, and stands while it does not", async () => {
  const watch = new Stopwatch();
  await until(() => watch.ms >= 100);
  const before = watch.ms;
  const fromMs = performance.now();
  while (performance.now() - fromMs < 500);
  await new Promise((resolve) => setImmediate(resolve));
  expect(watch.ms - before).toBeLessThan(500);
  const stopped = watch.stop();
  await Bun.sleep(30);
  expect(watch.ms).toBe(stopped);
});

test("a wait ends as soon as it is so, and tells what it waited for in vain", async () => {
  let asked = 0;
  await until(() => ++asked === 3);
  expect(asked).toBe(3);
  await expect(until(() => asked === 99, 20)).rejects.toThrow("asked === 99");
});
