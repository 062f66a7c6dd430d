/** What a call costs, to the millionth of a dollar: against sums done by hand, and never less than was used. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Cost, type ModelRates, NO_TOKENS, type Rates, Spend } from "../../../relay/call/spend.ts";
import type { ResponseUsage } from "../../../relay/wire/usage.ts";

/** gpt-realtime-2.1, as of 2026-11-21. */
const MODEL: ModelRates = {
  text: { in: 4_000, cached: 400, out: 24_000 },
  audio: { in: 32_000, cached: 400, out: 64_000 },
};
const RATES: Rates = { model: MODEL, transcription: { by: "minute", minute: 4_500_000 } };
const MINUTE_MS = 60_000;

const spendOf = (rates: Rates = RATES, contextChars = 0, spentMicros = 0) =>
  new Spend({ rates, contextChars, spentMicros }, 0);

/** One response that said so much, and what it cost. */
function costOf(
  usage: ResponseUsage | undefined,
  spokenMs = 0,
  status = "completed",
  at = 0,
): Cost | undefined {
  const spend = spendOf();
  spend.created("one");
  spend.spoke("one", spokenMs);
  return spend.done("one", status, usage, at);
}

describe("a response whose usage is reported", () => {
  test("costs what each kind of its tokens costs, those cached at their own price", () => {
    const usage = {
      input_token_details: {
        text_tokens: 1_000,
        audio_tokens: 500,
        cached_tokens: 900,
        cached_tokens_details: { text_tokens: 800, audio_tokens: 100 },
      },
      output_token_details: { text_tokens: 50, audio_tokens: 200 },
    };
    // 200×4 + 800×0.4 + 50×24 + 400×32 + 100×0.4 + 200×64
    expect(costOf(usage)).toEqual({
      micros: 800 + 320 + 1_200 + 12_800 + 40 + 12_800,
      tokens: {
        textIn: 200,
        textCached: 800,
        textOut: 50,
        audioIn: 400,
        audioCached: 100,
        audioOut: 200,
      },
      isEstimated: false,
    });
  });

  test("is rounded up to a whole millionth of a dollar", () => {
    const usage = { input_token_details: { text_tokens: 1, cached_tokens: 1 }, output_tokens: 0 };
    expect(costOf(usage)?.micros).toBe(1);
  });

  test("saves on text first, where nobody says which kind was cached", () => {
    const details = { text_tokens: 100, audio_tokens: 100, cached_tokens: 150 };
    const usage = { input_token_details: details, output_tokens: 0 };
    expect(costOf(usage)?.tokens).toMatchObject({ textCached: 100, audioCached: 50, textIn: 0, audioIn: 50 });
  });

  test("cannot have cached more than it read", () => {
    const cached = { text_tokens: 900, audio_tokens: 900 };
    const details = { text_tokens: 10, audio_tokens: 20, cached_tokens: 25, cached_tokens_details: cached };
    const usage = { input_token_details: details, output_tokens: 0 };
    expect(costOf(usage)?.tokens).toMatchObject({ textCached: 10, audioCached: 15, textIn: 0, audioIn: 5 });
  });

  test("takes tokens of no known kind for the dearer kind", () => {
    const details = { text_tokens: 10, audio_tokens: 20 };
    const usage = { input_tokens: 50, input_token_details: details, output_tokens: 7 };
    expect(costOf(usage)?.tokens).toMatchObject({ textIn: 10, audioIn: 40, textOut: 0, audioOut: 7 });
  });

  test("costs nothing where there is no price, and is counted", () => {
    const spend = spendOf({ model: undefined, transcription: undefined });
    spend.created("one");
    const cost = spend.done("one", "completed", { input_tokens: 10, output_tokens: 5 }, 0);
    expect(cost).toMatchObject({ micros: 0, tokens: { audioIn: 10, audioOut: 5 } });
    expect(spend.tokens.audioOut).toBe(5);
  });
});

describe("a response whose usage is not reported", () => {
  test("costs what it said, and all that it may have read", () => {
    const spend = spendOf(RATES, 2_000);
    spend.created("one");
    spend.spoke("one", 1_000);
    spend.spoke("one", 1_025);
    const cost = spend.done("one", "completed", undefined, MINUTE_MS);
    // 2,000 characters are 1,000 tokens at most, a minute of the caller 600, two seconds of the assistant 41.
    expect(cost).toMatchObject({
      isEstimated: true,
      tokens: { textIn: 1_000, audioIn: 600, audioOut: 41, audioCached: 0, textCached: 0 },
      micros: 1_000 * 4 + 600 * 32 + 41 * 64,
    });
  });

  test("is taken to have read what the one before it read, and all that was said since", () => {
    const spend = spendOf();
    spend.created("one");
    spend.spoke("one", 5_000);
    const details = { text_tokens: 300, audio_tokens: 80, cached_tokens: 300 };
    spend.done("one", "completed", { input_token_details: details, output_tokens: 100 }, 10_000);
    spend.created("two");
    const cost = spend.done("two", "cancelled", undefined, 20_000);
    expect(cost?.tokens).toEqual({ ...NO_TOKENS, textIn: 300, audioIn: 80 + 100 + 100 });
  });

  test("is never free once it has spoken, whatever the report says of it", () => {
    const nothing = { input_tokens: 0, output_tokens: 0 };
    for (const usage of [
      undefined,
      {},
      nothing,
      { input_tokens: 5 },
      { ...nothing, input_token_details: {} },
    ]) {
      const cost = costOf(usage, 1_000);
      expect(cost?.isEstimated).toBe(true);
      expect(cost?.tokens.audioOut).toBe(20);
    }
  });

  test("costs nothing if it failed before it said a word, and something if it said one", () => {
    expect(costOf(undefined, 0, "failed")).toBeUndefined();
    expect(costOf(undefined, 20, "failed")?.micros).toBe(64);
  });

  test("is counted when the session or the call is over before it, once", () => {
    const spend = spendOf();
    spend.created("one");
    spend.spoke("one", 500);
    spend.created("two");
    spend.spoke("two", 100);
    const cost = spend.abandoned(1_000);
    expect(cost).toMatchObject({ isEstimated: true, tokens: { audioOut: 12 } });
    expect(spend.abandoned(1_000)).toBeUndefined();
    expect(spend.micros).toBe(cost?.micros ?? -1);
  });
});

