/**
 * The arguments of a request as a list of labelled values, those that say whom it reaches first. Nothing is left out:
 * what is not said is what an attacker would use. What a tool's arguments are called is English nearly everywhere; a name
 * that says nothing here is read as it stands, after the others.
 */
import type { KnownLabel, Spoken } from "./read-back-frames.ts";
import { mentionsKeys } from "./read-back-keys.ts";
import { noteOf, type Unit, unitsOf } from "./read-back-values.ts";
import { partsOf } from "./tool-words.ts";
import type { ToolArguments } from "./tools.ts";

/** In the order in which they are said. */
const ROLES = ["who", "what", "amount", "date", "other"] as const;
export type Role = (typeof ROLES)[number];

export type Entry = {
  readonly role: Role;
  readonly label: readonly Unit[];
  /** The first values of this name. */
  readonly items: ReadonlyArray<readonly Unit[]>;
  readonly count: number;
  /** Free words that somebody else's model acts on, as Zapier's does: an address in them is never cut away. */
  readonly isOrder: boolean;
};

export type Details = {
  readonly entries: readonly Entry[];
  /** Names of the first arguments that hold nothing. */
  readonly empty: ReadonlyArray<readonly Unit[]>;
  readonly emptyCount: number;
  /** Too many to be heard, or nested deeper than anybody could follow. `who`: of those, how many may say whom it reaches. */
  readonly unsaid: { readonly count: number; readonly who: number };
};

/** Nobody listens to more. */
const MOST_ENTRIES = 60;
const MOST_ITEMS = 12;
const MOST_DEPTH = 8;

const set = (words: string): ReadonlySet<string> => new Set(words.trim().split(/\s+/));

const KNOWN: ReadonlyMap<string, KnownLabel> = new Map<string, KnownLabel>([
  ...["to", "recipient", "recipients", "to_email", "to_emails", "to_recipients"].map(
    (key) => [key, "to"] as const,
  ),
  ...["cc", "cc_email", "cc_emails", "cc_recipients"].map((key) => [key, "cc"] as const),
  ...["bcc", "bcc_email", "bcc_emails", "bcc_recipients"].map((key) => [key, "bcc"] as const),
  ["subject", "subject"],
  ["title", "title"],
  ["content", "content"],
  ["body", "content"],
  ["message", "message"],
  ["text", "message"],
  ["amount", "amount"],
  ["date", "date"],
  ["instructions", "instructions"],
]);

const WHO = set(`
  account accounts address addresses addressee addressees assignee assignees attendee attendees bcc beneficiary cc channel
  channels chat chats collaborator collaborators contact contacts conversation customer delegate destination dm email
  emails forward forwarding from group groups guest guests handle iban invitee invitees member members mobile number
  owner participant participants payee people person phone phones recipient recipients reply room sender share shared
  sms subscriber subscribers target team tel telephone to user username users webhook who with`);
const FIRST: readonly KnownLabel[] = ["to", "cc", "bcc"];
const WHAT = set(`
  body caption comment content contents description headline html instruction instructions markdown message note notes
  prompt snippet subject summary text title topic`);
const NAMES = set("name label task");
const AMOUNT = set(`
  amount balance budget cost currency fee money price qty quantity rate sum tip total value`);
const DATE = set("date dates datetime day deadline due end ends expires start starts time times until when");
const ORDERS = set("command instruction instructions prompt query request");
/** They hold all the others and say nothing themselves. */
const NAMES_ACTION = set("action app selected_api tool_name");
const WRAPPERS = set("args arguments data fields input inputs params parameters payload properties");

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$|^\+[\d ().-]{7,24}$/;

type Leaf = { readonly path: readonly string[]; readonly values: unknown[] };
type Meaning = { readonly role: Role; readonly known: KnownLabel | undefined };

/**
 * @param action what is said already of what is done
 * @param isWary the values together make a question for a key
 */
export function detailsOf(action: string, args: ToolArguments, spoken: Spoken, isWary: boolean): Details {
  const { leaves, buried } = leavesOf(args);
  const said = `_${partsOf(action).join("_")}_`;
  const meant = leaves
    .filter((leaf) => !isSaidBy(said, leaf))
    .map((leaf) => ({ ...leaf, ...meaningOf(leaf), isEmpty: leaf.values.every(isEmpty) }));
  const full = meant.filter((leaf) => !leaf.isEmpty).sort((one, other) => rankOf(one) - rankOf(other));
  const empty = meant.filter((leaf) => leaf.isEmpty);
  const left = full.slice(MOST_ENTRIES);
  return {
    entries: full.slice(0, MOST_ENTRIES).map((leaf) => entryOf(leaf, spoken, isWary)),
    empty: empty.slice(0, MOST_ITEMS).map(({ path, known }) => labelOf(path, known, spoken, isWary)),
    emptyCount: empty.length,
    unsaid: {
      count: left.length + buried,
      who: left.filter(({ role }) => role === "who").length + buried,
    },
  };
}

