/**
 * What somebody can make of a captured webhook without Twilio's auth token, and, for other addresses and accounts, what
 * Twilio itself would sign that is not for us. Each takes a captured one and gives back another request.
 */
import { ACCOUNT } from "../../functions/signed.ts";
import { type Captured, FORM, parametersOf, rewritten, written } from "./captured.ts";
import type { Dice } from "./dice.ts";
import { elsewhere, otherToken, stale } from "./signed-for-others.ts";

export type Mutation = (from: Captured, others: readonly Captured[], dice: Dice) => Captured;

const NAMES = [
  ...["AccountSid", "CallSid", "From", "To", "StirVerstat", "Digits", "Caller", "CallStatus", "Direction"],
  ...[
    "request",
    "state",
    "__proto__",
    "constructor",
    "toString",
    "CallToken",
    "ForwardedFrom",
    "from",
    "FROM",
  ],
] as const;
const VALUES = [
  ...["", "+15551234567", "+15559998888", "TN-Validation-Passed-A", "TN-Validation-Passed-A-Diverted"],
  ...["000000", "135792", "sip:ada@example.com", "anonymous", "x", "\0", "[object Object]"],
  ...[ACCOUNT, `AC${"0".repeat(32)}`, `CA${"1".repeat(32)}`],
] as const;
const TYPES = [
  ...["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "text/plain", "", FORM],
  ...[
    `application/json; ${FORM}`,
    `${FORM}; application/json`,
    `${FORM}+json`,
    "multipart/form-data; boundary=x",
  ],
] as const;
const LETTERS = "abcdefXYZ0123456789+-_.:/#&=%? \0é\u200b";

/** @param change gets all parameters and the place of one of them */
const parameter =
  (change: (all: Array<[string, string]>, at: number, dice: Dice) => void): Mutation =>
  (from, _, dice) => {
    const all = parametersOf(from).map(([name, value]): [string, string] => [name, value]);
    change(all, dice.below(all.length), dice);
    return rewritten(from, all);
  };

const edited = (text: string, dice: Dice): string => {
  const at = dice.below(text.length + 1);
  const letter = LETTERS.charAt(dice.below(LETTERS.length));
  switch (dice.below(3)) {
    case 0:
      return text.slice(0, at) + letter + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    default:
      return text.slice(0, at) + letter + text.slice(at + 1);
  }
};
const otherCase = (text: string): string =>
  text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase();
const shuffled = <T>(list: readonly T[], dice: Dice): T[] =>
  list
    .map((item) => ({ item, at: dice.below(1 << 30) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);

/** The signed bytes cut anew into names and values: what one and the same signature fits. */
function resplit(from: Captured, _: readonly Captured[], dice: Dice): Captured {
  const sorted = [...parametersOf(from)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value }));
  for (let times = 1 + dice.below(3); times > 0; times--) {
    const at = dice.below(sorted.length);
    const [one, next] = [sorted[at], sorted[at + 1]];
    if (one === undefined) break;
    switch (dice.below(5)) {
      case 0: {
        // The next one's name and value become the end of this one's value.
        if (next === undefined) break;
        one.value += next.name + next.value;
        sorted.splice(at + 1, 1);
        break;
      }
      case 1: {
        // The end of a value becomes a parameter of its own.
        const cut = dice.below(one.value.length + 1);
        const tail = one.value.slice(cut);
        const name = dice.below(tail.length + 1);
        if (tail === "") break;
        one.value = one.value.slice(0, cut);
        sorted.splice(at + 1, 0, { name: tail.slice(0, name), value: tail.slice(name) });
        break;
      }
      case 2: {
        // The end of a value becomes the beginning of the next one's name.
        if (next === undefined) break;
        const cut = dice.below(one.value.length + 1);
        next.name = one.value.slice(cut) + next.name;
        one.value = one.value.slice(0, cut);
        break;
      }
      case 3: {
        // The beginning of a value becomes the end of its name.
        const cut = dice.below(one.value.length + 1);
        one.name += one.value.slice(0, cut);
        one.value = one.value.slice(cut);
        break;
      }
      default: {
        // The end of a name becomes the beginning of its value.
        const cut = 1 + dice.below(one.name.length);
        one.value = one.name.slice(cut) + one.value;
        one.name = one.name.slice(0, cut);
      }
    }
  }
  return rewritten(
    from,
    sorted.map(({ name, value }) => [name, value] as const),
  );
}

function inOtherLetters(from: Captured, _: readonly Captured[], dice: Dice): Captured {
  const { body } = from;
  const letters = [...body.matchAll(/%[0-9A-F]{2}|[^%&=]/g)];
  const match = letters[dice.below(letters.length)];
  if (match === undefined) return from;
  const [letter] = match;
  const raw = letter.length === 3 ? Number.parseInt(letter.slice(1), 16) : letter.charCodeAt(0);
  const spellings = [
    ...[
      `%${raw.toString(16).padStart(2, "0")}`,
      `%25${raw.toString(16)}`,
      `%u00${raw.toString(16).padStart(2, "0")}`,
    ],
    ...[
      `%${raw.toString(16).padStart(2, "0")}%00`,
      `%c0%${(0x80 | (raw & 0x3f)).toString(16)}`,
      `&#${raw};`,
      "%",
      "+",
    ],
    ...[
      `\\u00${raw.toString(16).padStart(2, "0")}`,
      String.fromCharCode(0xfee0 + raw),
      `${letter}%cc%81`,
      "%ff",
    ],
  ] as const;
  return {
    ...from,
    body: body.slice(0, match.index) + dice.pick(spellings) + body.slice(match.index + letter.length),
  };
}

function asJson(from: Captured, _: readonly Captured[], dice: Dice): Captured {
  const values: Record<string, unknown> = Object.fromEntries(parametersOf(from));
  const name = dice.pick(NAMES);
  const odd = [
    1,
    true,
    null,
    {},
    [],
    ["x"],
    [["x"]],
    { toString: "x" },
    [values[name]],
    { [name]: values[name] },
  ] as const;
  if (dice.below(4) > 0) values[name] = dice.below(2) === 0 ? dice.pick(odd) : dice.pick(VALUES);
  const text = JSON.stringify(values);
  const type = dice.pick(TYPES);
  const proto = `{"__proto__":{"${name}":"${dice.pick(VALUES).replaceAll("\0", "")}"},`;
  return { ...from, type, body: dice.below(3) === 0 ? text.replace("{", proto) : text };
}

function otherHeader(from: Captured, others: readonly Captured[], dice: Dice): Captured {
  const { signature } = from;
  if (typeof signature !== "string") return from;
  const bytes = Buffer.from(signature, "base64");
  const at = dice.below(bytes.length);
  switch (dice.below(8)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.below(8));
      return { ...from, signature: bytes.toString("base64") };
    case 1:
      return { ...from, signature: bytes.subarray(0, at).toString("base64") };
    case 2:
      return { ...from, signature: edited(signature, dice) };
    case 3:
      return { ...from, signature: [signature, signature] };
    case 4:
      return {
        ...from,
        signature: dice.pick([
          bytes.toString("hex"),
          ` ${signature}`,
          `${signature}, ${signature}`,
          `sha1=${signature}`,
        ] as const),
      };
    case 5:
      return { ...from, signature: undefined };
    case 6:
      return { ...from, signature: otherCase(signature) };
    default:
      return { ...from, signature: others[dice.below(others.length)]?.signature };
  }
}

