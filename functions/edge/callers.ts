/**
 * The allowlist: whole E.164 numbers, each with what the assistant should know of its owner, and the owner's PIN.
 *
 * From `ALLOWED_NUMBERS` (numbers alone) and from the private asset `assets/callers.private.json` (number → profile),
 * together. `scripts/build.ts` checks the file with the very same code before it is deployed. What is wrong is
 * said by its line and without quoting a number or a PIN: the messages end up in logs. A file with one mistake is no list.
 */
import type { z } from "zod";
import { ListedProfile } from "../../relay/contract.ts";
import { JsonSyntaxError, type Located, lineAt, type Member, parseLocated, plain } from "./located-json.ts";
import { isPin, type PinHash, readPinHash } from "./pin.ts";

export type Caller = { readonly profile: ListedProfile; readonly pin?: PinHash };
export type Callers = ReadonlyMap<string, Caller>;

/** Under this name the runtime finds `assets/callers.private.json`. */
export const CALLERS_ASSET = "/callers.json";
export const CALLERS_FILE = "assets/callers.private.json";

/**
 * What Twilio puts into `From` when there is no number: one of these words as typed on a telephone. They look like
 * numbers; on an allowlist, one of them would let in everybody who hides theirs.
 */
const NO_NUMBER = new Set(
  ["ANONYMOUS", "BLOCKED", "RESTRICTED", "UNAVAILABLE", "UNKNOWN"].map((word) => `+${onKeypad(word)}`),
);

function onKeypad(word: string): string {
  const keys = ["ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ"];
  return [...word].map((letter) => keys.findIndex((key) => key.includes(letter)) + 2).join("");
}

export const isPhoneNumber = (text: string): boolean =>
  /^\+[1-9]\d{6,14}$/.test(text) && !NO_NUMBER.has(text);

export type CallersProblem = {
  readonly wrong: string;
  readonly mend: string;
  /** Of the file. */
  readonly line?: number;
};

/** A name in a caller's own list of transfers, and where it stands. */
export type Mention = { readonly name: string; readonly line: number };

export type ReadCallers =
  | { readonly ok: true; readonly callers: Callers; readonly mentions: readonly Mention[] }
  | { readonly ok: false; readonly problems: readonly CallersProblem[] };

/** @param list as in `ALLOWED_NUMBERS`: commas between, spaces anywhere */
export function callersFromList(list: string): ReadCallers {
  const callers = new Map<string, Caller>();
  const problems: CallersProblem[] = [];
  const entries = list.split(",").map((entry) => entry.replaceAll(/\s/g, ""));
  for (const [index, entry] of entries.entries()) {
    // A comma at the end, or two in a row, says nothing about anybody.
    if (entry === "") continue;
    if (isPhoneNumber(entry)) callers.set(entry, { profile: {} });
    else problems.push({ wrong: `entry ${index + 1} of ${entries.length} ${notANumber(entry)}`, mend: E164 });
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, callers, mentions: [] };
}

/** @param text the content of `callers.private.json` */
export function callersFromFile(text: string): ReadCallers {
  let file: Located;
  try {
    file = parseLocated(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return failed({ line: error.line, wrong: `is not JSON: ${error.message}`, mend: COMPARE });
  }
  if (file.kind !== "object") {
    const mend = 'write { "+15551234567": {} } as in assets/callers.example.json';
    return failed({ line: file.line, wrong: "is not an object", mend });
  }

  const callers = new Map<string, Caller>();
  const problems: CallersProblem[] = [];
  const mentions: Mention[] = [];
  const seen = new Set<string>();
  for (const { name, line, value } of file.members) {
    const number = name.replaceAll(/\s/g, "");
    if (!isPhoneNumber(number)) {
      problems.push({ line, wrong: `a key ${notANumber(number)}`, mend: E164 });
      continue;
    }
    if (seen.has(number)) {
      problems.push({ line, wrong: "the same number twice", mend: "keep one of them" });
    }
    seen.add(number);
    const read = readCaller(value);
    if ("caller" in read) {
      callers.set(number, read.caller);
      const places = read.caller.profile.transfers ?? [];
      mentions.push(...places.map((name, at) => ({ name, line: lineAt(value, ["transfers", at]) })));
    }
    // What is wrong with the whole of a caller is said where the caller begins.
    else problems.push(...read.problems.map((problem) => ({ line, ...problem })));
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, callers, mentions };
}

function readCaller(value: Located): { caller: Caller } | { problems: readonly CallersProblem[] } {
  const members = value.kind === "object" ? value.members : [];
  const problems: CallersProblem[] = repeated(value).map(({ line }) => ({
    line,
    wrong: "the same member twice",
    mend: "keep one of them",
  }));

  const own = members.find(({ name }) => name === "pin");
  const pin = own === undefined ? undefined : readPin(own.value);
  if (own !== undefined && pin === undefined) {
    const given = own.value.kind === "scalar" ? String(own.value.value) : "";
    const wrong = isPin(given) ? "pin: is the PIN itself, not its hash" : "pin: is not the hash of a PIN";
    problems.push({ line: own.line, wrong, mend: "make the hash with: npm run pin" });
  }

  const others: Located = value.kind === "object" ? { ...value, members: members.filter(notPin) } : value;
  const profile = ListedProfile.safeParse(plain(others));
  if (!profile.success) problems.push(...profile.error.issues.flatMap((issue) => asProblems(issue, value)));
  if (problems.length > 0 || !profile.success) return { problems };
  return { caller: { profile: profile.data, ...(pin && { pin }) } };
}

const notPin = ({ name }: Member): boolean => name !== "pin";

const readPin = (value: Located): PinHash | undefined =>
  value.kind === "scalar" && typeof value.value === "string" ? readPinHash(value.value) : undefined;

/** JSON.parse keeps the last of two and says nothing: the owner would think that both count. */
function repeated(value: Located): readonly Member[] {
  if (value.kind === "array") return value.items.flatMap(repeated);
  if (value.kind === "scalar") return [];
  const seen = new Set<string>();
  const again = value.members.filter(({ name }) => seen.has(name) || !seen.add(name));
  return [...again, ...value.members.flatMap((member) => repeated(member.value))];
}

function asProblems(issue: z.core.$ZodIssue, caller: Located): readonly CallersProblem[] {
  const mend =
    "a caller may have name, language, timeZone, greeting, instructions, tools, transfers and pin, and nothing else";
  const where = issue.path.map(String).join(".") || "the caller";
  const problem = (path: readonly PropertyKey[], message: string): CallersProblem => ({
    ...(path.length > 0 && { line: lineAt(caller, path) }),
    wrong: `${where}: ${withoutNumbers(message)}`,
    mend,
  });
  if (issue.code !== "unrecognized_keys") return [problem(issue.path, issue.message)];
  return issue.keys.map((key) => problem([...issue.path, key], `unknown member "${key}"`));
}

const COMPARE = "compare it with assets/callers.example.json";
export const E164 = "write the whole number with + and the country code, as in +15551234567";

const failed = (problem: CallersProblem): ReadCallers => ({ ok: false, problems: [problem] });

export function notANumber(entry: string): string {
  if (NO_NUMBER.has(entry)) return "is what Twilio sends for callers who hide their number";
  if (/^\d+$/.test(entry)) return "has no + before its country code";
  return "is not a whole E.164 number";
}

/** A message may quote a key, and a number in the wrong place is a key, in whatever way it is written. */
const withoutNumbers = (message: string): string => message.replaceAll(/\+?\d[\d\s()./-]{4,}\d/g, "[number]");
