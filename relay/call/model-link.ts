/**
 * The way to the model: when it is dialled, how often again, and when that is given up. A session that breaks is replaced
 * by another, as long as the caller can be asked to wait for it; what it has to be told is exchange.ts's affair.
 *
 * A session lasts 60 minutes, and is closed without a warning: one that is old is replaced in a pause before that.
 * https://platform.openai.com/docs/guides/realtime-conversations
 */
import { earliest } from "./deadlines.ts";
import type { Ending } from "./ending.ts";
import type { Outbox } from "./outbox.ts";

/** From the handshake, or from the loss of a session, to one that is ready: nobody waits longer on the telephone. */
export const READY_WITHIN_MS = 8_000;
/** One attempt: to an open socket, and then to a configured session. */
const ATTEMPT_WITHIN_MS = 3_500;
/** Before the next attempt, by how many have failed. */
const PAUSES_MS = [0, 250, 500, 1_000, 1_500];
/** A session that lasted so long was a good one. */
const GOOD_AFTER_MS = 20_000;
/** Sessions that break one after the other are not waited for time and again. */
const MOST_ATTEMPTS = 8;
export const OLD_AFTER_MS = 50 * 60_000;
export const TOO_OLD_AFTER_MS = 58 * 60_000;

/** Why there is no session, and how the call ends if there will be none. */
export type Loss = { readonly ending: Ending; readonly detail: string };

type State =
  | { readonly is: "off" }
  /** `by`: undefined while an open socket waits for the call's `start`. */
  | { readonly is: "joining"; isOpen: boolean; by: number | undefined }
  | { readonly is: "pausing"; readonly until: number }
  | { readonly is: "up"; readonly since: number }
  | { readonly is: "given up" };

export class ModelLink {
  readonly #outbox: Outbox;
  #state: State = { is: "off" };
  #isStarted = false;
  #downSince: number;
  #attempts = 0;
  #loss: Loss = { ending: "model_not_ready", detail: "dialling" };

  constructor(outbox: Outbox, at: number) {
    this.#outbox = outbox;
    this.#downSince = at;
  }

  get isUp(): boolean {
    return this.#state.is === "up";
  }

  /** What the socket that is there says is listened to. */
  get isThere(): boolean {
    return this.#state.is === "up" || this.#state.is === "joining";
  }

  /** There will be no session any more. */
  get givenUp(): Loss | undefined {
    return this.#state.is === "given up" ? this.#loss : undefined;
  }

  /** Since when there has been no session; undefined: there is one. */
  get downSince(): number | undefined {
    return this.#state.is === "up" ? undefined : this.#downSince;
  }

  /** When the session is old: replaced in a pause from `soon` on, and at `latest` whatever goes on. */
  get age(): { readonly soon: number; readonly latest: number } | undefined {
    if (this.#state.is !== "up") return undefined;
    const { since } = this.#state;
    return { soon: since + OLD_AFTER_MS, latest: since + TOO_OLD_AFTER_MS };
  }

  dial(at: number): void {
    this.#attempts++;
    this.#state = { is: "joining", isOpen: false, by: at + ATTEMPT_WITHIN_MS };
    this.#outbox.put({ to: "session", is: "dial" });
  }

  /** The call has started: a session can be configured now. */
  started(at: number): void {
    this.#isStarted = true;
    if (this.#state.is === "joining" && this.#state.isOpen) this.#state.by = at + ATTEMPT_WITHIN_MS;
  }

  /** The socket is open. */
  opened(at: number): void {
    if (this.#state.is !== "joining") return;
    this.#state.isOpen = true;
    this.#state.by = this.#isStarted ? at + ATTEMPT_WITHIN_MS : undefined;
  }

  ready(at: number): void {
    this.#state = { is: "up", since: at };
  }

  /**
   * There is no session any more, or this attempt at one has failed.
   * @param isFinal another attempt would end the same way
   */
  lost(loss: Loss, isFinal: boolean, at: number): void {
    if (this.#state.is === "off" || this.#state.is === "given up") return;
    if (this.#state.is === "up") {
      if (at - this.#state.since >= GOOD_AFTER_MS) this.#attempts = 0;
      this.#downSince = at;
    }
    this.#loss = loss;
    this.#outbox.put({ to: "session", is: "drop" });
    const pause = PAUSES_MS[Math.min(this.#attempts, PAUSES_MS.length) - 1] ?? 0;
    const until = at + pause;
    const isHopeless = isFinal || this.#attempts >= MOST_ATTEMPTS || until >= this.#giveUpAt;
    this.#state = isHopeless ? { is: "given up" } : { is: "pausing", until };
  }

  /** The model is not needed any more. */
  off(): void {
    if (this.isThere) this.#outbox.put({ to: "session", is: "drop" });
    this.#state = { is: "off" };
  }

  get dueAt(): number | undefined {
    switch (this.#state.is) {
      case "joining":
        return earliest(this.#state.by, this.#giveUpAt);
      case "pausing":
        return this.#state.until;
      case "up":
      case "off":
      case "given up":
        return undefined;
      default:
        return this.#state satisfies never;
    }
  }

  /** Whether the attempt that is being made comes to nothing, and how. */
  late(at: number): Loss | undefined {
    if (this.#state.is !== "joining") return undefined;
    // Of what there is no more time for, the last loss says more.
    if (at >= this.#giveUpAt) return this.#loss;
    if (this.#state.by === undefined || at < this.#state.by) return undefined;
    return { ending: "model_not_ready", detail: this.#state.isOpen ? "configuring" : "dialling" };
  }

  tick(at: number): void {
    if (this.#state.is !== "pausing" || at < this.#state.until) return;
    // The clock may come late.
    if (at >= this.#giveUpAt) this.#state = { is: "given up" };
    else this.dial(at);
  }

  get #giveUpAt(): number {
    return this.#downSince + READY_WITHIN_MS;
  }
}
