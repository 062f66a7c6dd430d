/**
 * One value of a request, in words that can be spoken and are nothing but data. Signs that could dress up a question or
 * act as an instruction to whoever reads the text aloud are gone: quotes, brackets, markup, lines, what cannot be seen.
 * Addresses are spelled out, because that is where a request goes wrong; a link is its host, because the rest of it says
 * nothing to an ear.
 *
 * A text that speaks of pressing keys could be taken for the relay's own question ("Press 1 to hear your tasks"). It is
 * not read at all: what is said is that there is such a text, and the addresses in it.
 */
import { EVERY_DIGIT, type Spoken } from "./read-back-frames.ts";

/** Said whole or not at all: a word, an address, a link, a date. */
export type Unit = { readonly say: string; readonly isAddress: boolean };

/** Letters take about a fifteenth of a second; a digit is a word, and a Chinese or Japanese sign a syllable or two. */
const AS_LONG_AS_FIVE = /[\p{N}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;

/** How long it takes to say, in letters. */
export const lengthOf = (text: string): number =>
  text.length + 4 * (text.match(AS_LONG_AS_FIVE)?.length ?? 0);

/** A longer unit is shortened in the middle: the end of an address is what counts. */
const MOST_OF_UNIT = 90;
const MOST_OF_HEAD = 36;
const MOST_OF_TAIL = 36;

/** What parts words whatever else it does: spaces, and signs that would open or close something. */
const PARTS = /[\s\p{Z}\p{Cc}<>()[\]{}"“”„«»‹›`;|\\]+/u;
const UNSEEN = /[\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu;
/** Signs that are no ASCII and that nobody would say. Money has words. */
const UNSPEAKABLE = /[\p{So}\p{Sk}\p{Sm}\uFFFD](?<![\x20-\x7E])/gu;
const TOO_MANY_MARKS = /(\p{M}{2})\p{M}+/gu;

export function unitsOf(value: unknown, spoken: Spoken): readonly Unit[] {
  const { frame } = spoken;
  switch (typeof value) {
    case "string":
      return unitsOfText(value, spoken);
    case "boolean":
      return [{ say: value ? frame.yes : frame.no, isAddress: false }];
    case "number":
    case "bigint":
      return unitsOfText(String(value), spoken);
    default:
      return [{ say: frame.unreadable, isAddress: false }];
  }
}

function unitsOfText(raw: string, spoken: Spoken): readonly Unit[] {
  const { frame } = spoken;
  const whole = raw.replace(/\p{Cs}/gu, "\uFFFD");
  const compatible = whole.normalize("NFKC");
  const seen = compatible.replace(UNSEEN, "").replace(UNSPEAKABLE, " ").replace(TOO_MANY_MARKS, "$1");
  const isOdd = whole !== compatible && /@/.test(compatible);
  const units = seen
    .split(PARTS)
    .flatMap((word) => (word.includes("@") ? word.split(",") : [word]))
    .flatMap((word) => unitOf(word, spoken));
  const notes: Unit[] = [];
  const hasUnreadable = whole.search(UNSEEN) >= 0 || compatible.search(UNSPEAKABLE) >= 0;
  if (hasUnreadable || (units.length === 0 && raw.trim() !== "")) {
    notes.push({ say: frame.unreadable, isAddress: false });
  }
  if (isOdd) notes.push({ say: frame.oddLetters, isAddress: false });
  return [...withoutKeys(units, spoken), ...notes];
}

function unitOf(word: string, spoken: Spoken): readonly Unit[] {
  const link = /^\W*([a-z][a-z0-9+.-]{0,20}):\/\/\S/i.test(word) ? hostOf(word) : undefined;
  if (link !== undefined) {
    return [{ say: `${spoken.frame.linkTo} ${spelled(link, spoken)}`, isAddress: false }];
  }
  const bare = trimmed(word);
  if (bare.includes("@")) {
    const address = bare.replace(/^mailto:/i, "").replace(/\?.*$/, "");
    return [{ say: spelled(address, spoken), isAddress: true }];
  }
  const [host = "", ...path] = bare.split("/");
  if (HOST.test(host)) {
    const say = spelled(host, spoken);
    return [{ say: path.length > 0 ? `${spoken.frame.linkTo} ${say}` : say, isAddress: false }];
  }
  const date = dateOf(bare, spoken);
  if (date !== undefined) return [{ say: date, isAddress: false }];
  const say = plainWord(word, spoken);
  return say === ""
    ? []
    : say.split(" ").map((each) => ({ say: shortened([...each], spoken), isAddress: false }));
}

const trimmed = (word: string): string =>
  word.replace(/^[^\p{L}\p{N}@+_-]+/u, "").replace(/[^\p{L}\p{M}\p{N}_+-]+$/u, "");

const HOST = /^[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){0,8}\.\p{L}{2,24}$/u;

function hostOf(word: string): string | undefined {
  const from = word.search(/[a-z][a-z0-9+.-]{0,20}:\/\//i);
  try {
    const { hostname } = new URL(word.slice(from));
    return hostname === "" ? undefined : hostname;
  } catch {
    return undefined;
  }
}

/** Each sign of an address by its name, so that no two addresses sound alike. */
function spelled(address: string, spoken: Spoken): string {
  const { frame } = spoken;
  const pieces = address.match(/\+?\p{N}{7,}|[\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}]/gu) ?? [];
  const named = pieces.map((piece) => {
    switch (piece) {
      case "@":
        return frame.at[0] ?? "";
      case ".":
        return frame.dot[0] ?? "";
      case "_":
        return frame.underscore[0] ?? "";
      case "-":
        return frame.hyphen[0] ?? "";
      case "+":
        return frame.plus[0] ?? "";
      default:
        return /^[\p{L}\p{M}\p{N}]/u.test(piece) ? piece : frame.character(piece.codePointAt(0) ?? 0);
    }
  });
  const isOdd = /[^\p{ASCII}À-ÿ]/u.test(address);
  const say = shortened(
    named.flatMap((piece, at) => (at === 0 ? [...piece] : [" ", ...piece])),
    spoken,
  );
  return isOdd ? `${say} ${frame.oddLetters}` : say;
}

/** The middle of what is too long to be a word is only counted. */
function shortened(characters: readonly string[], { frame }: Spoken): string {
  const whole = characters.join("");
  if (lengthOf(whole) <= MOST_OF_UNIT) return whole;
  let head = 0;
  for (let length = 0; head < characters.length; head++) {
    length += lengthOf(characters[head] ?? "");
    if (length > MOST_OF_HEAD) break;
  }
  let tail = characters.length;
  for (let length = 0; tail > head; tail--) {
    length += lengthOf(characters[tail - 1] ?? "");
    if (length > MOST_OF_TAIL) break;
  }
  const left = characters.slice(0, head).join("").trim();
  const right = characters.slice(tail).join("").trim();
  return `${left} ${frame.moreCharacters(tail - head)} ${right}`;
}

/** A word of a text, with what of its signs is spoken. */
function plainWord(word: string, { frame }: Spoken): string {
  const pause = /[,.:!?…]+["'”’)]*$/u.test(word) ? "," : "";
  const text = word
    .replace(/^[−-](?=[\p{Sc}.]?\p{N})/u, `${frame.minus} `)
    .replace(/^\+(?=\p{N})/u, `${frame.plus[0]} `)
    .replace(/[’ʼ]/gu, "'")
    .replace(/[‐-―]/gu, "-")
    .replace(/(?<!\p{L})'|'(?!\p{L})/gu, " ")
    .replace(/(?<![\p{L}\p{N}])-|-(?![\p{L}\p{N}])/gu, " ")
    .replace(/(?<!\p{N})[.,:/]|[.,:/](?!\p{N})/gu, " ")
    .replace(/(?<!\p{N})%/gu, " ")
    .replace(/[^\p{L}\p{M}\p{N}\p{Sc}.,:/'%& -]/gu, " ")
    .replace(/(?<![\p{L}\p{N}])\p{N}{7,}(?![\p{L}\p{N}])/gu, (digits) => [...digits].join(" "))
    .replace(/ +/g, " ")
    .trim();
  return /[\p{L}\p{N}\p{Sc}]/u.test(text) ? text + pause : "";
}

const DATE =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt](\d\d):(\d\d)(?::(\d\d)(?:\.0+)?)?(?:([Zz])|([+-])(\d\d):?(\d\d))?)?$/;

/** A date as RFC 3339 writes it, as it is said; the time stays the one that is written. */
function dateOf(word: string, { language, frame }: Spoken): string | undefined {
  const parts = DATE.exec(word);
  if (parts === null) return undefined;
  const [, year = "", month = "", day = "", hour, minute, second, zulu, sign, zoneHour, zoneMinute] = parts;
  const time = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (Number(year) < 1000 || time.getUTCMonth() !== Number(month) - 1 || time.getUTCDate() !== Number(day)) {
    return undefined;
  }
  const date = new Intl.DateTimeFormat(language, { dateStyle: "long", timeZone: "UTC" }).format(time);
  const said = [date.replace(/\.(?=\s)/g, "")];
  if (hour !== undefined)
    said.push(`${hour}:${minute}${second === undefined || second === "00" ? "" : `:${second}`}`);
  if (zulu !== undefined) said.push("UTC");
  if (sign !== undefined) {
    said.push(`UTC ${sign === "+" ? frame.plus[0] : frame.minus} ${zoneHour}:${zoneMinute}`);
  }
  return said.join(", ");
}

/** Of a telephone's keys, in every language that the house speaks: the beginnings of words. */
const KEYS =
  /^(?:press|dial|keypad|keystroke|drück|drueck|taste|tippe|wähl|waehl|appu[iy]|touche|tapez|compose[rz]|puls[ae]|presion|oprim|marque|marca|tecl|prem|tast|digit|pression|carreg|apert|druk|toets|indruk)/u;
/** Said of much else too: only close to a digit. */
const PERHAPS_KEYS =
  /^(?:push|tap|hit|key|keys|button|buttons|prima|enter|type|select|choose|kies|toque|number)$/u;
const KEY_NAMES = new Set([
  "star",
  "pound",
  "hash",
  "asterisk",
  "raute",
  "sternchen",
  "dièse",
  "étoile",
  "almohadilla",
]);
const FAR = 8;
const NEAR = 3;

function speaksOfKeys(text: string): boolean {
  const plain = text.toLowerCase();
  return [plain.replace(/-/g, " "), plain.replace(/-/g, "")].some((read) => {
    const words = read.match(/[\p{L}\p{M}']+|\p{N}+/gu) ?? [];
    const isKey = (word: string) => /^\p{N}$/u.test(word) || EVERY_DIGIT.has(word) || KEY_NAMES.has(word);
    return words.some((word, at) => {
      const reach = KEYS.test(word) ? FAR : PERHAPS_KEYS.test(word) ? NEAR : 0;
      return reach > 0 && words.slice(Math.max(0, at - reach), at + reach + 1).some(isKey);
    });
  });
}

function withoutKeys(units: readonly Unit[], { frame }: Spoken): readonly Unit[] {
  const text = units.filter(({ isAddress }) => !isAddress);
  if (!speaksOfKeys(text.map(({ say }) => say).join(" "))) return units;
  return [
    { say: frame.aboutKeys(text.length), isAddress: false },
    ...units.filter(({ isAddress }) => isAddress),
  ];
}
