/**
 * How the two env files are written down: where in a text a variable stands, and how a value is put so that its reader
 * gives it back. `.env` is read by Bun, `.env.functions` by dotenv 6 in twilio-run, and they agree on little: a # ends a
 * value for Bun and is part of one for dotenv; Bun puts other variables in place of $NAME, dotenv nothing; Bun takes
 * quoted values of several lines, dotenv never.
 *
 * Text in, text out. What Bun makes of a file is asked of Bun (env-file.ts), not guessed here.
 */
export type EnvKind = "relay" | "edge";

/** Where an assignment stands, its line's end included. */
type Extent = { readonly name: string; readonly from: number; readonly to: number };

/** As dotenv 6.2.0 does: line by line, no comments behind values, one quote off either end. */
export function readEdgeText(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name, written = ""] = /^\s*([\w.-]+)\s*=\s*(.*)?\s*$/.exec(line) ?? [];
    if (name === undefined) continue;
    const isDouble = written.startsWith('"') && written.endsWith('"');
    const unfolded = isDouble ? written.replaceAll("\\n", "\n") : written;
    values.set(name, unfolded.replaceAll(/^['"]|['"]$/g, "").trim());
  }
  return values;
}

const ASSIGNMENT: Readonly<Record<EnvKind, RegExp>> = {
  relay: /^[^\S\n]*(?:export[^\S\n]+)?([\w.-]+)[^\S\n]*(?:=|:(?=\s))[^\S\n]*/,
  edge: /^\s*([\w.-]+)\s*=/,
};

function extentsIn(text: string, kind: EnvKind): Extent[] {
  const found: Extent[] = [];
  let from = 0;
  while (from < text.length) {
    const lineEnd = endOfLine(text, from);
    const [begun = "", name] = ASSIGNMENT[kind].exec(text.slice(from, lineEnd)) ?? [];
    const to = name === undefined || kind === "edge" ? lineEnd : endOfValue(text, from + begun.length);
    if (name !== undefined) found.push({ name, from, to });
    from = to;
  }
  return found;
}

/** One past its line feed. */
function endOfLine(text: string, from: number): number {
  const at = text.indexOf("\n", from);
  return at < 0 ? text.length : at + 1;
}

/** Bun's: a quoted value goes on over the ends of lines; a quote that nothing closes is part of the value. */
function endOfValue(text: string, from: number): number {
  const quote = text[from] ?? "";
  if (!`"'\``.includes(quote) || quote === "") return endOfLine(text, from);
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === quote) return endOfLine(text, at);
  }
  return endOfLine(text, from);
}

/**
 * The text with one variable set, everything else as it was: where it stands (the last of several, which is the one that
 * counts), else below the comment that shows it, else at the end.
 * @param written as {@link writtenAs} puts it; undefined takes the variable out
 */
export function withVariable(text: string, kind: EnvKind, name: string, written: string | undefined): string {
  const own = extentsIn(text, kind).filter((extent) => extent.name === name);
  const line = `${name}=${written}\n`;
  const last = own.at(-1);
  if (written === undefined) {
    return own.reduceRight((rest, { from, to }) => rest.slice(0, from) + rest.slice(to), text);
  }
  if (last !== undefined) return text.slice(0, last.from) + line + text.slice(last.to);
  const shown = new RegExp(`^# ?${name.replaceAll(".", "\\.")}=.*(?:\\n|$)`, "gm");
  const at = [...text.matchAll(shown)].at(-1);
  const before = at === undefined ? text : text.slice(0, at.index + at[0].length);
  const after = text.slice(before.length);
  return `${before === "" || before.endsWith("\n") ? before : `${before}\n`}${line}${after}`;
}

/** undefined: this reader has no way to give that value back. */
export function writtenAs(value: string, kind: EnvKind): string | undefined {
  return kind === "edge" ? writtenForDotenv(value) : writtenForBun(value);
}

function writtenForDotenv(value: string): string | undefined {
  // It trims whatever it has taken out of quotes, and its lines end at what JavaScript takes for a line's end.
  if (value !== value.trim() || /[\n\r\u2028\u2029]/.test(value)) return undefined;
  return /^['"]|['"]$/.test(value) ? `'${value}'` : value;
}

function writtenForBun(value: string): string | undefined {
  if (/[\0\r]/.test(value)) return undefined;
  const text = value.replaceAll("$", "\\$");
  if (/^[\x21-\x7e]*(?: +[\x21-\x7e]+)*$/.test(text) && !/^["'`]|#/.test(text)) return text;
  // In quotes a backslash hides the quote behind it.
  if (text.endsWith("\\")) return undefined;
  const quote = ["'", '"', "`"].find((each) => !text.includes(each) && isPlainWithin(each, text));
  return quote === undefined ? undefined : quote + text + quote;
}

const isPlainWithin = (quote: string, text: string): boolean => quote !== '"' || !/\\[nr]/.test(text);
