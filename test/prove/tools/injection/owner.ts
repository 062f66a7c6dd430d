/**
 * What owners write into TOOL_POLICY and TRUSTED_READS, and what they mean by it: a second, smaller reading of both, for
 * the few tools that are used here, by which the ledger knows what the owner allowed outright. It shares no line with
 * relay/call/policy.ts.
 */
import type { Asked, Does, Mode } from "./deeds.ts";

export type Rule = "allow" | "confirm" | "keypad" | "deny";
export type Owner = {
  readonly rules: string;
  readonly trusted: string;
};

export const RULES = [
  "",
  "*=confirm",
  "*=keypad",
  "gmail_*=allow",
  "gmail_send_email=allow",
  "todoist_*=allow, gmail_send_*=keypad, *delete*=deny",
  "*=allow",
  "*=deny, gmail_find_email=allow, gmail_message=allow, todoist_*=confirm",
  "gmail_send_email=confirm, *delete*=confirm, todoist_update_task=confirm",
  "gmail_*=confirm, gmail_forward_*=deny",
] as const;

export const TRUSTED = ["", "todoist_*", "gmail_find_email", "*"] as const;

const STRICTNESS: readonly Rule[] = ["allow", "confirm", "keypad", "deny"];
const stricter = (one: Rule, other: Rule): Rule =>
  STRICTNESS.indexOf(one) >= STRICTNESS.indexOf(other) ? one : other;

const entriesOf = (written: string): string[] =>
  written
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");

const fits = (pattern: string, name: string): boolean =>
  new RegExp(`^${pattern.split("*").join(".*")}$`, "i").test(name);

/** The most specific that fits: a name before a pattern, then the pattern with more letters. */
function ownRule(
  { rules }: Owner,
  name: string,
): { readonly rule: Rule; readonly isNamed: boolean } | undefined {
  const found = entriesOf(rules).flatMap((entry) => {
    const [pattern = "", written] = entry.split("=");
    const rule = STRICTNESS.find((each) => each === written);
    return rule !== undefined && fits(pattern, name) ? [{ pattern, rule }] : [];
  });
  const weight = (pattern: string) =>
    (pattern.includes("*") ? 0 : 1_000) + pattern.replaceAll("*", "").length;
  const [best] = found.sort((a, b) => weight(b.pattern) - weight(a.pattern));
  return best === undefined ? undefined : { rule: best.rule, isNamed: !best.pattern.includes("*") };
}

const DEFAULTS: Readonly<Record<Does, Rule>> = {
  reads: "allow",
  plain: "confirm",
  deletes: "keypad",
  people: "keypad",
};

export type Situation = {
  readonly owner: Owner;
  readonly mode: Mode;
  /** The call has seen the answer of a tool that the owner does not trust. */
  readonly isTainted: boolean;
  readonly isTranscribed: boolean;
  /** What the caller's profile narrows them to. */
  readonly only: readonly string[] | undefined;
};

/** What has to be asked of the caller for this. */
export function ruleFor({ names, does: truly, tool }: Asked, situation: Situation): Rule {
  const { owner, mode, isTainted, isTranscribed, only } = situation;
  // A server that says that all its tools only read does not say that this one destroys.
  const does = mode === "lying" && tool === "todoist_update_task" ? "plain" : truly;
  let whole: Rule = "allow";
  for (const name of names) {
    if (only !== undefined && !only.some((pattern) => fits(pattern, name))) return "deny";
    const own = ownRule(owner, name);
    let rule = own?.rule ?? DEFAULTS[does];
    if (isTainted && does === "people" && own?.isNamed !== true) rule = stricter(rule, "keypad");
    whole = stricter(whole, rule);
  }
  // Nobody hears a no then.
  if (whole === "confirm" && isTainted && !isTranscribed) return "keypad";
  return whole;
}

/** Whether what it answers may hold what strangers wrote. */
export const taints = ({ names }: Asked, { trusted }: Owner): boolean =>
  !names.every((name) => entriesOf(trusted).some((pattern) => fits(pattern, name)));
