import { expect, test } from "bun:test";
import { earliest } from "../../../relay/call/deadlines.ts";

test.each([
  [[undefined, undefined, undefined], undefined],
  [[5, undefined, undefined], 5],
  [[undefined, 5, undefined], 5],
  [[undefined, undefined, 5], 5],
  [[3, 2, 1], 1],
  [[1, 2, 3], 1],
  [[2, 1, 3], 1],
  [[0, undefined, -1], -1],
] as const)("of %p the earliest is %p", ([a, b, c], first) => {
  expect(earliest(a, b, c)).toBe(first);
});
