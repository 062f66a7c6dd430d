/**
 * What must hold of the sessions of a call, one after the other: each is dialled in time and after its pause, dropped for
 * a reason, and given up when there is no use; whoever is about to be left needs no other.
 */
import type { Input } from "../../../../relay/call/call.ts";
import type { Ending } from "../../../../relay/call/ending.ts";
import type { ModelError } from "../../../../relay/wire/realtime.ts";
import { hold } from "./broken.ts";

const READY_WITHIN_MS = 8_000;
const ATTEMPT_WITHIN_MS = 3_500;
const PAUSES_MS = [0, 0, 250, 500, 1_000, 1_500];
const GOOD_AFTER_MS = 20_000;
const MOST_ATTEMPTS = 8;
const OLD_AFTER_MS = 50 * 60_000;
const TOO_OLD_AFTER_MS = 58 * 60_000;
const MOST_FAILED_RESPONSES = 3;
const FINAL_STATUSES = [400, 401, 403, 404];
const FATAL = new Set(["invalid_api_key", "insufficient_quota"]);

type State =
  | { readonly is: "off" | "given up" }
  | { readonly is: "joining"; isOpen: boolean; isConfigured: boolean; by: number | undefined }
  | { readonly is: "ready"; readonly since: number }
  | { readonly is: "lost"; readonly dialAt: number };

type Loss = {
  readonly why: string;
  readonly ending: Ending;
  readonly isFinal: boolean;
  /** It may also be that there was no need. */
  readonly mayStay?: boolean;
};

/** `isPause`: nobody says or does anything; `isDead`: what is due is not said. */
type Now = { readonly isPause: boolean; readonly isDead: boolean };

export class SessionWatch {
  #state: State = { is: "off" };
  #isStarted = false;
  #attempts = 0;
  #downSince: number;
  /** How the call ends if there is no other session. */
  ending: Ending = "model_not_ready";
  /** What this step's input has done to the session. */
  #loss: Loss | undefined;
  #wasDropped = false;
  #failed = 0;
  /** Creates in a row that were neither obeyed nor refused; and such as were refused. */
  #unobeyed = 0;
  #refused = 0;
  #hopeless = 0;
  hasBeenReady = false;

  constructor(at: number) {
    this.#downSince = at;
  }

  get isThere(): boolean {
    return this.#state.is === "joining" || this.#state.is === "ready";
  }
  get isReady(): boolean {
    return this.#state.is === "ready";
  }
  get isOpen(): boolean {
    return this.isReady || (this.#state.is === "joining" && this.#state.isOpen);
  }
  /** In this step. */
  get wasDropped(): boolean {
    return this.#wasDropped;
  }
  get isGivenUp(): boolean {
    return this.#state.is === "given up";
  }
  get downSince(): number | undefined {
    return this.#state.is === "ready" ? undefined : this.#downSince;
  }

  // --- what comes in ------------------------------------------------------------------------------------------

  takeIn(input: Input, at: number): void {
    this.#loss = undefined;
    this.#wasDropped = false;
    // Whoever asks for the clock too late has no time left for another attempt.
    if (this.#state.is === "lost" && input.from === "clock" && at >= this.#downSince + READY_WITHIN_MS)
      this.#state = { is: "given up" };
    if (input.from === "clock") return this.#clock(at);
    if (!this.isThere) return;
    if (input.from === "line") {
      const { news } = input;
      if (news.is === "model_open" && this.#state.is === "joining") {
        this.#state.isOpen = true;
        this.#state.by = this.#isStarted ? at + ATTEMPT_WITHIN_MS : undefined;
      }
      if (news.is === "model_slow")
        this.#loss = { why: "a slow model", ending: "model_too_slow", isFinal: false };
      if (news.is !== "model_closed") return;
      const isFinal = !this.isOpen && FINAL_STATUSES.includes(news.status ?? 0);
      this.#loss = {
        why: "a closed socket",
        ending: this.isOpen ? "model_dropped" : "model_refused",
        isFinal,
      };
    } else if (input.from === "model") {
      this.#event(input.event, at);
    }
  }

  #event(event: Extract<Input, { from: "model" }>["event"], at: number): void {
    if (event.type === "error") return this.#error(event.error);
    if (this.#state.is === "joining") {
      if (event.type !== "session.updated" || !this.#state.isConfigured) return;
      const { input, output } = event.session.audio;
      if (input.format.type !== "audio/pcmu" || output.format.type !== "audio/pcmu") {
        this.#loss = { why: "a default audio format", ending: "model_settings_refused", isFinal: true };
        return;
      }
      this.#state = { is: "ready", since: at };
      this.hasBeenReady = true;
    } else if (event.type === "response.created") {
      this.#unobeyed = 0;
      this.#refused = 0;
    } else if (event.type === "response.done") {
      const { status, status_details } = event.response;
      if (status === "completed") this.#failed = 0;
      if (status !== "failed") return;
      const isFatal = FATAL.has(status_details?.error?.code ?? "");
      if (!isFatal && ++this.#failed <= MOST_FAILED_RESPONSES) return;
      this.#loss = { why: "responses that fail", ending: "model_failed", isFinal: true };
    }
  }

  #error(error: ModelError): void {
    const code = error.code ?? "";
    if (FATAL.has(code) || code === "session_expired") {
      this.#loss = { why: "a fatal error", ending: "model_failed", isFinal: code !== "session_expired" };
    } else if (this.#state.is === "joining" && this.#state.isConfigured) {
      this.#loss = {
        why: "refused settings",
        ending: "model_settings_refused",
        isFinal: true,
        mayStay: true,
      };
    }
  }

