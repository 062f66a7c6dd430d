/**
 * Runs the property on each build of call.ts that it is given. One line for each, in their order: the first invariant
 * that did not hold, or nothing if every one of them did.
 */
import type { Build } from "./player.ts";
import { play } from "./sequences.ts";

const [seed, conversations, ...paths] = process.argv.slice(2);
if (paths.length === 0) throw new Error("child.ts <seed> <conversations> <call.ts> …");
const count = Number(conversations);
const plan = { seed: Number(seed), conversations: count, mutantsEach: 2, random: count, mostFailures: 1 };
for (const path of paths) {
  const { Call }: { Call: Build } = await import(path);
  const [failure = ""] = play(Call, plan).failures;
  console.log(failure.replaceAll("\n", " "));
}
