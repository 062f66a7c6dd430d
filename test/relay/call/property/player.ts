/**
 * Plays one sequence of inputs to one call, under the watch, with the clock given as the runner gives it.
 * The call may be another build of call.ts: planted.test.ts hands in copies that were broken on purpose.
 */
import type { Call, Input, Terms } from "../../../../relay/call/call.ts";
import { ENDINGS, type Ending } from "../../../../relay/call/ending.ts";
import type { Effect } from "../../../../relay/call/outbox.ts";
import type { Remembered } from "../../../../relay/call/remembered.ts";
import { Broken } from "./broken.ts";
import { Watch } from "./watch.ts";

export type Playable = Pick<Call, "begin" | "step" | "nextDeadline" | "state" | "remembered">;
export type Build = new (terms: Terms, at: number) => Playable;
export type Timed = { readonly input: Input; readonly at: number };

/** What all the sequences of a run have added up to. */
export class Tally {
  sequences = 0;
  steps = 0;
  readonly visits: Record<string, number> = {};
  readonly endings: Record<string, number> = {};
}

export const CLOCK: Input = { from: "clock" };

export class Player {
  readonly call: Playable;
  readonly #watch: Watch;
  readonly #tally: Tally;
  #lastState = "";
  /** What is to be done before anything has come in. */
  readonly begun: readonly Effect[];
  /** What was kept of the call, where it comes back. */
  readonly before: Remembered | undefined;
  /** What another process is to know of the call, when it has ended. */
  kept: Remembered | undefined;

  constructor(build: Build, terms: Terms, at: number, tally: Tally) {
    this.call = new build(terms, at);
    this.before = terms.before;
    this.begun = this.call.begin();
    this.#watch = new Watch(terms, at, this.begun);
    this.#tally = tally;
    tally.sequences++;
  }

  get ended(): boolean {
    return this.#watch.ended !== undefined;
  }

  get ending(): Ending | undefined {
    return this.#watch.ended;
  }

  give(input: Input, at: number): readonly Effect[] {
    const wasEnded = this.ended;
    let effects: readonly Effect[];
    try {
      effects = this.call.step(input, at);
    } catch (thrown) {
      throw new Broken(`step never throws (${thrown instanceof Error ? thrown.message : "no error"})`);
    }
    this.#watch.step(input, at, effects, this.call.nextDeadline());
    this.#tally.steps++;
    const { state } = this.call;
    if (state !== this.#lastState) this.#tally.visits[state] = (this.#tally.visits[state] ?? 0) + 1;
    this.#lastState = state;
    const { ended } = this.#watch;
    if (wasEnded || ended === undefined) return effects;
    this.#tally.endings[ended] = (this.#tally.endings[ended] ?? 0) + 1;
    this.kept = this.call.remembered(at);
    const { outcome } = ENDINGS[ended];
    if (outcome === "again" || outcome === "handover") this.#watch.kept(this.kept);
    return effects;
  }

  /** Gives the clock for each deadline before `until`, each so much late. */
  clocks(from: number, until: number, lateMs: number): void {
    let at = from;
    for (let given = 0; given < MOST_CLOCKS; given++) {
      const due = this.call.nextDeadline();
      if (due === undefined || due + lateMs >= until) return;
      at = Math.max(at, due + lateMs);
      this.give(CLOCK, at);
    }
  }
}

/** A quiet line asks for the clock ten times a second; a longer gap than this shows nothing more. */
const MOST_CLOCKS = 400;
