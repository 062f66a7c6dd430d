/**
 * A transcript beside the sentence that was to be read: both as words that are comparable, whatever the transcriber made
 * of addresses, digits and capitals. Only that; what may differ is read-back.ts's.
 */
import type { Frame } from "./read-back-frames.ts";

const WORD =
  /\p{L}[\p{L}\p{M}]*(?:'[\p{L}\p{M}]+)*|\p{N}|[@_]|(?<=[\p{L}\p{N}])\.(?=[\p{L}\p{N}])|(?<=\p{N}),(?=\p{N})|\+(?=[\p{L}\p{N}])|(?<=\p{L})-(?=[\p{L}\p{N}])|(?<=\p{N})-(?=\p{L})|(?<![\p{L}\p{N}]\s?)[-−](?=[\p{Sc}.]?\p{N})/gu;
/** 1,000 and 1.000, 1,000.50 and 1.000,50 */
const THOUSANDS = /(?<![\d.,])\d{1,3}(?:(?:,\d{3})+(?:\.\d+)?|(?:\.\d{3})+(?:,\d+)?)(?![.,]?\d)/g;

/**
 * Each digit for itself; addresses, numbers and signs alike whether they are written or spoken.
 * @param withHyphens whether one inside a word is a sign of its own, as in an address, or only how it is written
 */
export function tokensOf(text: string, frame: Frame, withHyphens: boolean): readonly string[] {
  const signs = signsOf(frame);
  const plain = text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[’‘ʼ`´]/g, "'")
    .replace(THOUSANDS, (number) => number.replace(/[.,](?=\d{3}(?!\d))/g, ""));
  const isInside = (at: number) => /[\p{L}\p{M}\p{N}]/u.test(plain[at - 1] ?? "");
  return [...plain.matchAll(WORD)].flatMap(({ 0: word, index }) => {
    if (word === "-" && !withHyphens && isInside(index)) return [];
    return signs.get(word) ?? [word.replaceAll("'", "")];
  });
}

/** What is written or said for a sign or a digit → one way to have it. */
function signsOf(frame: Frame): ReadonlyMap<string, readonly string[]> {
  const signs = new Map<string, readonly string[]>([
    [",", ["."]],
    ["−", ["-"]],
  ]);
  const add = (names: readonly string[], sign: string): void => {
    for (const name of names) signs.set(name.toLowerCase(), [sign]);
  };
  add(frame.at, "@");
  add(frame.dot, ".");
  add([...frame.hyphen, frame.minus], "-");
  add(frame.plus, "+");
  for (const [digit, names] of frame.digits.entries()) add(names.split("|"), String(digit));
  // Two words in Spanish, and the first of them is a sign too.
  const underscore = (frame.underscore[0] ?? "").split(" ").flatMap((word) => signs.get(word) ?? [word]);
  for (const name of ["_", ...frame.underscore])
    if (!name.includes(" ")) signs.set(name.toLowerCase(), underscore);
  return signs;
}

/**
 * Whether the essentials are in what was heard, one after the other, each as it was to be read and with the same words
 * around it, small ones apart: "Anna" is not in "Anna Maria". The first, which is the action, may be a letter off in a long word.
 */
export function findsAll(
  essentials: ReadonlyArray<readonly string[]>,
  read: readonly string[],
  heard: readonly string[],
  slips: ReadonlySet<string>,
): boolean {
  const beside = (from: number, step: 1 | -1): string | undefined => {
    let at = from;
    while (slips.has(heard[at] ?? "")) at += step;
    return heard[at];
  };
  let inRead = 0;
  let inHeard = 0;
  for (const [which, essential] of essentials.entries()) {
    if (essential.length === 0) continue;
    const isAction = which === 0;
    const place = runIn(read, essential, inRead, isAction);
    if (place === undefined) return false;
    const before = read[place.from - 1];
    const after = read[place.to];
    const found = runIn(
      heard,
      essential,
      inHeard,
      isAction,
      ({ from, to }) =>
        (before === undefined || isBeside(heard[from - 1], beside(from - 1, -1), before)) &&
        isBeside(heard[to], beside(to, 1), after),
    );
    if (found === undefined) return false;
    inRead = place.to;
    inHeard = found.to;
  }
  return true;
}

/** Next to it, or behind small words. */
const isBeside = (next: string | undefined, behind: string | undefined, read: string | undefined): boolean =>
  isLike(next, read) || isLike(behind, read);

type Place = { readonly from: number; readonly to: number };

/** Wherever spaces were heard: "gmail" and "G mail" are the same. */
function runIn(
  tokens: readonly string[],
  run: readonly string[],
  start: number,
  isLoose: boolean,
  isThere: (place: Place) => boolean = () => true,
): Place | undefined {
  const wanted = run.join("");
  for (let from = start; from < tokens.length; from++) {
    let to = from;
    for (let joined = ""; joined.length < wanted.length && to < tokens.length; ) {
      joined += tokens[to++];
      if (joined === wanted && isThere({ from, to })) return { from, to };
    }
    to = from + run.length;
    if (isLoose && run.every((token, at) => isLike(tokens[from + at], token)) && isThere({ from, to })) {
      return { from, to };
    }
  }
  return undefined;
}

/** Where in what was heard the question begins that ends it; undefined: something else ends it. */
export function questionIn(
  heard: readonly string[],
  question: readonly string[],
  slips: ReadonlySet<string>,
): number | undefined {
  let at = heard.length;
  for (const token of question.toReversed()) {
    at--;
    while (at >= 0 && !isLike(heard[at], token) && slips.has(heard[at] ?? "")) at--;
    if (!isLike(heard[at], token)) return undefined;
  }
  return at;
}

export type Differences = {
  readonly missing: number;
  readonly missingInARow: number;
  readonly added: number;
  readonly addedInARow: number;
};

/** The fewest words that were left out and put in. */
export function differences(toRead: readonly string[], wasHeard: readonly string[]): Differences {
  const [read, heard] = [toRead.map(folded), wasHeard.map(folded)];
  const width = heard.length + 1;
  const common = new Uint16Array((read.length + 1) * width);
  const at = (r: number, h: number) => common[r * width + h] ?? 0;
  for (let r = read.length - 1; r >= 0; r--) {
    for (let h = heard.length - 1; h >= 0; h--) {
      common[r * width + h] = isAlike(heard[h], read[r])
        ? at(r + 1, h + 1) + 1
        : Math.max(at(r + 1, h), at(r, h + 1));
    }
  }
  const found = { missing: 0, missingInARow: 0, added: 0, addedInARow: 0 };
  let missing = 0;
  let added = 0;
  for (let r = 0, h = 0; r < read.length || h < heard.length; ) {
    if (r < read.length && h < heard.length && isAlike(heard[h], read[r])) {
      missing = 0;
      added = 0;
      r++;
      h++;
    } else if (h >= heard.length || (r < read.length && at(r + 1, h) >= at(r, h + 1))) {
      found.missing++;
      found.missingInARow = Math.max(found.missingInARow, ++missing);
      r++;
    } else {
      found.added++;
      found.addedInARow = Math.max(found.addedInARow, ++added);
      h++;
    }
  }
  return found;
}

const folded = (word: string): string => word.normalize("NFD").replace(/\p{M}/gu, "").replaceAll("ß", "ss");

const SHORTEST_TO_GARBLE = 5;

/** The same word, or one that a transcriber makes of it. */
const isLike = (heard: string | undefined, read: string | undefined): boolean =>
  heard === read || (heard !== undefined && read !== undefined && isAlike(folded(heard), folded(read)));

function isAlike(one = "", other = ""): boolean {
  if (one === other) return true;
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  if (short.length < SHORTEST_TO_GARBLE || long.length - short.length > 1) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at++;
  return short.slice(short.length === long.length ? at + 1 : at) === long.slice(at + 1);
}
