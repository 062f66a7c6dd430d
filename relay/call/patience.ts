/**
 * When the caller, who waits, hears that somebody is there: a clip of the relay's own, because the model cannot say it.
 * Never over anything that plays, and not time and again.
 */

/** Nothing is amiss yet in a silence shorter than this, by why it is silent. */
const AFTER_MS = {
  /** The assistant broke off in the middle of a word. */
  cut: 0,
  /** The caller spoke, and waits: it took that long to find that nobody was listening. */
  unheard: 0,
  /** There is no session. */
  down: 600,
  /** Nothing was said yet: calls begin with a moment of silence. */
  start: 1_700,
  /** There is a session, and it does not answer. */
  owed: 3_500,
  /** A tool is at work, and the model has said so once (tool-runs.ts). */
  tool: 5_000,
} as const;
const AGAIN_AFTER_MS = 4_000;
/** A session that has let the caller wait for so long will not do better. A thought may take longer than a word. */
const DEAD_AFTER_MS = { unbegun: 10_000, begun: 6_500 } as const;

export type Wait = { readonly since: number; readonly why: keyof typeof AFTER_MS };
/** The caller waits for the model. `hasBegun`: it broke off in the middle of what it was saying. */
export type Owed = { readonly since: number; readonly hasBegun: boolean };

/** When a session is given up that is there and says nothing. */
export const deadAt = (owed: Owed | undefined): number | undefined =>
  owed && owed.since + DEAD_AFTER_MS[owed.hasBegun ? "begun" : "unbegun"];

export class Patience {
  #toldAt = Number.NEGATIVE_INFINITY;

  /** @param quietAt when the caller hears nothing more */
  dueAt(wait: Wait | undefined, quietAt: number): number | undefined {
    if (wait === undefined) return undefined;
    const { since, why } = wait;
    const wasTold = this.#toldAt >= since;
    const from = Math.max(since, quietAt);
    return wasTold ? Math.max(this.#toldAt, from) + AGAIN_AFTER_MS : Math.max(since + AFTER_MS[why], quietAt);
  }

  told(at: number): void {
    this.#toldAt = at;
  }

  /** What was being said to the caller, or waited to be, is not. */
  cutOff(at: number): void {
    if (this.#toldAt > at) this.#toldAt = Number.NEGATIVE_INFINITY;
  }

  /** Whether the caller was asked to wait in this silence. */
  wasTold(since: number): boolean {
    return this.#toldAt >= since;
  }
}
