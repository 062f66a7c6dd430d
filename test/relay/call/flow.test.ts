import { describe, expect, test } from "bun:test";
import "../../patience.ts";
import { audio, CallInHand } from "./call-in-hand.ts";

/** The caller is on the line, and the assistant has begun to speak, for the first time. */
const answering = (): CallInHand => {
  const hand = new CallInHand().ready().media(0).media(20).media(40);
  return hand.created("r1", "greeting").says("r1", "i1", 200);
};
/** As much more of the answer, with what comes beside it. */
const goesOn = (hand: CallInHand, pieces: number): CallInHand => {
  for (let piece = 1; piece <= pieces; piece++) {
    hand.at += 20;
    hand.media(40 + piece * 20).says("r1", "i1", 200);
    expect(hand.frames.map(({ event }) => event)).toEqual(["media", "mark"]);
  }
  return hand;
};

/** A piece is 4 tokens at ten millionths of a dollar; the caller's 100 ms beside it are one, at five (call-in-hand.ts). */
const COST_OF_FIVE = 5 * 4 * 10 + 5;

describe("audio that flows", () => {
  test("costs what it costs, whenever that is asked", () => {
    const risked = (pieces: number) => {
      const hand = goesOn(answering(), pieces);
      return hand.call.remembered(hand.at)?.atRiskMicros ?? 0;
    };
    expect(risked(5) - risked(0)).toBe(COST_OF_FIVE);
    const asked = goesOn(answering(), 2);
    asked.call.remembered(asked.at);
    goesOn(asked, 3);
    expect(asked.call.remembered(asked.at)?.atRiskMicros).toBe(risked(5));
  });

  test("is a sign of life: a long answer is not given up while somebody waits for its end", () => {
    const hand = answering().press("1");
    for (let timestamp = 60; timestamp < 30_000; timestamp += 200) {
      hand.wait(200).media(timestamp).says("r1", "i1", 200);
      expect(hand.frames).not.toEqual([]);
    }
    expect(hand.wait(5_000).creates).toEqual([]);
  });

  test.each([
    ["breaks", (hand: CallInHand) => hand.news({ is: "twilio_closed", code: 1006 })],
    ["says what it must not", (hand: CallInHand) => hand.media(500, audio(20), "another stream")],
  ])("is counted when the line %s in the middle of it", (_, end) => {
    const spent = (pieces: number) => {
      const hand = end(goesOn(answering(), pieces));
      return hand.all.reduce((sum, effect) => sum + (effect.to === "spend" ? effect.micros : 0), 0);
    };
    expect(spent(5) - spent(0)).toBe(COST_OF_FIVE);
  });

  test("of another part, of a response that nobody has heard of, or in half a character is asked about", () => {
    const hand = goesOn(answering(), 2);
    expect(hand.says("r9", "i1", 200).frames).toEqual([]);
    expect(hand.says("r1", "i2", 200).frames).toHaveLength(2);
    const broken = { response_id: "r1", item_id: "i2", content_index: 0, delta: audio(20).slice(0, -1) };
    expect(hand.model({ type: "response.output_audio.delta", ...broken }).frames).toEqual([]);
    expect(hand.says("r1", "i2", 200, 1).frames).toHaveLength(2);
    hand.callerStarts();
    expect(hand.frames.map(({ event }) => event)).toEqual(["clear"]);
    expect(hand.truncations.map(([item]) => item)).toEqual(["i1", "i2", "i2"]);
  });

  test("is not played on when the caller has begun to speak", () => {
    const hand = goesOn(answering(), 3).callerStarts();
    expect(hand.media(200).says("r1", "i1", 200).frames).toEqual([]);
    expect(hand.says("r1", "i1", 200).frames).toEqual([]);
  });
});