/** Each value that holds no others, with those of the same name: a list of people is one of addresses and one of names. */
function leavesOf(args: ToolArguments): { readonly leaves: readonly Leaf[]; readonly buried: number } {
  const leaves = new Map<string, Leaf>();
  let buried = 0;
  const walk = (value: unknown, path: readonly string[], depth: number): void => {
    if (typeof value !== "object" || value === null || Object.keys(value).length === 0) {
      const key = JSON.stringify(path);
      const leaf = leaves.get(key);
      if (leaf === undefined) leaves.set(key, { path, values: [value] });
      else leaf.values.push(value);
    } else if (depth >= MOST_DEPTH) buried++;
    else if (Array.isArray(value)) for (const each of value) walk(each, path, depth + 1);
    else for (const [key, each] of Object.entries(value)) walk(each, [...path, key], depth + 1);
  };
  for (const [key, value] of Object.entries(args)) walk(value, [key], 0);
  return { leaves: [...leaves.values()], buried };
}

/** By a meta-tool's arguments that name what is run: meta-actions.ts. */
const isSaidBy = (said: string, { path, values }: Leaf): boolean => {
  const [key = "", ...more] = path;
  const [value, ...others] = values;
  if (more.length > 0 || others.length > 0 || typeof value !== "string" || !NAMES_ACTION.has(key))
    return false;
  return /^[\w -]+$/.test(value) && said.includes(`_${partsOf(value).join("_")}_`);
};

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === "string" ? /^\s*$/.test(value) : typeof value === "object");

function meaningOf({ path, values }: Leaf): Meaning {
  const parts = path.map((key) => partsOf(key));
  const last = parts.at(-1) ?? [];
  const noun = last.at(-1) ?? "";
  const has = (words: ReadonlySet<string>) => parts.flat().some((part) => words.has(part));
  const role = (): Role => {
    if (values.some((value) => typeof value === "string" && ADDRESS.test(value.trim()))) return "who";
    if (WHAT.has(noun)) return "what";
    if (AMOUNT.has(noun)) return "amount";
    if (DATE.has(noun)) return "date";
    if (has(WHO)) return "who";
    if (NAMES.has(noun)) return "what";
    if (has(AMOUNT)) return "amount";
    return has(DATE) ? "date" : "other";
  };
  return { role: role(), known: KNOWN.get(last.join("_")) };
}

const rankOf = ({ role, known }: Meaning): number => {
  const first = known === undefined ? -1 : FIRST.indexOf(known);
  return ROLES.indexOf(role) * 10 + (first < 0 ? FIRST.length : first);
};

function entryOf({ path, values, role, known }: Leaf & Meaning, spoken: Spoken, isWary: boolean): Entry {
  const label = labelOf(path, known, spoken, isWary);
  const all = values.flatMap((value): readonly unknown[] =>
    role === "who" && typeof value === "string" ? listed(value) : [value],
  );
  const items = all.slice(0, MOST_ITEMS).map((value) => {
    if (isEmpty(value)) return [noteOf(spoken.frame.empty)];
    const units = unitsOf(value, spoken, isWary);
    const isKeyed = isWary && mentionsKeys(path.join(" "));
    const words = units.filter(({ is }) => is === "word");
    return isKeyed && words.length > 0
      ? [noteOf(spoken.frame.aboutKeys(words.length)), ...units.filter(({ is }) => is !== "word")]
      : units;
  });
  const isOrder = partsOf(path.at(-1) ?? "").some((part) => ORDERS.has(part));
  return { role, label, items, count: all.length, isOrder };
}

/** A name in any other alphabet is left as it is. */
export const wordsOfName = (name: string): string =>
  /^[\w .-]*$/.test(name) ? partsOf(name).join(" ") : name;

function labelOf(
  path: readonly string[],
  known: KnownLabel | undefined,
  spoken: Spoken,
  isWary: boolean,
): readonly Unit[] {
  const around = path.slice(0, -1).filter((key, at) => at > 0 || !WRAPPERS.has(key.toLowerCase()));
  const names = known === undefined ? [...around, path.at(-1) ?? ""] : around;
  const text = names.map(wordsOfName).join(" ");
  const units = unitsOf(text, spoken, isWary);
  if (known !== undefined) return [...units, noteOf(spoken.frame.labels[known])];
  return units.length > 0 ? units : [noteOf(spoken.frame.unnamed)];
}

/** Several people in one text: each ends with an address or a number. */
function listed(text: string): readonly string[] {
  const people: string[] = [];
  let person = "";
  for (const piece of text.split(/([,;\s]+)/)) {
    person += piece;
    if (!/^[,;\s]*$/.test(piece) && (piece.includes("@") || /\d{7}/.test(piece))) {
      people.push(person.replace(/^[,;\s]+/, ""));
      person = "";
    }
  }
  if (!/[\p{L}\p{N}]/u.test(person)) return people.length > 0 ? people : [text];
  return [...people, person.replace(/^[,;\s]+/, "")];
}
