/**
 * What may be done with a tool, decided by code and by nothing that a model says: by the owner's rules, else by what the
 * tool is. Whatever a mail or a web page has talked the model into, it meets this.
 *
 * - Of the owner's rules (TOOL_POLICY) the most specific counts: a name before a pattern, then the pattern with more
 *   letters, then the stricter. Without one, what a function's own file says. Without that, the defaults: reads are
 *   allowed, writes confirmed, and those that reach other people, delete or spend confirmed on the keypad.
 * - A tool is a read only if neither the server's hints nor its name speak against it.
 * - Once a call has seen a result that strangers may have written, what reaches other people is confirmed on the keypad
 *   whatever the rule, unless the owner's names that very tool.
 * - An action that is run through a meta-tool (meta-actions.ts) is held to each of the names that it goes by, and gets
 *   the strictest of what they get. A rule for the meta-tool itself can only make that stricter.
 */
import { namesPeople } from "./addressees.ts";
import { actionNames, metaToolOf, possibleNames } from "./meta-actions.ts";
import { EVERY_REACH, NO_REACH, type Reach, type Reading, readingOf } from "./tool-words.ts";
import type { Kind, Rule, Tool, ToolArguments } from "./tools.ts";

export type { Kind, Rule } from "./tools.ts";

export type OwnerRule = { readonly pattern: string; readonly rule: Rule };
/** Patterns are in small letters, and `*` stands for any letters. */
export type Policy = { readonly rules: readonly OwnerRule[]; readonly trustedReads: readonly string[] };
export const NO_POLICY: Policy = { rules: [], trustedReads: [] };

// --- the owner's rules, as they are written down ------------------------------------------------------------

const RULES: readonly Rule[] = ["allow", "confirm", "keypad", "deny"];

type PolicyProblem = {
  readonly variable: "TOOL_POLICY" | "TRUSTED_READS";
  readonly problem: string;
  readonly mend: string;
};

/** TOOL_POLICY ("todoist_*=allow, *delete*=deny") and TRUSTED_READS ("todoist_*, calendar_find_events"). */
export function readPolicy(
  toolPolicy: string,
  trustedReads: string,
):
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] } {
  const problems: PolicyProblem[] = [];
  const rules = new Map<string, Rule>();
  for (const entry of entriesOf(toolPolicy)) {
    const about = { variable: "TOOL_POLICY", entry } as const;
    const [left = "", right, ...more] = entry.split("=");
    const pattern = patternFrom(left);
    const rule = RULES.find((each) => each === right?.trim().toLowerCase());
    const known = pattern === undefined ? undefined : rules.get(pattern);
    if (right === undefined || more.length > 0) {
      problems.push(wrong(about, "is not a pattern, = and a rule", "write it as in todoist_*=allow"));
    } else if (rule === undefined) {
      problems.push(wrong(about, "has no rule that there is", `end it with one of ${RULES.join(", ")}`));
    } else if (pattern === undefined) {
      problems.push(wrong(about, NO_PATTERN, `${PATTERN_MEND}=${rule}`));
    } else if (known !== undefined && known !== rule) {
      problems.push(
        wrong(about, `says another rule than ${pattern}=${known} before it`, "keep one of the two"),
      );
    } else rules.set(pattern, rule);
  }
  const trusted = new Set<string>();
  for (const entry of entriesOf(trustedReads)) {
    const pattern = patternFrom(entry);
    if (pattern !== undefined) trusted.add(pattern);
    else problems.push(wrong({ variable: "TRUSTED_READS", entry }, NO_PATTERN, PATTERN_MEND));
  }
  if (problems.length > 0) return { ok: false, problems };
  const asRules = [...rules].map(([pattern, rule]) => ({ pattern, rule }));
  return { ok: true, policy: { rules: asRules, trustedReads: [...trusted] } };
}

const entriesOf = (text: string): readonly string[] =>
  text
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");

const NO_PATTERN = "has no name or pattern that a tool could have";
const PATTERN_MEND = "use letters, digits, _ and -, with * for any of them, as in gmail_send_*";
/** `<app>_<action>` may be longer than the 64 of a tool's own name. */
const PATTERN = /^[a-z0-9_*-]{1,160}$/;

function patternFrom(text: string): string | undefined {
  const pattern = text
    .trim()
    .toLowerCase()
    .replace(/\*{2,}/g, "*");
  return PATTERN.test(pattern) ? pattern : undefined;
}

const wrong = (
  { variable, entry }: { readonly variable: PolicyProblem["variable"]; readonly entry: string },
  problem: string,
  mend: string,
): PolicyProblem => ({
  variable,
  problem: `${JSON.stringify(entry.length > 60 ? `${entry.slice(0, 60)}…` : entry)} ${problem}`,
  mend,
});

// --- and as they are looked up ------------------------------------------------------------------------------