function otherState(from: Captured, others: readonly Captured[], dice: Dice): Captured {
  const { query } = from;
  const other = others[dice.below(others.length)]?.query ?? "";
  const queries = [
    ...[
      "",
      other,
      `${query}&${query}`,
      `${query}&${other}`,
      `state=`,
      `${query}.`,
      `${query}%20`,
      `${query}&a=b`,
    ],
    ...[
      edited(query, dice),
      query.toUpperCase(),
      query.replace("state", "State"),
      `state[]=${query.slice(6)}`,
    ],
  ] as const;
  return { ...from, query: dice.pick(queries) };
}

export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  "a value changed": parameter((all, at, dice) => {
    all[at] = [all[at]?.[0] ?? "", edited(all[at]?.[1] ?? "", dice)];
  }),
  "a value replaced": parameter((all, at, dice) => {
    all[at] = [all[at]?.[0] ?? "", dice.pick(VALUES)];
  }),
  "a name changed": parameter((all, at, dice) => {
    all[at] = [edited(all[at]?.[0] ?? "", dice), all[at]?.[1] ?? ""];
  }),
  "another case": parameter((all, at, dice) => {
    const [name, value] = all[at] ?? ["", ""];
    all[at] = dice.below(2) === 0 ? [otherCase(name), value] : [name, otherCase(value)];
  }),
  "parameters taken away": parameter((all, at, dice) => {
    all.splice(at, 1 + dice.below(3));
  }),
  "a parameter added": parameter((all, at, dice) => {
    const name = dice.below(2) === 0 ? dice.pick(NAMES) : `Added${dice.below(1e6)}`;
    all.splice(at, 0, [name, dice.pick(VALUES)]);
  }),
  "a parameter twice": parameter((all, at) => {
    all.push(all[at] ?? ["", ""]);
  }),
  "a parameter twice, with another value": parameter((all, at, dice) => {
    const value = dice.below(2) === 0 ? dice.pick(VALUES) : edited(all[at]?.[1] ?? "", dice);
    all.splice(dice.below(all.length + 1), 0, [all[at]?.[0] ?? "", value]);
  }),
  "the values of two exchanged": parameter((all, at, dice) => {
    const to = dice.below(all.length);
    const [one, other] = [all[at], all[to]];
    if (one !== undefined && other !== undefined) [one[1], other[1]] = [other[1], one[1]];
  }),
  "another order": (from, _, dice) => rewritten(from, shuffled(parametersOf(from), dice)),
  "cut anew under the same signature": resplit,
  "for another address of ours": elsewhere,
  "for another account": stale,
  "signed with another auth token": otherToken,
  "in other letters": inOtherLetters,
  "a byte of the body changed": (from, _, dice) => ({ ...from, body: edited(from.body, dice) }),
  "the body cut off": (from, _, dice) => ({
    ...from,
    body: from.body.slice(0, dice.below(from.body.length)),
  }),
  "as JSON": asJson,
  "as another type": (from, _, dice) => ({ ...from, type: dice.pick(TYPES) }),
  "another signature": otherHeader,
  "another state": otherState,
  "sent to another Function": (from, others, dice) => ({
    ...from,
    path: others[dice.below(others.length)]?.path ?? from.path,
  }),
  "parameters of another one": (from, others, dice) => {
    const other = parametersOf(others[dice.below(others.length)] ?? from);
    const mixed = parametersOf(from).map((own) =>
      dice.below(4) === 0 ? (other[dice.below(other.length)] ?? own) : own,
    );
    return rewritten(from, mixed);
  },
  "parameters in the address": (from, _, dice) => {
    const all = shuffled(parametersOf(from), dice);
    const moved = written(all.splice(0, 1 + dice.below(4)));
    const more = dice.below(2) === 0 ? "" : `&${dice.pick(NAMES)}=${encodeURIComponent(dice.pick(VALUES))}`;
    return { ...rewritten(from, all), query: `${from.query === "" ? "" : `${from.query}&`}${moved}${more}` };
  },
};
