/**
 * Delivery in time, with the time moved by hand: as fast as the pace says, as far from it at the end as at the start,
 * and made up for after the machine stood still.
 */
import { afterEach, beforeEach, expect, jest, spyOn, test } from "bun:test";
import { Conversation } from "../../rehearsal/model/conversation.ts";
import { optionsFrom } from "../../rehearsal/model/options.ts";
import type { Outcome } from "../../rehearsal/model/outcome.ts";
import { Speaking } from "../../rehearsal/model/speaking.ts";

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const THINK_MS = 10;
const ANNOUNCE_MS = 40;

/** When each delta came, in ms from the response's start, and how it ended. */
function speak(pace: number, soundMs: number, deltaMs: number) {
  let ids = 0;
  const newId = (kind: string) => `${kind}_${++ids}`;
  const startedMs = performance.now();
  const cameMs: number[] = [];
  const outcomes: Outcome[] = [];
  const { delivery } = optionsFrom({ pace, deltaMs, thinkMs: THINK_MS, announceMs: ANNOUNCE_MS });
  new Speaking({
    responseId: "r1",
    plan: { output: [{ tag: 3, ms: soundMs }], ends: undefined, delivery },
    modality: "audio",
    maxOutputTokens: "inf",
    conversation: new Conversation(newId),
    newId,
    random: () => 0.5,
    send: ({ type }) => {
      if (type === "response.output_audio.delta") cameMs.push(performance.now() - startedMs);
    },
    onItem: () => {},
    onSound: () => {},
    onRemoteCall: () => ({}),
    onEnd: (outcome) => outcomes.push(outcome),
  });
  return { cameMs, outcomes };
}
const dueMs = (pace: number, soundMs: number, deltaMs: number): number[] =>
  Array.from({ length: soundMs / deltaMs }, (_, nth) => THINK_MS + ANNOUNCE_MS + (nth * deltaMs) / pace);

for (const [pace, soundMs, deltaMs] of [
  [8, 8000, 80],
  [4, 4000, 100],
  [1, 800, 20],
  [0.5, 400, 20],
] as const) {
  test(`at ${pace} times real time, ${soundMs / deltaMs} deltas keep their times and do not drift`, () => {
    const { cameMs, outcomes } = speak(pace, soundMs, deltaMs);
    for (let ms = 0; ms < soundMs / pace + 200; ms++) jest.advanceTimersByTime(1);
    expect(cameMs).toEqual(dueMs(pace, soundMs, deltaMs));
    expect(outcomes).toEqual([{ status: "completed" }]);
  });
}

test("after a timer that came late, what was due meanwhile comes at once and the rest in its own time", () => {
  const { cameMs } = speak(1, 800, 20);
  jest.advanceTimersByTime(250);
  // The time passes and no timer runs, as when the machine stands still.
  const now = performance.now.bind(performance);
  const stood = spyOn(performance, "now").mockImplementation(() => now() + 300);
  jest.advanceTimersByTime(2_000);
  stood.mockRestore();
  const due = dueMs(1, 800, 20);
  expect(cameMs).toEqual(due.map((ms) => (ms > 250 ? Math.max(ms, 570) : ms)));
});
