/**
 * The allowlist: whole E.164 numbers, each with what the assistant should know of its owner.
 *
 * From `ALLOWED_NUMBERS` (numbers alone) and from the private asset `assets/callers.private.json` (number → profile),
 * together. `scripts/build.ts` checks the file with the very same code before it is deployed. What is wrong is
 * said without quoting a number: the messages end up in logs.
 */
import { Profile } from "../../relay/contract.ts";

export type Callers = ReadonlyMap<string, Profile>;

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
  /** Where in the file, from its top: keys and indices. */
  readonly at?: ReadonlyArray<string | number>;
};

export type ReadCallers =
  | { readonly ok: true; readonly callers: Callers }
  | { readonly ok: false; readonly problems: readonly CallersProblem[] };

/** @param list as in `ALLOWED_NUMBERS`: commas between, spaces anywhere */
export function callersFromList(list: string): ReadCallers {
  const callers = new Map<string, Profile>();
  const problems: CallersProblem[] = [];
  const entries = list.split(",").map((entry) => entry.replaceAll(/\s/g, ""));
  for (const [index, entry] of entries.entries()) {
    // A comma at the end, or two in a row, says nothing about anybody.
    if (entry === "") continue;
    if (isPhoneNumber(entry)) callers.set(entry, {});
    else problems.push({ wrong: `entry ${index + 1} of ${entries.length} ${notANumber(entry)}`, mend: E164 });
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, callers };
}

/** @param text the content of `callers.private.json` */
export function callersFromFile(text: string): ReadCallers {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return failed({ wrong: "is not JSON", mend: "compare it with assets/callers.example.json" });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return failed({
      wrong: "is not an object",
      mend: 'write { "+15551234567": {} } as in assets/callers.example.json',
    });
  }

  const callers = new Map<string, Profile>();
  const problems: CallersProblem[] = [];
  const entries: Array<[string, unknown]> = Object.entries(json);
  for (const [key, value] of entries) {
    const number = key.replaceAll(/\s/g, "");
    if (!isPhoneNumber(number)) {
      problems.push({ at: [key], wrong: `a key ${notANumber(number)}`, mend: E164 });
      continue;
    }
    if (callers.has(number)) {
      problems.push({ at: [key], wrong: "the same number twice", mend: "keep one of them" });
    }
    const profile = Profile.safeParse(value);
    if (profile.success) callers.set(number, profile.data);
    else {
      for (const issue of profile.error.issues) {
        problems.push({
          at: [key, ...issue.path.map((step) => (typeof step === "number" ? step : String(step)))],
          wrong: `${issue.path.map(String).join(".") || "the caller"}: ${withoutNumbers(issue.message)}`,
          mend: "a caller may have name, language, greeting, instructions and tools, and nothing else",
        });
      }
    }
  }
  // JSON.parse keeps the last of two equal keys and says nothing: the owner would think that both count.
  for (const key of repeatedKeys(text)) {
    problems.push({ at: [key], wrong: "the same number twice", mend: "keep one of them" });
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, callers };
}

const E164 = "write the whole number with + and the country code, as in +15551234567";

const failed = (problem: CallersProblem): ReadCallers => ({ ok: false, problems: [problem] });

function notANumber(entry: string): string {
  if (NO_NUMBER.has(entry)) return "is what Twilio sends for callers who hide their number";
  if (/^\d+$/.test(entry)) return "has no + before its country code";
  return "is not a whole E.164 number";
}

/** A message may quote a key, and a number in the wrong place is a key. */
const withoutNumbers = (message: string): string => message.replaceAll(/\+?\d{6,}/g, "[number]");

function repeatedKeys(text: string): readonly string[] {
  const keys = [...text.matchAll(/(?<!\\)"(\+[\d ]+)"\s*:/g)].flatMap(([, key]) => (key ? [key] : []));
  return [...new Set(keys.filter((key, index) => keys.indexOf(key) !== index))];
}
