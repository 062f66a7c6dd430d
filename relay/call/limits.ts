/**
 * How long a call may last, and how long nobody may say anything: when the assistant says that the time is nearly over,
 * asks whether the caller is still there, says goodbye; and when the call ends whether or not it did. It counts
 * and asks; who speaks when is for the requests (requests.ts), and the line's end for hang-up.ts.
 *
 * Silence is counted only while nobody speaks, nothing plays, no tool runs and no question waits for a key; its own
 * question stops that clock, and does not set it back.
 */
import { earliest } from "./deadlines.ts";

/** undefined: switched off. */
export type LimitTerms = {
  readonly maxCallMs: number | undefined;
  readonly askAfterMs: number | undefined;
  readonly endAfterMs: number | undefined;
};

export const NO_LIMITS: LimitTerms = { maxCallMs: undefined, askAfterMs: undefined, endAfterMs: undefined };

/** Why the call is to be left. */
export type Leave = "time_is_up" | "nobody_there";
/** Something that the assistant is to say by itself. */
export type Notice = "nearly_over" | "still_there" | Leave;

const IN_THEIR_LANGUAGE =
  "In the language of the conversation, in one short and friendly sentence, and nothing else:";
export const NOTICES: Readonly<Record<Notice, string>> = {
  nearly_over: `${IN_THEIR_LANGUAGE} tell the caller that this call can go on for about one more minute and then ends by itself.`,
  still_there: `The caller has said nothing for a while. ${IN_THEIR_LANGUAGE} ask whether they are still there.`,
  time_is_up: `The time for this call is over, and it ends now. ${IN_THEIR_LANGUAGE} tell the caller so and say goodbye. Ask nothing.`,
  nobody_there: `The caller has said nothing for a long while and seems to be gone. ${IN_THEIR_LANGUAGE} say that you hang up now, that they are welcome to call again, and goodbye. Ask nothing.`,
};

const WARN_BEFORE_MS = 60_000;
/** From the limit to the call's end, however much is still being said. */
export const LEAVE_WITHIN_MS = 30_000;

export class Limits {
  readonly #askAfterMs: number | undefined;
  readonly #endAfterMs: number | undefined;
  /** undefined: never, or it was due. */
  #warnAt: number | undefined;
  #upAt: number | undefined;
  #toSay: Notice | undefined;
  /** Asked of the model with this event, and not yet known to come about. */
  #asked: { readonly notice: Notice; readonly eventId: string } | undefined;
  #leaving: Leave | undefined;
  /** Before the line fell quiet last. */
  #silentMs = 0;
  /** undefined: it is not quiet. May be to come. */
  #quietFrom: number | undefined;
  #stirredAt: number;
  #isCallerAsked = false;

  /** @param elapsedBeforeMs of the call, before it came here */
  constructor({ maxCallMs, askAfterMs, endAfterMs }: LimitTerms, at: number, elapsedBeforeMs = 0) {
    this.#askAfterMs = askAfterMs;
    this.#endAfterMs = endAfterMs;
    this.#stirredAt = at;
    if (maxCallMs === undefined) return;
    this.#upAt = at + Math.max(0, maxCallMs - elapsedBeforeMs);
    const warnMs = Math.max(maxCallMs - WARN_BEFORE_MS, maxCallMs / 2);
    // Otherwise it was said before the call came here.
    if (elapsedBeforeMs < warnMs) this.#warnAt = at + warnMs - elapsedBeforeMs;
  }

  /** The caller has spoken or pressed a key, or is answered: silence begins anew. */
  stirred(at: number): void {
    this.#silentMs = 0;
    this.#isCallerAsked = false;
    this.#stirredAt = at;
    if (this.#quietFrom !== undefined) this.#quietFrom = Math.max(this.#quietFrom, at);
    if (isAboutSilence(this.#toSay)) this.#toSay = undefined;
    if (isAboutSilence(this.#asked?.notice)) this.#asked = undefined;
    if (this.#leaving === "nobody_there") this.#leaving = undefined;
  }

  /**
   * How the line is; to be told before every {@link tick}.
   * @param since when it fell quiet or, as far as is known, will; undefined: it is not quiet, and nobody knows when
   */
  quiet(since: number | undefined, at: number): void {
    const next = since === undefined ? undefined : Math.max(since, this.#stirredAt);
    // A moment that has passed only corrects what was known of the last sound.
    if (this.#quietFrom !== undefined && (next === undefined || next > at)) {
      this.#silentMs += Math.max(0, at - this.#quietFrom);
    }
    this.#quietFrom = next;
  }

  /** What has become due. Returns why the call is to be left, once: when that begins. */
  tick(at: number): Leave | undefined {
    if (this.#leaving === "time_is_up") return undefined;
    if (this.#upAt !== undefined && at >= this.#upAt) return this.#leave("time_is_up");
    if (this.#leaving !== undefined) return undefined;
    if (isDue(this.#silenceDueAt(this.#endAfterMs), at)) return this.#leave("nobody_there");
    if (isDue(this.#askAt, at)) {
      this.#isCallerAsked = true;
      this.#toSay = "still_there";
    }
    if (isDue(this.#warnAt, at)) {
      this.#warnAt = undefined;
      this.#toSay = "nearly_over";
    }
    return undefined;
  }

  /** Why the call ends now, whatever is being said. */
  isOver(at: number): boolean {
    return isDue(this.#overAt, at);
  }

  get leaving(): Leave | undefined {
    return this.#leaving;
  }

  /** What the assistant is to say as soon as nobody speaks. */
  get toSay(): Notice | undefined {
    return this.#toSay;
  }

  /** It was asked for with this event. */
  asked(eventId: string): void {
    if (this.#toSay !== undefined) this.#asked = { notice: this.#toSay, eventId };
    this.#toSay = undefined;
  }

  /** The event with which something was asked for that is still to come. */
  get askedWith(): string | undefined {
    return this.#asked?.eventId;
  }

  /** It did not come about, and is to be asked for again. */
  unsaid(): void {
    this.#toSay ??= this.#asked?.notice;
    this.#asked = undefined;
  }

  /** Somebody else says it, or it need not be said any more. */
  hushed(): void {
    this.#toSay = undefined;
    this.#asked = undefined;
  }

  /** It is being said. */
  said(): void {
    this.#asked = undefined;
  }

  get dueAt(): number | undefined {
    if (this.#leaving === "time_is_up") return this.#overAt;
    if (this.#leaving !== undefined) return this.#upAt;
    const silence = earliest(this.#askAt, this.#silenceDueAt(this.#endAfterMs));
    return earliest(earliest(this.#warnAt, this.#upAt), silence);
  }

  get #overAt(): number | undefined {
    return this.#upAt === undefined ? undefined : this.#upAt + LEAVE_WITHIN_MS;
  }

  get #askAt(): number | undefined {
    return this.#isCallerAsked ? undefined : this.#silenceDueAt(this.#askAfterMs);
  }

  /** When nobody will have said anything for so long, if it stays quiet. */
  #silenceDueAt(afterMs: number | undefined): number | undefined {
    if (afterMs === undefined || this.#quietFrom === undefined) return undefined;
    return this.#quietFrom + Math.max(0, afterMs - this.#silentMs);
  }

  #leave(why: Leave): Leave {
    this.#leaving = why;
    this.#toSay = why;
    this.#asked = undefined;
    this.#warnAt = undefined;
    return why;
  }
}

const isDue = (dueAt: number | undefined, at: number): boolean => dueAt !== undefined && at >= dueAt;
const isAboutSilence = (notice: Notice | undefined): boolean =>
  notice === "still_there" || notice === "nobody_there";
