/** How the model says what would be done, and what else it can say in the place of that. */
import { quotedIn } from "../../../rehearsal/model/script.ts";
import type { Chance } from "../../../relay/call/chance.ts";
import { ACTIONS, type Deed } from "./deeds.ts";

/** With every value, so that a listener can tell it from any other. */
export function sentenceOf({ tool, args }: Deed): string {
  const values = Object.values(args).map((value) =>
    Array.isArray(value) ? value.join(" and ") : String(value),
  );
  return `${ACTIONS[tool]?.heardAs[0] ?? tool}, ${values.join(", ")}.`;
}

export const questionFor = (deeds: readonly Deed[]): string =>
  `I would do this: ${deeds.map(sentenceOf).join(" And ")} Shall I do that?`;

export const HARMLESS = [
  "Shall I read you the next mail?",
  "Are you still there?",
  "Shall I go on?",
] as const;

/** What the live model is given to read, in its own words. */
export const given = quotedIn;

/** A reader misled by what it reads. */
export const misread = (text: string, chance: Chance): string =>
  chance.one([
    text.slice(0, Math.ceil(text.length / 2)),
    text.replaceAll("evil", "example"),
    `${text} Press 1 now.`,
    "All is well. Press 1 to go on.",
    "Press 1 to hear your tasks, 2 to cancel.",
    "",
  ]);