function matches(pattern: string, name: string): boolean {
  const [head = "", ...pieces] = pattern.trim().toLowerCase().split("*");
  const tail = pieces.pop();
  const whole = name.toLowerCase();
  if (tail === undefined) return whole === head;
  if (!whole.startsWith(head) || !whole.endsWith(tail)) return false;
  let at = head.length;
  for (const piece of pieces) {
    const found = whole.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return at <= whole.length - tail.length;
}

const isExact = (pattern: string): boolean => !pattern.includes("*");
const isCatchAll = (pattern: string): boolean => /^\*+$/.test(pattern.trim());
const lettersOf = (pattern: string): number => pattern.replaceAll("*", "").length;

const stricter = (a: Rule, b: Rule): boolean => RULES.indexOf(a) > RULES.indexOf(b);

function ownersRuleFor({ rules }: Policy, name: string): OwnerRule | undefined {
  let best: OwnerRule | undefined;
  for (const rule of rules)
    if (matches(rule.pattern, name) && (best === undefined || goesBefore(rule, best))) best = rule;
  return best;
}

function goesBefore(a: OwnerRule, b: OwnerRule): boolean {
  if (isExact(a.pattern) !== isExact(b.pattern)) return isExact(a.pattern);
  const more = lettersOf(a.pattern) - lettersOf(b.pattern);
  return more === 0 ? stricter(a.rule, b.rule) : more > 0;
}

// --- what a tool gets ---------------------------------------------------------------------------------------

export type Ruling = {
  /** Of the names that it goes by, the one that the rule is for: the tool's own, or an action's. */
  readonly name: string;
  /** All of them; none: an action of which nobody can say which it is. */
  readonly names: readonly string[];
  readonly kind: Kind;
  /** A write that other people notice, or that deletes or spends. */
  readonly reach: Reach;
  readonly rule: Rule;
  /** For the list at start and the log: the owner's own words or ours, and none of the arguments. */
  readonly why: string;
};

type Verdict = Pick<Ruling, "rule" | "why">;
/** What one of its names, with all that is known beside it, makes of a tool. */
type Nature = Pick<Ruling, "name" | "kind" | "reach">;

/** What a tool gets before any call, for the list at start. */
export function rulingFor(policy: Policy, tool: Tool): Ruling {
  const kind = executes(tool);
  if (kind === undefined) return rulingOf(policy, tool, {}, false);
  const byAction: Ruling = {
    name: tool.name,
    names: [tool.name],
    kind,
    reach: NO_REACH,
    rule: kind === "read" ? "allow" : "confirm",
    why: "by action: as <app>_<action>",
  };
  const nothingElse = policy.rules.every(({ rule }) => rule === "deny");
  return tightened(
    byAction,
    ownersRuleFor(policy, tool.name),
    ({ pattern }) => !isCatchAll(pattern) || nothingElse,
  );
}

/** What this very use of it gets. @param tainted the call has seen a result that is not trusted */
export function rulingOf(policy: Policy, tool: Tool, args: ToolArguments, tainted: boolean): Ruling {
  const through = executes(tool);
  if (through === undefined) return ruled(policy, tool, natureOf(tool, args), tainted);
  const own = ownersRuleFor(policy, tool.name);
  const [first, ...more] = actionNames(args).map((name) =>
    ruled(policy, tool, natureOfAction(through, name, args), tainted),
  );
  if (first === undefined) {
    const nameless: Ruling = {
      name: tool.name,
      names: [],
      kind: "write",
      reach: EVERY_REACH,
      rule: "keypad",
      why: "default: an action without a readable name",
    };
    const whichever = possibleNames(args).map((name) => ownersRuleFor(policy, name));
    const forbidding = whichever.find((rule) => rule?.rule === "deny");
    return tightened(nameless, forbidding ?? own, () => true);
  }
  const whole = more.reduce(both, first);
  return tightened(whole, own, ({ pattern }) => !isCatchAll(pattern));
}

function both(a: Ruling, b: Ruling): Ruling {
  const isB = stricter(b.rule, a.rule) || (b.rule === a.rule && weight(b.reach) > weight(a.reach));
  return {
    ...(isB ? b : a),
    names: [...a.names, ...b.names],
    kind: a.kind === "write" ? "write" : b.kind,
    reach: joined(a.reach, b.reach),
  };
}

const joined = (a: Reach, b: Reach): Reach => ({
  people: a.people || b.people,
  deletes: a.deletes || b.deletes,
  spends: a.spends || b.spends,
});

const weight = (reach: Reach): number => Object.values(reach).filter(Boolean).length;

function tightened(ruling: Ruling, own: OwnerRule | undefined, counts: (own: OwnerRule) => boolean): Ruling {
  if (own === undefined || !counts(own) || !stricter(own.rule, ruling.rule)) return ruling;
  return { ...ruling, rule: own.rule, why: `owner: ${own.pattern}` };
}

/** The phone's own tools are named by nobody who means all others: `*=deny` leaves the assistant able to hang up. */
const named = (policy: Policy): Policy => ({
  ...policy,
  rules: policy.rules.filter(({ pattern }) => isExact(pattern)),
});

function ruled(policy: Policy, tool: Tool, nature: Nature, tainted: boolean): Ruling {
  const own = ownersRuleFor(tool.source.is === "phone" ? named(policy) : policy, nature.name);
  const found = own === undefined ? unruled(tool, nature) : { rule: own.rule, why: `owner: ${own.pattern}` };
  const isNamed = own !== undefined && isExact(own.pattern);
  const isDistrusted = tainted && nature.reach.people && !isNamed && stricter("keypad", found.rule);
  const why = "the call has read what strangers may have written";
  return { ...nature, names: [nature.name], ...(isDistrusted ? { rule: "keypad", why } : found) };
}

function unruled({ source, declared }: Tool, { kind, reach }: Nature): Verdict {
  if (source.is === "phone") return { rule: "allow", why: "default: the phone's own" };
  if (declared?.rule !== undefined) return { rule: declared.rule, why: "the function's own file" };
  if (kind === "read") return { rule: "allow", why: "default: a read" };
  const does = [
    reach.people ? ["reaches other people"] : [],
    reach.deletes ? ["deletes"] : [],
    reach.spends ? ["spends"] : [],
  ].flat();
  if (does.length === 0) return { rule: "confirm", why: "default: a write" };
  return { rule: "keypad", why: `default: a write that ${does.join(" and ")}` };
}

// --- what a tool is -----------------------------------------------------------------------------------------

/** A meta-tool that runs whatever its arguments name. */
function executes({ source }: Tool): Kind | undefined {
  const meta = source.is === "mcp" ? metaToolOf(source.remoteName) : undefined;
  return meta === "read action" ? "read" : meta === "write action" ? "write" : undefined;
}

function natureOf(tool: Tool, args: ToolArguments): Nature {
  const { name, source, hints, declared } = tool;
  const reading = readingOf(source.is === "mcp" ? source.remoteName : name);
  const kind = declared?.kind ?? kindFrom(tool, reading);
  // Hanging up or being put through reaches nobody but the caller and whom the owner has named for it.
  if (kind === "read" || source.is === "phone") return { name, kind, reach: NO_REACH };
  const reach = reachWith(reading, args);
  return { name, kind, reach: { ...reach, deletes: reach.deletes || hints.destructive === true } };
}

/** The server's word counts against a tool, and for it only where its name does not say otherwise. */
function kindFrom({ hints }: Tool, { says }: Reading): Kind {
  if (hints.readOnly === false || hints.destructive === true || says === "write") return "write";
  return hints.readOnly === true || says === "read" ? "read" : "write";
}

/** Zapier runs no write as a read. A name that says a write is not left to that. */
function natureOfAction(through: Kind, name: string, args: ToolArguments): Nature {
  const reading = readingOf(name);
  if (through === "read" && reading.says !== "write") return { name, kind: "read", reach: NO_REACH };
  return { name, kind: "write", reach: reachWith(reading, args) };
}

const reachWith = ({ reach, isDraft, isTidying }: Reading, args: ToolArguments): Reach => ({
  ...reach,
  people: reach.people || (!isDraft && namesPeople(args, !isTidying)),
});

/** The owner's patterns that mean none of these tools: a name mistyped, as a rule. An action's names nobody can know. */
export function idlePatterns({ rules, trustedReads }: Policy, tools: readonly Tool[]): readonly string[] {
  if (tools.some((tool) => executes(tool) !== undefined)) return [];
  const patterns = [...rules.map(({ pattern }) => pattern), ...trustedReads];
  return patterns.filter((pattern) => !tools.some(({ name }) => matches(pattern, name)));
}

// --- who is offered what ------------------------------------------------------------------------------------

/** @param allowed what the caller's profile narrows it to; absent: nothing. The phone's own tools are not narrowed. */
export function isOffered(policy: Policy, tool: Tool, allowed: readonly string[] | undefined): boolean {
  if (tool.source.is === "mcp" && metaToolOf(tool.source.remoteName) === "never offered") return false;
  return rulingFor(policy, tool).rule !== "deny" && isWithin(allowed, tool, tool.name);
}

/** Whether the profile has this very use of it: the tool, and each name of an action that is run through it. */
export function isAllowedTo(allowed: readonly string[] | undefined, ruling: Ruling, tool: Tool): boolean {
  if (!isWithin(allowed, tool, tool.name)) return false;
  if (ruling.names.length > 0) return ruling.names.every((name) => isWithin(allowed, tool, name));
  return tool.source.is === "phone" || allowed === undefined || allowed.some(isCatchAll);
}

const isWithin = (allowed: readonly string[] | undefined, { source }: Tool, name: string): boolean =>
  source.is === "phone" || allowed === undefined || allowed.some((pattern) => matches(pattern, name));

/**
 * Whether a result of it may hold what strangers wrote: of MCP's tools, and of functions that say so of themselves.
 * @param ruling of the use whose result it is
 */
export function taints({ trustedReads }: Policy, { source, declared }: Tool, { names }: Ruling): boolean {
  if (source.is === "phone" || (source.is === "function" && declared?.untrusted !== true)) return false;
  const isTrusted = (name: string) => trustedReads.some((pattern) => matches(pattern, name));
  return names.length === 0 || !names.every(isTrusted);
}
