/**
 * The tools of the invented calls, and what each of them may do, said once more by hand: the watch goes by this table
 * and not by policy.ts. Values are chosen so that a read-back says them letter by letter.
 */
import { readPolicy } from "../../../../relay/call/policy.ts";
import type { Toolbox } from "../../../../relay/call/toolbox.ts";
import type { Kind, Rule, Tool } from "../../../../relay/call/tools.ts";

export type Law = {
  readonly kind: Kind;
  readonly rule: Rule;
  /** A write that other people notice: a call that has read what strangers wrote asks for a key. */
  readonly reaches: boolean;
  /** Its answers may hold what strangers wrote. */
  readonly taints: boolean;
  readonly timeoutMs: number;
};

export const LAWS: Readonly<Record<string, Law>> = {
  todo_find_items: { kind: "read", rule: "allow", reaches: false, taints: false, timeoutMs: 6_000 },
  gmail_find_email: { kind: "read", rule: "allow", reaches: false, taints: true, timeoutMs: 9_000 },
  todo_create_item: { kind: "write", rule: "confirm", reaches: false, taints: false, timeoutMs: 2_500 },
  notes_append: { kind: "write", rule: "allow", reaches: false, taints: false, timeoutMs: 2_000 },
  gmail_send_email: { kind: "write", rule: "keypad", reaches: true, taints: true, timeoutMs: 4_000 },
  chat_post_message: { kind: "write", rule: "confirm", reaches: true, taints: false, timeoutMs: 3_000 },
  files_delete: { kind: "write", rule: "deny", reaches: false, taints: true, timeoutMs: 3_000 },
};

const read = readPolicy("notes_*=allow, chat_*=confirm, files_*=deny", "todo_*, notes_*, chat_post_message");
if (!read.ok) throw new Error(read.problems.map(({ problem }) => problem).join("; "));

const tools: readonly Tool[] = Object.entries(LAWS).map(([name, { timeoutMs }]) => ({
  name,
  description: `Does ${name}`,
  parameters: { type: "object", properties: {} },
  source: { is: "mcp", server: "zapier", remoteName: name },
  hints: {},
  timeoutMs,
}));

export const TOOLBOX: Toolbox = { tools, policy: read.policy, unreachable: ["calendar"] };

export const TRANSFER_TO = "office";

type Request = readonly [name: string, args: string];

/** What a model may ask for, the same write in two ways of writing it too. */
export const REQUESTS: readonly [Request, ...Request[]] = [
  ["todo_find_items", '{"query":"today"}'],
  ["todo_find_items", ""],
  ["gmail_find_email", '{"query":"Anna"}'],
  ["todo_create_item", '{"content":"milk","list":"shopping"}'],
  ["todo_create_item", '{"list": "shopping", "content": "milk"}'],
  ["todo_create_item", '{"content":"eggs"}'],
  ["notes_append", '{"content":"bread"}'],
  ["notes_append", '{"content":"bread"}'],
  ["gmail_send_email", '{"to":"Anna","subject":"late","body":"ten minutes"}'],
  ["gmail_send_email", '{"subject":"late","body":"ten minutes","to":"Anna"}'],
  ["gmail_send_email", '{"to":"Ben","subject":"lunch"}'],
  ["chat_post_message", '{"content":"hello"}'],
  ["files_delete", '{"name":"letter"}'],
];

/** What a caller says, and what it means to whoever has asked something. */
export const UTTERANCES = {
  "Yes.": "yes",
  "Yes, please.": "yes",
  "No.": "no",
  "No, don't.": "no",
  "What does it say?": "neither",
  "Yes, but tomorrow instead": "neither",
  "": "neither",
} as const;
export type Utterance = keyof typeof UTTERANCES;

/** The words that a response out of band was given to read. */
export function wordsToRead(instructions: string | undefined): string {
  const text = /The text: (".*")$/s.exec(instructions ?? "")?.[1];
  return text === undefined ? "" : String(JSON.parse(text));
}
