/** A call that lasts too long, and a caller who says nothing: what is asked for and when, and that it ends either way. */
import { describe, expect, test } from "bun:test";
import { LEAVE_WITHIN_MS, type LimitTerms, NO_LIMITS, NOTICES } from "../../../relay/call/limits.ts";
import type { Remembered } from "../../../relay/call/remembered.ts";
import { BRAKES, CallInHand, NO_TOOLS, PROFILE, SETTINGS } from "./call-in-hand.ts";

const MINUTE_MS = 60_000;
const LENGTH = { ...NO_LIMITS, maxCallMs: 10 * MINUTE_MS };
const SILENCE = { ...NO_LIMITS, askAfterMs: 20_000, endAfterMs: 60_000 };
const BOTH = { ...SILENCE, maxCallMs: 10 * MINUTE_MS };

const BEFORE: Remembered = {
  lines: [{ by: "caller", words: "Hello" }],
  owesAnswer: false,
  isPlanned: true,
  elapsedMs: 9 * MINUTE_MS + 30_000,
  spentMicros: 0,
  isTainted: false,
  unsure: [],
};

/** Greeted, and quiet since a second; the greeting ended at 1.04 s. */
function quiet(limits: LimitTerms = BOTH, before?: Remembered): CallInHand {
  const brakes = { ...BRAKES, limits };
  const more = { brakes, ...(before !== undefined && { before }) };
  const hand = new CallInHand(SETTINGS, PROFILE, 0, NO_TOOLS, more);
  hand.ready().wait(40).probesBack();
  if (before === undefined) hand.speaks("greeting", 1000, "greeting").wait(1000).marksBack();
  return hand;
}

/** What was asked for that nobody wished for, in the last step or wait: each by an item and a request right after it. */
function noticesOf({ events }: CallInHand): unknown[] {
  return events.flatMap((event, index) => {
    if (event.type !== "response.create" || event.response.metadata.reason !== "notice") return [];
    expect(event.response).not.toHaveProperty("instructions");
    const before = events[index - 1];
    return [Object.entries(NOTICES).find(([, words]) => JSON.stringify(before).includes(words))?.[0]];
  });
}

/** The assistant says what it was asked to say, and it is heard. */
const says = (hand: CallInHand, id: string): CallInHand =>
  hand.speaks(id, 1000, "notice").wait(1040).marksBack();

/** The warning is over, and it is so many ms before the limit. */
function warned(beforeMs: number): CallInHand {
  const hand = quiet(LENGTH);
  hand.wait(9 * MINUTE_MS - hand.at);
  says(hand, "warning");
  return hand.wait(10 * MINUTE_MS - beforeMs - hand.at);
}

describe("a call that reaches its length", () => {
  test("is told a minute before, then taken leave of, and ends when that was heard", () => {
    const hand = quiet(LENGTH);
    hand.wait(9 * MINUTE_MS - hand.at - 1);
    expect(noticesOf(hand)).toEqual([]);
    hand.wait(1);
    expect(noticesOf(hand)).toEqual(["nearly_over"]);
    says(hand, "warning");
    expect(hand.ending).toBeUndefined();
    hand.wait(10 * MINUTE_MS - hand.at);
    expect(noticesOf(hand)).toEqual(["time_is_up"]);
    hand.speaks("goodbye", 1000, "notice").wait(500);
    expect(hand.ending).toBeUndefined();
    hand.wait(540).marksBack();
    expect([hand.ending, hand.detail]).toEqual(["time_is_up", "last words heard"]);
    expect(hand.logged("limit.reached")).toBe(2);
  });

  test("says neither over the caller: it waits for their turn and for the answer to it", () => {
    const hand = quiet(LENGTH);
    hand.wait(9 * MINUTE_MS - hand.at - 500).callerStarts();
    hand.wait(1_000);
    expect(noticesOf(hand)).toEqual([]);
    hand.callerEnds().created("answer").wait(500);
    expect(noticesOf(hand)).toEqual([]);
    hand.says("answer", "answer_item", 1000).said("answer", "answer_item").done("answer");
    expect(noticesOf(hand)).toEqual(["nearly_over"]);
  });

  test("is told again if the caller began to speak just before", () => {
    const hand = quiet(LENGTH);
    hand.wait(9 * MINUTE_MS - hand.at);
    hand.callerStarts().created("warning", "notice");
    expect(hand.ofType("response.cancel")).toHaveLength(1);
    hand.done("warning", "cancelled").callerEnds().created("answer").done("answer");
    expect(noticesOf(hand)).toEqual(["nearly_over"]);
  });

  test("is told again if the request was refused", () => {
    const hand = quiet(LENGTH);
    hand.wait(9 * MINUTE_MS - hand.at);
    const [create] = hand.creates;
    const code = "conversation_already_has_active_response";
    hand.error({ code, event_id: create?.event_id ?? "" });
    expect(noticesOf(hand)).toEqual([]);
    hand.wait(1_000);
    expect(noticesOf(hand)).toEqual(["nearly_over"]);
  });

  test("ends soon after, however often the caller speaks into the goodbye", () => {
    const hand = warned(0);
    for (let turn = 0; hand.ending === undefined && turn < 100; turn++) {
      hand.callerStarts().wait(300).callerEnds().created(`answer-${turn}`);
      hand.says(`answer-${turn}`, `item-${turn}`, 700).wait(400);
    }
    expect(hand.ending).toBe("time_is_up");
    expect(hand.at).toBeGreaterThanOrEqual(10 * MINUTE_MS + 15_000);
    expect(hand.at).toBeLessThanOrEqual(10 * MINUTE_MS + LEAVE_WITHIN_MS);
  });

  test("ends half a minute later, whatever the assistant still has to say", () => {
    const hand = warned(0);
    hand.speaks("goodbye", 90_000, "notice").wait(LEAVE_WITHIN_MS - 1);
    expect(hand.ending).toBeUndefined();
    hand.wait(1);
    expect([hand.ending, hand.detail]).toEqual(["time_is_up", "in time"]);
  });

  test("ends within that also if the model says nothing any more", () => {
    const hand = warned(0).wait(LEAVE_WITHIN_MS);
    expect(hand.ending).toBe("time_is_up");
  });

  test("goes on where it was when the call came from another process", () => {
    const hand = quiet(LENGTH, BEFORE);
    hand.wait(30_000 - hand.at);
    expect(noticesOf(hand)).toEqual(["time_is_up"]);
    expect(hand.logged("limit.reached")).toBe(1);
  });

  test("is left as the assistant wants it, if it was leaving already", () => {
    const hand = warned(500);
    hand
      .created("bye")
      .says("bye", "bye_item", 1000)
      .said("bye", "bye_item")
      .calls("bye", "call_1")
      .done("bye");
    hand.wait(600);
    expect(noticesOf(hand)).toEqual([]);
    hand.wait(1_000).marksBack();
    expect(hand.ending).toBe("assistant_hung_up");
  });
});

