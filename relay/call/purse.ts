/**
 * What this call may still spend: everything that it has cost is told to whoever keeps the ledger and to the log, and a
 * call that has spent its own budget ends. The sums are spend.ts's; days and months are not known here.
 */
import type { ResponseUsage, TranscriptionUsage } from "../wire/usage.ts";
import type { LimitTerms } from "./limits.ts";
import type { Outbox } from "./outbox.ts";
import type { Remembered } from "./remembered.ts";
import { type Cost, type Rates, Spend, type Tokens } from "./spend.ts";

/** What the owner lets a call last and cost. */
export type Brakes = {
  readonly limits: LimitTerms;
  readonly rates: Rates;
  /** Millionths of a dollar; undefined: as much as it likes. */
  readonly perCallMicros: number | undefined;
};

type Before = Pick<Remembered, "spentMicros" | "atRiskMicros">;

const WARN_PERCENT = 80;

export class Purse {
  readonly #spend: Spend;
  readonly #perCallMicros: number | undefined;
  readonly #outbox: Outbox;
  readonly #beforeMicros: number;

  /**
   * @param contextChars how long the instructions and the tools are that every response reads
   * @param before what the call had cost before it came here
   */
  constructor(
    { rates, perCallMicros }: Brakes,
    { contextChars, before }: { readonly contextChars: number; readonly before: Before | undefined },
    outbox: Outbox,
    at: number,
  ) {
    const { spentMicros = 0, atRiskMicros = 0 } = before ?? {};
    this.#spend = new Spend({ rates, contextChars, spentMicros }, at);
    this.#perCallMicros = perCallMicros;
    this.#outbox = outbox;
    this.#beforeMicros = spentMicros;
    if (atRiskMicros > 0) this.#book(this.#spend.lost(atRiskMicros));
  }

  /** Of the whole call. */
  get micros(): number {
    return this.#spend.micros;
  }

  /** What has to be known of it where the call goes on. */
  remembered(at: number): Before {
    const atRiskMicros = this.#spend.atRiskMicros(at);
    return { spentMicros: this.micros, ...(atRiskMicros > 0 && { atRiskMicros }) };
  }

  /** The call has cost what it may. */
  get isSpent(): boolean {
    return this.#perCallMicros !== undefined && this.micros >= this.#perCallMicros;
  }

  /** Of this stream of the call. */
  get count(): Tokens & { readonly spentMicros: number } {
    return { spentMicros: this.micros - this.#beforeMicros, ...this.#spend.tokens };
  }

  created(responseId: string): void {
    this.#spend.created(responseId);
    this.#outbox.put({ to: "memory", is: "changed" });
  }

  spoke(responseId: string, ms: number): void {
    this.#spend.spoke(responseId, ms);
  }

  done(responseId: string, status: string, usage: ResponseUsage | undefined, at: number): void {
    this.#book(this.#spend.done(responseId, status, usage, at));
  }

  transcribed(usage: TranscriptionUsage | undefined, at: number): void {
    this.#book(this.#spend.transcribed(usage, at));
  }

  /** The session or the call is over, and what was under way is not reported any more. */
  abandoned(at: number): void {
    this.#book(this.#spend.abandoned(at));
  }

  #book(cost: Cost | undefined): void {
    if (cost === undefined) return;
    const { micros, tokens, isEstimated } = cost;
    this.#outbox.put({ to: "spend", micros, tokens });
    this.#outbox.put({ to: "memory", is: "changed" });
    const level = isEstimated ? "info" : "debug";
    this.#outbox.log({ event: "spend.counted", level, micros, isEstimated, ...tokens });
    const limitMicros = this.#perCallMicros;
    if (limitMicros === undefined) return;
    const crosses = (mark: number) => this.micros - micros < mark && this.micros >= mark;
    const told = { level: "warn", period: "call", spentMicros: this.micros, limitMicros } as const;
    if (crosses(limitMicros)) this.#outbox.log({ event: "budget.spent", ...told });
    else if (crosses((limitMicros * WARN_PERCENT) / 100)) {
      this.#outbox.log({ event: "budget.warned", ...told });
    }
  }
}