  #clock(at: number): void {
    if (this.#state.is === "joining") {
      const { by } = this.#state;
      const isLate = by !== undefined && at >= by;
      if (!isLate && at < this.#downSince + READY_WITHIN_MS) return;
      this.#loss = { why: "no session in time", ending: "model_not_ready", isFinal: false };
      // Nobody is told of the time that this attempt had, only that there is no more.
      if (at >= this.#downSince + READY_WITHIN_MS) this.#loss = { ...this.#loss, ending: this.ending };
    } else if (this.#state.is === "ready" && at >= this.#state.since + TOO_OLD_AFTER_MS) {
      this.#loss = { why: "an old session", ending: "model_dropped", isFinal: false };
    }
  }

  /** The call has started: from now on a session can be configured. */
  started(at: number): void {
    this.#isStarted = true;
    if (this.#state.is === "joining" && this.#state.isOpen) this.#state.by = at + ATTEMPT_WITHIN_MS;
  }

  unobeyed(): void {
    this.#unobeyed++;
  }
  refused(): void {
    this.#refused++;
  }
  /** The caller was sent something that the model said. */
  wasHeard(): void {
    this.#hopeless = 0;
  }

  // --- what goes out ------------------------------------------------------------------------------------------

  updateSent(): void {
    hold("the session is configured before it is used, and then no more", this.#state.is === "joining");
    this.#state.isConfigured = true;
  }

  dialled(at: number, isFirst = false): void {
    if (!isFirst) {
      hold("another session is dialled only where there is none", this.#state.is === "lost");
      hold("no session is dialled before its pause is over", at >= this.#state.dialAt);
    }
    this.#attempts++;
    this.#state = { is: "joining", isOpen: false, isConfigured: false, by: at + ATTEMPT_WITHIN_MS };
  }

  /** @param isOver the call goes to its end: no other session is needed */
  dropped(at: number, isOver: boolean, now: Now): void {
    hold("only a session that is there is dropped", this.isThere);
    this.#wasDropped = true;
    if (isOver) {
      this.#state = { is: "off" };
      this.#loss = undefined;
      return;
    }
    const loss = this.#loss ?? this.#ofItself(at, now);
    hold("a session is dropped only for a reason", loss !== undefined);
    if (this.#state.is === "ready") {
      if (at - this.#state.since >= GOOD_AFTER_MS) this.#attempts = 0;
      this.#downSince = at;
    }
    this.ending = loss.ending;
    this.#unobeyed = 0;
    this.#refused = 0;
    const dialAt = at + (PAUSES_MS[Math.min(this.#attempts, PAUSES_MS.length - 1)] ?? 0);
    const isUseless =
      loss.isFinal || this.#attempts >= MOST_ATTEMPTS || dialAt >= this.#downSince + READY_WITHIN_MS;
    this.#state = isUseless ? { is: "given up" } : { is: "lost", dialAt };
    this.#loss = undefined;
  }

  /** What nothing that came in has done to it. */
  #ofItself(at: number, { isPause, isDead }: Now): Loss | undefined {
    if (this.#state.is !== "ready") return undefined;
    if (isDead || this.#unobeyed > 1 || this.#refused > 3) {
      const isFinal = ++this.#hopeless > 1;
      return { why: "a model that does not answer", ending: "model_failed", isFinal };
    }
    const isOld = at >= this.#state.since + OLD_AFTER_MS && isPause;
    return isOld ? { why: "an old session", ending: "model_dropped", isFinal: false } : undefined;
  }

  // --- what is left at the end of a step ----------------------------------------------------------------------

  /** The call goes on, and its model is needed. */
  settled(input: Input, at: number): void {
    hold(`${this.#loss?.why} drops the session`, this.#loss === undefined || this.#loss.mayStay === true);
    const isDue = input.from === "clock" && this.#state.is === "lost" && at >= this.#state.dialAt;
    hold("another session is dialled when its pause is over", !isDue || this.#wasDropped);
  }

  /** Whoever leaves needs no session any more. */
  leaves(): void {
    this.#state = { is: "off" };
  }

  get dueBy(): number | undefined {
    if (this.#state.is === "lost") return this.#state.dialAt;
    if (this.#state.is === "ready") return this.#state.since + TOO_OLD_AFTER_MS;
    if (this.#state.is !== "joining") return undefined;
    return Math.min(this.#state.by ?? Infinity, this.#downSince + READY_WITHIN_MS);
  }
}
