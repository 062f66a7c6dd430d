/**
 * The sessions of one call, one after the other: what the model says in each, and what happens between them. A session
 * that breaks is replaced by another that knows what was said (memory.ts, seed.ts); meanwhile the caller's audio is kept,
 * and they are told in time that somebody is there. How often it is tried is model-link.ts's, when something is said is
 * patience.ts's.
 */
import type { FromModel, ModelError } from "../wire/realtime.ts";
import { SAMPLES_PER_MS } from "../wire/twilio.ts";
import type { Clip, ClipsIn } from "./clips.ts";
import { earliest } from "./deadlines.ts";
import type { Exchange } from "./exchange.ts";
import { Intake } from "./intake.ts";
import { classOf, printable } from "./model-errors.ts";
import { type Loss, ModelLink } from "./model-link.ts";
import { Negotiation } from "./negotiation.ts";
import type { Outbox } from "./outbox.ts";
import { deadAt, Patience, type Wait } from "./patience.ts";
import type { Remembered } from "./remembered.ts";
import { openingFor, type Settings, type Wanted } from "./session.ts";

const MOST_KEYS_KEPT = 32;
/** Before a response that failed is asked for again; more than these in a row are no accident. */
const RETRY_PAUSES_MS = [0, 1_000, 2_500];

export type SessionTerms = {
  readonly settings: Settings;
  readonly clips: ClipsIn;
  readonly before: Remembered | undefined;
};

/** The call, once it has started. */
type Started = { readonly exchange: Exchange; readonly at: number };

export class Sessions {
  readonly #intake = new Intake();
  readonly #outbox: Outbox;
  readonly #link: ModelLink;
  readonly #terms: SessionTerms;
  readonly #openedAt: number;
  readonly #negotiation: Negotiation;
  readonly #patience = new Patience();
  #started: Started | undefined;
  #earlyKeys: string[] = [];
  #hasBeenUp = false;
  #heardFrom = false;
  /** The caller has taken a turn: what they wait for is the answer to it. */
  #hasSpoken = false;
  /** The session that was lost broke off in the middle of a word. */
  #isCut = false;
  /** The caller may have spoken to a session that was not listening any more. */
  #isUnheard = false;
  /** The next session has to go on speaking. */
  #isOwed: boolean;
  #failedResponses = 0;
  #hopeless = 0;
  #losses = 0;
  #errors = 0;

  constructor(terms: SessionTerms, outbox: Outbox, at: number) {
    const { before, settings } = terms;
    this.#terms = terms;
    this.#outbox = outbox;
    this.#openedAt = at;
    this.#link = new ModelLink(outbox, at);
    this.#negotiation = new Negotiation(settings, outbox);
    this.#isOwed = before !== undefined && !(before.isPlanned && !before.owesAnswer);
    outbox.mute(true);
  }

  dial(at: number): void {
    this.#link.dial(at);
  }

  /** The call has started: this is its caller. */
  started(exchange: Exchange, wanted: Wanted, at: number): void {
    this.#started = { exchange, at };
    this.#link.started(at);
    this.#negotiation.started(wanted);
  }

  /** The model is not needed any more. */
  off(): void {
    this.#outbox.mute(true);
    this.#link.off();
  }

  get isUp(): boolean {
    return this.#link.isUp;
  }

  /** There will be no session any more, for this reason. */
  get givenUp(): Loss | undefined {
    return this.#link.givenUp;
  }

  /** Something was being said, and is not over; the caller has spoken, and has no answer; or they were asked to wait. */
  get isOwed(): boolean {
    const { downSince } = this.#link;
    const isWaiting = downSince !== undefined && this.#patience.wasTold(downSince);
    return this.#isOwed || this.#intake.isTurn || isWaiting;
  }

  get isTranscribed(): boolean {
    return this.#negotiation.isTranscribed;
  }

  get state(): string {
    return this.#negotiation.state;
  }

