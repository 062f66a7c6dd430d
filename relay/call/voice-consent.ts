/**
 * What the caller must agree to by voice before it is done. The relay holds the request with its arguments under an id;
 * the model tells the caller what would be done and asks; `confirm(id)` then does *that*, and only if the caller has
 * heard it to its end and taken a turn since. Where their words are transcribed that turn must hold a yes, and a no
 * forgets the request. An id is good once, and for a minute.
 */
import type { Tool, ToolRequest } from "./tools.ts";
import { answerIn } from "./yes-no.ts";

type Held = {
  readonly id: string;
  readonly request: ToolRequest;
  readonly until: number;
  /** The item that told the model of it. */
  itemId: string | undefined;
  /** That item is in the conversation: a response created from now on knows of it. */
  known: boolean;
  telling: Telling | undefined;
  /** What the caller says now may be an answer. */
  answering: Answering | undefined;
  /** Turns whose words are not here yet, in their order. */
  readonly answers: Map<string, Answering>;
  /** Turns whose words were waited for long enough. A no among them is still one. */
  readonly late: Set<string>;
  agreed: boolean;
  /** The model has called `confirm`, before the words of the answer were here. */
  confirming: { readonly callId: string; readonly until: number } | undefined;
};
/** "no": something else was said last, so that it can only take back a yes. */
type Answering = "yes or no" | "no";
/** The response that tells the caller. */
type Telling = { readonly responseId: string; spoke: boolean; done: boolean };

export type Confirmed =
  | { readonly is: "agreed"; readonly request: ToolRequest }
  /** The words of the caller's answer are still to come. */
  | { readonly is: "waiting" }
  | { readonly is: "refused"; readonly why: Unconfirmed; readonly tool?: Tool };
export type Unconfirmed = "unknown" | "used" | "declined" | "expired" | "not_heard" | "not_agreed" | "twice";

/** A `confirm` that has waited is settled. */
export type Settled = { readonly callId: string; readonly confirmed: Confirmed };

const LASTS_MS = 60_000;
/** Voices end in a breath of silence, and people answer into it: so little may be missing of what was heard. */
export const TAIL_MS = 300;
/** Transcripts come after the answer to the turn has begun, and rarely later than this. */
const WORDS_WITHIN_MS = 3_000;
/** A model that asks for more at once is not asking for a caller. */
const MOST_HELD = 8;
const MOST_REMEMBERED = 64;

export class VoiceConsent {
  readonly #language: string | undefined;
  readonly #isTranscribed: () => boolean;
  readonly #held = new Map<string, Held>();
  /** What became of ids that are good no more. */
  readonly #past = new Map<string, Unconfirmed>();
  #ids = 0;
  /** The newest response that may tell of anything: others are told what to say. */
  #newest: string | undefined;

  constructor(language: string | undefined, isTranscribed: () => boolean) {
    this.#language = language;
    this.#isTranscribed = isTranscribed;
  }

