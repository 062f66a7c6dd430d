/**
 * How the assistant leaves: it hangs up, or puts the caller through to somebody else; only after its last words were
 * heard to the end, and never leaving the line open.
 *
 * A limit of the call's (limits.ts) makes it leave in the same way; for one of them it goes even if the caller speaks.
 *
 * `end_call` usually follows the goodbye in one response. If nothing was said since the caller last spoke, a
 * goodbye is asked for first. If the caller speaks again before it is over, the call goes on.
 */

import type { Leave } from "./limits.ts";

/** A goodbye that has not begun by then does not come. */
const GOODBYE_WITHIN_MS = 20_000;
/** The last mark may be lost; past the moment when all should have been heard, this is the grace. */
const PROOF_GRACE_MS = 2_000;

type Stage =
  | { readonly is: "staying" }
  /** end_call is there; its response is not done yet. */
  | { readonly is: "asked"; readonly responseId: string; readonly by: number }
  | { readonly is: "leaving"; readonly by: number };

/** What the call looks like when it is asked whether it may go. */
export type Outlook = {
  readonly idle: boolean;
  readonly provedHeard: boolean;
  /** When the last sample should have been heard. */
  readonly quietAt: number;
};

export class HangUp {
  #stage: Stage = { is: "staying" };
  /** The calls of end_call that have no output yet: the model must get one for each if the call goes on. */
  #unanswered: string[] = [];
  #transferTo: string | undefined;
  #why: Leave | undefined;

  /** The limit for which the call is left, if it is one. */
  get why(): Leave | undefined {
    return this.#why;
  }

  /** To whom the caller is put through; undefined: the line is closed. */
  get transferTo(): string | undefined {
    return this.#transferTo;
  }

  get isStaying(): boolean {
    return this.#stage.is === "staying";
  }

  get isLeaving(): boolean {
    return this.#stage.is === "leaving";
  }

  /** The model called end_call, or transfer_call with a name. What it called last counts. */
  ask(callId: string, responseId: string, at: number, transferTo?: string): void {
    this.#unanswered.push(callId);
    this.#transferTo = transferTo;
    if (this.#stage.is === "staying") this.#stage = { is: "asked", responseId, by: at + GOODBYE_WITHIN_MS };
  }

  /** A limit is reached, and a goodbye is wished for. False: somebody has asked to leave already. */
  leave(why: Leave, at: number): boolean {
    if (this.#stage.is !== "staying" && this.#why === undefined) return false;
    if (this.#stage.is === "staying") this.#stage = { is: "leaving", by: at + GOODBYE_WITHIN_MS };
    this.#why = why;
    return true;
  }

  /**
   * A response is done. Returns the call ids to answer with the wish for a goodbye, if this was the response that
   * asked and the caller has heard nothing since they last spoke; otherwise nothing.
   */
  responseDone(responseId: string, spoken: boolean): readonly string[] {
    if (this.#stage.is !== "asked" || this.#stage.responseId !== responseId) return [];
    this.#stage = { is: "leaving", by: this.#stage.by };
    return spoken ? [] : this.#takeUnanswered();
  }

  /** The caller spoke: stay. Returns the call ids that still need an output, or undefined if nobody was leaving. */
  callOff(): readonly string[] | undefined {
    if (this.#stage.is === "staying" || this.#why === "time_is_up") return undefined;
    this.#stage = { is: "staying" };
    this.#why = undefined;
    return this.#takeUnanswered();
  }

  /** The session is gone: no more of a goodbye comes than there is. */
  sessionLost(): void {
    if (this.#stage.is === "asked") this.#stage = { is: "leaving", by: this.#stage.by };
  }

  mayGo(outlook: Outlook, at: number): boolean {
    if (this.#stage.is === "staying") return false;
    if (this.#stage.is === "leaving" && outlook.idle && outlook.provedHeard) return true;
    const dueAt = this.dueAt(outlook);
    return dueAt !== undefined && at >= dueAt;
  }

  dueAt({ idle, quietAt }: Outlook): number | undefined {
    if (this.#stage.is === "staying") return undefined;
    const graceEnds = quietAt + PROOF_GRACE_MS;
    return this.#stage.is === "leaving" && idle ? graceEnds : Math.max(this.#stage.by, graceEnds);
  }

  #takeUnanswered(): readonly string[] {
    const callIds = this.#unanswered;
    this.#unanswered = [];
    return callIds;
  }
}
