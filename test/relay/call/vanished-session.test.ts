/**
 * A session whose peer vanished without a word: by the time that this is found, the caller may have spoken to nobody. What
 * the model did not listen to is heard by the next one, and whoever spoke is asked to wait at once.
 */
import { describe, expect, test } from "bun:test";
import { audio, type CallInHand, greeted } from "./call-in-hand.ts";

const clips = (hand: CallInHand): unknown[] =>
  hand.log.flatMap((entry) => (entry.event === "line.clip" ? [entry.clip] : []));

describe("a session that is found to have vanished", () => {
  /** Nothing had come from it for so long. */
  const vanished = (deafMs: number) => ({ is: "model_closed", code: 1006, deafMs }) as const;
  /** Seconds of the caller's audio, numbered by their frames from 1. */
  const heard = (hand: CallInHand, frames: number): CallInHand => {
    for (let n = 1; n <= frames; n += 1) hand.media(n * 20, audio(20, n % 100)).wait(20);
    return hand;
  };
  const SILENT = audio(20, 0xff);

  test("is followed at once by a word to a caller who spoke to it, and they are heard by the next", () => {
    const hand = heard(greeted(), 250).news(vanished(4_000));
    expect(clips(hand)).toEqual(["one_moment"]);
    hand.wait(100).news({ is: "model_open" }).updated();
    // What it did not listen to, and a second before.
    expect(hand.appended).toHaveLength(250);
    expect(hand.appended.at(-1)).toBe(audio(20, 50));
    expect(hand.creates[0]?.response.metadata).toEqual({ reason: "resume" });
  });

  test("is replaced in silence where nobody has spoken", () => {
    const hand = greeted();
    for (let n = 1; n <= 250; n += 1) hand.media(n * 20, SILENT).wait(20);
    hand.news(vanished(4_000)).wait(100).news({ is: "model_open" }).updated();
    expect(clips(hand)).toEqual([]);
    expect(hand.creates).toEqual([]);
    expect(hand.appended).toHaveLength(250);
  });

  test("is not told again what its predecessor answered", () => {
    const hand = heard(greeted(), 100).callerStarts();
    hand.callerEnds().created("r1").says("r1", "i1", 200).done("r1").wait(1_000);
    for (let n = 101; n <= 400; n += 1) hand.media(n * 20 + 1_000, SILENT).wait(20);
    hand.news(vanished(6_000)).wait(0).news({ is: "model_open" }).updated();
    // A second of what was before the answer is a lead, and no more of it.
    expect(
      hand.appended.filter((payload) => payload !== SILENT && payload.length === SILENT.length).length,
    ).toBeLessThanOrEqual(50);
  });

  test("at most eight seconds of what it may have missed are kept", () => {
    const hand = heard(greeted(), 600).news(vanished(60_000)).wait(0).news({ is: "model_open" }).updated();
    expect(hand.appended).toHaveLength(400);
    expect(hand.appended[0]).toBe(audio(20, 201 % 100));
  });

  test("and one that breaks while it is alive has heard everything", () => {
    const hand = heard(greeted(), 250).news(vanished(2_000)).wait(0).news({ is: "model_open" }).updated();
    expect(hand.appended).toEqual([]);
    expect(clips(hand)).toEqual([]);
  });
});
