/**
 * The group `faults`: that the line stays calm whatever fails, keeps what was said, and costs no more than was allowed.
 */
import { budget } from "./faults/budget.ts";
import { canaries } from "./faults/canaries.ts";
import { disk } from "./faults/disk.ts";
import { kills } from "./faults/kills.ts";
import { matrix, midSentence } from "./faults/matrix.ts";
import { soaked } from "./faults/soak.ts";
import { swaps } from "./faults/swaps.ts";
import type { Proof } from "./rows.ts";

export const FAULTS: readonly Proof[] = [matrix, midSentence, swaps, kills, soaked, budget, disk, canaries];
