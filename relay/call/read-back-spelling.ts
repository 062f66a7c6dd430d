/**
 * How one word of a value is said: addresses and hosts sign by sign, dates as dates, long numbers digit by digit, and of
 * all else the letters. A word that is too long to listen to loses its middle, which is counted: the end of an address is
 * what tells whose it is.
 */
import type { Frame, Spoken } from "./read-back-frames.ts";

/** Letters take about a fifteenth of a second; a digit is a word, and a Chinese or Japanese sign a syllable or two. */
const AS_LONG_AS_FIVE = /[\p{N}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;

/** How long it takes to say, in letters. */
export const lengthOf = (text: string): number =>
  text.length + 4 * (text.match(AS_LONG_AS_FIVE)?.length ?? 0);

const MOST_LENGTH = 90;
const MOST_OF_AN_END = 36;

/** Signs as they are said, a space before each that needs one; the middle of too many of them is only counted. */
export function shortened(signs: readonly string[], { moreCharacters }: Frame): string {
  const whole = signs.join("").trim();
  if (lengthOf(whole) <= MOST_LENGTH) return whole;
  let head = 0;
  let length = 0;
  while (head < signs.length && length + lengthOf(signs[head] ?? "") <= MOST_OF_AN_END) {
    length += lengthOf(signs[head++] ?? "");
  }
  let tail = signs.length;
  length = 0;
  while (tail > head && length + lengthOf(signs[tail - 1] ?? "") <= MOST_OF_AN_END) {
    length += lengthOf(signs[--tail] ?? "");
  }
  const [left, right] = [signs.slice(0, head), signs.slice(tail)].map((some) => some.join("").trim());
  return `${left}, ${moreCharacters(tail - head)}, ${right}`.replace(/^, |, $/g, "");
}

/** Each sign by its name, so that no two addresses sound alike. */
export function spelled(address: string, frame: Frame): string {
  const pieces = address.match(/[\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}]/gu) ?? [];
  const signs = pieces.flatMap((piece, at) => {
    const said = /[\p{L}\p{M}\p{N}]/u.test(piece) ? [...piece] : [nameOf(piece, frame)];
    return at === 0 ? said : [` ${said[0]}`, ...said.slice(1)];
  });
  const say = shortened(signs, frame);
  // Other alphabets have letters that look or sound like ours.
  return /[^\p{ASCII}À-ÿ]/u.test(address.normalize("NFC")) ? `${say} ${frame.oddLetters}` : say;
}

function nameOf(sign: string, { at, dot, underscore, hyphen, plus, character }: Frame): string {
  const names = { "@": at, ".": dot, _: underscore, "-": hyphen, "+": plus };
  const known = Object.entries(names).find(([each]) => each === sign);
  return known?.[1][0] ?? character(sign.codePointAt(0) ?? 0);
}

/** A number to call or an id, not an amount. */
export function digitByDigit(number: string, frame: Frame): string {
  const plus = number.startsWith("+") ? [`${frame.plus[0]}`] : [];
  const digits = number.match(/\p{N}/gu) ?? [];
  return shortened([...plus, ...digits.map((digit) => ` ${digit}`)], frame);
}

const HOST = /^[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){0,8}\.\p{L}{2,24}$/u;
const MOST_OF_PATH = 40;

/** The host, and how much there is besides if that could carry something. */
export function linkIn(word: string, frame: Frame): string | undefined {
  const from = word.search(/[a-z][a-z0-9+.-]{0,20}:\/\/\S/i);
  if (from >= 0) {
    try {
      const { hostname, pathname, search, hash } = new URL(word.slice(from));
      return hostname === "" ? undefined : link(hostname, pathname + search + hash, frame);
    } catch {
      return undefined;
    }
  }
  const slash = word.indexOf("/");
  const host = slash < 0 ? word : word.slice(0, slash);
  if (!HOST.test(host)) return undefined;
  return slash < 0 ? spelled(host, frame) : link(host, word.slice(slash), frame);
}

function link(host: string, path: string, frame: Frame): string {
  const more = path.length > MOST_OF_PATH ? ` ${frame.moreCharacters(path.length)}` : "";
  return `${frame.linkTo} ${spelled(host, frame)}${more}`;
}

const DATE =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt](\d\d):(\d\d)(?::(\d\d)(?:\.0+)?)?(?:([Zz])|([+-])(\d\d):?(\d\d))?)?$/;

/** As RFC 3339 writes it. The time stays the one that is written. */
export function dateIn(word: string, { language, frame }: Spoken): string | undefined {
  const parts = DATE.exec(word);
  if (parts === null) return undefined;
  const [, year = "", month = "", day = "", hour, minute, second, zulu, sign, zoneHour, zoneMinute] = parts;
  const time = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (Number(year) < 1000 || time.getUTCMonth() !== Number(month) - 1 || time.getUTCDate() !== Number(day)) {
    return undefined;
  }
  const date = new Intl.DateTimeFormat(language, { dateStyle: "long", timeZone: "UTC" }).format(time);
  const said = [date.replace(/\.(?=\s)/g, "")];
  const seconds = second === undefined || second === "00" ? "" : `:${second}`;
  if (hour !== undefined) said.push(`${hour}:${minute}${seconds}`);
  if (zulu !== undefined) said.push("UTC");
  if (sign !== undefined) {
    said.push(`UTC ${sign === "+" ? frame.plus[0] : frame.minus} ${zoneHour}:${zoneMinute}`);
  }
  return said.join(", ");
}

/** What of a word's signs is spoken; words, if signs part them. */
export function plainWords(word: string, { minus, plus }: Frame): readonly string[] {
  const pause = /[,.:!?…]+['’)]*$/u.test(word) ? "," : "";
  const text = word
    .replace(/^-(?=\p{Sc}?\.?\p{N})/u, `${minus} `)
    .replace(/^\+(?=\p{N})/u, `${plus[0]} `)
    .replace(/[’ʼ]/gu, "'")
    .replace(/[‐-―]/gu, "-")
    .replace(/[^\p{L}\p{M}\p{N}\p{Sc}.,:/'%&°-]/gu, " ")
    .replace(/(?<!\p{L}\p{M}{0,2})'|'(?!\p{L})/gu, " ")
    .replace(/(?<![\p{L}\p{M}\p{N}])-|-(?![\p{L}\p{N}])/gu, " ")
    .replace(/(?<![\p{L}\p{M}\p{N}.])\.(?=\p{N})/gu, "0.")
    .replace(/(?<!\p{N})[.,:/]|[.,:/](?!\p{N})/gu, " ")
    .replace(/(?<!\p{N}|^)[%°]/gu, " ")
    .replace(/(\p{M}{2})\p{M}+/gu, "$1")
    .split(" ")
    .filter((each) => /[\p{L}\p{N}\p{Sc}%&]/u.test(each));
  return text.map((each, at) => (at === text.length - 1 ? each + pause : each));
}
