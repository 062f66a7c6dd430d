/**
 * Whose turn it is, by what came in and went out: which response is active or asked for, whether the caller speaks, waits
 * for an answer, or was left waiting. Of one session; a new one begins with nothing.
 */
import type { FromModel, ModelError, ToModel } from "../../../../relay/wire/realtime.ts";
import { hold } from "./broken.ts";
import type { SessionWatch } from "./session-watch.ts";

const ANSWER_WITHIN_MS = 4_000;
const RESPONSE_STALE_MS = 20_000;
const COMMIT_WITHIN_MS = 2_000;
const CREATED_WITHIN_MS = 6_000;
const UNBEGUN_WITHIN_MS = 10_000;
const SILENT_WITHIN_MS = 6_500;
/** Before what failed is asked for again, by how often it has in a row. */
const RETRY_PAUSES_MS = [0, 0, 1_000, 2_500];

type CallerTurn = { readonly is: "closed" | "open" } | { readonly is: "ended"; readonly answerBy: number };
type Created = Extract<FromModel, { type: "response.created" }>["response"];

export class TurnWatch {
  readonly #sessions: SessionWatch;
  #active: string | undefined;
  /** When the active response was created or last spoke. */
  #signAt = 0;
  /** When the caller was said to have stopped, while the turn is open. */
  #stoppedAt: number | undefined;
  #asked: { readonly id: string; readonly by: number; readonly reason: string } | undefined;
  /** What was asked for did not come in time, while another response was active. */
  #wasLate = false;
  #caller: CallerTurn = { is: "closed" };
  #speaker: string | undefined;
  /** Why responses that are not over were asked for. */
  readonly #reasons = new Map<string, string | undefined>();
  /** An aside that has just begun: it may be that it is not wanted any more. */
  mayCancel: string | undefined;
  readonly interrupted = new Set<string>();
  readonly outOfBand = new Set<string>();
  readonly over = new Set<string>();
  /** Since when the caller may be waiting for an answer; it may be that none is due to them. */
  owedSince: number | undefined;
  /** They have taken a turn, in this session or before it. */
  hasSpoken = false;
  #failed = 0;
  #retryAt = Number.NEGATIVE_INFINITY;

  constructor(sessions: SessionWatch) {
    this.#sessions = sessions;
  }

  get active(): string | undefined {
    return this.#active;
  }
  get isCallerOpen(): boolean {
    return this.#caller.is === "open";
  }

  /** Nobody speaks, or is asked or expected to. */
  get isQuiet(): boolean {
    return this.#active === undefined && this.#asked === undefined && this.#caller.is === "closed";
  }

