/**
 * Invented calls with limits and a budget, against a server that holds to its rules: whoever speaks when, nothing is asked
 * for over the caller or beside another response, every call ends in time, and never for a reason that was none.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { LEAVE_WITHIN_MS, NOTICES } from "../../../relay/call/limits.ts";
import type { Effect } from "../../../relay/call/outbox.ts";
import { TEST_MS } from "../../patience.ts";
import { BRAKES, CallInHand, NO_TOOLS, PROFILE, SETTINGS } from "./call-in-hand.ts";

const MAX_MS = 120_000;
const ASK_MS = 10_000;
const END_MS = 25_000;
/** The clip of the budget, what may still be playing before it, and the grace of a lost mark. */
const LAST_WORDS_MS = 30_000;
const USAGE = { input_token_details: { text_tokens: 100 }, output_token_details: { audio_tokens: 20 } };
const COST = 300;

/** What the caller does next, after so long. */
const acts = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.integer({ min: 50, max: 4_000 }), fc.integer({ min: 5_000, max: 60_000 })),
    does: fc.oneof(
      fc.record({ is: fc.constant("speaks" as const), ms: fc.integer({ min: 100, max: 6_000 }) }),
      fc.constant({ is: "presses" as const, ms: 0 }),
    ),
  }),
  { maxLength: 25 },
);
/** How the server answers, again and again. */
const answers = fc.array(
  fc.record({
    thinksMs: fc.integer({ min: 0, max: 1_500 }),
    saysMs: fc.integer({ min: 200, max: 12_000 }),
    isReported: fc.boolean(),
  }),
  { minLength: 1, maxLength: 8 },
);

type Act =
  (typeof acts extends fc.Arbitrary<infer All> ? All : never) extends ReadonlyArray<infer One> ? One : never;
type Answer =
  (typeof answers extends fc.Arbitrary<infer All> ? All : never) extends ReadonlyArray<infer One>
    ? One
    : never;

class World {
  readonly hand: CallInHand;
  readonly #answers: readonly Answer[];
  #events: Array<{ readonly at: number; readonly happens: () => void }> = [];
  #responses = 0;
  /** The response that is active, or was asked for and is not there yet. */
  #active: string | undefined;
  #isCallerSpeaking = false;
  #playedAt = 0;
  /** The last item that was put into the conversation. */
  #told = "";
  stirredAt = 0;

  constructor(acts: readonly Act[], answers: readonly Answer[], perCallMicros: number | undefined) {
    this.#answers = answers;
    const limits = { maxCallMs: MAX_MS, askAfterMs: ASK_MS, endAfterMs: END_MS };
    const more = { brakes: { ...BRAKES, limits, perCallMicros } };
    this.hand = new CallInHand(SETTINGS, PROFILE, 0, NO_TOOLS, more).ready();
    let at = 0;
    for (const { afterMs, does } of acts) {
      at += afterMs;
      this.#on(at, () => (does.is === "presses" ? this.#press() : this.#speak(does.ms)));
      at += does.ms;
    }
    this.#seen(this.hand.all);
  }

  /** Until the call has ended, or a time by which it must have. */
  run(untilMs: number): void {
    const { hand } = this;
    while (hand.ending === undefined) {
      this.#events.sort((one, other) => one.at - other.at);
      const due = hand.call.nextDeadline();
      const [event] = this.#events;
      const next = Math.min(due ?? Number.POSITIVE_INFINITY, event?.at ?? Number.POSITIVE_INFINITY);
      if (next > untilMs) return;
      hand.at = Math.max(hand.at, next);
      if (event !== undefined && event.at <= next) {
        this.#events.shift();
        event.happens();
      } else {
        this.#seen(hand.give({ from: "clock" }).effects);
        const later = hand.call.nextDeadline();
        expect(later === undefined || later > hand.at).toBe(true);
      }
    }
  }

