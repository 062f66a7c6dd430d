/**
 * The calls that are up in this process: each by the token that opened its stream, and whether that stream has begun.
 */
import { Lull } from "./lull.ts";
import type { Runner } from "./runner.ts";

/** Each asks the call, which ends as that disturbs the least. */
type Ends = Pick<Runner, "stop" | "budgetSpent" | "superseded">;
type Live = {
  readonly callSid: string;
  readonly runner: Ends;
  hasStarted: boolean;
};

export class LiveCalls {
  readonly #byToken = new Map<string, Live>();
  readonly #lull: Lull;
  #unstarted = 0;

  constructor(lull = new Lull()) {
    this.#lull = lull;
  }

  get size(): number {
    return this.#byToken.size;
  }

  /** Their sockets are open and their models dialled, and there was no valid `start` yet. */
  get unstarted(): number {
    return this.#unstarted;
  }

  add(jti: string, callSid: string, runner: Live["runner"]): void {
    this.#lull.ends();
    this.#byToken.set(jti, { callSid, runner, hasStarted: false });
    this.#unstarted++;
  }

  started(jti: string): void {
    const live = this.#byToken.get(jti);
    if (live === undefined || live.hasStarted) return;
    live.hasStarted = true;
    this.#unstarted--;
  }

  left(jti: string): void {
    const live = this.#byToken.get(jti);
    if (live === undefined) return;
    this.#byToken.delete(jti);
    if (!live.hasStarted) this.#unstarted--;
    if (this.#byToken.size === 0) this.#lull.begins();
  }

  has(jti: string): boolean {
    return this.#byToken.has(jti);
  }

  /** Whether a stream of this call is up and has begun. */
  hasStarted(callSid: string): boolean {
    return [...this.#byToken.values()].some((live) => live.callSid === callSid && live.hasStarted);
  }

  /** A budget is spent: each is told, and ends. */
  budgetSpent(): void {
    for (const { runner } of [...this.#byToken.values()]) runner.budgetSpent();
  }

  /** A newer stream of this call comes in. */
  supersede(callSid: string): void {
    for (const live of [...this.#byToken.values()]) if (live.callSid === callSid) live.runner.superseded();
  }

  /** Asks each to end as soon as that disturbs nobody. */
  stop(): void {
    for (const { runner } of [...this.#byToken.values()]) runner.stop();
  }
}
