/** The way to the model: how often and when it is dialled, when that is given up, and when a session is old. */
import { describe, expect, test } from "bun:test";
import { type Loss, ModelLink } from "../../../relay/call/model-link.ts";
import { Outbox } from "../../../relay/call/outbox.ts";

const LOSS: Loss = { ending: "model_dropped", detail: "code 1006" };

class Hand {
  readonly outbox = new Outbox();
  readonly link: ModelLink;
  constructor(at = 0) {
    this.link = new ModelLink(this.outbox, at);
  }

  /** What the link has asked for since this was asked last. */
  get asked(): string[] {
    return this.outbox.take().flatMap((effect) => (effect.to === "session" ? [effect.is] : []));
  }

  /** The first session is up. */
  up(at = 0): this {
    this.link.dial(at);
    this.link.started(at);
    this.link.opened(at);
    this.link.ready(at);
    this.outbox.take();
    return this;
  }
}

describe("another attempt", () => {
  test("follows a loss at once, and then after longer and longer pauses", () => {
    const { link } = new Hand().up();
    const pauses: number[] = [];
    let at = 30_000;
    for (let attempt = 0; attempt < 6; attempt++) {
      link.lost(LOSS, false, at);
      const dueAt = link.dueAt;
      if (dueAt === undefined) break;
      pauses.push(dueAt - at);
      link.tick(dueAt);
      at = dueAt + 10;
    }
    // A session that lasted is none of the attempts that failed.
    expect(pauses).toEqual([0, 0, 250, 500, 1_000, 1_500]);
  });

  test("is not made before its time, and then is", () => {
    const hand = new Hand();
    hand.link.dial(0);
    hand.link.lost(LOSS, false, 10);
    hand.link.tick(10);
    hand.link.lost(LOSS, false, 20);
    expect(hand.asked).toEqual(["dial", "drop", "dial", "drop"]);
    hand.link.tick(269);
    expect(hand.asked).toEqual([]);
    hand.link.tick(270);
    expect(hand.asked).toEqual(["dial"]);
  });

  test("has 3.5 s to open, and as long again to be configured once the call has started", () => {
    const { link } = new Hand();
    link.dial(0);
    expect(link.late(3_499)).toBeUndefined();
    expect(link.late(3_500)).toEqual({ ending: "model_not_ready", detail: "dialling" });
    link.opened(1_000);
    // An open socket waits for the call's start.
    expect(link.late(3_500)).toBeUndefined();
    link.started(2_000);
    expect(link.late(5_499)).toBeUndefined();
    expect(link.late(5_500)).toEqual({ ending: "model_not_ready", detail: "configuring" });
  });
});

describe("it is given up", () => {
  test("when another attempt would end the same way", () => {
    const hand = new Hand().up();
    hand.link.lost(LOSS, true, 30_000);
    expect(hand.asked).toEqual(["drop"]);
    expect(hand.link.givenUp).toEqual(LOSS);
    expect(hand.link.dueAt).toBeUndefined();
    hand.link.tick(60_000);
    expect(hand.asked).toEqual([]);
  });

  test("8 s after the session was lost, in the middle of an attempt", () => {
    const hand = new Hand().up();
    hand.link.lost(LOSS, false, 30_000);
    hand.link.tick(30_000);
    hand.link.opened(30_100);
    hand.link.lost(LOSS, false, 36_000);
    hand.link.tick(36_000);
    expect(hand.link.dueAt).toBe(38_000);
    expect(hand.link.late(37_999)).toBeUndefined();
    expect(hand.link.late(38_000)).toEqual(LOSS);
    hand.link.lost(LOSS, false, 38_000);
    expect(hand.link.givenUp).toEqual(LOSS);
  });

  test("when the next attempt could not be made in time", () => {
    const { link } = new Hand();
    for (let attempt = 0; attempt < 4; attempt++) {
      link.dial(0);
      link.lost(LOSS, false, 7_500);
    }
    expect(link.givenUp).toEqual(LOSS);
  });

  test("after eight attempts of which none lasted, though each was soon up again", () => {
    const { link } = new Hand();
    let attempts = 0;
    let at = 0;
    link.dial(at);
    while (link.givenUp === undefined) {
      attempts++;
      at += 100;
      link.ready(at);
      at += 19_999;
      link.lost(LOSS, false, at);
      at = link.dueAt ?? at;
      link.tick(at);
    }
    expect(attempts).toBe(8);
  });

  test("but never, as long as each lasted twenty seconds", () => {
    const { link } = new Hand();
    let at = 0;
    link.dial(at);
    for (let session = 0; session < 30; session++) {
      link.ready(at);
      at += 20_000;
      link.lost(LOSS, false, at);
      expect(link.dueAt).toBe(at);
      link.tick(at);
    }
    expect(link.givenUp).toBeUndefined();
  });
});

test("a session is old after 50 minutes, and too old after 58", () => {
  const { link } = new Hand().up(1_000);
  expect(link.age).toEqual({ soon: 1_000 + 50 * 60_000, latest: 1_000 + 58 * 60_000 });
  link.lost(LOSS, false, 5_000);
  expect(link.age).toBeUndefined();
});

test("the caller is without a session from its loss to the next one, and counts as that from the call's beginning", () => {
  const { link } = new Hand(500);
  expect(link.downSince).toBe(500);
  link.dial(500);
  link.ready(900);
  expect(link.downSince).toBeUndefined();
  link.lost(LOSS, false, 30_000);
  expect(link.downSince).toBe(30_000);
  link.tick(30_000);
  link.lost(LOSS, false, 31_000);
  expect(link.downSince).toBe(30_000);
});

test("a model that is not needed any more is dropped once, and never dialled again", () => {
  const hand = new Hand().up();
  hand.link.off();
  hand.link.off();
  expect(hand.asked).toEqual(["drop"]);
  hand.link.lost(LOSS, false, 1_000);
  hand.link.tick(9_000);
  expect(hand.asked).toEqual([]);
  expect(hand.link.givenUp).toBeUndefined();
});
