/** How long a call may last and how long nobody may say anything, with the time moved by hand. */
import { describe, expect, test } from "bun:test";
import { LEAVE_WITHIN_MS, Limits, type LimitTerms, NO_LIMITS, NOTICES } from "../../../relay/call/limits.ts";

const MINUTE_MS = 60_000;
const TERMS: LimitTerms = { maxCallMs: 30 * MINUTE_MS, askAfterMs: 20_000, endAfterMs: 60_000 };
const SILENCE: LimitTerms = { ...TERMS, maxCallMs: undefined };
const LENGTH: LimitTerms = { ...NO_LIMITS, maxCallMs: 30 * MINUTE_MS };

/** Goes from deadline to deadline, and writes down when something was to be said or left. */
function until(limits: Limits, end: number, from = 0): string[] {
  const told: string[] = [];
  for (let at = from; ; ) {
    const dueAt = limits.dueAt;
    if (dueAt === undefined || dueAt > end) return told;
    at = Math.max(at, dueAt);
    const leave = limits.tick(at);
    const { toSay } = limits;
    if (toSay !== undefined) {
      told.push(`${at / 1000} ${toSay}`);
      limits.asked("create-1");
      limits.said();
    }
    if (leave !== undefined) told.push(`${at / 1000} leave ${leave}`);
    if (limits.isOver(at)) return [...told, `${at / 1000} over`];
    if (toSay === undefined && leave === undefined) throw new Error(`woken at ${at} for nothing`);
  }
}

describe("the length of a call", () => {
  test("is told a minute before it is reached; then the assistant says goodbye, and then it is over anyway", () => {
    expect(until(new Limits(LENGTH, 0), 100 * MINUTE_MS)).toEqual([
      "1740 nearly_over",
      "1800 time_is_up",
      "1800 leave time_is_up",
      `${1800 + LEAVE_WITHIN_MS / 1000} over`,
    ]);
  });

  test("is told half-way through, of a call that may last less than two minutes", () => {
    const limits = new Limits({ ...NO_LIMITS, maxCallMs: 40_000 }, 0);
    expect(until(limits, MINUTE_MS)).toEqual(["20 nearly_over", "40 time_is_up", "40 leave time_is_up"]);
  });

  test("counts what the call lasted before it came here, and warns no second time", () => {
    const early = new Limits(LENGTH, 5_000, 10 * MINUTE_MS);
    expect(until(early, 21 * MINUTE_MS)).toEqual([
      "1145 nearly_over",
      "1205 time_is_up",
      "1205 leave time_is_up",
      "1235 over",
    ]);
    const late = new Limits(LENGTH, 0, 29.5 * MINUTE_MS);
    expect(until(late, MINUTE_MS - 1)).toEqual(["30 time_is_up", "30 leave time_is_up"]);
    const gone = new Limits(LENGTH, 7_000, 90 * MINUTE_MS);
    expect(until(gone, 8_000)).toEqual(["7 time_is_up", "7 leave time_is_up"]);
  });

  test("is not moved by a caller who goes on talking", () => {
    const limits = new Limits(LENGTH, 0);
    limits.tick(30 * MINUTE_MS);
    limits.stirred(30 * MINUTE_MS + 1);
    expect([limits.leaving, limits.toSay]).toEqual(["time_is_up", "time_is_up"]);
    expect(limits.isOver(30 * MINUTE_MS + LEAVE_WITHIN_MS - 1)).toBe(false);
    expect(limits.isOver(30 * MINUTE_MS + LEAVE_WITHIN_MS)).toBe(true);
  });

  test("switched off is never reached", () => {
    const limits = new Limits(NO_LIMITS, 0);
    limits.quiet(0, 0);
    expect([limits.dueAt, limits.tick(1e9), limits.toSay, limits.isOver(1e9)]).toEqual([
      undefined,
      undefined,
      undefined,
      false,
    ]);
  });
});

