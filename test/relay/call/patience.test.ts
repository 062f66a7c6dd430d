/** When the caller, who waits, is told that somebody is there: in time, never over anything, and not time and again. */
import { describe, expect, test } from "bun:test";
import { Patience, type Wait } from "../../../relay/call/patience.ts";

const QUIET = Number.NEGATIVE_INFINITY;
const wait = (why: Wait["why"], since = 10_000): Wait => ({ since, why });

describe("whoever waits is told so", () => {
  test.each([
    ["cut", 0],
    ["down", 600],
    ["start", 1_700],
    ["owed", 3_500],
  ] as const)("%s: after %d ms", (why, afterMs) => {
    expect(new Patience().dueAt(wait(why), QUIET)).toBe(10_000 + afterMs);
  });

  test("but not before they have heard what is playing", () => {
    const patience = new Patience();
    expect(patience.dueAt(wait("down"), 12_000)).toBe(12_000);
    expect(patience.dueAt(wait("cut"), 10_500)).toBe(10_500);
    expect(patience.dueAt(wait("down"), 10_300)).toBe(10_600);
  });

  test("and nobody is who does not wait", () => {
    expect(new Patience().dueAt(undefined, 12_000)).toBeUndefined();
  });
});

describe("whoever was told", () => {
  test("is told again after 4 s, counted from the end of what they were told", () => {
    const patience = new Patience();
    patience.told(11_600);
    expect(patience.dueAt(wait("down"), 11_600)).toBe(15_600);
    patience.told(16_600);
    expect(patience.dueAt(wait("down"), 16_600)).toBe(20_600);
  });

  test("is told anew in another silence", () => {
    const patience = new Patience();
    patience.told(11_600);
    expect(patience.dueAt(wait("down", 30_000), QUIET)).toBe(30_600);
  });

  test("is known to have been, in this silence and in no later one", () => {
    const patience = new Patience();
    expect(patience.wasTold(10_000)).toBe(false);
    patience.told(11_600);
    expect(patience.wasTold(10_000)).toBe(true);
    expect(patience.wasTold(20_000)).toBe(false);
  });

  test("was not, if it was cut off before its end", () => {
    const patience = new Patience();
    patience.told(11_600);
    patience.cutOff(11_000);
    expect(patience.dueAt(wait("cut", 11_000), QUIET)).toBe(11_000);
    patience.told(12_000);
    patience.cutOff(12_500);
    expect(patience.wasTold(11_000)).toBe(true);
  });
});
