/** Chance from a seed, so that a failure can be had again. */
import { seededRandom } from "../../rehearsal/carrier/network.ts";

export type Dice = {
  /** 0 to n − 1 */
  readonly below: (n: number) => number;
  readonly pick: <T>(from: readonly [T, ...T[]]) => T;
};

export function diceOf(seed: number): Dice {
  const random = seededRandom(seed);
  const below = (n: number) => Math.floor(random() * n);
  return { below, pick: (from) => from[below(from.length)] ?? from[0] };
}