describe("silence", () => {
  test("is asked about, and then the assistant says goodbye", () => {
    const limits = new Limits(SILENCE, 0);
    limits.quiet(0, 0);
    expect(until(limits, 10 * MINUTE_MS)).toEqual([
      "20 still_there",
      "60 nobody_there",
      "60 leave nobody_there",
    ]);
  });

  test("does not begin before the last sound was heard", () => {
    const limits = new Limits(SILENCE, 0);
    limits.quiet(9_000, 1_000);
    expect(limits.dueAt).toBe(29_000);
    expect(until(limits, 2 * MINUTE_MS)).toEqual([
      "29 still_there",
      "69 nobody_there",
      "69 leave nobody_there",
    ]);
  });

  test("is not counted while the line is not quiet, and goes on from where it was", () => {
    const limits = new Limits(SILENCE, 0);
    limits.quiet(0, 0);
    limits.quiet(undefined, 15_000);
    expect(limits.dueAt).toBeUndefined();
    limits.quiet(100_000, 100_000);
    expect(limits.dueAt).toBe(105_000);
  });

  test("is not set back by the assistant's own question about it", () => {
    const limits = new Limits(SILENCE, 0);
    limits.quiet(0, 0);
    limits.tick(20_000);
    expect(limits.toSay).toBe("still_there");
    limits.asked("create-1");
    limits.quiet(undefined, 20_000);
    limits.said();
    limits.quiet(23_000, 21_000);
    expect(until(limits, 2 * MINUTE_MS, 21_000)).toEqual(["63 nobody_there", "63 leave nobody_there"]);
  });

  test("begins anew when the caller stirs, and is then asked about again", () => {
    const limits = new Limits(SILENCE, 0);
    limits.quiet(0, 0);
    limits.tick(20_000);
    limits.asked("create-1");
    limits.said();
    limits.stirred(25_000);
    limits.quiet(0, 25_000);
    expect(until(limits, 90_000, 25_000)).toEqual([
      "45 still_there",
      "85 nobody_there",
      "85 leave nobody_there",
    ]);
  });

  test("that is over before its question was asked needs no question", () => {
    const limits = new Limits(SILENCE, 0);
    limits.quiet(0, 0);
    limits.tick(20_000);
    limits.stirred(20_100);
    expect(limits.toSay).toBeUndefined();
  });

  test("lets a caller stay who speaks into the goodbye", () => {
    const limits = new Limits(SILENCE, 0);
    limits.quiet(0, 0);
    limits.tick(20_000);
    expect(limits.tick(60_000)).toBe("nobody_there");
    expect(limits.tick(60_001)).toBeUndefined();
    limits.asked("create-1");
    limits.stirred(61_000);
    limits.unsaid();
    expect([limits.leaving, limits.toSay]).toEqual([undefined, undefined]);
    limits.quiet(61_000, 61_000);
    expect(limits.dueAt).toBe(81_000);
  });

  test("is counted from a correction of when the last sound ended, and not twice", () => {
    const limits = new Limits(SILENCE, 0);
    limits.quiet(10_000, 5_000);
    limits.quiet(10_040, 10_050);
    limits.quiet(10_030, 10_060);
    expect(limits.dueAt).toBe(30_030);
  });

  test("that new sound cuts in two is the sum of both", () => {
    const limits = new Limits(SILENCE, 0);
    limits.quiet(0, 0);
    // From 12 s on something plays, and will until 15 s.
    limits.quiet(15_000, 12_000);
    expect(limits.dueAt).toBe(23_000);
  });

  test("ends a call also where nobody is to be asked", () => {
    const limits = new Limits({ ...SILENCE, askAfterMs: undefined }, 0);
    limits.quiet(0, 0);
    expect(until(limits, 2 * MINUTE_MS)).toEqual(["60 nobody_there", "60 leave nobody_there"]);
  });

  test("is only asked about, once, where it ends no call", () => {
    const limits = new Limits({ ...SILENCE, endAfterMs: undefined }, 0);
    limits.quiet(0, 0);
    expect(until(limits, 60 * MINUTE_MS)).toEqual(["20 still_there"]);
  });
});

describe("what is to be said", () => {
  test("is said again if it did not come about, unless something else is due by then", () => {
    const limits = new Limits(LENGTH, 0);
    limits.tick(29 * MINUTE_MS);
    limits.asked("create-1");
    expect(limits.toSay).toBeUndefined();
    limits.unsaid();
    expect(limits.toSay).toBe("nearly_over");
    limits.asked("create-1");
    limits.tick(30 * MINUTE_MS);
    limits.unsaid();
    expect(limits.toSay).toBe("time_is_up");
  });

  test("is that the time is over, when silence ends the call at the same moment or had begun to", () => {
    const limits = new Limits({ ...TERMS, maxCallMs: 61_000 }, 0);
    limits.quiet(0, 0);
    limits.tick(60_000);
    expect(limits.leaving).toBe("nobody_there");
    expect(limits.dueAt).toBe(61_000);
    expect(limits.tick(61_000)).toBe("time_is_up");
    expect([limits.leaving, limits.toSay]).toEqual(["time_is_up", "time_is_up"]);
  });

  test("is in the language of the conversation, and asks nothing of a caller who cannot answer any more", () => {
    for (const words of Object.values(NOTICES)) expect(words).toContain("language of the conversation");
    for (const last of ["time_is_up", "nobody_there"] as const)
      expect(NOTICES[last]).toContain("Ask nothing");
  });
});
