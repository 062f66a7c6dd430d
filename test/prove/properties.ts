/**
 * The property of the call at full size, for `npm run prove`: more than 100,000 sequences, half of them
 * conversations with something wrong in them; how often each state and each ending was reached; and bugs,
 * planted by hand, each of which it must find.
 */
import { Call } from "../../relay/call/call.ts";
import { ENDINGS } from "../../relay/call/ending.ts";
import { BUGS, findPlanted } from "../relay/call/property/planted.ts";
import { play } from "../relay/call/property/sequences.ts";

const SEED = 20_261_121;
const CONVERSATIONS = 17_000;
const MUTANTS_EACH = 3;
const RANDOM = 51_000;
/** Conversations for each planted bug: it is found long before, or not at all. */
const PLANTED_CONVERSATIONS = 500;

export type PropertyProof = {
  readonly sequences: number;
  readonly steps: number;
  readonly seed: number;
  readonly visits: Record<string, number>;
  /** Every ending there is, those that were never reached with 0. */
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
    planted.push(await findPlanted(bug, SEED, PLANTED_CONVERSATIONS));
  }
  const endings = Object.fromEntries(Object.keys(ENDINGS).map((each) => [each, outcome.endings[each] ?? 0]));
  const { sequences, steps, visits, failures } = outcome;
  return { sequences, steps, seed: SEED, visits, endings, failures: [...failures], planted };
}
