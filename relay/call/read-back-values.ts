/**
 * One value of a request, in words that can be spoken and are nothing but data. Signs that could dress up a question or
 * act as an instruction to whoever reads the text aloud are gone: quotes, brackets, markup, lines, what cannot be seen.
 * Addresses are spelled out; a link is its host, because the rest of it says nothing to an ear. What is dropped and was
 * no punctuation is mentioned.
 *
 * A text that speaks of pressing keys could be taken for the relay's own question ("Press 1 to hear your tasks"). It is
 * not read: what is said is that there is such a text, and the addresses in it.
 */
import type { Frame, Spoken } from "./read-back-frames.ts";
import { mentionsKeys, speaksOfKeys } from "./read-back-keys.ts";
import { dateIn, digitByDigit, linkIn, plainWords, shortened, spelled } from "./read-back-spelling.ts";

/** Said whole or not at all. */
export type Unit = {
  readonly say: string;
  /** `address`: of a person or a place. `note`: the relay's own words. */
  readonly is: "word" | "address" | "note";
};

/** What parts words whatever else it does: spaces, and signs that would open or close something. */
const PARTS = /[\s\p{Z}\p{Cc}<>()[\]{}"“”„«»‹›`;|\\]+/u;
const PLAIN_TAGS = /<\/?[a-z][a-z0-9]{0,10}\s?\/?>/gi;
/** Directions, widths, tags, halves of characters: whoever reads the text sees nothing there. */
const UNSEEN = /[\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu;
/** Signs beyond ASCII that nobody would say. Money and degrees have words. */
const UNSPEAKABLE = /(?![\x20-\x7E°])[\p{So}\p{Sk}\p{Sm}]/gu;
const PHONE = /\+\p{N}[\p{N} ()./-]{5,24}\p{N}/gu;
const SPELLED_NUMBER = /^\+?\p{N}{7,}$/u;
/** No value is spoken further than this; in the rest words are counted and addresses looked for. */
const MOST_WORDS = 200;

export const noteOf = (say: string): Unit => ({ say, is: "note" });
const addressOf = (say: string): Unit => ({ say, is: "address" });

/** @param isWary what stands around this value makes a question for a key of it */
export function unitsOf(value: unknown, spoken: Spoken, isWary: boolean): readonly Unit[] {
  const { frame } = spoken;
  switch (typeof value) {
    case "string":
      return unitsOfText(value, spoken, isWary);
    case "boolean":
      return [noteOf(value ? frame.yes : frame.no)];
    case "number":
      return [{ say: numberOf(value, frame), is: "word" }];
    default:
      return [noteOf(frame.unreadable)];
  }
}

/** Not digit by digit: where an argument is a number it is an amount. */
function numberOf(value: number, frame: Frame): string {
  const digits = (Number.isInteger(value) ? BigInt(value).toString() : String(value)).replace(/^-/, "");
  return `${value < 0 ? `${frame.minus} ` : ""}${shortened([...digits.replace(".", frame.decimal)], frame)}`;
}

function unitsOfText(raw: string, spoken: Spoken, isWary: boolean): readonly Unit[] {
  const { frame } = spoken;
  // A power or a fraction would become a part of the number before it.
  const compatible = raw
    .replace(/(?<=\p{N})(?=\p{No})/gu, " ")
    .normalize("NFKC")
    .replaceAll("−", "-")
    .replaceAll("⁄", "/");
  const words = compatible
    .replace(UNSEEN, "")
    .replace(PLAIN_TAGS, " ")
    .replace(UNSPEAKABLE, " ")
    .replace(/(?=\bhttps?:\/\/)/gi, " ")
    .replace(PHONE, (text) => {
      const number = text.replace(/[^\p{N}+]/gu, "");
      return SPELLED_NUMBER.test(number) ? number : text;
    })
    .split(PARTS)
    .flatMap((word) => (word.includes("@") ? word.split(",") : [word]));
  const units = words.flatMap((word, at) =>
    at < MOST_WORDS || /@|:\/\/|\p{N}{7}/u.test(word) ? unitsOfWord(word, spoken) : counted(word),
  );
  const notes: Unit[] = [];
  const isUnreadable = raw.search(UNSEEN) >= 0 || compatible.search(UNSPEAKABLE) >= 0;
  if (isUnreadable || (units.length === 0 && raw.trim() !== "")) notes.push(noteOf(frame.unreadable));
  if (hasOddAddress(raw)) notes.push(noteOf(frame.oddLetters));
  return [...withoutKeys(units, frame, isWary), ...notes];
}

/** Letters that look like others, as full-width ones do: what is said is what they look like, and not the address. */
const hasOddAddress = (raw: string): boolean =>
  /[^\p{ASCII}]/u.test(raw) &&
  raw.split(PARTS).some((word) => {
    const compatible = word.normalize("NFKC");
    return compatible.includes("@") && compatible !== word.normalize("NFC");
  });

function unitsOfWord(word: string, spoken: Spoken): readonly Unit[] {
  const { frame } = spoken;
  const bare = word.replace(/^[^\p{L}\p{N}@+_-]+/u, "").replace(/[^\p{L}\p{M}\p{N}_+-]+$/u, "");
  const link = bare.includes("@") && !bare.includes("://") ? undefined : linkIn(bare, frame);
  if (link !== undefined) return [addressOf(link)];
  if (bare.includes("@")) return [addressOf(spelled(bare.replace(/^mailto:/i, ""), frame))];
  if (SPELLED_NUMBER.test(bare)) return [addressOf(digitByDigit(bare, frame))];
  const date = dateIn(bare, spoken);
  if (date !== undefined) return [{ say: date, is: "word" }];
  return plainWords(word, frame).map((each) => ({ say: shortened([...each], frame), is: "word" }));
}

const counted = (word: string): readonly Unit[] =>
  /[\p{L}\p{N}\p{Sc}]/u.test(word) ? [{ say: "", is: "word" }] : [];

function withoutKeys(units: readonly Unit[], frame: Frame, isWary: boolean): readonly Unit[] {
  const words = units.filter(({ is }) => is === "word");
  const text = words.map(({ say }) => say).join(" ");
  if (!(isWary ? mentionsKeys(text) : speaksOfKeys(text))) return units;
  return [noteOf(frame.aboutKeys(words.length)), ...units.filter(({ is }) => is === "address")];
}
