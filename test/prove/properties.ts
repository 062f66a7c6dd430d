/**
 * The property of the call at full size, for `npm run prove`: more than 100,000 sequences, half of them
 * conversations with something wrong in them; how often each state and each ending was reached; and bugs,
 * planted by hand, each of which it must find.
 */
import { Call } from "../../relay/call/call.ts";
import { ENDINGS, type Ending } from "../../relay/call/ending.ts";
import { BUGS, findPlanted } from "../relay/call/property/planted.ts";
import { play } from "../relay/call/property/sequences.ts";

const SEED = 20_261_121;
const CONVERSATIONS = 17_000;
const MUTANTS_EACH = 3;
const RANDOM = 51_000;
/** Conversations for each planted bug: it is found long before, or not at all. */
const PLANTED_CONVERSATIONS = 500;

/**
 * Endings of a call with limits (relay/call/limits.ts): these calls have none, for the watch keeps no account of a silence
 * or of a call's length. They are reached in test/relay/call/limits-in-call.test.ts.
 */
const OF_LIMITS: ReadonlySet<string> = new Set<Ending>(["time_is_up", "nobody_there"]);

export type PropertyProof = {
  readonly sequences: number;
  readonly steps: number;
  readonly seed: number;
  readonly visits: Record<string, number>;
  /** Every ending but those of limits, those that were never reached with 0. */
  readonly endings: Record<string, number>;
  readonly failures: string[];
  readonly planted: { name: string; found: boolean; by: string }[];
};

export async function proveProperties(report: (progress: string) => void): Promise<PropertyProof> {
  const plan = { seed: SEED, conversations: CONVERSATIONS, mutantsEach: MUTANTS_EACH, random: RANDOM };
  const all = CONVERSATIONS * (1 + MUTANTS_EACH) + RANDOM;
  const outcome = play(Call, plan, (done) => report(`${done} of ${all} sequences`));
  const planted: PropertyProof["planted"] = [];
  for (const bug of BUGS) {
    report(`planting: ${bug.name}`);
    planted.push(...(await findPlanted([bug], SEED, PLANTED_CONVERSATIONS)));
  }
  const names = Object.keys(ENDINGS).filter((each) => !OF_LIMITS.has(each));
  const endings = Object.fromEntries(names.map((each) => [each, outcome.endings[each] ?? 0]));
  const { sequences, steps, visits, failures } = outcome;
  return { sequences, steps, seed: SEED, visits, endings, failures: [...failures], planted };
}
