/** What OpenAI charges, as our file and an owner's have it. */
import { describe, expect, test } from "bun:test";
import { modelRates, OUR_PRICES, readPrices, transcriptionRates } from "../../relay/prices.ts";

const TOKENS = { in: 1, cached: 0.125, out: 2 };
const MODEL = { text: TOKENS, audio: TOKENS };
const RATES = { in: 1_000, cached: 125, out: 2_000 };
const file = (table: object): string => JSON.stringify({ asOf: "2026-11-21", ...table });

function prices(table: object) {
  const read = readPrices(file(table));
  if (!read.ok) throw new Error(read.problem);
  return read.prices;
}
const problem = (text: string): string => {
  const read = readPrices(text);
  return read.ok ? "" : read.problem;
};

describe("our prices", () => {
  test("are OpenAI's for the usual model, in billionths of a dollar for a token", () => {
    expect(modelRates(OUR_PRICES, "gpt-realtime-2.1")).toEqual({
      text: { in: 4_000, cached: 400, out: 24_000 },
      audio: { in: 32_000, cached: 400, out: 64_000 },
    });
    expect(modelRates(OUR_PRICES, "gpt-realtime-2.1-mini")).toEqual({
      text: { in: 600, cached: 60, out: 2_400 },
      audio: { in: 10_000, cached: 300, out: 20_000 },
    });
    expect(transcriptionRates(OUR_PRICES, "gpt-transcribe")).toEqual({ by: "minute", minute: 4_500_000 });
    expect(OUR_PRICES.asOf).toMatch(/^20\d\d-\d\d/);
  });

  test("hold for the dated snapshots of a model, and for no other model", () => {
    expect(modelRates(OUR_PRICES, "gpt-realtime-2.1-2026-08-01")).toEqual(
      modelRates(OUR_PRICES, "gpt-realtime-2.1"),
    );
    for (const model of ["gpt-realtime-3", "", "constructor", "gpt-realtime-2.1-max"]) {
      expect(modelRates(OUR_PRICES, model)).toBeUndefined();
      expect(transcriptionRates(OUR_PRICES, model)).toBeUndefined();
    }
  });
});

describe("an owner's prices", () => {
  test("stand before ours, and ours hold where they say nothing", () => {
    const own = prices({ models: { "gpt-realtime-2.1": MODEL, mine: MODEL } });
    expect(modelRates(own, "gpt-realtime-2.1")).toEqual({ text: RATES, audio: RATES });
    expect(modelRates(own, "mine")).toEqual({ text: RATES, audio: RATES });
    expect(modelRates(own, "gpt-realtime-1.5")).toEqual(modelRates(OUR_PRICES, "gpt-realtime-1.5"));
  });

  test("of a snapshot stand before those of its model", () => {
    const own = prices({ models: { "gpt-realtime-2.1-2026-08-01": MODEL } });
    expect(modelRates(own, "gpt-realtime-2.1-2026-08-01")?.text).toEqual(RATES);
  });

  test("of transcriptions are by the minute or by the token", () => {
    const own = prices({
      transcription: { long: { perMinute: 0.006 }, wide: { textIn: 1, audioIn: 2, textOut: 3 } },
    });
    expect(transcriptionRates(own, "long")).toEqual({ by: "minute", minute: 6_000_000 });
    expect(transcriptionRates(own, "wide")).toEqual({
      by: "token",
      textIn: 1_000,
      audioIn: 2_000,
      textOut: 3_000,
    });
  });

  test("that cannot be read are refused, with the place and what is wrong there", () => {
    expect(problem("{")).toBe("is not JSON");
    expect(problem("[]")).toContain("does not hold prices");
    expect(problem(JSON.stringify({ models: {} }))).toContain("asOf");
    expect(problem(file({ asOf: "yesterday" }))).toContain("is not a date");
    expect(problem(file({ models: { mine: { text: TOKENS } } }))).toContain("models.mine.audio");
    const wrong = (price: unknown) =>
      file({ models: { mine: { ...MODEL, text: { ...TOKENS, in: price } } } });
    expect(problem(wrong("4"))).toContain("models.mine.text.in: is not a number of dollars");
    expect(problem(wrong(-1))).toContain("is below zero");
    expect(problem(wrong(10_001))).toContain("is above");
    expect(problem(wrong(0.0004))).toContain("more than 3 decimals");
    expect(problem(file({ model: {} }))).toContain("model");
    expect(problem(file({ transcription: { long: { perHour: 1 } } }))).toContain("transcription.long");
  });
});
