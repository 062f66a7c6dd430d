/** Replays, small; `npm run prove -- --only admission/replays` is the same at full size. */
import { expect, test } from "bun:test";
import { replayUnderJumps } from "../prove/admission/jumps.ts";
import { replayUnderKills } from "../prove/admission/replays.ts";
import { sendAgain } from "../prove/admission/sent-again.ts";

const SEED = 3;

test("a token is good once for two relays on one file, one of which is killed in the middle of a race", async () => {
  const outcome = await replayUnderKills(
    { attempts: 300, kills: 1, seed: SEED, sharedPort: false },
    () => {},
  );
  const { twice, admittedTwice, freshRefused, kills, once, freshMs } = outcome;
  expect({ twice, admittedTwice, freshRefused, kills }).toEqual({
    twice: 0,
    admittedTwice: 0,
    freshRefused: 0,
    kills: 1,
  });
  expect(once).toBeGreaterThan(3);
  expect(freshMs).toHaveLength(1);
}, 30_000);

test("nor is it good again when the relay's clock leaps by an hour, across kills too", async () => {
  const outcome = await replayUnderJumps({ attempts: 500, kills: 3, seed: SEED }, () => {});
  const { twice, admittedTwice, letInAhead, freshRefused, once, jumps } = outcome;
  expect({ twice, admittedTwice, letInAhead, freshRefused }).toEqual({
    twice: 0,
    admittedTwice: 0,
    letInAhead: 0,
    freshRefused: 0,
  });
  expect(once).toBeGreaterThan(4);
  expect(jumps).toBeGreaterThan(4);
}, 30_000);

test("a captured call that is sent again gets an answer, and no stream without Twilio's signature", async () => {
  const { again, fresh, attempts, opened, withSignature } = await sendAgain({ calls: 2, times: 2 });
  expect({ again, fresh, opened, withSignature }).toEqual({
    again: 4,
    fresh: 4,
    opened: 0,
    withSignature: 1,
  });
  expect(attempts).toBeGreaterThan(20);
}, 60_000);
