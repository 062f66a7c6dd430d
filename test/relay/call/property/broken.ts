/** How the watch says that something does not hold. */

/** Thrown with the name of what did not hold. */
export class Broken extends Error {}

export function hold(what: string, holds: boolean): asserts holds {
  if (!holds) throw new Broken(what);
}
