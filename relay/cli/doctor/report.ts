/**
 * How the doctor's lines are shown: in their order, each as soon as it and all before it are known, with what is being
 * asked meanwhile where there is a terminal to show it on. Or as JSON, for scripts. Nothing here knows a secret.
 */
import type { Env } from "../../variables.ts";
import type { Group, Line, Told } from "./line.ts";

const HEADINGS: Readonly<Record<Group, string>> = {
  settings: "Settings",
  agreement: "Relay and edge agree",
  clock: "Time",
  records: "Records",
  openai: "OpenAI",
  tools: "Tools",
  relay: "Relay, from outside",
  account: "Twilio account",
  edge: "Edge, on Twilio",
  number: "Phone number",
};
const MARKS: Readonly<Record<Told["is"], string>> = { well: "✓", doubtful: "!", ill: "✗", unasked: "–" };
/** SGR parameters. */
const COLOURS: Readonly<Record<Told["is"], string>> = { well: "32", doubtful: "33", ill: "31", unasked: "2" };
const WIDEST = 120;
const NARROWEST = 60;

export type Screen = {
  readonly write: (text: string) => unknown;
  readonly columns: number;
  /** Whether a line can be written over. */
  readonly isLive: boolean;
  readonly colours: boolean;
};

export function screenOn(stdout: NodeJS.WriteStream, env: Env): Screen {
  const isLive = stdout.isTTY === true;
  return {
    write: (text) => stdout.write(text),
    columns: stdout.columns ?? 100,
    isLive,
    colours: isLive && (env.NO_COLOR ?? "") === "",
  };
}

/** Shows them all, and resolves with what they told. */
export async function report(lines: readonly Line[], screen: Screen): Promise<readonly Told[]> {
  // All at once; each waits for what it needs.
  for (const line of lines) void line.verdict;
  const titleWidth = Math.max(0, ...lines.map(({ title }) => title.length));
  const all: Told[] = [];
  for (const line of lines) {
    if (line.group !== all.at(-1)?.group)
      screen.write(`${all.length > 0 ? "\n" : ""}${HEADINGS[line.group]}\n`);
    if (screen.isLive) screen.write(`  … ${line.title}`);
    const told = await line.told();
    if (screen.isLive) screen.write("\r\x1b[K");
    for (const text of linesOf(told, titleWidth, screen)) screen.write(`${text}\n`);
    all.push(told);
  }
  screen.write(`\n${summaryOf(all, screen)}\n`);
  return all;
}

/** One line of the doctor's, with all that was found. */
export function linesOf(
  told: Told,
  titleWidth: number,
  screen: Pick<Screen, "columns" | "colours">,
): string[] {
  const { is, title, says, findings } = told;
  const width = Math.max(NARROWEST, Math.min(WIDEST, screen.columns));
  const paint = (text: string, how: string): string =>
    screen.colours && text !== "" ? `\x1b[${how}m${text}\x1b[0m` : text;
  const indent = " ".repeat(4 + titleWidth + 2);
  const [first = "", ...rest] = wrapped(says, width - indent.length);
  const faint = is === "unasked" ? COLOURS.unasked : undefined;
  const shown = (text: string): string => (faint === undefined ? text : paint(text, faint));
  const out = [`  ${paint(MARKS[is], COLOURS[is])} ${shown(title.padEnd(titleWidth))}  ${shown(first)}`];
  for (const text of rest) out.push(indent + shown(text));
  for (const finding of findings) {
    if (finding.says !== says) {
      const [begin = "", ...more] = wrapped(finding.says, width - 8);
      out.push(`      ${paint("·", COLOURS[is])} ${begin}`, ...more.map((text) => `        ${text}`));
    }
    const [begin = "", ...more] = wrapped(finding.mend, width - 10);
    out.push(`        ${paint("→", "36")} ${begin}`, ...more.map((text) => `          ${text}`));
  }
  return out;
}

export const isWell = (all: readonly Told[]): boolean => all.every(({ is }) => is !== "ill");

function summaryOf(all: readonly Told[], { colours }: Screen): string {
  const count = (which: Told["is"]): number => all.filter(({ is }) => is === which).length;
  const wrong = count("ill");
  const parts = [
    `${count("well") + count("doubtful")} well`,
    ...(count("doubtful") > 0 ? [`${count("doubtful")} of them with a remark`] : []),
    ...(wrong > 0 ? [`${wrong} wrong`] : []),
    ...(count("unasked") > 0 ? [`${count("unasked")} not asked`] : []),
  ];
  const verdict = wrong === 0 ? "All is well" : "Mend the ✗ from the top: those below may follow from it";
  const text = `${verdict} (${parts.join(", ")}).`;
  return colours ? `\x1b[${wrong === 0 ? COLOURS.well : COLOURS.ill}m${text}\x1b[0m` : text;
}

/** At spaces; what has none stands out over the edge, so that it can be copied. */
function wrapped(text: string, width: number): string[] {
  const rows: string[] = [];
  let row = "";
  for (const word of text.split(" ")) {
    if (row !== "" && row.length + 1 + word.length > width) {
      rows.push(row);
      row = word;
    } else row = row === "" ? word : `${row} ${word}`;
  }
  rows.push(row);
  return rows;
}
