/**
 * When the caller, who waits, hears that somebody is there: a clip of the relay's own, because the model cannot say it.
 * Never over anything that plays, and not time and again.
 */

/** Nothing is amiss yet in a silence shorter than this, by why it is silent. */
const AFTER_MS = {
  /** The assistant broke off in the middle of a word. */
  cut: 0,
  /** There is no session. */
  down: 600,
  /** There has not been one yet: calls begin with a moment of silence. */
  start: 1_500,
  /** There is a session, and it does not answer. */
  owed: 3_500,
} as const;
const AGAIN_AFTER_MS = 4_000;

export type Wait = { readonly since: number; readonly why: keyof typeof AFTER_MS };

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

  /** Whether the caller was asked to wait in this silence. */
  wasTold(since: number): boolean {
    return this.#toldAt >= since;
  }
}
