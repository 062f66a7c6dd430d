/**
 * A JSON text, looked at where it stands: one string of it, and how deep it is nested.
 */

/** What JSON does not let a string hold as it is: RFC 8259, section 7. The quotation mark ends it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that are looked for
const NOT_PLAIN = /[\u0000-\u001f\\]/;

/** The string whose first character is at `from`, up to its quotation mark; undefined: none, or one with escapes. */
export function plainString(text: string, from: number): string | undefined {
  const to = text.indexOf('"', from);
  if (to === -1) return undefined;
  const string = text.slice(from, to);
  return NOT_PLAIN.test(string) ? undefined : string;
}

/** What JSON.stringify writes as something else: the above, the quotation mark, and halves of surrogate pairs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that are looked for
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/;

/** Whether this string may stand between quotation marks as it is. */
export const isPlain = (string: string): boolean => !ESCAPED.test(string);

const [QUOTE, BACKSLASH, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [34, 92, 91, 93, 123, 125];

/** Whether arrays and objects stand in each other more than `most` deep; of a text that is no JSON, either. */
export function nestsDeeper(text: string, most: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === OPEN_ARRAY || code === OPEN_OBJECT) depth++;
    else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) depth--;
    if (depth > most) return true;
  }
  return false;
}

/** Where the string that begins at `from` has its quotation mark, or the end of the text. */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return at;
  }
  return text.length;
}
