/** What an interruption takes back: of the conversation, and of what is only being read to the caller. */
import { describe, expect, test } from "bun:test";
import { Cuts } from "../../../relay/call/cuts.ts";
import { Memory } from "../../../relay/call/memory.ts";
import { Outbox } from "../../../relay/call/outbox.ts";
import { Playback } from "../../../relay/call/playback.ts";

const SECOND = 8_000;

function playing() {
  const outbox = new Outbox();
  const playback = new Playback();
  const cuts = new Cuts(outbox, playback, new Memory(outbox), "MZ0");
  const say = (response: string, item: string, samples: number, at: number) => {
    cuts.sent(response, item);
    playback.sent(item, 0, samples, at);
  };
  /** What was asked of the carrier and of the model since it was last looked at. */
  const done = () =>
    outbox.take().flatMap((effect): unknown[] => {
      if (effect.to === "twilio") return [effect.frame.event];
      if (effect.to !== "model" || effect.event.type !== "conversation.item.truncate") return [];
      return [[effect.event.item_id, effect.event.audio_end_ms]];
    });
  return { cuts, playback, say, done };
}

describe("an interruption", () => {
  test("clears the queue and cuts what was half heard, and all behind it at 0", () => {
    const { cuts, say, done } = playing();
    say("r1", "a", SECOND, 0);
    say("r1", "b", SECOND, 0);
    expect(cuts.interrupt(400)).toBe(1_600);
    expect(done()).toEqual(["clear", ["a", 400], ["b", 0]]);
    expect(cuts.count).toEqual({ bargeIns: 1, truncations: 2 });
  });

  test("of what is read out of band clears, and truncates nothing", () => {
    const { cuts, say, done } = playing();
    cuts.outOfBand("q");
    say("q", "read", SECOND, 0);
    expect(cuts.interrupt(400)).toBe(600);
    expect(done()).toEqual(["clear"]);
    expect(cuts.count).toEqual({ bargeIns: 1, truncations: 0 });
  });

  test("of nothing that is left to be heard takes nothing back", () => {
    const { cuts, say, done } = playing();
    say("r1", "a", SECOND, 0);
    cuts.responseDone("r1");
    expect(cuts.interrupt(1_500)).toBe(0);
    expect(done()).toEqual(["clear"]);
    expect(cuts.count.bargeIns).toBe(0);
  });
});

describe("audio that nobody is to hear", () => {
  test("is cut at 0 once, unless its part was cut already, and anew in the next response", () => {
    const { cuts, say, done } = playing();
    say("r1", "a", SECOND, 0);
    cuts.interrupt(400);
    done();
    cuts.unheard("a", 0);
    cuts.unheard("b", 0);
    cuts.unheard("b", 0);
    expect(done()).toEqual([["b", 0]]);
    cuts.responseDone("r1");
    cuts.unheard("b", 0);
    expect(done()).toEqual([["b", 0]]);
  });
});

test("what is said of a response out of band changes nothing about another that goes on", () => {
  const { cuts, say, done } = playing();
  say("r1", "a", SECOND, 0);
  cuts.outOfBand("q");
  cuts.responseDone("q");
  cuts.interrupt(1_500);
  // All that was sent of it was heard, and more of it may come.
  expect(done()).toContainEqual(["a", 1_000]);
});
