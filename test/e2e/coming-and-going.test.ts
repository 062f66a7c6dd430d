/**
 * Calls that come and go: every frame is counted at both of its ends, and every ending is what it was. The proof of an
 * hour (`npm run prove -- --only faults/soak`), small.
 */
import { expect, test } from "bun:test";
import { TEST_MS } from "../patience.ts";
import { soak } from "../prove/faults/soak.ts";

test(
  "whole calls, some of which vanish without a word, lose no frame and leave nobody on the line",
  async () => {
    const plan = { minutes: 0.001, lanes: 10, warmUpCalls: 0, counts: 1, roundCalls: 40, restMs: 0 };
    const { rounds, endings, wrongs, after } = await soak({ ...plan, talkMs: [100, 400] }, () => {});
    const [round] = rounds;
    if (round === undefined) throw new Error("there was no round");
    expect([round.lost, round.wrong, round.broken]).toEqual([0, 0, []]);
    expect([round.calls, round.vanished]).toEqual([40, 4]);
    expect(round.frames).toBeGreaterThan(100);
    expect([endings, wrongs]).toEqual([{ caller_hung_up: 36, line_lost: 4 }, {}]);
    // What the stack still shows of the last one may be counted.
    expect(after.runners).toBeLessThanOrEqual(2);
  },
  2 * TEST_MS,
);
