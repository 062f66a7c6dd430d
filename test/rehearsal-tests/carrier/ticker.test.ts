/** The carrier's clock, with time moved by hand. */

import { expect, test } from "bun:test";
import { type Clock, Ticker } from "../../rehearsal/carrier/ticker.ts";

class HandClock implements Clock {
  #nowMs = 1000.25;
  #wakes: Array<{ atMs: number; wake: () => void }> = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wakeIn(delayMs: number, wake: () => void): () => void {
    const entry = { atMs: this.#nowMs + delayMs, wake };
    this.#wakes.push(entry);
    return () => {
      this.#wakes = this.#wakes.filter((other) => other !== entry);
    };
  }

  get armed(): number {
    return this.#wakes.length;
  }

  /** Wakes whatever is due on the way. */
  moveTo(ms: number): void {
    for (;;) {
      const next = this.#wakes.filter(({ atMs }) => atMs <= ms).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#wakes = this.#wakes.filter((other) => other !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
    }
    this.#nowMs = ms;
  }

  /** Time passes and nothing runs, as when the event loop is stalled. */
  stallTo(ms: number): void {
    this.#nowMs = ms;
    this.moveTo(ms);
  }
}

test("a line ticks every 20 ms of its start, whatever the timers do, and never drifts", () => {
  const clock = new HandClock();
  const ticker = new Ticker(clock);
  const due: number[] = [];
  const joinedMs = ticker.join({ tick: (dueMs) => due.push(dueMs) });
  for (let nowMs = 1000.25; nowMs < 61_000; nowMs += 7.3) clock.moveTo(nowMs);
  expect(joinedMs).toBe(1000);
  expect(due).toHaveLength(2999);
  expect(due.every((dueMs, index) => dueMs === 1020 + 20 * index)).toBe(true);
});

test("after a stall every missed tick runs, all lines in the order in which they were due", () => {
  const clock = new HandClock();
  const ticker = new Ticker(clock);
  const ran: string[] = [];
  ticker.join({ tick: (dueMs) => ran.push(`a${dueMs}`) });
  clock.moveTo(1007);
  ticker.join({ tick: (dueMs) => ran.push(`b${dueMs}`) });
  clock.stallTo(1070);
  expect(ran).toEqual(["a1020", "b1027", "a1040", "b1047", "a1060", "b1067"]);
  expect(ticker.worstLateMs).toBe(50);
});

test("a line that leaves ticks no more, and with the last one the timer goes", () => {
  const clock = new HandClock();
  const ticker = new Ticker(clock);
  let ticks = 0;
  const line = {
    tick(): void {
      ticks += 1;
      if (ticks === 2) ticker.leave(line);
    },
  };
  ticker.join(line);
  expect(clock.armed).toBe(1);
  clock.moveTo(1200);
  expect(ticks).toBe(2);
  expect(clock.armed).toBe(0);
});

test("two hundred lines share one timer", () => {
  const clock = new HandClock();
  const ticker = new Ticker(clock);
  let ticks = 0;
  for (let line = 0; line < 200; line++) {
    ticker.join({ tick: () => (ticks += 1) });
    clock.moveTo(1000.25 + line);
    expect(clock.armed).toBe(1);
  }
  const before = ticks;
  clock.moveTo(clock.nowMs() + 1000);
  expect(ticks - before).toBe(200 * 50);
});
