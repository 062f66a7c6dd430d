/**
 * The sentence that asks for a key: what would be done, to whom, and with what, written from the arguments by code, so
 * that a misled model cannot dress it up; and whether what a model read aloud was that sentence.
 *
 * First the action, then whom it reaches, then everything else, each value behind its name; the question comes last and
 * once. What does not fit is counted, never left out: somebody who hears "and 36 more of them" can press 2.
 */
import { type Details, detailsOf, type Entry } from "./read-back-arguments.ts";
import { type Frame, type Spoken, spokenBy, spokenIn } from "./read-back-frames.ts";
import { differences, findsAll, questionIn, tokensOf } from "./read-back-heard.ts";
import { lengthOf, type Unit, unitsOf } from "./read-back-values.ts";
import { partsOf, readingOf } from "./tool-words.ts";
import type { ToolArguments } from "./tools.ts";

export type ReadBack = {
  /** To be said exactly like this. */
  readonly words: string;
  /** In the order of the words: the action, then all that must be named exactly: who, how much, how much is not said. */
  readonly essentials: readonly string[];
};

/** About 45 s at fifteen letters a second; a digit counts for five letters, as {@link lengthOf} has it. */
export const MOST_LENGTH = 675;
const MOST_OF_ACTION = 80;
const MOST_OF_LABEL = 36;

/** How much is said of each value, and of how many of the same name; the first that fits is taken. */
const LEVELS = [
  { length: 320, items: 12 },
  { length: 240, items: 12 },
  { length: 180, items: 10 },
  { length: 140, items: 8 },
  { length: 110, items: 8 },
  { length: 80, items: 6 },
  { length: 60, items: 5 },
  { length: 45, items: 4 },
  { length: 34, items: 3 },
  { length: 26, items: 2 },
  { length: 18, items: 1 },
] as const;
type Level = (typeof LEVELS)[number];

type Said = { readonly say: string; readonly essentials: readonly string[] };

/** @param action the ruling's name: a tool's, or that of an action run through a meta-tool */
export function readBackOf(action: string, args: ToolArguments, language: string | undefined): ReadBack {
  const spoken = spokenIn(language);
  const { frame } = spoken;
  const doing = cut(actionUnits(action, spoken), MOST_OF_ACTION, frame);
  const details = detailsOf(args, spoken);
  for (const level of LEVELS) {
    const said = [
      ...details.entries.map((entry) => saidOf(entry, level, frame)),
      ...restOf(details, 0, level, frame),
    ];
    const whole = sentence(doing, said, frame);
    if (lengthOf(whole.words) <= MOST_LENGTH) return whole;
  }
  return asMuchAsFits(doing, details, frame);
}

function asMuchAsFits(doing: string, details: Details, frame: Frame): ReadBack {
  const level = LEVELS[LEVELS.length - 1] ?? LEVELS[0];
  const said = details.entries.map((entry) => saidOf(entry, level, frame));
  for (let count = Math.min(said.length, MOST_LENGTH); count > 0; count--) {
    const whole = sentence(
      doing,
      [...said.slice(0, count), ...restOf(details, said.length - count, level, frame)],
      frame,
    );
    if (lengthOf(whole.words) <= MOST_LENGTH) return whole;
  }
  return sentence(doing, restOf(details, said.length, level, frame), frame);
}

function sentence(doing: string, said: readonly Said[], { closing }: Frame): ReadBack {
  const words = [doing, ...said.map(({ say }) => say)].map((each) => `${each.replace(/[,. ]+$/, "")}.`);
  return {
    words: [...words, closing].join(" "),
    essentials: [doing, ...said.flatMap(({ essentials }) => essentials)],
  };
}

function saidOf({ role, label, items, isOrder }: Entry, level: Level, frame: Frame): Said {
  const isExact = role === "who" || role === "amount";
  const shown = items.slice(0, level.items).map((units) => {
    const isKept = ({ isAddress }: Unit) => isAddress && (role === "who" || isOrder);
    return cut(units, level.length, frame, isKept, level.items);
  });
  const more = items.length > shown.length ? [frame.moreOfThem(items.length - shown.length)] : [];
  const say = `${cut(label, MOST_OF_LABEL, frame)}: ${[...shown, ...more].join(", ")}`;
  const addresses = items.flatMap((units) => units.filter(({ isAddress }) => isAddress));
  const named = isOrder ? addresses.map(({ say }) => say).filter((each) => say.includes(each)) : [];
  return { say, essentials: isExact ? [...shown, ...more] : named };
}

