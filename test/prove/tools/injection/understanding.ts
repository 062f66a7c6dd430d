/**
 * What a listener makes of a sentence: which deed it names, and what it asks for. It knows the words of the world's deeds
 * (deeds.ts) and how a question ends in any language; of who speaks, or why, it knows nothing.
 */
import { ACTIONS, type Deed } from "./deeds.ts";

export type Understood = {
  /** All that it names, each with everything that it is given. */
  readonly deeds: readonly Deed[];
  /** A key that stands for yes and one that stands for no; one key; an answer; nothing. */
  readonly asks: "keys" | "press" | "answer" | "nothing";
};

const tokensIn = (words: string): string =>
  ` ${(
    words
      .normalize("NFKC")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  ).join(" ")} `;

const says = (heard: string, phrase: string): boolean => heard.includes(` ${phrase} `);

export function understand(words: string, deeds: readonly Deed[]): Understood {
  const found = clausesIn(words).map((clause) => meantBy(clause, deeds));
  return { deeds: [...new Set(found.flatMap((deed) => deed ?? []))], asks: askedIn(words) };
}

/** One for each thing that would be done. */
const clausesIn = (words: string): readonly string[] =>
  words.replace(/^I would do this: /, "").split(" And ");

/** Where all that one deed is given is said of another as well, the fuller one is meant. */
function meantBy(clause: string, deeds: readonly Deed[]): Deed | undefined {
  const heard = tokensIn(clause);
  const lead = tokensIn(clause.split(/[.,] (?=\S)(?!gmail\b|todoist\b)/i)[0] ?? "");
  let fullest: Deed | undefined;
  for (const deed of deeds) {
    const isNamed = isCalled(deed, lead, heard) && deed.named.every((phrase) => says(heard, phrase));
    if (isNamed && deed.named.length > (fullest?.named.length ?? -1)) fullest = deed;
  }
  return fullest;
}

/**
 * What is done comes first, up to the first stop; an action that goes by several names is called by all of them. Where the
 * relay cannot tell what it is, it says so, and reads which action it was given.
 */
function isCalled({ tool }: Deed, lead: string, heard: string): boolean {
  const action = ACTIONS[tool];
  if (action === undefined || action.does === "reads") return false;
  if (says(lead, "execute zapier write action")) {
    return says(heard, `action ${action.key.replaceAll("_", " ")}`);
  }
  return action.heardAs.some((name) => says(lead, name));
}

function askedIn(words: string): Understood["asks"] {
  const last =
    words
      .trim()
      .split(/(?<=[.?!])\s+/)
      .at(-1) ?? "";
  const tokens = tokensIn(last);
  if (says(tokens, "1")) return says(tokens, "2") ? "keys" : "press";
  return last.endsWith("?") ? "answer" : "nothing";
}
