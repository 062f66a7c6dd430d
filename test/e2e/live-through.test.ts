/**
 * Calls live through a swap of the relay and then through its SIGKILL, and know afterwards what was said before. The
 * proofs of a hundred swaps and of fifty kills (`npm run prove -- --only faults/swaps`, `faults/kills`), small: here time
 * does not count. On one stage, with the same two callers: an edge takes longer to start than both.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TEST_MS } from "../patience.ts";
import { admittedTwice, throughKills } from "../prove/faults/kills.ts";
import { type Stage, startStage } from "../prove/faults/stage.ts";
import {
  aftermathOf,
  callersWithMarks,
  liveCalls,
  memoriesOf,
  summed,
  throughSwaps,
  welcomeOf,
} from "../prove/faults/swaps.ts";
import { type Talker, talkingModel } from "../prove/faults/talk.ts";
import { ticker } from "../rehearsal/carrier/ticker.ts";

const CALLS = 2;
/** Words that were said earlier than this before a session ended are due in the next, on a slow machine too. */
const GRACE_MS = 2_000;
/** This process has the model's clock: where it stood still, it saw a session end so much later than it did. */
const graceMs = () => GRACE_MS + ticker.worstLateMs;
/** So long after an answer, the question at least is due. */
const TALK = { ms: GRACE_MS + 1_000, answers: 1 };

let stage: Stage;
let talkers: readonly Talker[];
/** Words that had to be known after the swap. */
let knownBefore = 0;
beforeAll(async () => {
  ticker.resetLateness();
  stage = await startStage({
    model: talkingModel(),
    env: { DRAIN_SECONDS: "1", MAX_CALLS: "100", LOG_LEVEL: "debug" },
    callers: callersWithMarks(CALLS),
  });
  talkers = await liveCalls(stage, CALLS);
}, TEST_MS);
afterAll(() => stage.stop());

test(
  "a swap of the relay loses no call and no word, nor anybody who comes in meanwhile",
  async () => {
    const plan = { swaps: 1, talk: TALK, arrivalEveryMs: 1_000, arrivalStaysMs: 1_000 };
    const { arrivals, exitCodes } = await throughSwaps(stage, talkers, plan, () => {});
    const { came, heard, lost } = welcomeOf(arrivals);
    expect([exitCodes, talkers.filter(({ call }) => call.timeline.closed)]).toEqual([{ 0: 1 }, []]);
    expect(came).toBeGreaterThan(0);
    expect([heard, lost]).toEqual([came, 0]);
    const { resumed, known, missing, muddled } = summed(memoriesOf(stage, talkers, graceMs()));
    expect([missing, muddled]).toEqual([[], []]);
    expect(resumed).toBeGreaterThanOrEqual(CALLS);
    expect(known).toBeGreaterThan(0);
    knownBefore = known;
  },
  3 * TEST_MS,
);

test(
  "a SIGKILL loses no call and no word, and no token opens a second stream",
  async () => {
    const plan = { kills: 1, downMs: [500], talk: TALK };
    const { replays } = await throughKills(stage, talkers, plan, () => {});
    const { lost, memory, goOn } = await aftermathOf(stage, talkers, graceMs());
    expect([lost, goOn]).toEqual([[], CALLS]);
    const { resumed, known, missing, muddled } = summed(memory);
    expect([missing, muddled]).toEqual([[], []]);
    expect(resumed).toBeGreaterThanOrEqual(2 * CALLS);
    // What was said before the swap is due once more, and with it what has been said since, but for the grace.
    expect(known).toBeGreaterThan(knownBefore);
    expect(replays).toEqual({ 401: 2 * CALLS });
    expect(admittedTwice(stage)).toBe(0);
  },
  3 * TEST_MS,
);
