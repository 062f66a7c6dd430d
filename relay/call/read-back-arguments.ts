/**
 * The arguments of a request as a list of labelled values, those that say whom it reaches first. Nothing is left out:
 * what is not said is what an attacker would use. What a tool's arguments are called is English nearly everywhere; a name
 * that says nothing here is read as it stands, after the others.
 */
import type { KnownLabel, Spoken } from "./read-back-frames.ts";
import { type Unit, unitsOf } from "./read-back-values.ts";
import { partsOf } from "./tool-words.ts";
import type { ToolArguments } from "./tools.ts";

/** In the order in which they are said. */
const ROLES = ["who", "what", "amount", "date", "other"] as const;
export type Role = (typeof ROLES)[number];

export type Entry = {
  readonly role: Role;
  readonly label: readonly Unit[];
  /** One or more values of the same name. */
  readonly items: ReadonlyArray<readonly Unit[]>;
  /** Free words that somebody else's model acts on, as Zapier's does: an address in them is never cut away. */
  readonly isOrder: boolean;
};

export type Details = {
  readonly entries: readonly Entry[];
  /** Names of arguments that hold nothing. */
  readonly empty: ReadonlyArray<readonly Unit[]>;
  /** Nested deeper than anybody could follow. */
  readonly buried: number;
};

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
const WRAPPERS = set("args arguments data fields input inputs params parameters payload properties");

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$|^\+[\d ().-]{7,24}$/;
const MOST_DEPTH = 8;

type Leaf = { readonly path: readonly string[]; readonly values: unknown[] };

export function detailsOf(args: ToolArguments, spoken: Spoken): Details {
  const leaves = new Map<string, Leaf>();
  let buried = 0;
  const walk = (value: unknown, path: readonly string[], depth: number): void => {
    if (typeof value !== "object" || value === null || Object.keys(value).length === 0) {
      const key = JSON.stringify(path);
      const leaf = leaves.get(key) ?? { path, values: [] };
      leaf.values.push(value);
      leaves.set(key, leaf);
    } else if (depth >= MOST_DEPTH) buried++;
    else if (Array.isArray(value)) for (const each of value) walk(each, path, depth + 1);
    else for (const [key, each] of Object.entries(value)) walk(each, [...path, key], depth + 1);
  };
  for (const [key, value] of Object.entries(args)) walk(value, [key], 0);

  const entries: Array<Entry & { readonly rank: number }> = [];
  const empty: Array<readonly Unit[]> = [];
  for (const { path, values } of leaves.values()) {
    const { role, known } = meaningOf(path, values);
    const label = labelOf(path, known, spoken);
    if (values.every(isEmpty)) {
      empty.push(label);
      continue;
    }
    const items = values.flatMap((value) => itemsOf(value, role, spoken));
    const first = known === undefined ? -1 : FIRST.indexOf(known);
    const rank = ROLES.indexOf(role) * 10 + (first < 0 ? FIRST.length : first);
    entries.push({
      role,
      label,
      items,
      isOrder: partsOf(path.at(-1) ?? "").some((part) => ORDERS.has(part)),
      rank,
    });
  }
  return { entries: entries.sort((one, other) => one.rank - other.rank), empty, buried };
}

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === "string" ? /^\s*$/.test(value) : typeof value === "object");

function meaningOf(
  path: readonly string[],
  values: readonly unknown[],
): { readonly role: Role; readonly known: KnownLabel | undefined } {
  const parts = path.map((key) => partsOf(key));
  const last = parts.at(-1) ?? [];
  const known = KNOWN.get(last.join("_"));
  const noun = last.at(-1) ?? "";
  const has = (words: ReadonlySet<string>) => parts.flat().some((part) => words.has(part));
  const isAddress = values.some((value) => typeof value === "string" && ADDRESS.test(value.trim()));
  const role: Role = isAddress
    ? "who"
    : WHAT.has(noun)
      ? "what"
      : has(AMOUNT) && !last.some((part) => WHO.has(part))
        ? "amount"
        : DATE.has(noun)
          ? "date"
          : has(WHO)
            ? "who"
            : NAMES.has(noun)
              ? "what"
              : has(DATE)
                ? "date"
                : "other";
  return { role, known };
}

function labelOf(path: readonly string[], known: KnownLabel | undefined, spoken: Spoken): readonly Unit[] {
  const around = path.slice(0, -1).filter((key, at) => at > 0 || !WRAPPERS.has(key.toLowerCase()));
  const names = known === undefined ? [...around, path.at(-1) ?? ""] : around;
  const units = names.flatMap((key) =>
    unitsOf(/^[\w .-]*$/.test(key) ? partsOf(key).join(" ") : key, spoken),
  );
  if (known !== undefined) return [...units, { say: spoken.frame.labels[known], isAddress: false }];
  return units.length > 0 ? units : [{ say: spoken.frame.unnamed, isAddress: false }];
}

function itemsOf(value: unknown, role: Role, spoken: Spoken): ReadonlyArray<readonly Unit[]> {
  if (isEmpty(value)) return [[{ say: spoken.frame.empty, isAddress: false }]];
  if (role !== "who" || typeof value !== "string") return [unitsOf(value, spoken)];
  return listed(value).map((each) => unitsOf(each, spoken));
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
