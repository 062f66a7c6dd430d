/**
 * When something of a call is due next: each part of it has a deadline or none, and the runner keeps one timer for all.
 */

/** The earliest of some deadlines, where undefined means never. */
export function earliest(
  a: number | undefined,
  b: number | undefined,
  c: number | undefined = undefined,
): number | undefined {
  const first = a !== undefined && (b === undefined || a <= b) ? a : b;
  return first !== undefined && (c === undefined || first <= c) ? first : c;
}
