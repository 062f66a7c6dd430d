/**
 * One string of a JSON text, read and written where it stands.
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