describe("a caller who says nothing", () => {
  test("is asked whether they are there, then taken leave of; the question does not set the time back", () => {
    const hand = quiet(SILENCE);
    hand.wait(19_900);
    expect(noticesOf(hand)).toEqual([]);
    hand.wait(1_000);
    expect(noticesOf(hand)).toEqual(["still_there"]);
    says(hand, "question");
    hand.wait(38_000);
    expect([noticesOf(hand), hand.ending]).toEqual([[], undefined]);
    hand.wait(4_000);
    expect(noticesOf(hand)).toEqual(["nobody_there"]);
    says(hand, "goodbye");
    expect([hand.ending, hand.detail]).toEqual(["nobody_there", "last words heard"]);
  });

  test("and comes back during the goodbye stays, and is asked again the next time", () => {
    const hand = quiet(SILENCE);
    hand.wait(21_100);
    says(hand, "question").wait(42_000);
    expect(noticesOf(hand)).toEqual(["nobody_there"]);
    hand.speaks("goodbye", 3000, "notice").wait(500).callerStarts();
    hand.wait(500).callerEnds().speaks("answer", 1000).wait(1040).marksBack();
    hand.wait(19_000);
    expect([hand.ending, noticesOf(hand)]).toEqual([undefined, []]);
    hand.wait(3_000);
    expect(noticesOf(hand)).toEqual(["still_there"]);
  });

  test("but presses a key is there", () => {
    const hand = quiet(SILENCE);
    hand.wait(19_000).press("5").wait(1_600);
    hand.speaks("answer", 1000, "keypad").wait(1040).marksBack();
    hand.wait(19_000);
    expect(noticesOf(hand)).toEqual([]);
  });

  test("while the assistant speaks is only listening", () => {
    const hand = quiet(SILENCE);
    hand.wait(15_000).callerStarts().wait(500).callerEnds().created("story");
    for (let at = 0; at < 40_000; at += 2_000) hand.says("story", "story_item", 2_000);
    hand.said("story", "story_item").done("story");
    hand.wait(40_000).marksBack();
    hand.wait(18_000);
    expect(hand.logged("limit.reached")).toBe(0);
    hand.wait(4_000);
    expect(noticesOf(hand)).toEqual(["still_there"]);
  });

  test("is left also when the goodbye does not come", () => {
    const hand = quiet(SILENCE);
    hand.wait(21_100);
    says(hand, "question").wait(5 * MINUTE_MS);
    expect(hand.ending).toBe("nobody_there");
  });

  test("is not asked while there is no session to ask them", () => {
    const hand = quiet(SILENCE);
    hand.wait(15_000).news({ is: "model_closed", code: 1006 });
    hand.wait(7_000);
    expect([noticesOf(hand), hand.ending]).toEqual([[], undefined]);
  });

  test("is let alone where both limits are off", () => {
    const hand = quiet(NO_LIMITS);
    hand.wait(30 * MINUTE_MS);
    expect([hand.logged("limit.reached"), hand.ending]).toEqual([0, undefined]);
  });
});
