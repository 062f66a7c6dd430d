/**
 * Styled text as values: spans that know their plain width, so that lines can be wrapped and measured before any
 * escape code is in them. Only `painted` makes escape codes.
 */

export type Style =
  | "plain"
  | "dim"
  | "bold"
  | "good"
  | "bad"
  | "caller"
  | "assistant"
  | "edge"
  | "relay"
  | "model"
  | "tool"
  | "cut"
  | "unheard";

export type Span = { readonly text: string; readonly style: Style };
export type Line = readonly Span[];

/** SGR parameters of the terminal's own sixteen colours, which every theme makes readable. */
const CODES: Readonly<Record<Style, string>> = {
  plain: "",
  dim: "2",
  bold: "1",
  good: "32",
  bad: "1;31",
  caller: "36",
  assistant: "35",
  edge: "94",
  relay: "94",
  model: "94",
  tool: "33",
  cut: "1;33",
  unheard: "2;9",
};

export const span = (text: string, style: Style = "plain"): Span => ({ text, style });

export function painted(line: Line, colours: boolean): string {
  return line
    .map(({ text, style }) => {
      const code = CODES[style];
      return colours && code !== "" ? `\x1b[${code}m${text}\x1b[0m` : text;
    })
    .join("")
    .trimEnd();
}

/** Breaks at spaces, keeping each word's style; a word longer than the width is left whole. */
export function wrapped(line: Line, width: number): Line[] {
  const rows: Span[][] = [[]];
  let used = 0;
  for (const { text, style } of line) {
    for (const word of text.split(/(?<= )/)) {
      const length = [...word.trimEnd()].length;
      if (used > 0 && used + length > width) {
        rows.push([]);
        used = 0;
      }
      rows.at(-1)?.push({ text: word, style });
      used += [...word].length;
    }
  }
  return rows;
}

/** 3124.5 → "3,124.5" */
export const figure = (value: number, digits = 0): string =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

export const seconds = (ms: number, digits = 2): string => `${(ms / 1000).toFixed(digits)} s`;
