/**
 * The sentence that asks for a key: what would be done, to whom, and with what, written from the arguments by code, so
 * that a misled model cannot dress it up; and whether what a model read aloud was that sentence.
 *
 * First the action, then whom it reaches, then everything else, each value behind its name; the question comes last and
 * once. What does not fit is counted, never left out: somebody who hears "and 36 more of them" can press 2.
 */
import { type Details, detailsOf, type Entry, wordsOfName } from "./read-back-arguments.ts";
import { type Frame, type Spoken, spokenBy, spokenIn } from "./read-back-frames.ts";
import { differences, findsAll, questionIn, tokensOf } from "./read-back-heard.ts";
import { speaksOfKeys } from "./read-back-keys.ts";
import { lengthOf } from "./read-back-spelling.ts";
import { noteOf, type Unit, unitsOf } from "./read-back-values.ts";
import { readingOf } from "./tool-words.ts";
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
/** Of words that belong to different arguments. */
const NEAR_BY = 2;

type Level = {
  /** How much is said of each value. */
  readonly length: number;
  /** How many of the same name are said. */
  readonly items: number;
};
/** The first that fits is taken: texts are cut before names are only counted. */
const LEVELS: readonly Level[] = [
  ...[320, 240, 180, 140, 110, 80, 60].map((length) => ({ length, items: 12 })),
  ...[80, 60, 45].map((length) => ({ length, items: 8 })),
  ...[60, 45, 34].map((length) => ({ length, items: 5 })),
  { length: 34, items: 3 },
  { length: 26, items: 2 },
  { length: 18, items: 1 },
];
const LEAST: Level = { length: 12, items: 1 };

type Said = { readonly say: string; readonly essentials: readonly string[] };

/**
 * @param action a tool's name, or all the names that an action run through a meta-tool goes by: nobody knows which of
 *   them counts, and one alone could hide what the other does
 */
export function readBackOf(
  action: string | readonly string[],
  args: ToolArguments,
  language: string | undefined,
): ReadBack {
  const spoken = spokenIn(language);
  const actions = typeof action === "string" ? [action] : action;
  const calm = requestOf(actions, args, spoken, false);
  // Apart they say nothing of keys, one after the other they do: {"press": "1"}.
  const request = speaksOfKeys(textOf(calm), NEAR_BY) ? requestOf(actions, args, spoken, true) : calm;
  const all = request.details.entries.length;
  for (const level of LEVELS) {
    const whole = sentence(request, all, level, spoken.frame);
    if (whole !== undefined) return whole;
  }
  for (let count = all; count > 0; count--) {
    const whole = sentence(request, count, LEAST, spoken.frame);
    if (whole !== undefined) return whole;
  }
  return written(request.doing, restOf(request.details, 0, LEAST, spoken.frame), spoken.frame);
}

type Request = { readonly doing: readonly Unit[]; readonly details: Details };

const requestOf = (
  actions: readonly string[],
  args: ToolArguments,
  spoken: Spoken,
  isWary: boolean,
): Request => ({
  doing: actions.flatMap((action, at) => {
    const units = actionUnits(action, spoken, isWary);
    const isLast = at === actions.length - 1;
    return units.map((unit, of) =>
      isLast || of < units.length - 1 ? unit : { ...unit, say: `${unit.say},` },
    );
  }),
  details: detailsOf(actions.join(" "), args, spoken, isWary),
});

const textOf = ({ doing, details }: Request): string =>
  [doing, ...details.entries.flatMap(({ label, items }) => [label, ...items]), ...details.empty]
    .flatMap((units) => units.filter(({ is }) => is === "word").map(({ say }) => say))
    .join(" ");

/** undefined: it is too long. @param count how many of the entries are said */
function sentence(
  { doing, details }: Request,
  count: number,
  level: Level,
  frame: Frame,
): ReadBack | undefined {
  const rest = restOf(details, count, level, frame);
  const said: Said[] = [];
  let length = 0;
  for (const entry of details.entries.slice(0, count)) {
    const next = saidOf(entry, level, frame);
    length += lengthOf(next.say);
    if (length > MOST_LENGTH) return undefined;
    said.push(next);
  }
  const whole = written(doing, [...said, ...rest], frame);
  return lengthOf(whole.words) > MOST_LENGTH ? undefined : whole;
}

function written(doing: readonly Unit[], said: readonly Said[], frame: Frame): ReadBack {
  const action = cut(doing, MOST_OF_ACTION, frame).say;
  const sentences = [action, ...said.map(({ say }) => say)].map((say) => `${say}.`);
  return {
    words: [...sentences, frame.closing].join(" "),
    essentials: [action, ...said.flatMap(({ essentials }) => essentials)],
  };
}

