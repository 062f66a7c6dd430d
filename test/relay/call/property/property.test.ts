/**
 * The call under 500 sequences, with a fixed seed; `npm run prove` plays 100,000 and more of them.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import { Call, type Input, type Terms } from "../../../../relay/call/call.ts";
import { tries } from "../../../often.ts";
import "../../../patience.ts";
import { BUGS, type Finding, findNothing, findPlanted } from "./planted.ts";
import type { Playable } from "./player.ts";
import { play } from "./sequences.ts";

const SEED = 20_261_121;
/** By this one each of the planted bugs is found soon; with others some take more conversations. */
const PLANTED_SEED = 50;
const MOST_CONVERSATIONS = 400;
/** Each is sought in a copy of the sources, which takes as long as the search: here every second one of those that are met soon. */
const USUAL_BUGS = BUGS.filter(({ isRare }) => isRare !== true).filter((_, index) => index % 2 === 0);

test("whatever the world does, the call keeps its word at every step", () => {
  const outcome = play(Call, { seed: SEED, conversations: tries(140), mutantsEach: 3, random: tries(1_440) });
  expect(outcome.failures).toEqual([]);
  expect(outcome.sequences).toBeGreaterThanOrEqual(tries(2_000));
  expect(outcome.visits["started, session ready"]).toBeGreaterThan(tries(1_000));
});

/** A call, and beside it one that nobody asks for its deadlines: to ask is to count what flows (flow.ts). */
class Twins implements Playable {
  readonly #asked: Call;
  readonly #unasked: Call;

  constructor(terms: Terms, at: number) {
    this.#asked = new Call(terms, at);
    this.#unasked = new Call(terms, at);
  }

  begin() {
    this.#unasked.begin();
    return this.#asked.begin();
  }

  step(input: Input, at: number) {
    const effects = this.#asked.step(input, at);
    expect(this.#unasked.step(input, at)).toEqual([...effects]);
    expect(this.#unasked.wasRoutine).toBe(this.#asked.wasRoutine);
    return effects;
  }

  nextDeadline() {
    return this.#asked.nextDeadline();
  }

  get state() {
    return this.#asked.state;
  }

  remembered(at: number) {
    const remembered = this.#asked.remembered(at);
    expect(this.#unasked.remembered(at)).toEqual(remembered);
    return remembered;
  }
}

test("whether it is asked for its deadlines changes nothing that the call does", () => {
  const outcome = play(Twins, { seed: SEED, conversations: tries(80), mutantsEach: 1, random: tries(200) });
  expect(outcome.failures).toEqual([]);
  expect(outcome.sequences).toBeGreaterThan(tries(300));
});

describe("a bug planted by hand is found", () => {
  let findings: readonly Finding[] = [];
  beforeAll(async () => {
    findings = await findPlanted(USUAL_BUGS, PLANTED_SEED, MOST_CONVERSATIONS);
  });

  test.each(USUAL_BUGS.map(({ name }) => name))("%s", (name) => {
    const finding = findings.find((one) => one.name === name);
    expect(finding).toMatchObject({ found: true, by: expect.stringMatching(/./) });
  });

  test("and with none planted, none is", async () => {
    expect(await findNothing(PLANTED_SEED, 10)).toEqual({ found: false, by: "" });
  });
});