  #on(at: number, happens: () => void): void {
    this.#events.push({ at, happens });
  }

  #press(): void {
    this.stirredAt = this.hand.at;
    this.#seen(this.hand.press("1").effects);
  }

  #speak(ms: number): void {
    const { hand } = this;
    this.stirredAt = hand.at;
    this.#isCallerSpeaking = true;
    this.#seen(hand.callerStarts().effects);
    const interrupted = this.#active;
    if (interrupted !== undefined) {
      this.#active = undefined;
      this.#seen(hand.done(interrupted, "cancelled").effects);
    }
    this.#on(hand.at + ms, () => {
      this.stirredAt = hand.at;
      this.#isCallerSpeaking = false;
      this.#seen(hand.callerEnds(`turn-${hand.at}`).effects);
      this.#respond(undefined);
    });
  }

  /** @param reason undefined: by itself, as it answers a turn */
  #respond(reason: string | undefined): void {
    const { hand } = this;
    const id = `response-${++this.#responses}`;
    const { thinksMs, saysMs, isReported } = this.#answers[this.#responses % this.#answers.length] ?? {
      thinksMs: 0,
      saysMs: 200,
      isReported: true,
    };
    this.#active = id;
    const ifActive = (happens: () => void) => () => {
      if (this.#active === id) happens();
    };
    this.#seen(hand.created(id, reason).effects);
    this.#on(
      hand.at + thinksMs,
      ifActive(() => this.#seen(hand.says(id, `${id}-item`, saysMs).effects)),
    );
    // Faster than it is heard, as OpenAI is.
    this.#on(
      hand.at + thinksMs + saysMs / 4,
      ifActive(() => {
        this.#active = undefined;
        this.#seen(hand.said(id, `${id}-item`).effects);
        this.#seen(hand.done(id, "completed", undefined, isReported ? USAGE : undefined).effects);
      }),
    );
  }

  #seen(effects: readonly Effect[]): void {
    const { hand } = this;
    for (const effect of effects) {
      if (effect.to === "twilio") this.#toTwilio(effect.frame);
      if (effect.to !== "model") continue;
      const { event } = effect;
      if (event.type === "conversation.item.create") this.#told = JSON.stringify(event.item);
      if (event.type === "response.cancel") {
        if (this.#active !== event.response_id) continue;
        this.#active = undefined;
        this.#on(hand.at, () => this.#seen(hand.done(event.response_id, "cancelled").effects));
      }
      if (event.type !== "response.create") continue;
      expect(this.#active).toBeUndefined();
      expect(this.#isCallerSpeaking).toBe(false);
      const { metadata } = event.response;
      if (metadata.reason === "notice") this.#isRight(this.#told);
      this.#active = "asked for";
      this.#on(hand.at, () => {
        if (this.#active !== "asked for") return;
        this.#respond(metadata.reason);
      });
    }
  }

  /** What the assistant is to say by itself is true. */
  #isRight(notice: string): void {
    const { at } = this.hand;
    expect(Object.values(NOTICES).filter((words) => notice.includes(words))).toHaveLength(1);
    if (notice.includes(NOTICES.still_there)) expect(at - this.stirredAt).toBeGreaterThanOrEqual(ASK_MS);
    if (notice.includes(NOTICES.nobody_there)) expect(at - this.stirredAt).toBeGreaterThanOrEqual(END_MS);
    if (notice.includes(NOTICES.time_is_up)) expect(at).toBeGreaterThanOrEqual(MAX_MS);
  }

  #toTwilio(frame: ReturnType<CallInHand["framesIn"]>[number]): void {
    const { hand } = this;
    if (frame.event === "clear") this.#playedAt = hand.at;
    if (frame.event === "media") {
      const ms = (frame.media.payload.length * 3) / 4 / 8;
      this.#playedAt = Math.max(this.#playedAt, hand.at) + ms;
    }
    if (frame.event !== "mark") return;
    const { name } = frame.mark;
    this.#on(Math.max(this.#playedAt, hand.at), () => this.#seen(hand.mark(name).effects));
  }
}

const spentIn = ({ all }: CallInHand): number =>
  all.reduce((sum, effect) => sum + (effect.to === "spend" ? effect.micros : 0), 0);

test(
  "every call with limits ends in time, for a reason that holds, and nothing is asked for over anybody",
  () => {
    const endings = new Map<string, number>();
    fc.assert(
      fc.property(
        acts,
        answers,
        fc.option(fc.integer({ min: 100, max: 20_000 }), { nil: undefined }),
        (...given) => {
          const [, , perCallMicros] = given;
          const world = new World(...given);
          world.run(MAX_MS + LEAVE_WITHIN_MS + LAST_WORDS_MS);
          const { hand } = world;
          const { ending } = hand;
          endings.set(ending ?? "none", (endings.get(ending ?? "none") ?? 0) + 1);
          expect(["time_is_up", "nobody_there", "budget_spent"]).toContain(ending ?? "none");
          if (ending === "time_is_up") {
            expect(hand.at).toBeGreaterThanOrEqual(MAX_MS);
            expect(hand.at).toBeLessThanOrEqual(MAX_MS + LEAVE_WITHIN_MS);
          }
          if (ending === "nobody_there") expect(hand.at - world.stirredAt).toBeGreaterThanOrEqual(END_MS);
          const spent = spentIn(hand);
          if (ending === "budget_spent")
            expect(spent).toBeGreaterThanOrEqual(perCallMicros ?? Number.POSITIVE_INFINITY);
          const story = hand.log.flatMap((entry) => (entry.event === "call.ended" ? [entry.story] : []))[0];
          expect(story?.spentMicros).toBe(spent);
          expect(spent === 0 || spent >= COST / 2).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
    // None of them is only imagined.
    for (const ending of ["time_is_up", "nobody_there", "budget_spent"]) {
      expect(endings.get(ending) ?? 0).toBeGreaterThan(0);
    }
  },
  TEST_MS,
);
