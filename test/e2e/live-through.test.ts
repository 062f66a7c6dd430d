/**
 * Calls live through a swap of the relay and through its SIGKILL, and know afterwards what was said before. The proofs
 * of a hundred swaps and of fifty kills (`npm run prove -- --only faults/swaps`, `faults/kills`), small: here time does
 * not count.
 */
import { expect, test } from "bun:test";
import { TEST_MS } from "../patience.ts";
import { killUnderCalls } from "../prove/faults/kills.ts";
import { summed, swapUnderCalls } from "../prove/faults/swaps.ts";

/** Words that were said earlier than this before a session ended are due in the next, on a slow machine too. */
const GRACE_MS = 2_000;
/** So long after an answer, the question at least is due. */
const TALK = { ms: GRACE_MS + 1_000, answers: 1 };

test.concurrent(
  "a swap of the relay loses no call and no word, nor anybody who comes in meanwhile",
  async () => {
    const arrivals = { arrivalEveryMs: 1_000, arrivalStaysMs: 1_000 };
    const plan = { calls: 2, swaps: 1, talk: TALK, graceMs: GRACE_MS, ...arrivals };
    const { lost, arrivals: newcomers, memory, exitCodes, goOn } = await swapUnderCalls(plan, () => {});
    expect([lost, exitCodes, goOn]).toEqual([[], { 0: 1 }, 2]);
    expect([newcomers.heard, newcomers.lost]).toEqual([newcomers.came, 0]);
    const { resumed, known, missing, muddled } = summed(memory);
    expect([missing, muddled]).toEqual([[], []]);
    expect(resumed).toBeGreaterThanOrEqual(2);
    expect(known).toBeGreaterThan(0);
  },
  3 * TEST_MS,
);

test.concurrent(
  "a SIGKILL loses no call and no word, and no token opens a second stream",
  async () => {
    const plan = { calls: 2, kills: 1, downMs: [500], talk: TALK, graceMs: GRACE_MS };
    const { lost, memory, replays, admittedTwice, goOn } = await killUnderCalls(plan, () => {});
    expect([lost, goOn]).toEqual([[], 2]);
    const { resumed, known, missing, muddled } = summed(memory);
    expect([missing, muddled]).toEqual([[], []]);
    expect(resumed).toBeGreaterThanOrEqual(2);
    expect(known).toBeGreaterThan(0);
    expect(replays).toEqual({ 401: 4 });
    expect(admittedTwice).toBe(0);
  },
  3 * TEST_MS,
);