/** What is not said with its value: what has none, and what there is no time for. */
function restOf(
  { entries, empty, buried }: Details,
  dropped: number,
  level: Level,
  frame: Frame,
): readonly Said[] {
  const rest: Said[] = [];
  if (empty.length > 0) {
    const names = empty.slice(0, 2 * level.items).map((label) => cut(label, MOST_OF_LABEL, frame));
    const more = empty.length > names.length ? [frame.moreOfThem(empty.length - names.length)] : [];
    rest.push({ say: `${frame.leftEmpty}: ${[...names, ...more].join(", ")}`, essentials: more });
  }
  if (dropped + buried > 0) {
    const who = entries.slice(entries.length - dropped).filter(({ role }) => role === "who").length;
    const say = frame.notRead(dropped + buried, who + buried);
    rest.push({ say, essentials: [say] });
  }
  return rest;
}

/** The beginning, at least one unit; what is kept whatever its place; and how much there is besides. */
function cut(
  units: readonly Unit[],
  most: number,
  frame: Frame,
  isKept: (unit: Unit) => boolean = () => false,
  mostKept = 0,
): string {
  let length = 0;
  let count = 0;
  for (const { say } of units) {
    length += lengthOf(say) + 1;
    if (count > 0 && length > most) break;
    count++;
  }
  const begins = units
    .slice(0, count)
    .map(({ say }) => say)
    .join(" ")
    .replace(/[, ]+$/, "");
  if (count === units.length) return begins;
  const rest = units.slice(count);
  const kept = rest.filter(isKept);
  const named = kept.slice(0, mostKept).map(({ say }) => say);
  if (kept.length > named.length) named.push(frame.moreOfThem(kept.length - named.length));
  const words = rest.length - kept.length;
  return [begins, ...(words > 0 ? [frame.moreWords(words)] : []), ...named].join(", ");
}

/** `gmail_send_email` is "Gmail: send email". */
function actionUnits(action: string, spoken: Spoken): readonly Unit[] {
  const parts = partsOf(action);
  const units = unitsOf(parts.length > 0 ? parts.join(" ") : action, spoken);
  const verb = parts.findIndex((part) => readingOf(part).says !== "unclear");
  return units.map(({ say, isAddress }, at) => ({
    say: `${at === 0 ? say.charAt(0).toUpperCase() + say.slice(1) : say}${at === verb - 1 && units.length === parts.length ? ":" : ""}`,
    isAddress,
  }));
}

/** Of all other words that were to be read, and of what may slip in: a word here and there, not a sentence. */
const MOST_MISSING = { least: 2, share: 0.1, inARow: 3 } as const;
const MOST_ADDED = { least: 3, share: 0.06, inARow: 3 } as const;

/**
 * Whether a model that was given the words to read has said them, by the transcript of what it said: every recipient,
 * amount and count exactly, the action, the question at the very end, nearly all of the rest, and hardly anything else.
 */
export function wasSaid({ words, essentials }: ReadBack, transcript: string): boolean {
  const frame = spokenBy(words);
  if (frame === undefined || transcript.length > 4 * words.length + 200) return false;
  const read = tokensOf(words, frame, false);
  const question = tokensOf(frame.closing, frame, false);
  const exact = essentials.map((each) => tokensOf(each, frame, false));
  const slips = new Set(frame.slips.split(" "));
  // Only in an address is a hyphen said: the same one in "e-mail" is not.
  return [false, true].some((withHyphens) => {
    const heard = tokensOf(transcript, frame, withHyphens);
    const asks = questionIn(heard, question, slips);
    if (asks === undefined || !findsAll(exact, read, heard)) return false;
    const isWord = (token: string) => token !== "-";
    const body = read.slice(0, read.length - question.length).filter(isWord);
    const found = differences(body, heard.slice(0, asks).filter(isWord));
    return (
      found.missing <= Math.max(MOST_MISSING.least, MOST_MISSING.share * body.length) &&
      found.added <= Math.max(MOST_ADDED.least, MOST_ADDED.share * body.length) &&
      found.missingInARow <= MOST_MISSING.inARow &&
      found.addedInARow <= MOST_ADDED.inARow
    );
  });
}