describe("what is at risk while a response is under way", () => {
  test("is as much as the dearest that there was, for each; and nothing while there is none", () => {
    const spend = spendOf();
    expect(spend.atRiskMicros(0)).toBe(0);
    spend.created("one");
    spend.done("one", "completed", { input_tokens: 100, output_tokens: 10 }, 0);
    expect(spend.atRiskMicros(0)).toBe(0);
    const dearest = spend.micros;
    spend.created("two");
    spend.done("two", "completed", { input_tokens: 10, output_tokens: 1 }, 0);
    spend.created("three");
    expect(spend.atRiskMicros(0)).toBe(dearest);
  });

  test("is estimated upward where there was none yet", () => {
    const spend = spendOf(RATES, 2_000);
    spend.created("one");
    spend.spoke("one", 1_000);
    expect(spend.atRiskMicros(MINUTE_MS)).toBe(1_000 * 4 + 600 * 32 + 20 * 64);
  });
});

describe("a transcription", () => {
  test("by the minute costs the length of the audio", () => {
    const cost = spendOf().transcribed({ type: "duration", seconds: 10 }, 0);
    expect(cost).toEqual({ micros: 750, tokens: NO_TOKENS, isEstimated: false });
  });

  test("by tokens costs each kind of them", () => {
    const transcription = { by: "token", textIn: 2_500, audioIn: 6_000, textOut: 10_000 } as const;
    const usage = { type: "tokens", input_tokens: 110, output_tokens: 20 } as const;
    const told = { ...usage, input_token_details: { text_tokens: 10, audio_tokens: 100 } };
    const spend = spendOf({ model: MODEL, transcription });
    expect(spend.transcribed(told, 0)).toMatchObject({ micros: 25 + 600 + 200, isEstimated: false });
    // Of no known kind: the dearer one.
    expect(spend.transcribed(usage, 0)).toMatchObject({ micros: 660 + 200, isEstimated: false });
    // The whole time since the one before, a token for 50 ms.
    expect(spend.transcribed(undefined, 1_000)).toMatchObject({ micros: 120 + 200, isEstimated: true });
    expect(spend.transcribed({ type: "duration", seconds: 1 }, 1_000)).toMatchObject({ isEstimated: true });
  });

  test("that is not reported costs all the time since the one before it", () => {
    const spend = spendOf();
    spend.transcribed({ type: "duration", seconds: 1 }, 20_000);
    expect(spend.transcribed(undefined, 30_000)).toMatchObject({ micros: 750, isEstimated: true });
    expect(spend.transcribed({ type: "tokens" }, 40_000)).toMatchObject({ micros: 750, isEstimated: true });
  });

  test("costs nothing where none was ordered", () => {
    const spend = spendOf({ model: MODEL, transcription: undefined });
    expect(spend.transcribed({ type: "duration", seconds: 10 }, 0)).toBeUndefined();
  });
});

describe("the sum of a call", () => {
  test("goes on from what the call had cost before it came here", () => {
    const spend = spendOf(RATES, 0, 123);
    spend.transcribed({ type: "duration", seconds: 10 }, 0);
    expect(spend.micros).toBe(873);
  });

  const count = fc.option(fc.nat(100_000), { nil: undefined });
  const kinds = fc.option(fc.record({ text_tokens: count, audio_tokens: count }), { nil: undefined });
  const usages = fc.option(
    fc.record({
      input_tokens: count,
      output_tokens: count,
      input_token_details: fc.option(
        fc.record({
          text_tokens: count,
          audio_tokens: count,
          cached_tokens: count,
          cached_tokens_details: kinds,
        }),
        { nil: undefined },
      ),
      output_token_details: kinds,
    }),
    { nil: undefined },
  );
  test("is a whole number of millionths that never falls, with no token below zero and none lost", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(usages, fc.nat(30_000), fc.nat(20_000))), (responses) => {
        const spend = spendOf();
        let at = 0;
        for (const [index, [usage, spokenMs, laterMs]] of responses.entries()) {
          at += laterMs;
          const before = spend.micros;
          spend.created(`r${index}`);
          spend.spoke(`r${index}`, spokenMs);
          const cost = spend.done(`r${index}`, "completed", usage, at);
          expect(Number.isSafeInteger(spend.micros)).toBe(true);
          expect(spend.micros).toBe(before + (cost?.micros ?? 0));
          expect(Math.min(...Object.values(cost?.tokens ?? NO_TOKENS))).toBeGreaterThanOrEqual(0);
          if (spokenMs > 0) expect(cost?.micros).toBeGreaterThan(0);
          const { textIn, textCached, audioIn, audioCached } = cost?.tokens ?? NO_TOKENS;
          const read = textIn + textCached + audioIn + audioCached;
          expect(read).toBeGreaterThanOrEqual(usage?.input_tokens ?? 0);
        }
      }),
      { numRuns: 300 },
    );
  });
});
