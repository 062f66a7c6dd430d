/**
 * What OpenAI charges, from a dated file: the relay's own (prices.json) and, before it, one of the owner's in the same
 * form, which holds the models that ours does not or prices of their own. In dollars as OpenAI prints them; a call
 * counts in billionths, which are whole numbers (call/spend.ts).
 */
import { z } from "zod";
import type { ModelRates, TranscriptionRates } from "./call/spend.ts";
import ours from "./prices.json";

/** A dollar for a million tokens is a thousand billionths for one. */
const NANOS_PER_TOKEN = 1_000;
const NANOS_PER_DOLLAR = 1_000_000_000;
const MOST_DOLLARS = 10_000;

const priceIn = (nanosPerDollar: number, decimals: number) =>
  z
    .number("is not a number of dollars")
    .min(0, "is below zero")
    .max(MOST_DOLLARS, `is above ${MOST_DOLLARS} dollars`)
    .transform((dollars, context) => {
      const nanos = Math.round(dollars * nanosPerDollar);
      if (Math.abs(dollars * nanosPerDollar - nanos) < 1e-3) return nanos;
      context.addIssue({ code: "custom", message: `has more than ${decimals} decimals` });
      return z.NEVER;
    });
const PerMillion = priceIn(NANOS_PER_TOKEN, 3);
const PerMinute = priceIn(NANOS_PER_DOLLAR, 9);

const Tokens = z.strictObject({ in: PerMillion, cached: PerMillion, out: PerMillion });
const Model = z.strictObject({ text: Tokens, audio: Tokens });
const Transcription = z.union([
  z
    .strictObject({ perMinute: PerMinute })
    .transform(({ perMinute }): TranscriptionRates => ({ by: "minute", minute: perMinute })),
  z
    .strictObject({ textIn: PerMillion, audioIn: PerMillion, textOut: PerMillion })
    .transform((rates): TranscriptionRates => ({ by: "token", ...rates })),
]);

const Table = z.strictObject({
  asOf: z.string().regex(/^\d{4}-\d{2}(-\d{2})?$/, "is not a date such as 2026-11-21"),
  source: z.string().optional(),
  models: z.record(z.string(), Model).default({}),
  transcription: z.record(z.string(), Transcription).default({}),
});
export type Prices = z.infer<typeof Table>;

export type ReadPrices =
  | { readonly ok: true; readonly prices: Prices }
  /** In words that may be shown; a price is no secret. */
  | { readonly ok: false; readonly problem: string };

export const OUR_PRICES: Prices = Table.parse(ours);

/** @param text the owner's file; what it says of a model stands before what ours says */
export function readPrices(text: string): ReadPrices {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, problem: "is not JSON" };
  }
  const table = Table.safeParse(value);
  if (!table.success) {
    const [issue] = table.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
    return { ok: false, problem: `does not hold prices (${where}${issue?.message ?? "wrong"})` };
  }
  const { data } = table;
  const models = { ...OUR_PRICES.models, ...data.models };
  const transcription = { ...OUR_PRICES.transcription, ...data.transcription };
  return { ok: true, prices: { ...data, models, transcription } };
}

/** A dated snapshot ("gpt-realtime-2.1-2026-08-01") costs what its model costs, unless it has a price of its own. */
export const modelRates = ({ models }: Prices, model: string): ModelRates | undefined =>
  ownOf(models, model) ?? ownOf(models, undated(model));

export const transcriptionRates = (
  { transcription }: Prices,
  model: string,
): TranscriptionRates | undefined => ownOf(transcription, model) ?? ownOf(transcription, undated(model));

const undated = (model: string): string => model.replace(/-\d{4}-\d{2}-\d{2}$/, "");

const ownOf = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
