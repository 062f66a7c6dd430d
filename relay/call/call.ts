/**
 * One call, as a value: everything that can happen to it comes in through `step`, everything it wants done goes
 * out as effects. No socket, no clock, no environment, no file: time is an argument (monotonic ms), and the runner
 * (io/runner.ts) keeps one timer for `nextDeadline`. Every race is then a test with no sockets and no sleeps.
 *
 * Here is the order of things: what may come when, and every way to end. The conversation is in exchange.ts.
 * A throw is a bug, and the runner ends this one call for it; what the world does wrong is a value.
 */
import { unpackProfile } from "../contract.ts";
import type { FromModel, ModelError } from "../wire/realtime.ts";
import { type FromTwilio, SAMPLES_PER_MS } from "../wire/twilio.ts";
import { earliest } from "./deadlines.ts";
import { ENDINGS, type Ending } from "./ending.ts";
import { Exchange } from "./exchange.ts";
import { Intake } from "./intake.ts";
import type { Story } from "./journal.ts";
import { classOf, printable } from "./model-errors.ts";
import { Negotiation } from "./negotiation.ts";
import { type Effect, Outbox } from "./outbox.ts";
import type { Settings } from "./session.ts";
import { offerOf, type Toolbox } from "./toolbox.ts";
import type { ToolOutcome } from "./tools.ts";

/** What the token says that this call is, and what the owner has set. */
export type Terms = {
  readonly callSid: string;
  readonly accountSid: string;
  readonly profileHash: string;
  readonly settings: Settings;
  readonly toolbox: Toolbox;
};

export type Input =
  | { readonly from: "twilio"; readonly frame: FromTwilio }
  | { readonly from: "model"; readonly event: FromModel }
  | { readonly from: "tool"; readonly runId: string; readonly outcome: ToolOutcome }
  | { readonly from: "line"; readonly news: LineNews }
  | { readonly from: "clock" };

/** What the runner has to say about the sockets themselves. */
export type LineNews =
  | { readonly is: "twilio_closed"; readonly code: number }
  /** Audio that Twilio did not take in time was lost. */
  | { readonly is: "twilio_slow" }
  | { readonly is: "model_open" }
  /** `status`: of the HTTP answer, where the handshake was refused. */
  | { readonly is: "model_closed"; readonly code: number; readonly status?: number }
  | { readonly is: "model_slow" }
  | { readonly is: "relay_stopping" }
  /** A throw inside `step`, as the runner reports it back. */
  | { readonly is: "bug" };

/** From the handshake to a valid `start`. */
export const START_WITHIN_MS = 5_000;
/** From the handshake to a configured session. */
export const READY_WITHIN_MS = 8_000;
const MOST_KEYS_KEPT = 32;
/** One response may fail; a second in a row is no accident. */
const MOST_FAILED_RESPONSES = 1;

/** Twilio's frames come in one order: connected, start, then the rest, then stop. */
type Stage =
  | { readonly is: "opened" | "connected" | "ended" }
  | { readonly is: "started"; readonly streamSid: string; readonly exchange: Exchange };
type Started = Extract<Stage, { is: "started" }>;

export class Call {
  readonly #terms: Terms;
  readonly #openedAt: number;
  readonly #outbox = new Outbox();
  readonly #intake = new Intake();
  readonly #negotiation: Negotiation;
  #stage: Stage = { is: "opened" };
  #earlyKeys: string[] = [];
  #heardFrom = false;
  #failedResponses = 0;
  #modelErrors = 0;
  #wasRoutine = false;

  constructor(terms: Terms, at: number) {
    this.#terms = terms;
    this.#openedAt = at;
    this.#negotiation = new Negotiation(terms.settings, this.#outbox);
  }

