/**
 * The brakes that the owner sets: how long a call and its silences may last, what a call, a day and a month may cost, and
 * what is charged. A budget that cannot be counted is no budget, and does not start.
 */
import { z } from "zod";
import type { LimitTerms } from "./call/limits.ts";
import type { Rates } from "./call/spend.ts";
import { modelRates, OUR_PRICES, type Prices, readPrices, transcriptionRates } from "./prices.ts";
import type { ReadFile } from "./tool-settings.ts";
import { type Finding, Num, type Reader, unlessOff } from "./variables.ts";

/** Millionths of a dollar; undefined: as much as it likes. */
export type Budgets = {
  readonly perCallMicros: number | undefined;
  readonly perDayMicros: number | undefined;
  readonly perMonthMicros: number | undefined;
};

export type LimitSettings = {
  readonly limits: LimitTerms;
  readonly budgets: Budgets;
  readonly rates: Rates;
};

const MICROS = 1_000_000;
const MINUTE_MS = 60_000;
/** Twilio's longest call. */
const MOST_MINUTES = 24 * 60;
const LEAST_DOLLARS = 0.01;
const MOST_DOLLARS = 1_000_000;

const OR_OFF = "or off";
const off = (text: string): string | undefined => (text === "0" ? undefined : unlessOff(text));
const lasting = (least: number, most: number, usual: string) =>
  z.string().default(usual).transform(off).pipe(Num(least, most).optional());
const Dollars = Num(LEAST_DOLLARS, MOST_DOLLARS)
  .transform((dollars) => Math.round(dollars * MICROS))
  .optional();

/** All that is wrong is among the reader's problems. */
export async function limitSettingsFrom(
  reader: Reader,
  readFile: ReadFile,
  model: string | undefined,
  transcriptionModel: string | undefined,
): Promise<LimitSettings> {
  const minutes = reader.read(
    "MAX_CALL_MINUTES",
    lasting(0.1, MOST_MINUTES, "30"),
    `MAX_CALL_MINUTES=30, ${OR_OFF}`,
  );
  const askS = reader.read(
    "SILENCE_ASK_SECONDS",
    lasting(1, 3600, "20"),
    `SILENCE_ASK_SECONDS=20, ${OR_OFF}`,
  );
  const endS = reader.read(
    "SILENCE_END_SECONDS",
    lasting(1, 3600, "60"),
    `SILENCE_END_SECONDS=60, ${OR_OFF}`,
  );
  if (askS !== undefined && endS !== undefined && askS >= endS) {
    reader.problems.push({
      variable: "SILENCE_END_SECONDS",
      problem: `is ${endS}, and the caller is asked only after ${askS} s (SILENCE_ASK_SECONDS)`,
      mend: "set it to more than that, as in SILENCE_END_SECONDS=60, or set SILENCE_ASK_SECONDS=off",
    });
  }
  const budgets = budgetsFrom(reader);
  const isBudgeted = Object.values(budgets).some((micros) => micros !== undefined);
  // With no budget an estimate of the cost is all that is lost.
  const tell = (finding: Finding) => (isBudgeted ? reader.problems : reader.warnings).push(finding);
  const prices = await pricesFrom(reader, readFile, tell);
  return {
    limits: {
      maxCallMs: minutes === undefined ? undefined : minutes * MINUTE_MS,
      askAfterMs: askS === undefined ? undefined : askS * 1000,
      endAfterMs: endS === undefined ? undefined : endS * 1000,
    },
    budgets,
    rates: ratesFrom(prices, { model, transcriptionModel }, tell),
  };
}

function budgetsFrom(reader: Reader): Budgets {
  const budget = (variable: string, usual: string) =>
    reader.read(variable, Dollars, `${variable}=${usual} (US dollars), or leave it out`);
  const perCallMicros = budget("BUDGET_PER_CALL", "2");
  const perDayMicros = budget("BUDGET_PER_DAY", "5");
  const perMonthMicros = budget("BUDGET_PER_MONTH", "50");
  if (perDayMicros !== undefined && perMonthMicros !== undefined && perDayMicros > perMonthMicros) {
    reader.warnings.push({
      variable: "BUDGET_PER_DAY",
      problem: "is more than a whole month may cost, and is never reached",
      mend: "make BUDGET_PER_MONTH the larger one",
    });
  }
  return { perCallMicros, perDayMicros, perMonthMicros };
}

async function pricesFrom(
  reader: Reader,
  readFile: ReadFile,
  tell: (finding: Finding) => void,
): Promise<Prices> {
  const variable = "PRICES_FILE";
  const named = reader.text(variable);
  if (named === undefined) return OUR_PRICES;
  const mend = `make it a file like relay/prices.json, with the models that you use, or leave ${variable} out`;
  let text: string | undefined;
  try {
    text = await readFile(named);
  } catch {
    tell({ variable, problem: "names a file that cannot be read", mend });
    return OUR_PRICES;
  }
  if (text === undefined) {
    tell({ variable, problem: "names a file that is not there", mend });
    return OUR_PRICES;
  }
  const read = readPrices(text);
  if (read.ok) return read.prices;
  tell({ variable, problem: `names a file that ${read.problem}`, mend });
  return OUR_PRICES;
}

type Used = { readonly model: string | undefined; readonly transcriptionModel: string | undefined };

function ratesFrom(
  prices: Prices,
  { model, transcriptionModel }: Used,
  tell: (finding: Finding) => void,
): Rates {
  const ofModel = model === undefined ? undefined : modelRates(prices, model);
  if (model !== undefined && ofModel === undefined) {
    tell(unpriced("OPENAI_MODEL", model, "models"));
  }
  const ofTranscription =
    transcriptionModel === undefined ? undefined : transcriptionRates(prices, transcriptionModel);
  if (transcriptionModel !== undefined && ofTranscription === undefined) {
    tell(unpriced("TRANSCRIPTION_MODEL", transcriptionModel, "transcription"));
  }
  return { model: ofModel, transcription: ofTranscription };
}

const unpriced = (variable: string, model: string, table: "models" | "transcription"): Finding => ({
  variable,
  problem: `is "${model}", which has no price, so that what a call costs cannot be counted`,
  mend: `copy relay/prices.json, add it there under "${table}", and name the copy: PRICES_FILE=prices.json`,
});
