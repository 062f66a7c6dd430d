/**
 * The call under 2,000 sequences, with a fixed seed; `npm run prove` plays 100,000 and more of them.
 */
import { describe, expect, test } from "bun:test";
import { Call } from "../../../../relay/call/call.ts";
import "../../../patience.ts";
import { BUGS, findNothing, findPlanted } from "./planted.ts";
import { play } from "./sequences.ts";

const SEED = 20_261_121;

test("whatever the world does, the call keeps its word at every step", () => {
  const outcome = play(Call, { seed: SEED, conversations: 250, mutantsEach: 3, random: 1_000 });
  expect(outcome.failures).toEqual([]);
  expect(outcome.sequences).toBe(2_000);
  expect(outcome.visits["started, session ready"]).toBeGreaterThan(1_000);
});

describe("a bug planted by hand is found", () => {
  test.each(BUGS.map((bug) => [bug.name, bug] as const))("%s", async (_, bug) => {
    const { found, by } = await findPlanted(bug, SEED, 150);
    expect(found, by).toBe(true);
    expect(by).not.toBe("");
  });

  test("and with none planted, none is", async () => {
    expect(await findNothing(SEED, 60)).toEqual({ found: false, by: "" });
  });
});
