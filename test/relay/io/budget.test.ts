/** Budgets of a day and a month: counted over restarts and processes, told once, and never guessed at. */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Budget, type BudgetTerms, openBudget } from "../../../relay/io/budget.ts";
import { Health } from "../../../relay/io/health.ts";
import { FileLedger, type Ledger } from "../../../relay/io/ledger.ts";
import type { Log } from "../../../relay/io/log.ts";
import { until } from "../../patience.ts";

const NOON_S = Date.parse("2026-11-21T12:00:00Z") / 1000;
const DAY_S = 24 * 3600;
const TERMS: BudgetTerms = { perDayMicros: 1_000, perMonthMicros: 10_000 };

const toClose: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "budget-"));
  toClose.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** One process with its budget, whose ledger can be made to fail. */
class Desk {
  readonly log: Array<Parameters<Log>[0]> = [];
  readonly budget: Budget;
  readonly health: Health;
  nowS = NOON_S;
  fails = false;
  spentTold = 0;
  bookings = 0;

  constructor(dataDir: string, terms = TERMS) {
    const log: Log = (entry) => this.log.push(entry);
    const file = FileLedger.open(dataDir);
    const ledger: Ledger = {
      add: async (booking) => {
        if (this.fails) throw Object.assign(new Error("full"), { code: "SQLITE_FULL" });
        this.bookings++;
        return file.add(booking);
      },
      look: async (day) => {
        if (this.fails) throw Object.assign(new Error("full"), { code: "SQLITE_FULL" });
        return file.look(day);
      },
      close: () => file.close(),
    };
    this.health = new Health(log);
    this.budget = new Budget(terms, { ledger, clock: { unixS: () => this.nowS }, health: this.health, log });
    this.budget.whenSpent(() => {
      this.spentTold++;
    });
    toClose.push(() => this.budget.close());
  }

  /** Spends, and waits until that is written. */
  async spend(micros: number): Promise<boolean> {
    this.budget.spend(micros);
    return this.budget.isSpent();
  }

  get told(): unknown[] {
    return this.log.map((entry) =>
      "period" in entry ? [entry.event, entry.period, entry.spentMicros, entry.limitMicros] : entry.event,
    );
  }
}

describe("a budget", () => {
  test("warns once at 80 %, is spent once at 100 %, and says both in the log", async () => {
    const desk = new Desk(folder());
    expect(await desk.spend(799)).toBe(false);
    expect(desk.told).toEqual([]);
    expect(await desk.spend(1)).toBe(false);
    expect(await desk.spend(199)).toBe(false);
    expect(desk.spentTold).toBe(0);
    expect(await desk.spend(1)).toBe(true);
    expect(desk.spentTold).toBe(1);
    expect(await desk.spend(500)).toBe(true);
    expect(desk.told).toEqual([
      ["budget.warned", "day", 800, 1_000],
      ["budget.spent", "day", 1_000, 1_000],
    ]);
  });

  test("that is spent in one step is told to be spent, and not warned of as well", async () => {
    const desk = new Desk(folder());
    expect(await desk.spend(1_200)).toBe(true);
    expect(desk.told).toEqual([["budget.spent", "day", 1_200, 1_000]]);
  });

  test("of a day is whole again on the next day of UTC, and that of its month is not", async () => {
    const desk = new Desk(folder(), { perDayMicros: 1_000, perMonthMicros: 2_000 });
    expect(await desk.spend(1_000)).toBe(true);
    desk.nowS += DAY_S / 2 - 1;
    expect(await desk.budget.isSpent()).toBe(true);
    desk.nowS += 1;
    expect(await desk.budget.isSpent()).toBe(false);
    expect(await desk.spend(999)).toBe(false);
    expect(await desk.spend(1)).toBe(true);
    expect(desk.told.at(-1)).toEqual(["budget.spent", "month", 2_000, 2_000]);
    desk.nowS += 30 * DAY_S;
    expect(await desk.budget.isSpent()).toBe(false);
  });

  test("survives a restart, which warns no second time", async () => {
    const dataDir = folder();
    const before = new Desk(dataDir);
    await before.spend(900);
    await before.budget.close();
    toClose.pop();
    const after = new Desk(dataDir);
    expect(await after.budget.isSpent()).toBe(false);
    expect(await after.spend(50)).toBe(false);
    expect(await after.spend(50)).toBe(true);
    expect(after.told).toEqual([["budget.spent", "day", 1_000, 1_000]]);
  });

  test("is shared with other processes: what they spend is seen before a call is admitted, and at each response", async () => {
    const dataDir = folder();
    const [one, other] = [new Desk(dataDir), new Desk(dataDir)];
    await one.spend(995);
    expect(await other.budget.isSpent()).toBe(false);
    await other.spend(5);
    expect([one.spentTold, other.spentTold]).toEqual([0, 1]);
    expect(await one.budget.isSpent()).toBe(true);
    // The other's live calls are told with the first response of theirs.
    one.budget.spend(1);
    await one.budget.isSpent();
    expect(one.spentTold).toBe(1);
    expect([...one.told, ...other.told]).toEqual([
      ["budget.warned", "day", 995, 1_000],
      ["budget.spent", "day", 1_000, 1_000],
    ]);
  });

  test("of one period alone leaves the other without limit", async () => {
    const desk = new Desk(folder(), { perDayMicros: undefined, perMonthMicros: 100 });
    expect(await desk.spend(99)).toBe(false);
    expect(await desk.spend(1)).toBe(true);
    const free = new Desk(folder(), { perDayMicros: undefined, perMonthMicros: undefined });
    expect(await free.spend(1e12)).toBe(false);
    expect(free.told).toEqual([]);
  });

  test("loses nothing that was spent just before the process ends", async () => {
    const dataDir = folder();
    const desk = new Desk(dataDir);
    for (let n = 0; n < 100; n++) desk.budget.spend(1);
    await desk.budget.close();
    toClose.pop();
    const after = new Desk(dataDir, { perDayMicros: 100, perMonthMicros: undefined });
    expect(await after.budget.isSpent()).toBe(true);
  });
});

