/** What a call costs as it goes on: told to the ledger, kept over sessions and processes, and the end of its budget. */
import { describe, expect, test } from "bun:test";
import type { Brakes } from "../../../relay/call/purse.ts";
import type { Remembered } from "../../../relay/call/remembered.ts";
import { BRAKES, CallInHand, NO_TOOLS, PROFILE, SETTINGS } from "./call-in-hand.ts";

/** 100 tokens of text read, 20 of audio said: 100 and 200 millionths of a dollar. */
const USAGE = { input_token_details: { text_tokens: 100 }, output_token_details: { audio_tokens: 20 } };
const COST = 300;

function ready(perCallMicros?: number, before: Remembered | undefined = undefined): CallInHand {
  const more = { brakes: { ...BRAKES, perCallMicros }, ...(before !== undefined && { before }) };
  return new CallInHand(SETTINGS, PROFILE, 0, NO_TOOLS, more).ready();
}
/** Each sum that was told to the ledger. */
const spent = (hand: CallInHand): number[] =>
  hand.all.flatMap((effect) => (effect.to === "spend" ? [effect.micros] : []));
const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);
const reported = (hand: CallInHand, id: string): CallInHand =>
  hand
    .created(id)
    .says(id, `${id}_item`, 1000)
    .said(id, `${id}_item`)
    .done(id, "completed", undefined, USAGE);
const storyOf = (hand: CallInHand) =>
  hand.log.flatMap((entry) => (entry.event === "call.ended" ? [entry.story] : []))[0];

describe("what a call costs", () => {
  test("is told with each response, and in the end as its story", () => {
    const hand = ready();
    reported(hand, "one");
    expect(spent(hand)).toEqual([COST]);
    reported(hand, "two");
    expect(spent(hand)).toEqual([COST, COST]);
    hand.stop();
    expect(storyOf(hand)).toMatchObject({
      spentMicros: 2 * COST,
      textIn: 200,
      audioOut: 40,
      audioIn: 0,
      textCached: 0,
    });
  });

  test("counts a response that the caller hangs up on, and nothing after that", () => {
    const hand = ready();
    hand.created("one").says("one", "one_item", 1000);
    hand.stop();
    expect(spent(hand)).toHaveLength(1);
    expect(storyOf(hand)).toMatchObject({ audioOut: 20 });
    expect(sum(spent(hand))).toBe(storyOf(hand)?.spentMicros ?? -1);
    const [counted] = hand.log.filter(({ event }) => event === "spend.counted");
    expect(counted).toMatchObject({ isEstimated: true, level: "info" });
    hand.done("one", "completed", undefined, USAGE);
    expect(spent(hand)).toHaveLength(1);
  });

  test("counts a response that its session broke off in", () => {
    const hand = ready();
    hand.created("one").says("one", "one_item", 1000);
    hand.news({ is: "model_closed", code: 1006 });
    expect(spent(hand)).toHaveLength(1);
    hand.stop();
    expect(spent(hand)).toHaveLength(1);
  });

  test("counts what was said though nobody was to hear it", () => {
    const hand = ready();
    hand.callerStarts().created("late").says("late", "late_item", 1000).done("late", "cancelled");
    expect(hand.frames.filter(({ event }) => event === "media")).toEqual([]);
    expect(storyOf(hand.stop())).toMatchObject({ audioOut: 20 });
  });

  test("counts a transcription, by what the model of it costs", () => {
    const transcription = { by: "minute", minute: 6_000_000 } as const;
    const brakes: Brakes = { ...BRAKES, rates: { ...BRAKES.rates, transcription } };
    const hand = new CallInHand(SETTINGS, PROFILE, 0, NO_TOOLS, { brakes }).ready();
    hand
      .callerStarts()
      .callerEnds("turn")
      .model({
        type: "conversation.item.input_audio_transcription.completed",
        item_id: "turn",
        transcript: "hello",
        usage: { type: "duration", seconds: 10 },
      });
    expect(spent(hand)).toEqual([1_000]);
  });

  test("holds what the process was at when it died, but not what a process has told before it ended", () => {
    const hand = ready();
    reported(hand, "one").created("two");
    const atDeath = hand.call.remembered(hand.at);
    expect(atDeath).toMatchObject({ spentMicros: COST, atRiskMicros: COST });
    const after = ready(undefined, atDeath);
    expect(spent(after)).toEqual([COST]);
    expect(after.call.remembered(after.at)?.spentMicros).toBe(2 * COST);
    hand.news({ is: "twilio_closed", code: 1006 });
    const told = hand.call.remembered(hand.at);
    expect(told?.spentMicros).toBeGreaterThan(COST);
    expect(told).not.toHaveProperty("atRiskMicros");
    expect(spent(ready(undefined, told))).toEqual([]);
  });

  test("is told whole of a call that is handed over in the middle of a response", () => {
    const hand = ready();
    hand.created("one").says("one", "one_item", 1000).news({ is: "relay_stopping" }).wait(10_000);
    expect(hand.ending).toBe("handed_over");
    const told = hand.call.remembered(hand.at);
    expect(told?.spentMicros).toBe(sum(spent(hand)));
    expect(told).not.toHaveProperty("atRiskMicros");
  });

  test("goes on from what it was in another process", () => {
    const hand = ready();
    reported(hand, "one");
    const before = hand.call.remembered(hand.at);
    if (before === undefined) throw new Error("nothing is remembered");
    expect(before.spentMicros).toBe(COST);
    const after = ready(undefined, before);
    reported(after, "two");
    expect(after.call.remembered(after.at)?.spentMicros).toBe(2 * COST);
    // The ledger has the first already.
    expect(spent(after)).toEqual([COST]);
    expect(storyOf(after.stop())?.spentMicros).toBe(COST);
  });
});

