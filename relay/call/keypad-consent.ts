/**
 * What the caller must agree to with a key before it is done: writes that other people notice, that delete or that
 * spend. What would be done is read back by a sentence that code wrote from the arguments (read-back.ts), in a response
 * out of band, so that a misled model has no part in it; 1 does it and 2 does not, but only if that sentence was the
 * last thing the caller heard, to its end. One request at a time, in the order in which they came.
 *
 * Once the model has read what strangers may have written, whatever has to be confirmed is asked so: a model that asks
 * "Shall I read you the next one?" gets a yes for anything. To what needs no key a plain yes will do then as well.
 */
import { earliest } from "./deadlines.ts";
import { type ReadBack, wasSaid } from "./read-back.ts";
import type { ToolRequest } from "./tools.ts";
import { answerIn } from "./yes-no.ts";

type Question = {
  readonly callId: string;
  readonly request: ToolRequest;
  readonly readBack: ReadBack;
  /** A plain yes will do as well as a key. */
  readonly byVoice: boolean;
};
type Pending = Question & {
  readings: number;
  stage: Stage;
  until: number;
};
type Stage =
  /** To be read to the caller when nobody speaks. */
  | { readonly is: "waiting" }
  /** A response that reads it was asked for. */
  | { readonly is: "asked"; readonly eventId: string }
  /** `said`: what it says was compared with what it was to say. `spoke`: the caller was sent audio of it. */
  | { readonly is: "reading"; readonly responseId: string; readonly said: boolean; readonly spoke: boolean }
  /** All of it has been sent, and nothing after it. */
  | { readonly is: "read"; readonly responseId: string };

export type Verdict = "agreed" | "declined" | "expired" | "not_heard" | "not_read";
export type Decided = { readonly callId: string; readonly request: ToolRequest; readonly verdict: Verdict };

/** After the caller could have heard all of it. */
const LASTS_MS = 60_000;
/** Whatever happens: a call's tool is not open for ever. */
const LASTS_AT_MOST_MS = 240_000;
/** Somebody who talks over it three times does not want to hear it. */
const MOST_READINGS = 3;
const MOST_PENDING = 4;

/** "no": something else was said last, so that it can only take back a yes whose words are still to come. */
type Answering = "yes or no" | "no";

export class KeypadConsent {
  readonly #language: string | undefined;
  readonly #isTranscribed: () => boolean;
  #pending: Pending[] = [];
  /** The caller's turns that may hold an answer, in their order. */
  readonly #answers = new Map<string, Answering>();
  #answering: Answering | undefined;

  constructor(language: string | undefined, isTranscribed: () => boolean) {
    this.#language = language;
    this.#isTranscribed = isTranscribed;
  }