  /** What is to be done about `input`, in order. After the ending, nothing ever again. */
  step(input: Input, at: number): readonly Effect[] {
    if (this.#stage.is === "ended") return [];
    switch (input.from) {
      case "twilio":
        this.#fromTwilio(input.frame, at);
        break;
      case "model":
        this.#fromModel(input.event, at);
        break;
      case "tool":
        if (this.#stage.is === "started") this.#stage.exchange.tools.outcome(input.runId, input.outcome, at);
        break;
      case "line":
        this.#fromLine(input.news, at);
        break;
      case "clock":
        this.#fromClock(at);
        break;
      default:
        input satisfies never;
    }
    this.#wasRoutine = this.#isRoutine(input);
    if (!this.#wasRoutine) this.#settle(at);
    return this.#outbox.take();
  }

  /** The last step neither brought the next deadline nearer nor made a first one. */
  get wasRoutine(): boolean {
    return this.#wasRoutine;
  }

  /** When `step` wants the clock next; undefined: never. */
  nextDeadline(): number | undefined {
    if (this.#stage.is === "ended") return undefined;
    const readyBy = this.#negotiation.isReady ? undefined : this.#openedAt + READY_WITHIN_MS;
    if (this.#stage.is !== "started") return earliest(this.#openedAt + START_WITHIN_MS, readyBy);
    return earliest(readyBy, this.#intake.dueAt, this.#stage.exchange.nextDeadline());
  }

  /** For logs and tests: where the call is. */
  get state(): string {
    return this.#stage.is === "started" ? `started, session ${this.#negotiation.state}` : this.#stage.is;
  }

  // --- Twilio -------------------------------------------------------------------------------------------------

  #fromTwilio(frame: FromTwilio, at: number): void {
    if (frame.event === "malformed") return this.#end("protocol_violation", frame.why, at);
    if (frame.event === "connected") {
      if (this.#stage.is !== "opened") return this.#end("protocol_violation", "connected twice", at);
      this.#stage = { is: "connected" };
      return;
    }
    if (frame.event === "start") {
      if (this.#stage.is !== "connected") return this.#end("protocol_violation", "start out of order", at);
      return this.#start(frame, at);
    }
    if (this.#stage.is !== "started")
      return this.#end("protocol_violation", `${frame.event} before start`, at);
    const { streamSid, exchange } = this.#stage;
    if (frame.streamSid !== streamSid) return this.#end("protocol_violation", "another stream", at);
    switch (frame.event) {
      case "media": {
        const { timestamp, payload } = frame.media;
        exchange.playback.inbound(timestamp, at);
        return this.#append(this.#intake.frame(timestamp, payload, at));
      }
      case "mark":
        exchange.playback.marked(frame.mark.name, at);
        return;
      case "dtmf":
        if (this.#negotiation.isReady) exchange.pressed(frame.dtmf.digit, at);
        else if (this.#earlyKeys.length < MOST_KEYS_KEPT) this.#earlyKeys.push(frame.dtmf.digit);
        return;
      case "stop":
        return this.#end("caller_hung_up", "stop", at);
      default:
        frame satisfies never;
    }
  }

  #start(frame: Extract<FromTwilio, { event: "start" }>, at: number): void {
    const { callSid, accountSid, streamSid, customParameters } = frame.start;
    const { settings } = this.#terms;
    if (callSid !== this.#terms.callSid) return this.#end("wrong_start", "another call", at);
    if (accountSid !== this.#terms.accountSid) return this.#end("wrong_start", "another account", at);
    if (streamSid !== frame.streamSid) return this.#end("wrong_start", "two streams named", at);
    const unpacked = unpackProfile(customParameters);
    if (!unpacked.ok) return this.#end("wrong_start", `profile ${unpacked.why}`, at);
    if (unpacked.hash !== this.#terms.profileHash) return this.#end("wrong_start", "another profile", at);
    const { profile } = unpacked;
    const { toolbox } = this.#terms;
    const offer = offerOf(toolbox, profile);
    this.#outbox.log({
      event: "call.started",
      level: "info",
      afterMs: Math.round(at - this.#openedAt),
      tools: offer.count,
    });
    const isTranscribed = () => this.#negotiation.isTranscribed;
    const parts = { settings, profile, toolbox, offer, streamSid, outbox: this.#outbox, isTranscribed };
    this.#stage = { is: "started", streamSid, exchange: new Exchange(parts, at) };
    this.#negotiation.started({ profile, toolbox, tools: offer.told });
  }

  // --- the model ----------------------------------------------------------------------------------------------

  #fromModel(event: FromModel, at: number): void {
    if (event.type === "other") return;
    if (event.type === "malformed") {
      return this.#outbox.trouble({ event: "model.malformed", level: "warn", type: event.event });
    }
    if (event.type === "error") return this.#modelError(event.error, at);
    // Before `start` there is no session.update, and so nothing that the call could act on.
    if (this.#stage.is !== "started") return;
    const { exchange } = this.#stage;
    if (event.type === "session.updated") {
      return this.#updated(this.#negotiation.updated(event.session.audio), exchange, at);
    }
    // Nor was it asked for anything before the session was configured: nothing may be played or answered for it.
    if (!this.#negotiation.isReady) return;
    switch (event.type) {
      case "input_audio_buffer.speech_started":
        return exchange.callerStarted(at);
      case "input_audio_buffer.speech_stopped":
        return exchange.turns.callerStopped(at);
      case "input_audio_buffer.committed":
        return exchange.callerEnded(event.item_id, at);
      case "conversation.item.input_audio_transcription.completed":
        return exchange.tools.heard(event.item_id, event.transcript, at);
      case "conversation.item.input_audio_transcription.failed":
        return exchange.tools.heard(event.item_id, undefined, at);
      case "conversation.item.added":
        return exchange.itemArrived(event.item, at);
      case "response.created":
        return exchange.created(event.response, at);
      case "response.output_audio.delta":
        if (!exchange.delta(event, at) || this.#heardFrom) return;
        this.#heardFrom = true;
        return this.#outbox.log({
          event: "call.first_audio",
          level: "info",
          afterMs: Math.round(at - this.#openedAt),
        });
      case "response.output_audio.done":
        return exchange.playback.complete(event.item_id, event.content_index);
      case "response.output_audio_transcript.done":
        return exchange.transcribed(event.response_id, event.transcript, at);
      case "response.output_item.done":
        if ("call_id" in event.item) return exchange.called(event.item, event.response_id, at);
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
    if (result === "default audio") return this.#end("model_settings_refused", "audio format", at);
    const afterMs = Math.round(at - this.#openedAt);
    const earlyMs = Math.round(this.#intake.earlySamples / SAMPLES_PER_MS);
    this.#outbox.log({ event: "session.ready", level: "info", afterMs, earlyMs });
    // The greeting first, then what the caller has already said: if there is speech in it, the server's detection
    // finds a response to interrupt, just as if they had spoken over it; the other way round the two would collide.
    exchange.greet(at);
    this.#append(this.#intake.open());
    for (const key of this.#earlyKeys.splice(0)) exchange.pressed(key, at);
  }

  #responseDone(response: Parameters<Exchange["responseDone"]>[0], exchange: Exchange, at: number): void {
    const failure = exchange.responseDone(response, at);
    if (failure === undefined) {
      if (response.status === "completed") this.#failedResponses = 0;
      return;
    }
    this.#outbox.log({ event: "response.failed", level: "warn", code: failure });
    this.#failedResponses++;
    const hopeless = classOf({ code: failure }) === "fatal" || this.#failedResponses > MOST_FAILED_RESPONSES;
    if (hopeless) return this.#end("model_failed", failure, at);
    exchange.retry();
  }

  #modelError(error: ModelError, at: number): void {
    this.#modelErrors++;
    const kind = classOf(error);
    const code = printable(error.code ?? error.type);
    this.#outbox.trouble({ event: "model.error", level: LEVELS[kind], class: kind, code });
    switch (kind) {
      case "fatal":
        return this.#end("model_failed", code, at);
      case "settings": {
        const needed = this.#negotiation.refused(error);
        if (needed !== undefined) this.#end("model_settings_refused", needed.param, at);
        return;
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
    if (this.#stage.is === "started") this.#stage.exchange.turns.refused(eventId, at);
  }

  // --- the line and the clock ---------------------------------------------------------------------------------

  #fromLine(news: LineNews, at: number): void {
    switch (news.is) {
      case "model_open":
        return this.#negotiation.opened();
      case "model_closed":
        if (this.#stage.is === "started" && this.#stage.exchange.isLeaving) return;
        if (this.#negotiation.state !== "dialling")
          return this.#end("model_dropped", `code ${news.code}`, at);
        return this.#end("model_refused", `status ${news.status ?? "none"}`, at);
      case "model_slow":
        return this.#end("model_too_slow", "backlog", at);
      case "twilio_closed":
        return this.#end("line_lost", `code ${news.code}`, at);
      case "twilio_slow":
        return this.#end("line_too_slow", "backlog", at);
      case "relay_stopping":
        return this.#end("handed_over", "signal", at);
      case "bug":
        // What the step that threw had begun to say is not to be trusted.
        this.#outbox.take();
        return this.#end("bug", "thrown", at);
      default:
        news satisfies never;
    }
  }

  #fromClock(at: number): void {
    if (this.#stage.is !== "started") {
      if (at >= this.#openedAt + START_WITHIN_MS) this.#end("no_start", `${START_WITHIN_MS} ms`, at);
      return;
    }
    if (!this.#negotiation.isReady && at >= this.#openedAt + READY_WITHIN_MS) {
      return this.#end("model_not_ready", this.#negotiation.state, at);
    }
    this.#append(this.#intake.tick(at));
    this.#stage.exchange.tick(at);
  }

  /**
   * Audio that flows, and its marks: 150 inputs a second on every call, after which there is nothing to settle and no
   * timer to set, unless somebody is hanging up and waits to be heard.
   */
  #isRoutine(input: Input): boolean {
    if (this.#stage.is !== "started" || !this.#negotiation.isReady || !this.#stage.exchange.isStaying) {
      return false;
    }
    if (input.from === "model") return input.event.type === "response.output_audio.delta";
    if (input.from !== "twilio") return false;
    // The first frame sets a deadline: from now on silence is noticed.
    return input.frame.event === "media" ? this.#intake.frames > 1 : input.frame.event === "mark";
  }

  /** What follows from any other input. */
  #settle(at: number): void {
    if (this.#stage.is !== "started" || !this.#negotiation.isReady) return;
    const { exchange }: Started = this.#stage;
    if (exchange.turns.isHopeless) {
      if (exchange.isStaying) return this.#end("model_failed", "no response", at);
      // Whoever was about to leave needs no apology for last words that do not come.
      return this.#leave(exchange, "no response", at);
    }
    exchange.askForResponse(at);
    if (exchange.mayHangUp(at)) this.#leave(exchange, "last words heard", at);
  }

  #leave({ transferTo }: Exchange, detail: string, at: number): void {
    if (transferTo === undefined) this.#end("assistant_hung_up", detail, at);
    else this.#end("transferred", detail, at, transferTo);
  }

  #append(payloads: readonly string[]): void {
    for (const audio of payloads) this.#outbox.model({ type: "input_audio_buffer.append", audio });
  }

  #end(ending: Ending, detail: string, at: number, transferTo?: string): void {
    const story = this.#story(at);
    this.#stage = { is: "ended" };
    this.#outbox.log({ event: "call.ended", level: ENDINGS[ending].level, ending, detail, story });
    this.#outbox.put({ to: "line", close: ending, ...(transferTo !== undefined && { transferTo }) });
  }

  #story(at: number): Story {
    const { frames: framesIn, dropped: framesDropped, silenceMs } = this.#intake;
    const counted = this.#stage.is === "started" ? this.#stage.exchange.count : NOTHING_SAID;
    const durationMs = Math.round(at - this.#openedAt);
    const silencePaddedMs = Math.round(silenceMs);
    return {
      durationMs,
      framesIn,
      framesDropped,
      silencePaddedMs,
      modelErrors: this.#modelErrors,
      ...counted,
    };
  }
}

const NOTHING_SAID = {
  framesOut: 0,
  responses: 0,
  bargeIns: 0,
  truncations: 0,
  toolRuns: 0,
  toolRefusals: 0,
};

const LEVELS = { race: "info", busy: "info", settings: "warn", fatal: "error", other: "warn" } as const;