describe("where the sums are", () => {
  const health = new Health(() => {});
  const rest = { clock: { unixS: () => NOON_S }, health, log: () => {} };

  test("is nowhere, if neither a day nor a month has a limit", () => {
    const dataDir = folder();
    const none = { perDayMicros: undefined, perMonthMicros: undefined };
    expect(openBudget(none, { ...rest, dataDir, redis: undefined })).toBeUndefined();
    expect(readdirSync(dataDir)).toEqual([]);
  });

  test("is a file, or Redis where there is one", async () => {
    const dataDir = folder();
    const asked: unknown[] = [];
    const redis = {
      run: async (_: string, keys: readonly string[]) => {
        asked.push(keys[0]);
        return ["2000", "2000"];
      },
    };
    expect(await openBudget(TERMS, { ...rest, dataDir, redis })?.isSpent()).toBe(true);
    expect(asked).toEqual(["{relay}:spend:2026-11-21"]);
    expect(readdirSync(dataDir)).toEqual([]);
    const inFile = openBudget(TERMS, { ...rest, dataDir, redis: undefined });
    expect(await inFile?.isSpent()).toBe(false);
    expect(readdirSync(dataDir)).toContain("spend.sqlite");
    await inFile?.close();
  });
});

describe("a ledger that cannot be written", () => {
  test("admits nobody, says so once, and keeps what is spent until it can be written", async () => {
    const desk = new Desk(folder());
    desk.fails = true;
    await expect(desk.spend(300)).rejects.toThrow();
    await expect(desk.spend(300)).rejects.toThrow();
    expect(desk.health.isWell).toBe(false);
    expect(desk.told).toEqual(["store.failed"]);
    desk.fails = false;
    expect(await desk.budget.isSpent()).toBe(false);
    expect(desk.health.isWell).toBe(true);
    expect(await desk.spend(400)).toBe(true);
    expect(desk.told).toEqual(["store.failed", "store.recovered", ["budget.spent", "day", 1_000, 1_000]]);
  });

  test("is tried again by itself", async () => {
    const desk = new Desk(folder());
    desk.fails = true;
    desk.budget.spend(300);
    await until(() => !desk.health.isWell);
    desk.fails = false;
    await until(() => desk.health.isWell);
    expect(desk.bookings).toBe(1);
  });

  test("does not let live calls spend more than what is left either", async () => {
    const desk = new Desk(folder());
    await desk.spend(600);
    desk.fails = true;
    desk.budget.spend(300);
    await until(() => !desk.health.isWell);
    expect(desk.spentTold).toBe(0);
    desk.budget.spend(100);
    await until(() => desk.spentTold > 0);
  });

  test("admits nobody even if there is nothing to write", async () => {
    const desk = new Desk(folder());
    desk.fails = true;
    await expect(desk.budget.isSpent()).rejects.toThrow("full");
    expect(desk.health.isWell).toBe(false);
    desk.fails = false;
    expect(await desk.budget.isSpent()).toBe(false);
    expect(desk.health.isWell).toBe(true);
  });

  test("leaves alone what the health says of others", async () => {
    const desk = new Desk(folder());
    desk.health.failed(new Error("the records"));
    expect(await desk.spend(1)).toBe(false);
    expect(desk.health.isWell).toBe(false);
  });
});