  /** The caller is in the middle of hearing this session's response. */
  get isSpeaking(): boolean {
    const isHeard = this.#active !== undefined && this.#active === this.#speaker;
    return isHeard && !this.interrupted.has(this.#active ?? "");
  }

  /** Since when the caller may be waiting for a word of this session's; undefined: they cannot be. */
  get silentSince(): number | undefined {
    return this.owedSince ?? (this.isSpeaking ? this.#signAt : undefined);
  }

  /** It has said nothing for so long that another session may be better. */
  isDead(at: number): boolean {
    const isUnbegun = this.owedSince !== undefined && at >= this.owedSince + UNBEGUN_WITHIN_MS;
    return isUnbegun || (this.isSpeaking && at >= this.#signAt + SILENT_WITHIN_MS);
  }

  /** Somebody waits for something of this session's. */
  get isOwed(): boolean {
    const isActive = this.#active !== undefined && !this.interrupted.has(this.#active);
    return isActive || this.#caller.is === "ended";
  }

  isNudge(responseId: string): boolean {
    return this.#reasons.get(responseId) === "nudge";
  }

  sessionLost(): void {
    this.#active = undefined;
    this.#asked = undefined;
    this.#wasLate = false;
    this.#stoppedAt = undefined;
    this.#caller = { is: "closed" };
    this.#speaker = undefined;
    this.owedSince = undefined;
    this.#reasons.clear();
    this.#retryAt = Number.NEGATIVE_INFINITY;
  }

  // --- what comes in ------------------------------------------------------------------------------------------

  /** False: it says that it was asked for, and something else was. Nobody can know of that any more. */
  created({ id, metadata }: Created, at: number): boolean {
    const reason = metadata?.reason;
    const isMistaken = reason !== undefined && this.#asked !== undefined && this.#asked.reason !== reason;
    this.#reasons.set(id, reason);
    this.over.delete(id);
    if (reason !== undefined) this.#asked = undefined;
    if (reason === "read_back") this.outOfBand.add(id);
    // What is no answer stands back for one, and for the caller.
    const isAside = reason === "read_back" || reason === "filler";
    const isBeside = isAside && this.#active !== undefined;
    const isStale = isBeside && at >= this.#signAt + RESPONSE_STALE_MS;
    this.mayCancel = isAside ? id : undefined;
    if (this.#caller.is === "open" || (isBeside && !isStale) || (isAside && this.#caller.is === "ended"))
      this.interrupted.add(id);
    else if (!isAside) this.#caller = { is: "closed" };
    if (isBeside && !isStale) return !isMistaken;
    this.#active = id;
    this.#signAt = at;
    return !isMistaken;
  }

  said(responseId: string, at: number): void {
    // One that was given up may still speak; that does not make it the active one again.
    const isStale = at >= this.#signAt + RESPONSE_STALE_MS;
    if (this.#active === responseId && !isStale) this.#signAt = at;
  }

  /** The caller is sent audio of it. */
  heard(responseId: string): void {
    if (this.#speaker !== responseId) this.owedSince = undefined;
    this.#speaker = responseId;
  }

  done({ id, status }: Extract<FromModel, { type: "response.done" }>["response"], at: number): void {
    this.over.add(id);
    const wasThere = this.#reasons.delete(id);
    if (this.#active === id) this.#active = undefined;
    if (status === "completed") this.#failed = 0;
    // Of one that never was, nothing has failed.
    if (status === "failed" && wasThere) this.#retryAt = at + (RETRY_PAUSES_MS[++this.#failed] ?? 0);
  }

  callerStarted(): void {
    this.#caller = { is: "open" };
    this.#stoppedAt = undefined;
    this.#speaker = undefined;
    this.owedSince = undefined;
    if (this.#active !== undefined) this.interrupted.add(this.#active);
  }

  callerStopped(at: number): void {
    if (this.#caller.is === "open") this.#stoppedAt ??= at;
  }

  callerEnded(at: number): void {
    this.hasSpoken = true;
    this.#caller = { is: "ended", answerBy: at + ANSWER_WITHIN_MS };
    this.owedSince = at;
  }

  /** What was being read out is stopped. */
  misread(): void {
    this.#speaker = undefined;
  }

  error(error: ModelError): void {
    const named = this.#asked !== undefined && error.event_id === this.#asked.id;
    const busy = error.code === "conversation_already_has_active_response";
    // With no id it is about the server's own answer to the caller, if one was due: that is the call's to ask for.
    const nameless = busy && error.event_id == null;
    if (nameless && this.#caller.is === "ended") this.#caller = { is: "closed" };
    else if (named || nameless) {
      if (this.#asked !== undefined) this.#sessions.refused();
      // Some errors that name it say nothing about it, and it is waited for.
      if (this.#asked !== undefined) this.#sessions.unobeyed();
      this.#asked = undefined;
      this.#retryAt = Number.NEGATIVE_INFINITY;
    }
  }

  clock(at: number): void {
    const isLate = this.#asked !== undefined && at >= this.#asked.by;
    // While another response is active, nobody can obey; it is known for sure when that is over.
    if (this.#active === undefined) {
      if (isLate || this.#wasLate) this.#sessions.unobeyed();
      this.#wasLate = false;
    } else this.#wasLate ||= isLate;
    if (isLate) {
      this.#asked = undefined;
      this.#retryAt = Number.NEGATIVE_INFINITY;
    }
    if (this.#isStopped(at)) this.#caller = { is: "closed" };
    if (this.#caller.is === "ended" && at >= this.#caller.answerBy) this.#caller = { is: "closed" };
  }

  /** Speech that stopped and was not committed in time: the turn is over without one. */
  #isStopped(at: number): boolean {
    const isOpen = this.#caller.is === "open" && this.#stoppedAt !== undefined;
    return isOpen && at >= (this.#stoppedAt ?? 0) + COMMIT_WITHIN_MS;
  }

  // --- what goes out ------------------------------------------------------------------------------------------

  create(event: Extract<ToModel, { type: "response.create" }>, at: number): void {
    const stale = at >= this.#signAt + RESPONSE_STALE_MS;
    hold("no create while a response is active", this.#active === undefined || stale);
    hold("no create while one is asked for", this.#asked === undefined);
    hold("no create while the caller has the turn", this.#caller.is === "closed" || this.#isStopped(at));
    // It has said nothing for too long, and is not played on.
    if (this.#active !== undefined) this.interrupted.add(this.#active);
    this.#active = undefined;
    const isRetry = event.response.metadata.reason === "retry";
    hold("what failed is asked for again after a pause", !isRetry || at >= this.#retryAt);
    this.#asked = {
      id: event.event_id,
      by: at + CREATED_WITHIN_MS,
      reason: event.response.metadata.reason,
    };
    this.owedSince ??= at;
  }

  /** @param isMisread what is being read out is something else: it is stopped in this step */
  cancel(id: string, from: FromModel | undefined, isMisread: boolean): void {
    const isNew = from?.type === "response.created" && from.response.id === id;
    const isSpokenOver = from?.type === "input_audio_buffer.speech_started" && this.outOfBand.has(id);
    const mayBe =
      (isNew && (this.interrupted.has(id) || this.mayCancel === id)) ||
      isSpokenOver ||
      (from?.type === "response.output_audio_transcript.done" && this.interrupted.has(id)) ||
      isMisread;
    hold("only what began too late, is read wrongly or is out of band is cancelled", mayBe);
    if (isNew) this.interrupted.add(id);
  }

  deadlines(next: number | undefined): void {
    const by = (what: string, deadline: number) => hold(what, next !== undefined && next <= deadline);
    if (this.#active !== undefined) return;
    if (this.#caller.is === "ended") by("an answer is waited for 4 s", this.#caller.answerBy);
    else if (this.#caller.is === "open" && this.#stoppedAt !== undefined)
      by("a commit is waited for 2 s", this.#stoppedAt + COMMIT_WITHIN_MS);
    else if (this.#asked) by("a create is waited for 6 s", this.#asked.by);
  }
}
