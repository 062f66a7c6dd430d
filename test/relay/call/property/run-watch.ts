/** What must hold of the tools that run: each run once, not too many of them, a write never beside itself, none for ever. */

import { hold } from "./broken.ts";
import type { Asked } from "./consent-watch.ts";
import { keyOf } from "./texts.ts";
import { LAWS } from "./tool-terms.ts";

export type Running = Asked & {
  readonly callId: string;
  readonly startedAt: number;
  readonly by: number;
  isFilled: boolean;
};

const FILLER_AFTER_MS = 1_500;
const MOST_RUNNING = 8;

export class RunWatch {
  readonly #runs = new Map<string, Running>();
  readonly #ids = new Set<string>();

  get all(): readonly Running[] {
    return [...this.#runs.values()];
  }

  get(runId: string): Running | undefined {
    return this.#runs.get(runId);
  }

  isFor(callId: string): boolean {
    return this.all.some((run) => run.callId === callId);
  }

  /** Something is about to be run. */
  mayBegin(runId: string, asked: Asked): void {
    hold("every run has an id of its own", !this.#ids.has(runId));
    this.#ids.add(runId);
    hold("no more than eight things run at once", this.#runs.size < MOST_RUNNING);
    const isWrite = LAWS[asked.name]?.kind === "write";
    const isBeside = this.all.some((run) => keyOf(run) === keyOf(asked));
    hold("a write never runs beside the same write", !isWrite || !isBeside);
  }

  begun(runId: string, run: Omit<Running, "isFilled">): void {
    this.#runs.set(runId, { ...run, isFilled: false });
  }

  over(runId: string): Running | undefined {
    const run = this.#runs.get(runId);
    this.#runs.delete(runId);
    return run;
  }

  filled(at: number): void {
    const unfilled = this.all.filter(({ isFilled }) => !isFilled);
    const isDue = unfilled.some(({ startedAt }) => at >= startedAt + FILLER_AFTER_MS);
    hold("a filler is for something that has run for 1.5 s and had none", isDue);
    for (const run of unfilled) run.isFilled = true;
  }

  /** When something must have come of what runs. */
  get dueBy(): number | undefined {
    let due: number | undefined;
    for (const { by } of this.#runs.values()) due = Math.min(due ?? by, by);
    return due;
  }
}
