/**
 * After which time a tool has not answered: by the owner's words for that tool, else for its server, else for all.
 */
export type ToolTimeouts = {
  readonly usualMs: number;
  /** The most specific first. */
  readonly rules: ReadonlyArray<{ readonly pattern: string; readonly ms: number }>;
};

export const LEAST_S = 1;
export const MOST_S = 300;

export type TimeoutProblem = { readonly problem: string; readonly mend: string };

/** TOOL_TIMEOUTS: "zapier_*=35, slow_tool=60", in seconds; `*` stands for any letters. */
export function readTimeouts(
  text: string,
  usualMs: number,
): { readonly timeouts: ToolTimeouts; readonly problems: readonly TimeoutProblem[] } {
  const problems: TimeoutProblem[] = [];
  const rules = new Map<string, number>();
  for (const entry of text.split(/[,\n]/).map((each) => each.trim())) {
    if (entry === "") continue;
    const [, pattern, seconds] = /^([\w*-]{1,160})\s*=\s*([\d.]{1,9})$/.exec(entry) ?? [];
    const shown = JSON.stringify(entry.length > 60 ? `${entry.slice(0, 60)}…` : entry);
    const mend = `write it as in slow_tool=60 or zapier_*=35, in seconds from ${LEAST_S} to ${MOST_S}`;
    const s = Number(seconds);
    if (pattern === undefined)
      problems.push({ problem: `${shown} is not a name or pattern, = and seconds`, mend });
    else if (!(s >= LEAST_S && s <= MOST_S)) problems.push({ problem: `${shown} has no such seconds`, mend });
    else if (rules.has(pattern))
      problems.push({ problem: `${shown} is there twice`, mend: "keep one of the two" });
    else rules.set(pattern, s * 1000);
  }
  const sorted = [...rules]
    .map(([pattern, ms]) => ({ pattern, ms }))
    .sort((a, b) => weight(b.pattern) - weight(a.pattern));
  return { timeouts: { usualMs, rules: sorted }, problems };
}

/** @param serverMs what holds for all of its server's tools */
export function timeoutMsOf({ usualMs, rules }: ToolTimeouts, tool: string, serverMs?: number): number {
  return rules.find(({ pattern }) => asExpression(pattern).test(tool))?.ms ?? serverMs ?? usualMs;
}

/** A name before a pattern, then the pattern with more letters. */
const weight = (pattern: string): number =>
  pattern.includes("*") ? pattern.replaceAll("*", "").length : Number.MAX_SAFE_INTEGER;

/** A pattern holds nothing but letters, digits, _, - and the star. */
const asExpression = (pattern: string): RegExp => new RegExp(`^${pattern.replace(/\*+/g, ".*")}$`, "i");
