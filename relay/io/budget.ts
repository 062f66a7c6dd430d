/**
 * What may be spent in a day and in a month. Everything that a call spends is written down at once, and the sums are
 * read again each time, because other processes spend too; so a budget is overspent by no more than the responses that
 * were under way. What cannot be written is kept and tried again: calls that are up go on, and until it is written nobody
 * is admitted.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "./clock.ts";
import type { Health } from "./health.ts";
import { type Booking, FileLedger, type Ledger, monthOf, type Totals } from "./ledger.ts";
import type { Log } from "./log.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { RedisLedger } from "./redis-ledger.ts";

/** Millionths of a dollar; undefined: no limit. */
export type BudgetTerms = {
  readonly perDayMicros: number | undefined;
  readonly perMonthMicros: number | undefined;
};

export type BudgetParts = {
  readonly ledger: Ledger;
  readonly clock: Pick<Clock, "unixS">;
  readonly health: Health;
  readonly log: Log;
};

const WARN_PERCENT = 80;
const AGAIN_MS = 1_000;

export class Budget {
  readonly #terms: BudgetTerms;
  readonly #parts: BudgetParts;
  /** Spent, and in no booking yet. */
  #loose = 0;
  /** On its way, and perhaps not for the first time. */
  #booking: Booking | undefined;
  /** undefined: nothing is being written. */
  #writing: Promise<void> | undefined;
  #last: { readonly day: string; readonly totals: Totals } | undefined;
  #hasFailed = false;
  #again: ReturnType<typeof setTimeout> | undefined;
  #tell: () => void = () => {};

  constructor(terms: BudgetTerms, parts: BudgetParts) {
    this.#terms = terms;
    this.#parts = parts;
  }

  /** @param tell is told so as often as more is spent than there is */
  whenSpent(tell: () => void): void {
    this.#tell = tell;
  }

  /** Of a call that is up. What becomes of it is told to the health, and to whoever is to know when all is spent. */
  spend(micros: number): void {
    this.#loose += micros;
    void this.#write();
  }

  /**
   * Whether a call that comes now is to be told so.
   * @throws if that cannot be known, or something that was spent cannot be written: then nobody may come in
   */
  async isSpent(): Promise<boolean> {
    await this.#write();
    if (this.#booking !== undefined) throw new Unwritten();
    const day = this.#today();
    try {
      this.#saw(day, await this.#parts.ledger.look(day));
    } catch (thrown) {
      this.#failed(thrown);
      throw thrown;
    }
    this.#worked();
    return this.#isOver();
  }

  /** Writes what there is to write, if it can; nothing is tried again after that. */
  async close(): Promise<void> {
    await this.#write();
    clearTimeout(this.#again);
    this.#parts.ledger.close();
  }

  /** Never rejects. Resolves when all that was spent by now is written, or cannot be. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    clearTimeout(this.#again);
    for (;;) {
      if (this.#booking === undefined) {
        if (this.#loose === 0) return;
        this.#booking = { id: randomUUID(), day: this.#today(), micros: this.#loose };
        this.#loose = 0;
      }
      const booking = this.#booking;
      try {
        const totals = await this.#parts.ledger.add(booking);
        this.#booking = undefined;
        this.#saw(booking.day, totals);
        this.#tellCrossings(totals, booking.micros);
        this.#worked();
      } catch (thrown) {
        this.#failed(thrown);
        this.#again = setTimeout(() => void this.#write(), AGAIN_MS);
        this.#stopIfOver();
        return;
      }
      this.#stopIfOver();
    }
  }

  #stopIfOver(): void {
    if (this.#isOver()) this.#tell();
  }

  /** By what was read last and what is not written yet. */
  #isOver(): boolean {
    const { perDayMicros, perMonthMicros } = this.#terms;
    const unwritten = this.#loose + (this.#booking?.micros ?? 0);
    const today = this.#today();
    const { day, totals } = this.#last ?? { day: today, totals: { dayMicros: 0, monthMicros: 0 } };
    const dayMicros = unwritten + (day === today ? totals.dayMicros : 0);
    const monthMicros = unwritten + (monthOf(day) === monthOf(today) ? totals.monthMicros : 0);
    const isDayOver = perDayMicros !== undefined && dayMicros >= perDayMicros;
    return isDayOver || (perMonthMicros !== undefined && monthMicros >= perMonthMicros);
  }

  #saw(day: string, totals: Totals): void {
    this.#last = { day, totals };
  }

  /** Told by the one whose booking it was, so once for all processes and for all restarts. */
  #tellCrossings({ dayMicros, monthMicros }: Totals, micros: number): void {
    const { perDayMicros, perMonthMicros } = this.#terms;
    const each = [
      { period: "day", spentMicros: dayMicros, limitMicros: perDayMicros },
      { period: "month", spentMicros: monthMicros, limitMicros: perMonthMicros },
    ] as const;
    for (const { period, spentMicros, limitMicros } of each) {
      if (limitMicros === undefined) continue;
      const crosses = (mark: number) => spentMicros - micros < mark && spentMicros >= mark;
      const told = { level: "warn", period, spentMicros, limitMicros } as const;
      if (crosses(limitMicros)) this.#parts.log({ event: "budget.spent", ...told });
      else if (crosses((limitMicros * WARN_PERCENT) / 100))
        this.#parts.log({ event: "budget.warned", ...told });
    }
  }

  #today(): string {
    return new Date(this.#parts.clock.unixS() * 1000).toISOString().slice(0, 10);
  }

  #failed(thrown: unknown): void {
    this.#hasFailed = true;
    this.#parts.health.failed(thrown);
  }

  #worked(): void {
    if (!this.#hasFailed) return;
    this.#hasFailed = false;
    this.#parts.health.worked();
  }
}

export type BudgetPlace = Omit<BudgetParts, "ledger"> & {
  readonly dataDir: string;
  /** undefined: the ledger is a file. */
  readonly redis: Pick<RedisConnection, "run"> | undefined;
};

/**
 * undefined: there is no limit, and nothing is counted.
 * @throws if the file cannot be made, read or written
 */
export function openBudget(
  terms: BudgetTerms,
  { dataDir, redis, ...parts }: BudgetPlace,
): Budget | undefined {
  if (terms.perDayMicros === undefined && terms.perMonthMicros === undefined) return undefined;
  const ledger = redis === undefined ? FileLedger.open(dataDir) : new RedisLedger(redis);
  return new Budget(terms, { ...parts, ledger });
}

/** The health knows why. */
class Unwritten extends Error {
  readonly code = "unwritten";
}
