/**
 * What must hold of the ways to leave: the assistant's own, by what the model called and the caller did not take back, and
 * the call's to another process, in a pause or when there is no time left.
 */
import type { Ending } from "../../../../relay/call/ending.ts";
import type { FromModel } from "../../../../relay/wire/realtime.ts";
import { hold } from "./broken.ts";
import { TRANSFER_TO } from "./tool-terms.ts";

const HANDOVER_WITHIN_MS = 8_000;
const TRANSFERRING = JSON.stringify({ to: TRANSFER_TO });

/** Endings that the caller is told of first. Those of a call with limits (limits.ts) have no reason in these sequences. */
const NEEDS_WORDS = new Set<Ending>([
  "model_refused",
  "model_not_ready",
  "model_settings_refused",
  "model_dropped",
  "model_failed",
  "model_too_slow",
  "budget_spent",
  "time_is_up",
  "nobody_there",
]);

type Item = Extract<FromModel, { type: "response.output_item.done" }>["item"];

export class LeaveWatch {
  #wants: "no" | "hangs up" | "puts through" = "no";
  readonly #calls = new Set<string>();
  #moveBy: number | undefined;

  get isStaying(): boolean {
    return this.#wants === "no";
  }

  /** By when a call that is to move has done so. */
  get moveBy(): number | undefined {
    return this.#moveBy;
  }

  mustMove(at: number): void {
    this.#moveBy ??= at + HANDOVER_WITHIN_MS;
  }

  /** The caller speaks: the call goes on. */
  stays(): void {
    this.#wants = "no";
  }

  /** Returns whether what the model calls here is acted upon. @param isNudge it had to call something */
  called(item: Item, isInterrupted: boolean, isNudge: boolean): boolean {
    if (!("call_id" in item) || this.#calls.has(item.call_id)) return false;
    if (item.status !== undefined && item.status !== "completed") return false;
    this.#calls.add(item.call_id);
    if (isInterrupted) return false;
    if (!isNudge && item.name === "end_call") this.#wants = "hangs up";
    if (!isNudge && item.name === "transfer_call" && item.arguments === TRANSFERRING)
      this.#wants = "puts through";
    return true;
  }

  /** The line closes, and not because of the relay's own last words. */
  closes(ending: Ending, transferTo: string | undefined): void {
    const leaves = { assistant_hung_up: "hangs up", transferred: "puts through" } as const;
    if (ending === "assistant_hung_up" || ending === "transferred")
      hold("the line closes only as the model asked", this.#wants === leaves[ending]);
    else hold(`${ending} has its reason`, !NEEDS_WORDS.has(ending));
    const isRight = transferTo === (ending === "transferred" ? TRANSFER_TO : undefined);
    hold("the caller is put through to whom they asked for", isRight);
  }

  moves(at: number, isPause: boolean): void {
    const isTime = this.#moveBy !== undefined && (isPause || at >= this.#moveBy);
    hold("a call moves in a pause, or when there is no time left", isTime);
  }
}