describe("a call's own budget", () => {
  const budgetOf = (hand: CallInHand) =>
    hand.log.flatMap((entry) => (entry.event.startsWith("budget.") ? [entry.event] : []));

  test("is warned of at 80 %, and ends the call at 100 % when all that was said has been heard", () => {
    const hand = ready(1_100);
    reported(hand, "one");
    reported(hand, "two");
    expect(budgetOf(hand)).toEqual([]);
    reported(hand, "three");
    expect([budgetOf(hand), hand.ending]).toEqual([["budget.warned"], undefined]);
    reported(hand, "four");
    expect(budgetOf(hand)).toEqual(["budget.warned", "budget.spent"]);
    expect(hand.frames.filter(({ event }) => event === "clear")).toEqual([]);
    expect(hand.logged("line.clip")).toBe(1);
    expect(hand.effects).toContainEqual({ to: "session", is: "drop" });
    // Four seconds were said, and then the clip of one.
    hand.wait(4_900);
    expect(hand.ending).toBeUndefined();
    hand.wait(100).marksBack();
    expect([hand.ending, hand.detail]).toEqual(["budget_spent", "of the call"]);
  });

  test("is overspent by the response that was under way, and by no other", () => {
    const hand = ready(100);
    reported(hand, "one");
    expect(spent(hand)).toEqual([COST]);
    hand.callerStarts().callerEnds().wait(60_000);
    expect(hand.allEvents.filter(({ type }) => type === "response.create")).toHaveLength(1);
    expect(spent(hand)).toEqual([COST]);
    expect(hand.ending).toBe("budget_spent");
  });

  test("is not whole again in another process", () => {
    const hand = ready(1_000);
    reported(hand, "one");
    const before = hand.call.remembered(hand.at);
    if (before === undefined) throw new Error("nothing is remembered");
    const after = ready(COST, before);
    expect(after.logged("line.clip")).toBe(1);
    after.wait(60_000);
    expect([after.ending, spent(after)]).toEqual(["budget_spent", []]);
  });

  test("lets a call that is about to end come to its own end", () => {
    const hand = ready(100);
    hand
      .created("bye", "greeting")
      .says("bye", "bye_item", 1000)
      .said("bye", "bye_item")
      .calls("bye", "call_1");
    hand.done("bye", "completed", undefined, USAGE).wait(1_500).marksBack();
    expect([hand.ending, hand.logged("line.clip")]).toEqual(["assistant_hung_up", 0]);
  });
});

describe("the owner's budget", () => {
  test("that is spent during the call lets what was said be heard, then says so and ends", () => {
    const hand = ready();
    reported(hand, "one");
    hand.news({ is: "budget_spent" });
    expect(hand.frames.filter(({ event }) => event === "clear")).toEqual([]);
    hand.wait(1_900);
    expect(hand.ending).toBeUndefined();
    hand.wait(200).marksBack();
    expect(hand.ending).toBe("budget_spent");
  });

  test("that is spent in the middle of a response breaks it off: nobody pays for its end", () => {
    const hand = ready();
    hand.created("one").says("one", "one_item", 3000).wait(1000).news({ is: "budget_spent" });
    expect(hand.frames.filter(({ event }) => event === "clear")).toHaveLength(1);
    expect(hand.effects).toContainEqual({ to: "session", is: "drop" });
    hand.wait(60_000);
    expect(hand.ending).toBe("budget_spent");
    expect(sum(spent(hand))).toBeGreaterThan(0);
  });
});
