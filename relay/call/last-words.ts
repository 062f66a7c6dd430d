/**
 * The end of a call that cannot go on, said by a clip of the relay's own: the line closes when the caller has heard it.
 */
import type { Ending } from "./ending.ts";

/** The last mark may be lost; past the moment when all should have been heard, this is the grace. */
const PROOF_GRACE_MS = 2_000;

export class LastWords {
  readonly ending: Ending;
  readonly detail: string;

  constructor(ending: Ending, detail: string) {
    this.ending = ending;
    this.detail = detail;
  }

  dueAt(quietAt: number): number {
    return quietAt + PROOF_GRACE_MS;
  }

  wereHeard(isProved: boolean, quietAt: number, at: number): boolean {
    return isProved || at >= this.dueAt(quietAt);
  }
}