function saidOf({ role, label, items, count, isOrder }: Entry, level: Level, frame: Frame): Said {
  const isKept = ({ is }: Unit) => is === "address" && (role === "who" || isOrder);
  const shown = items
    .slice(0, level.items)
    .map((units) => cut(units, level.length, frame, isKept, level.items));
  const more = moreOf(count - shown.length, frame);
  const values = [...shown.map(({ say }) => say), ...more];
  const isExact = role === "who" || role === "amount";
  return {
    say: `${cut(label, MOST_OF_LABEL, frame).say}: ${values.join(", ")}`,
    essentials: isExact ? values : isOrder ? shown.flatMap(({ addresses }) => addresses) : [],
  };
}

const moreOf = (count: number, { moreOfThem }: Frame): readonly string[] =>
  count > 0 ? [moreOfThem(count)] : [];

/** What is not said with its value: what has none, and what there is no time for. */
function restOf(details: Details, count: number, level: Level, frame: Frame): readonly Said[] {
  const { entries, empty, emptyCount, unsaid } = details;
  const rest: Said[] = [];
  if (emptyCount > 0) {
    const names = empty.slice(0, level.items).map((label) => cut(label, MOST_OF_LABEL, frame).say);
    const more = moreOf(emptyCount - names.length, frame);
    rest.push({ say: `${frame.leftEmpty}: ${[...names, ...more].join(", ")}`, essentials: more });
  }
  const dropped = entries.slice(count);
  if (dropped.length + unsaid.count > 0) {
    const who = dropped.filter(({ role }) => role === "who").length + unsaid.who;
    const say = frame.notRead(dropped.length + unsaid.count, who);
    rest.push({ say, essentials: [say] });
  }
  return rest;
}

type Cut = { readonly say: string; readonly addresses: readonly string[] };

/** The beginning, at least one unit; how much there is besides; and of that what is kept whatever its place. */
function cut(
  units: readonly Unit[],
  most: number,
  frame: Frame,
  isKept: (unit: Unit) => boolean = () => false,
  mostKept = 0,
): Cut {
  let length = 0;
  let count = 0;
  for (const { say } of units) {
    length += lengthOf(say) + 1;
    if (count > 0 && length > most) break;
    count++;
  }
  const begins = units.slice(0, count);
  const kept = units.slice(count).filter(isKept);
  const named = kept.slice(0, mostKept);
  const words = units.length - count - kept.length;
  const spoken = [
    joined(begins),
    ...(words > 0 ? [frame.moreWords(words)] : []),
    ...named.map(({ say }) => say),
    ...moreOf(kept.length - named.length, frame),
  ];
  const addresses = [...begins.filter(isKept), ...named].map(({ say }) => say);
  return { say: spoken.join(", "), addresses: [...addresses, ...moreOf(kept.length - named.length, frame)] };
}

/** A note of the relay's own stands apart from the words around it. */
const joined = (units: readonly Unit[]): string =>
  units
    .map(({ say, is }, at) => (is === "note" && at < units.length - 1 ? `${say},` : say))
    .join(" ")
    .replace(/[, ]+$/, "");

/** `gmail_send_email` is "Gmail: send email". */
function actionUnits(action: string, spoken: Spoken, isWary: boolean): readonly Unit[] {
  const parts = wordsOfName(action).split(" ");
  const units = unitsOf(parts.join(" "), spoken, isWary);
  const verb = parts.findIndex((part) => readingOf(part).says !== "unclear");
  const app = units.length === parts.length ? verb - 1 : -1;
  if (units.length === 0) return [noteOf(spoken.frame.unnamed)];
  return units.map(({ say, is }, at) => ({
    say: `${at === 0 ? say.charAt(0).toUpperCase() + say.slice(1) : say}${at === app ? ":" : ""}`,
    is,
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
  const body = read.slice(0, read.length - question.length);
  const slips = new Set(frame.slips.split(" "));
  // Only in an address is a hyphen said: the same one in "e-mail" is not.
  return [false, true].some((withHyphens) => {
    const heard = tokensOf(transcript, frame, withHyphens);
    const asks = questionIn(heard, question, slips);
    if (asks === undefined || !findsAll(exact, read, heard, slips)) return false;
    const before = heard.slice(0, asks);
    // A key that the relay does not ask for.
    if (speaksOfKeys(before.join(" ")) && !speaksOfKeys(body.join(" "))) return false;
    const isWord = (token: string) => token !== "-";
    const found = differences(body.filter(isWord), before.filter(isWord));
    return (
      found.missing <= Math.max(MOST_MISSING.least, MOST_MISSING.share * body.length) &&
      found.added <= Math.max(MOST_ADDED.least, MOST_ADDED.share * body.length) &&
      found.missingInARow <= MOST_MISSING.inARow &&
      found.addedInARow <= MOST_ADDED.inARow
    );
  });
}
