/**
 * The time by which tokens are judged, under clocks that go wrong. The clock and the time that truly passes are moved
 * by hand, apart from each other.
 */
import { beforeEach, describe, expect, test } from "bun:test";
import type { RelayEntry } from "../../../relay/io/log.ts";
import { TokenTime } from "../../../relay/io/token-time.ts";

const START_S = 1_790_000_000;
const YEAR_S = 365 * 24 * 3600;

let clockS: number;
let passedMs: number;
let told: string[];
beforeEach(() => {
  clockS = START_S;
  passedMs = 0;
  told = [];
});
const pass = (seconds: number) => {
  clockS += seconds;
  passedMs += seconds * 1000;
};
const start = (latestS = 0) =>
  new TokenTime({ unixS: () => clockS, monotonicMs: () => passedMs }, latestS, (entry) =>
    told.push(`${entry.event} ${"byS" in entry ? (entry satisfies RelayEntry).byS : ""}`),
  );

describe("while the clock is right", () => {
  test("it is the clock", () => {
    const time = start();
    for (const seconds of [0, 1, 59, 3600, YEAR_S]) {
      pass(seconds);
      expect(time.nowS()).toBe(clockS);
    }
    expect(told).toEqual([]);
  });

  test("it follows the small steps by which a clock is kept right, and never goes back for one", () => {
    const time = start();
    for (let hour = 0; hour < 1_000; hour++) {
      pass(3600);
      clockS -= 3;
      expect(time.nowS()).toBeWithin(clockS, clockS + 4);
      pass(3);
      clockS += 2;
      expect(time.nowS()).toBeWithin(clockS, clockS + 2);
    }
    expect(told).toEqual([]);
  });
});

describe("a clock that is set back", () => {
  for (const backS of [1, 5, 6, 120, 3600, YEAR_S]) {
    test(`by ${backS} s takes nothing back`, () => {
      const time = start();
      pass(100);
      const before = time.nowS();
      clockS -= backS;
      expect(time.nowS()).toBe(before);
      for (let seconds = 0; seconds < 300; seconds++) {
        pass(1);
        expect(time.nowS()).toBeGreaterThanOrEqual(before);
      }
    });
  }

  test("is told once, and the time goes on as time does", () => {
    const time = start();
    const before = time.nowS();
    clockS -= 3600;
    pass(30);
    expect(time.nowS()).toBe(before + 30);
    pass(30);
    expect(time.nowS()).toBe(before + 60);
    expect(told).toEqual(["clock.behind 3600"]);
  });

  test("before a restart is held against what the edge has said", () => {
    clockS -= 3600;
    const time = start(START_S);
    expect(time.nowS()).toBe(START_S);
    pass(10);
    expect(time.nowS()).toBe(START_S + 10);
    expect(told).toEqual(["clock.behind 3600"]);
  });
});

describe("a clock that leaps ahead", () => {
  test("is followed, told once, and forgotten when it is right again", () => {
    const time = start();
    pass(10);
    time.nowS();
    clockS += YEAR_S;
    expect(time.nowS()).toBe(clockS);
    pass(10);
    expect(time.nowS()).toBe(clockS);
    clockS -= YEAR_S;
    expect(time.nowS()).toBe(START_S + 20);
    expect(told).toEqual([`clock.ahead ${YEAR_S}`]);
    clockS += 3600;
    time.nowS();
    expect(told).toEqual([`clock.ahead ${YEAR_S}`, "clock.ahead 3600"]);
  });

  test("is believed once the edge says the same, and then it cannot be set back", () => {
    const time = start();
    clockS += 3600;
    expect(time.nowS()).toBe(clockS);
    time.saw(clockS - 2);
    expect(time.nowS()).toBe(clockS);
    clockS -= 3600;
    expect(time.nowS()).toBeGreaterThanOrEqual(START_S + 3598);
  });

  test("has left nothing behind for a process that starts afterwards", () => {
    const time = start();
    clockS += YEAR_S;
    time.nowS();
    clockS -= YEAR_S;
    expect(start(START_S - 50).nowS()).toBe(START_S);
  });
});