  get count() {
    const { frames: framesIn, dropped: framesDropped, silenceMs } = this.#intake;
    const silencePaddedMs = Math.round(silenceMs);
    const [modelErrors, sessionsLost] = [this.#errors, this.#losses];
    return { framesIn, framesDropped, silencePaddedMs, modelErrors, sessionsLost };
  }

  /** The first frame sets a deadline: from now on silence is noticed. */
  get isHearing(): boolean {
    return this.#intake.frames > 1;
  }

  // --- the caller ---------------------------------------------------------------------------------------------

  /** A frame of the caller's audio. @param timestamp ms since the stream began */
  hears(timestamp: number, payload: string, at: number): void {
    this.#append(this.#intake.frame(timestamp, payload, at));
  }

  pressed(digit: string, at: number): void {
    if (this.#link.isUp) this.#started?.exchange.pressed(digit, at);
    else if (this.#earlyKeys.length < MOST_KEYS_KEPT) this.#earlyKeys.push(digit);
  }

  #append(payloads: readonly string[]): void {
    for (const audio of payloads) this.#outbox.model({ type: "input_audio_buffer.append", audio });
  }

  // --- the socket ---------------------------------------------------------------------------------------------

  opened(at: number): void {
    if (!this.#link.isThere) return;
    this.#link.opened(at);
    this.#negotiation.opened();
  }

  /**
   * @param status of the HTTP answer, where the handshake was refused
   * @param deafMs so long nothing had come from it
   */
  closed(code: number, status: number | undefined, deafMs: number, at: number): void {
    if (this.#started?.exchange.isLeaving) return this.off();
    if (this.#negotiation.state !== "dialling") {
      return this.#lose({ ending: "model_dropped", detail: `code ${code}` }, false, at, deafMs);
    }
    const isFinal = status !== undefined && FINAL_STATUSES.has(status);
    this.#lose({ ending: "model_refused", detail: `status ${status ?? "none"}` }, isFinal, at);
  }

  /** The model does not take the caller's audio. */
  tooSlow(at: number): void {
    this.#lose({ ending: "model_too_slow", detail: "backlog" }, false, at);
  }

  // --- what the model says ------------------------------------------------------------------------------------

  take(event: FromModel, at: number): void {
    if (event.type === "other" || !this.#link.isThere) return;
    if (event.type === "malformed") {
      return this.#outbox.trouble({ event: "model.malformed", level: "warn", type: event.event });
    }
    if (event.type === "error") return this.#error(event.error, at);
    // Before `start` there is no session.update, and so nothing that the call could act on.
    if (this.#started === undefined) return;
    const { exchange } = this.#started;
    if (event.type === "session.updated") {
      return this.#updated(this.#negotiation.updated(event.session.audio), exchange, at);
    }
    // Nor was it asked for anything before the session was configured: nothing may be played or answered for it.
    if (!this.#link.isUp) return;
    switch (event.type) {
      case "input_audio_buffer.speech_started":
        this.#intake.turnBegan();
        return exchange.callerStarted(at);
      case "input_audio_buffer.speech_stopped":
        return exchange.turns.callerStopped(at);
      case "input_audio_buffer.committed":
        this.#hasSpoken = true;
        return exchange.callerEnded(event.item_id, at);
      case "conversation.item.input_audio_transcription.completed":
        return exchange.heard(event.item_id, event.transcript, at, event.usage);
      case "conversation.item.input_audio_transcription.failed":
        return exchange.heard(event.item_id, undefined, at);
      case "conversation.item.added":
        return exchange.itemArrived(event.item, at);
      case "response.created":
        return exchange.created(event.response, at);
      case "response.output_audio.delta":
        if (!exchange.delta(event, at)) return;
        this.#answered(exchange);
        this.#hopeless = 0;
        if (this.#heardFrom) return;
        this.#heardFrom = true;
        return this.#outbox.log({
          event: "call.first_audio",
          level: "info",
          afterMs: Math.round(at - this.#openedAt),
        });
      case "response.output_audio.done":
        return exchange.playback.complete(event.item_id, event.content_index);
      case "response.output_audio_transcript.delta":
        return exchange.memory.spells(event.item_id, event.delta);
      case "response.output_audio_transcript.done":
        return exchange.transcribed(event.response_id, event.item_id, event.transcript, at);
      case "response.output_item.done":
        if ("call_id" in event.item) {
          // It is being acted upon: to hear it once more would be to act twice.
          if (exchange.called(event.item, event.response_id, at)) this.#answered(exchange);
          return;
        }
        if ("server_label" in event.item) exchange.native.item(event.item, at, event.response_id);
        return;
      case "response.done":
        return this.#responseDone(event.response, exchange, at);
      default:
        return exchange.native.take(event, at);
    }
  }

  #updated(result: ReturnType<Negotiation["updated"]>, exchange: Exchange, at: number): void {
    if (result === "not asked") return;
    if (result === "default audio") {
      return this.#lose({ ending: "model_settings_refused", detail: "audio format" }, true, at);
    }
    const isFirst = !this.#hasBeenUp;
    this.#hasBeenUp = true;
    const earlyMs = Math.round(this.#intake.earlySamples / SAMPLES_PER_MS);
    const afterMs = Math.round(at - (isFirst ? this.#openedAt : (this.#link.downSince ?? at)));
    const event = isFirst ? "session.ready" : "session.restored";
    this.#outbox.log({ event, level: "info", afterMs, earlyMs });
    const wasTold = this.#patience.wasTold(this.#link.downSince ?? at);
    this.#link.ready(at);
    this.#outbox.mute(false);
    const { settings, before } = this.#terms;
    const { profile } = exchange;
    const { lines } = exchange.memory;
    const comesBack = before !== undefined || !isFirst;
    const isSilent = lines.length === 0 && !this.#heardFrom;
    const hasOpening = openingFor(settings, profile) !== undefined;
    const greets = hasOpening && (isSilent || (isFirst && profile.news !== undefined));
    // Whoever was asked to wait is told that the waiting is over; whose turn is still to be heard gets the answer to it.
    const isOwed = comesBack && !greets && !this.#intake.isTurn && (this.#isOwed || wasTold);
    exchange.resumed(isOwed, at);
    // The greeting first, then what the caller has already said: if there is speech in it, the server's detection
    // finds a response to interrupt, just as if they had spoken over it; the other way round the two would collide.
    if (greets) exchange.greet(at);
    this.#isOwed = false;
    this.#isCut = false;
    this.#isUnheard = false;
    this.#append(this.#intake.open());
    for (const key of this.#earlyKeys.splice(0)) exchange.pressed(key, at);
  }

  /** The caller has what they spoke for. */
  #answered(exchange: Exchange): void {
    this.#intake.turnAnswered();
    exchange.memory.turnAnswered();
  }

  #responseDone(response: Parameters<Exchange["responseDone"]>[0], exchange: Exchange, at: number): void {
    const failure = exchange.responseDone(response, at);
    if (failure === undefined) {
      if (response.status === "completed") this.#failedResponses = 0;
      return;
    }
    this.#outbox.log({ event: "response.failed", level: "warn", code: failure });
    const pause = RETRY_PAUSES_MS[this.#failedResponses++];
    const isFatal = classOf({ code: failure }) === "fatal";
    if (isFatal || pause === undefined)
      return this.#lose({ ending: "model_failed", detail: failure }, true, at);
    exchange.retry(at + pause);
  }

  #error(error: ModelError, at: number): void {
    this.#errors++;
    const kind = classOf(error);
    const code = printable(error.code ?? error.type);
    this.#outbox.trouble({ event: "model.error", level: LEVELS[kind], class: kind, code });
    switch (kind) {
      case "expired":
      case "fatal":
        return this.#lose({ ending: "model_failed", detail: code }, kind === "fatal", at);
      case "settings": {
        const needed = this.#negotiation.refused(error);
        if (needed === undefined) return;
        return this.#lose({ ending: "model_settings_refused", detail: needed.param }, true, at);
      }
      case "other":
        // An error that names no event is not about a create: those carry an id, and errors echo it.
        if (error.event_id == null) return;
        return this.#createRefused(error.event_id, at);
      case "busy":
        return this.#createRefused(error.event_id ?? undefined, at);
      case "race":
        return;
      default:
        kind satisfies never;
    }
  }

  #createRefused(eventId: string | undefined, at: number): void {
    this.#started?.exchange.turns.refused(eventId, at);
  }

  // --- between two sessions -----------------------------------------------------------------------------------

  /** There is no session any more, or there will not be this one. */
  #lose(loss: Loss, isFinal: boolean, at: number, deafMs = 0): void {
    if (!this.#link.isThere) return;
    const wasUp = this.#link.isUp;
    this.#link.lost(loss, isFinal, at);
    this.#negotiation.redial();
    this.#outbox.mute(true);
    if (this.#started === undefined) return;
    this.#losses++;
    this.#outbox.log({
      event: "session.lost",
      level: "warn",
      ending: loss.ending,
      detail: loss.detail,
      wasUp,
    });
    if (!wasUp) return;
    const { exchange } = this.#started;
    const { isCut, isOwed } = exchange.lost(at);
    if (isCut) this.#patience.cutOff(at);
    if (!exchange.isStaying) this.#link.off();
    const kept = this.#intake.close(deafMs);
    const isTurn = kept === "turn";
    // They are heard again, and not twice.
    if (isTurn) exchange.memory.forgetTurn();
    this.#isCut = isCut;
    this.#isUnheard = kept === "unheard";
    this.#isOwed = isOwed || isTurn;
    this.#outbox.put({ to: "memory", is: "changed" });
  }

  /** The model neither obeys nor answers: another session may, once. */
  #unanswered(at: number): void {
    this.#hopeless++;
    this.#lose({ ending: "model_failed", detail: "no response" }, this.#hopeless > 1, at);
  }

  /** A session that is about to expire is replaced while nobody notices. */
  #renew(exchange: Exchange, at: number): void {
    const { age } = this.#link;
    if (age === undefined || at < age.soon || (at < age.latest && !exchange.isPausing(at))) return;
    this.#lose({ ending: "model_dropped", detail: "age" }, false, at);
  }

  /** Why the caller waits in silence, if they do. */
  get #wait(): Wait | undefined {
    if (this.#started === undefined) return undefined;
    const { exchange, at: startedAt } = this.#started;
    if (!exchange.isStaying) return undefined;
    const { downSince } = this.#link;
    const isWaiting = downSince !== undefined || exchange.owed !== undefined;
    const isFirst = !this.#heardFrom && (downSince !== undefined || !this.#hasSpoken);
    if (isWaiting && isFirst) return { since: startedAt, why: "start" };
    if (downSince === undefined) {
      if (exchange.owed !== undefined) return { since: exchange.owed.since, why: "owed" };
      const { toolsSince } = exchange;
      return toolsSince === undefined ? undefined : { since: toolsSince, why: "tool" };
    }
    if (this.#isCut) return { since: downSince, why: "cut" };
    return { since: downSince, why: this.#isUnheard ? "unheard" : "down" };
  }

  #clipDueAt(): number | undefined {
    if (this.#started === undefined) return undefined;
    return this.#patience.dueAt(this.#wait, this.#started.exchange.playback.quietAt);
  }

  /** The relay speaks for itself. */
  play(clip: Clip, at: number): void {
    if (this.#started === undefined) return;
    const { exchange } = this.#started;
    this.#outbox.log({ event: "line.clip", level: "info", clip });
    exchange.play(this.#terms.clips(exchange.profile.language)[clip], at);
  }

  // --- time ---------------------------------------------------------------------------------------------------

  dueAt(): number | undefined {
    if (this.#started === undefined) return this.#link.dueAt;
    const { pauseAt } = this.#started.exchange;
    const { age } = this.#link;
    const renewAt = age === undefined || pauseAt === undefined ? age?.latest : Math.max(age.soon, pauseAt);
    const dead = this.#link.isUp ? deadAt(this.#started.exchange.owed) : undefined;
    const link = earliest(this.#link.dueAt, renewAt, dead);
    return earliest(link, this.#intake.dueAt, this.#clipDueAt());
  }

  tick(at: number): void {
    const late = this.#link.late(at);
    if (late !== undefined) this.#lose(late, false, at);
    this.#link.tick(at);
    if (this.#started !== undefined) this.#append(this.#intake.tick(at));
  }

  /** What follows from anything but flowing audio. */
  settle(at: number): void {
    if (this.#started === undefined) return;
    const { exchange } = this.#started;
    const dead = this.#link.isUp ? deadAt(exchange.owed) : undefined;
    if (exchange.turns.isHopeless || (dead !== undefined && at >= dead)) this.#unanswered(at);
    if (this.#link.isUp) exchange.askForResponse(at);
    this.#renew(exchange, at);
    // There is something else to be said.
    if (this.#link.givenUp !== undefined) return;
    const clipAt = this.#clipDueAt();
    if (clipAt === undefined || at < clipAt) return;
    this.play("one_moment", at);
    this.#patience.told(Math.max(at, exchange.playback.quietAt));
  }
}

/** OpenAI refuses this key, this model or this request, and would again. */
const FINAL_STATUSES = new Set([400, 401, 403, 404]);

const LEVELS = {
  expired: "info",
  race: "info",
  busy: "info",
  settings: "warn",
  fatal: "error",
  other: "warn",
} as const;
