/** What was passed on last, by how long it is, however much of it there has been. */
import { expect, test } from "bun:test";
import { Recent } from "../../../relay/call/recent.ts";

const frame = (n: number): string => Buffer.alloc(160, n % 250).toString("base64");

test("the newest are kept, in order, and the oldest are let go of", () => {
  const recent = new Recent();
  for (let n = 0; n < 5; n += 1) recent.push(frame(n), 160);
  recent.keep(60);
  expect(recent.take()).toEqual({ payloads: [frame(2), frame(3), frame(4)], samples: 480 });
});

test("what was taken is not here any more", () => {
  const recent = new Recent();
  recent.push(frame(1), 160);
  recent.take();
  expect(recent.take()).toEqual({ payloads: [], samples: 0 });
  recent.push(frame(2), 160);
  expect(recent.take().payloads).toEqual([frame(2)]);
});

test("an hour of audio leaves no more than its end", () => {
  const recent = new Recent();
  for (let n = 0; n < 180_000; n += 1) {
    recent.push(frame(n), 160);
    recent.keep(8_000);
  }
  const { payloads, samples } = recent.take();
  expect(samples).toBe(8_000 * 8);
  expect(payloads).toHaveLength(400);
  expect(payloads[0]).toBe(frame(179_600));
  expect(payloads.at(-1)).toBe(frame(179_999));
});

test("nothing is kept of no time", () => {
  const recent = new Recent();
  for (let n = 0; n < 5; n += 1) recent.push(frame(n), 160);
  recent.keep(0);
  expect(recent.take()).toEqual({ payloads: [], samples: 0 });
});