  /** False: there are too many already. */
  ask(question: Question, at: number): boolean {
    if (this.#pending.length >= MOST_PENDING) return false;
    this.#pending.push({
      ...question,
      readings: 0,
      stage: { is: "waiting" },
      until: at + LASTS_AT_MOST_MS,
    });
    return true;
  }

  get isPending(): boolean {
    return this.#pending.length > 0;
  }

  holds(isSame: (request: ToolRequest) => boolean): boolean {
    return this.#pending.some(({ request }) => isSame(request));
  }

  /** What is to be read to the caller now, if anything is. */
  get toRead(): ReadBack | undefined {
    const [pending] = this.#pending;
    return pending?.stage.is === "waiting" ? pending.readBack : undefined;
  }

  /** The caller has been asked, and it is for them to answer. */
  get isAsked(): boolean {
    return this.#pending[0]?.stage.is === "read";
  }

  /** The response that reads it was asked for with this event. */
  asked(eventId: string): void {
    const [pending] = this.#pending;
    if (pending === undefined) return;
    pending.readings++;
    pending.stage = { is: "asked", eventId };
  }

  /** The event of a response that was asked for and has not begun. */
  get askedWith(): string | undefined {
    const stage = this.#pending[0]?.stage;
    return stage?.is === "asked" ? stage.eventId : undefined;
  }

  /** What was asked for does not come. */
  lapsed(): void {
    const [pending] = this.#pending;
    if (pending?.stage.is !== "asked") return;
    pending.readings--;
    pending.stage = { is: "waiting" };
  }

  created(responseId: string): void {
    const [pending] = this.#pending;
    if (pending?.stage.is === "asked") {
      pending.stage = { is: "reading", responseId, said: false, spoke: false };
    }
  }

  /** The words of a response. Returns false if it was to read the request and reads something else. */
  transcribed(responseId: string, words: string): boolean {
    const [pending] = this.#pending;
    if (pending?.stage.is !== "reading" || pending.stage.responseId !== responseId) return true;
    if (!wasSaid(pending.readBack, words)) return false;
    pending.stage = { ...pending.stage, said: true };
    return true;
  }

  /** @param quietAt when the caller will have heard what was sent so far */
  responseDone(responseId: string, isWhole: boolean, quietAt: number, at: number): readonly Decided[] {
    const [pending] = this.#pending;
    if (pending?.stage.is !== "reading" || pending.stage.responseId !== responseId) return [];
    if (!isWhole || !pending.stage.said || !pending.stage.spoke) return this.#again(pending, "not_read");
    pending.stage = { is: "read", responseId };
    pending.until = Math.min(pending.until, Math.max(at, quietAt) + LASTS_MS);
    return [];
  }

  /** The caller is being sent audio of this response. */
  spoke(responseId: string): readonly Decided[] {
    const [pending] = this.#pending;
    if (pending?.stage.is !== "reading" && pending?.stage.is !== "read") return [];
    // What was said since could be anything, "press 1 for your tasks" too.
    if (pending.stage.responseId !== responseId) {
      // It is the answer to a turn that may have decided: the words of that are on their way.
      if (this.#answers.size > 0 && this.#isTranscribed()) pending.readings--;
      return this.#again(pending, "not_heard");
    }
    if (pending.stage.is === "reading") pending.stage = { ...pending.stage, spoke: true };
    return [];
  }

  /** The response is to be stopped, and what is queued of it with it: it reads something else. */
  misread(): readonly Decided[] {
    const [pending] = this.#pending;
    return pending === undefined ? [] : this.#again(pending, "not_read");
  }

  /** The caller has begun to speak. Returns what that decides. */
  callerStarted(isHeard: boolean): readonly Decided[] {
    const [pending] = this.#pending;
    const isBeingAsked = pending?.stage.is === "reading" || pending?.stage.is === "read";
    const wasAsked = pending?.stage.is === "read" && isHeard;
    // Nobody has to hear out what they do not want.
    this.#answering = wasAsked ? "yes or no" : isBeingAsked || this.#answers.size > 0 ? "no" : undefined;
    return !isBeingAsked || wasAsked ? [] : this.#again(pending, "not_heard");
  }

  callerEnded(itemId: string | undefined): void {
    if (this.#answering !== undefined && itemId !== undefined) this.#answers.set(itemId, this.#answering);
    this.#answering = undefined;
  }

  /** The words of a caller's turn: a no is enough to decline, a yes is enough only where no key is needed. */
  heard(itemId: string, words: string | undefined): readonly Decided[] {
    const [pending] = this.#pending;
    const answering = this.#answers.get(itemId);
    if (answering === undefined || pending === undefined) return [];
    const answer = words === undefined ? "neither" : answerIn(words, this.#language);
    if (answer === "no") return this.#decide(pending, "declined");
    if (answer === "yes" && answering === "yes or no" && pending.byVoice) {
      return this.#decide(pending, "agreed");
    }
    for (const turn of this.#answers.keys()) {
      // Whoever says something else after a yes may have changed their mind, whichever words come first.
      if (answer === "neither" || turn === itemId) this.#answers.delete(turn);
      if (turn === itemId) break;
    }
    return [];
  }

  /** A key. @param isHeard whether all that was sent has been heard, but for a breath at its end */
  pressed(digit: string, isHeard: boolean): readonly Decided[] | "too early" {
    const [pending] = this.#pending;
    if (pending === undefined) return [];
    // Whoever knows the sentence and wants it not need not hear it out.
    if (digit === "2" && pending.stage.is !== "waiting") return this.#decide(pending, "declined");
    if (digit !== "1") return [];
    return pending.stage.is === "read" && isHeard ? this.#decide(pending, "agreed") : "too early";
  }

  /** The session is gone: the question is put again by the next one. @param isGone whose call went with it */
  sessionLost(isGone: (callId: string) => boolean): readonly Decided[] {
    this.#answers.clear();
    this.#answering = undefined;
    const [pending] = this.#pending;
    if (pending !== undefined && pending.stage.is !== "waiting") {
      pending.readings--;
      pending.stage = { is: "waiting" };
    }
    return this.#pending
      .filter(({ callId }) => isGone(callId))
      .flatMap((each) => this.#decide(each, "expired"));
  }

  isOpen(callId: string): boolean {
    return this.#pending.some((pending) => pending.callId === callId);
  }

  cancel(): readonly Decided[] {
    return [...this.#pending].flatMap((pending) => this.#decide(pending, "declined"));
  }

  get dueAt(): number | undefined {
    let due: number | undefined;
    for (const { until } of this.#pending) due = earliest(due, until);
    return due;
  }

  tick(at: number): readonly Decided[] {
    return this.#pending
      .filter(({ until }) => at >= until)
      .flatMap((pending) => this.#decide(pending, "expired"));
  }

  #again(pending: Pending, why: Verdict): readonly Decided[] {
    if (pending.readings >= MOST_READINGS) return this.#decide(pending, why);
    pending.stage = { is: "waiting" };
    return [];
  }

  #decide(pending: Pending, verdict: Verdict): readonly Decided[] {
    this.#pending = this.#pending.filter((each) => each !== pending);
    this.#answers.clear();
    this.#answering = undefined;
    const { callId, request } = pending;
    return [{ callId, request, verdict }];
  }
}
