/**
 * What other people say of their tools, as it may be told to a model and to a log: no control characters, nothing that
 * is invisible or turns the reading around, and an end.
 */

/** Of a function's description: https://platform.openai.com/docs/guides/function-calling */
export const LONGEST_DESCRIPTION = 1_024;

/** Joiners, which are invisible too, belong to the writing of Persian and to emoji. */
const INVISIBLE = /(?![\u200c\u200d])\p{Cf}|\p{Cs}/gu;
const CONTROL = /(?!\n)\p{Cc}/gu;

export function fitDescription(text: string): string {
  const plain = text
    .slice(0, 4 * LONGEST_DESCRIPTION)
    .replace(/\r\n?|[\u2028\u2029]/g, "\n")
    .replace(INVISIBLE, "")
    .replace(CONTROL, " ")
    .trim();
  return cut(plain, LONGEST_DESCRIPTION);
}

/** A name from outside, for a line of the log or of a screen. */
export function printable(name: string, most = 64): string {
  return cut(
    name
      .slice(0, 4 * most)
      .replace(INVISIBLE, "")
      .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "?"),
    most,
  );
}

/** Never between the two halves of a character. */
const cut = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