  /** Returns the id; undefined: there are too many already. */
  hold(request: ToolRequest, at: number): string | undefined {
    if (this.#held.size >= MOST_HELD) return undefined;
    const id = `r${++this.#ids}`;
    this.#held.set(id, {
      id,
      request,
      until: at + LASTS_MS,
      itemId: undefined,
      known: false,
      telling: undefined,
      answering: undefined,
      answers: new Map(),
      late: new Set(),
      agreed: false,
      confirming: undefined,
    });
    return id;
  }

  /** This item tells the model of it. */
  toldBy(id: string, itemId: string): void {
    const held = this.#held.get(id);
    if (held !== undefined) held.itemId = itemId;
  }

  /** A `confirm` waits for the caller's words. */
  get isConfirming(): boolean {
    return [...this.#held.values()].some(({ confirming }) => confirming !== undefined);
  }

  holds(isSame: (request: ToolRequest) => boolean): boolean {
    return [...this.#held.values()].some(({ request }) => isSame(request));
  }

  itemArrived(itemId: string): void {
    for (const held of this.#held.values()) if (held.itemId === itemId) held.known = true;
  }

  /** A response that may tell the caller was created. */
  created(responseId: string): void {
    this.#newest = responseId;
    for (const held of this.#held.values()) {
      if (held.known && !held.telling?.spoke) held.telling = { responseId, spoke: false, done: false };
    }
  }

  /** The caller is being sent audio of this response. Whatever is said last before they answer is what they answer. */
  spoke(responseId: string): void {
    for (const held of this.#held.values()) {
      if (held.telling?.responseId === responseId) held.telling.spoke = true;
      else if (held.telling !== undefined) {
        held.telling = responseId === this.#newest ? { responseId, spoke: true, done: false } : undefined;
      }
    }
  }

  responseDone(responseId: string, isWhole: boolean): void {
    for (const { telling } of this.#held.values()) {
      if (telling?.responseId === responseId) telling.done = isWhole;
    }
  }

  /** @param unheardMs of what was said before, thrown away because the caller spoke over it */
  callerStarted(unheardMs: number): void {
    for (const held of this.#held.values()) {
      const { telling } = held;
      const isBeingTold = telling?.spoke === true;
      const wasTold = isBeingTold && telling.done && unheardMs <= TAIL_MS;
      if (!wasTold) held.telling = undefined;
      // Nobody has to hear out what they do not want, and whoever has agreed, or may have, may still say no.
      const mayRefuse = isBeingTold || held.agreed || held.answers.size > 0;
      held.answering = wasTold ? "yes or no" : mayRefuse ? "no" : undefined;
    }
  }

  /** The caller's turn is over; `itemId` stands for it. */
  callerEnded(itemId: string | undefined): void {
    for (const held of this.#held.values()) {
      const { answering } = held;
      held.answering = undefined;
      if (answering === undefined) continue;
      if (this.#isTranscribed()) {
        if (itemId !== undefined) held.answers.set(itemId, answering);
      } else {
        // The last turn counts: another that followed something else may have answered that, or taken this one back.
        held.agreed = answering === "yes or no";
      }
    }
  }

  /** The words of a caller's turn; undefined: there are none to be had. Returns what was waiting for them. */
  heard(
    itemId: string,
    words: string | undefined,
  ): { declined: readonly ToolRequest[]; settled: readonly Settled[] } {
    const answer = words === undefined ? "neither" : answerIn(words, this.#language);
    const declined: ToolRequest[] = [];
    const settled: Settled[] = [];
    for (const held of this.#held.values()) {
      const answering = held.answers.get(itemId);
      const isLateNo = held.late.delete(itemId) && answer === "no";
      if (answering === undefined && !isLateNo) continue;
      if (answer === "yes") held.agreed ||= answering === "yes or no";
      else {
        // Whoever has said yes and then something else may have changed their mind, whichever words come first.
        held.agreed = false;
        for (const turn of held.answers.keys()) {
          if (turn === itemId) break;
          held.answers.delete(turn);
        }
      }
      held.answers.delete(itemId);
      if (answer === "no") {
        declined.push(held.request);
        this.#forget(held, "declined");
      }
      settled.push(...this.#settle(held));
    }
    return { declined, settled };
  }

  /** The model says that the caller has agreed. */
  confirm(id: string, callId: string, at: number): Confirmed {
    const held = this.#held.get(id);
    if (held === undefined) return { is: "refused", why: this.#past.get(id) ?? "unknown" };
    if (at >= held.until) {
      this.#forget(held, "expired");
      return { is: "refused", why: "expired", tool: held.request.tool };
    }
    // The first call of `confirm` is answered when the words are here, and another one has nothing to add: they may say no.
    if (held.confirming !== undefined) return { is: "refused", why: "twice", tool: held.request.tool };
    if (held.answers.size > 0) {
      held.confirming = { callId, until: at + WORDS_WITHIN_MS };
      return { is: "waiting" };
    }
    return this.#verdict(held);
  }

  /** The session is gone: whoever was being asked has to be asked again. Returns what was waiting for their words. */
  sessionLost(): readonly Settled[] {
    const settled: Settled[] = [];
    for (const held of this.#held.values()) {
      held.telling = undefined;
      held.answering = undefined;
      held.answers.clear();
      held.agreed = false;
      // The next session learns of it from its conversation.
      held.known = true;
      settled.push(...this.#settle(held));
    }
    return settled;
  }

  isConfirmedBy(callId: string): boolean {
    return [...this.#held.values()].some(({ confirming }) => confirming?.callId === callId);
  }

  /** Forgets this one, or without an id all. Returns what was forgotten. */
  cancel(id: string | undefined): { requests: readonly ToolRequest[]; settled: readonly Settled[] } {
    const held = [...this.#held.values()].filter((each) => id === undefined || each.id === id);
    for (const each of held) this.#forget(each, "declined");
    return {
      requests: held.map(({ request }) => request),
      settled: held.flatMap((each) => this.#settle(each)),
    };
  }

  get dueAt(): number | undefined {
    let due: number | undefined;
    for (const { until, confirming } of this.#held.values()) {
      const next = confirming === undefined ? until : Math.min(until, confirming.until);
      if (due === undefined || next < due) due = next;
    }
    return due;
  }

  tick(at: number): { expired: readonly ToolRequest[]; settled: readonly Settled[] } {
    const expired: ToolRequest[] = [];
    const settled: Settled[] = [];
    for (const held of this.#held.values()) {
      if (at >= held.until) {
        expired.push(held.request);
        this.#forget(held, "expired");
        settled.push(...this.#settle(held));
      } else if (held.confirming !== undefined && at >= held.confirming.until) {
        for (const turn of held.answers.keys()) held.late.add(turn);
        held.answers.clear();
        settled.push(...this.#settle(held));
      }
    }
    return { expired, settled };
  }

  /** Answers the `confirm` that waits, if there is nothing to wait for any more. */
  #settle(held: Held): readonly Settled[] {
    const { confirming } = held;
    if (confirming === undefined || (this.#held.has(held.id) && held.answers.size > 0)) return [];
    held.confirming = undefined;
    const why = this.#past.get(held.id);
    const { tool } = held.request;
    const confirmed: Confirmed = why === undefined ? this.#verdict(held) : { is: "refused", why, tool };
    return [{ callId: confirming.callId, confirmed }];
  }

  #verdict(held: Held): Confirmed {
    const { request } = held;
    if (held.agreed) {
      this.#forget(held, "used");
      return { is: "agreed", request };
    }
    const wasHeard = held.telling?.spoke === true && held.telling.done;
    return { is: "refused", why: wasHeard ? "not_agreed" : "not_heard", tool: request.tool };
  }

  #forget(held: Held, why: Unconfirmed): void {
    this.#held.delete(held.id);
    this.#past.set(held.id, why);
    if (this.#past.size <= MOST_REMEMBERED) return;
    for (const oldest of this.#past.keys()) {
      this.#past.delete(oldest);
      return;
    }
  }
}
