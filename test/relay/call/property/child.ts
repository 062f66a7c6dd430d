/**
 * Runs the property on the build of call.ts that it is given. Exits 0 if every invariant held, and 3 if not, with
 * the first that did not on its standard output.
 */
import type { Build } from "./player.ts";
import { play } from "./sequences.ts";

const [path, seed, conversations] = process.argv.slice(2);
if (path === undefined) throw new Error("child.ts <call.ts> <seed> <conversations>");
const { Call }: { Call: Build } = await import(path);
const count = Number(conversations);
const plan = { seed: Number(seed), conversations: count, mutantsEach: 2, random: count, mostFailures: 1 };
const [failure] = play(Call, plan).failures;
if (failure !== undefined) console.log(failure);
process.exit(failure === undefined ? 0 : 3);
