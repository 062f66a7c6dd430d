/**
 * One call, as a value: everything that can happen to it comes in through `step`, everything it wants done goes
 * out as effects. No socket, no clock, no environment, no file: time is an argument (monotonic ms), and the runner
 * (io/runner.ts) keeps one timer for `nextDeadline`. Every race is then a test with no sockets and no sleeps.
 *
 * Here is the order of things: what may come when, and every way to end. The conversation is in exchange.ts.
 * A throw is a bug, and the runner ends this one call for it; what the world does wrong is a value.
 */
import { unpackProfile } from "../contract.ts";
import type { FromModel } from "../wire/realtime.ts";
import type { FromTwilio } from "../wire/twilio.ts";
import type { Clip, ClipsIn } from "./clips.ts";
import { earliest } from "./deadlines.ts";
import { ENDINGS, type Ending, type Outcome } from "./ending.ts";
import { Exchange } from "./exchange.ts";
import type { Story } from "./journal.ts";
import { LastWords } from "./last-words.ts";
import { type Effect, Outbox } from "./outbox.ts";
import type { Brakes } from "./purse.ts";
import type { Remembered } from "./remembered.ts";
import type { Settings } from "./session.ts";
import { Sessions } from "./sessions.ts";
import { NO_TOKENS } from "./spend.ts";
import { offerOf, type Toolbox } from "./toolbox.ts";
import type { ToolOutcome } from "./tools.ts";

/** What the token says that this call is, and what the owner has set. */
export type Terms = {
  readonly callSid: string;
  readonly accountSid: string;
  readonly profileHash: string;
  readonly settings: Settings;
  readonly toolbox: Toolbox;
  readonly clips: ClipsIn;
  /** The call comes back, and this is what was kept of it. */
  readonly before: Remembered | undefined;
  /** A budget of the owner's is spent: the caller is told, and no model is dialled. */
  readonly isSpent: boolean;
  readonly brakes: Brakes;
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
  /** `status`: of the HTTP answer, where the handshake was refused. `deafMs`: so long nothing had come from it, no pong either. */
  | {
      readonly is: "model_closed";
      readonly code: number;
      readonly status?: number;
      readonly deafMs?: number;
    }
  | { readonly is: "model_slow" }
  /** The call is to move to another process, when nobody speaks. */
  | { readonly is: "relay_stopping" }
  /** The same call has a newer stream. */
  | { readonly is: "superseded" }
  /** A budget of the owner's is spent. */
  | { readonly is: "budget_spent" }
  /** A throw inside `step`, as the runner reports it back. */
  | { readonly is: "bug" };

/** From the handshake to a valid `start`. */
export const START_WITHIN_MS = 5_000;
/** A call that is to move does so in the next pause, or then. */
export const HANDOVER_WITHIN_MS = 8_000;

/** Twilio's frames come in one order: connected, start, then the rest, then stop. Once it has started, its conversation. */
type Stage = "opened" | "connected" | Exchange | "ended";

export class Call {
  #stage: Stage = "opened";
  readonly #outbox = new Outbox();
  readonly #sessions: Sessions;
  readonly #terms: Terms;
  readonly #openedAt: number;
  #lastWords: LastWords | undefined;
  #handOverBy: number | undefined;
  #isSpent: boolean;
  /** What another process is to know. */
  #kept: Remembered | undefined;
  /** Audio comes in, and nothing else has since it was found that there is nothing to settle. */
  #isSteady = false;

  constructor(terms: Terms, at: number) {
    this.#terms = terms;
    this.#openedAt = at;
    this.#isSpent = terms.isSpent;
    this.#sessions = new Sessions(terms, this.#outbox, at);
    if (!terms.isSpent) this.#sessions.dial(at);
  }

  /** What is to be done before anything has come in: the model is dialled. */
  begin(): readonly Effect[] {
    return this.#outbox.take();
  }

  /** What is to be done about `input`, in order. After the ending, nothing ever again. */
  step(input: Input, at: number): readonly Effect[] {
    if (this.#stage === "ended") return [];
    if (this.#goesOn(input, at)) return this.#outbox.take();
    switch (input.from) {
      case "twilio":
        this.#fromTwilio(input.frame, at);
        break;
      case "model":
        this.#sessions.take(input.event, at);
        break;
      case "tool":
        if (typeof this.#stage !== "string") this.#stage.tools.outcome(input.runId, input.outcome, at);
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
    if (!this.#isSteady) this.#isSteady = isAudio(input) && this.#seemsSteady;
    if (!this.#isSteady) this.#settle(at);
    return this.#outbox.take();
  }

  /**
   * Passes on more audio of what is being said, and says whether it was that. Whatever does not come beside audio all the
   * time may make everything otherwise: it ends what flows, and whether the call is steady has to be found out again.
   */
  #goesOn(input: Input, at: number): boolean {
    const exchange = this.#stage;
    if (typeof exchange === "string" || isBesideAudio(input)) return false;
    const isMore = input.from === "model" && input.event.type === "response.output_audio.delta";
    if (isMore && this.#isSteady && exchange.flowsOn(input.event, at)) return true;
    exchange.flowEnds();
    this.#isSteady = false;
    return false;
  }

  /** The last step made no first deadline, and brought none nearer by more than a mark corrects (playback.ts). */
  get wasRoutine(): boolean {
    return this.#isSteady;
  }

  /** When `step` wants the clock next; undefined: never. */
  nextDeadline(): number | undefined {
    const exchange = this.#stage;
    if (exchange === "ended") return undefined;
    if (typeof exchange === "string") {
      return earliest(this.#openedAt + START_WITHIN_MS, this.#sessions.dueAt());
    }
    exchange.tellFlow();
    const sessionsDueAt = this.#sessions.dueAt();
    if (this.#lastWords !== undefined) return this.#lastWords.dueAt(exchange.playback.quietAt);
    const pauseAt = this.#sessions.isOwed ? undefined : exchange.pauseAt;
    const moveAt = this.#handOverBy && earliest(this.#handOverBy, pauseAt);
    return earliest(sessionsDueAt, exchange.nextDeadline(this.#sessions.isUp), moveAt);
  }

  /** For logs and tests: where the call is. */
  get state(): string {
    if (this.#lastWords !== undefined) return "last words";
    return typeof this.#stage === "string" ? this.#stage : `started, session ${this.#sessions.state}`;
  }

  /** What has to be known for the call to go on elsewhere; undefined: it has not begun. */
  remembered(at: number): Remembered | undefined {
    return this.#kept ?? this.#remembered(false, at);
  }

  /** @param isPlanned it moves in a pause: the caller notices nothing */
  #remembered(isPlanned: boolean, at: number): Remembered | undefined {
    const exchange = this.#stage;
    if (typeof exchange === "string") return undefined;
    const { before } = this.#terms;
    exchange.tellFlow();
    return {
      lines: exchange.memory.lines,
      owesAnswer: !isPlanned && (this.#sessions.isOwed || !exchange.turns.idle || exchange.tools.isRunning),
      isPlanned,
      elapsedMs: (before?.elapsedMs ?? 0) + Math.round(at - this.#openedAt),
      ...exchange.purse.remembered(at),
      isTainted: exchange.tools.rulings.mayBeMisled,
      unsure: exchange.tools.runs.unsure,
    };
  }

  // --- Twilio -------------------------------------------------------------------------------------------------

  #fromTwilio(frame: FromTwilio, at: number): void {
    if (frame.event === "malformed") return this.#end("protocol_violation", frame.why, at);
    if (frame.event === "connected") {
      if (this.#stage !== "opened") return this.#end("protocol_violation", "connected twice", at);
      this.#stage = "connected";
      return;
    }
    if (frame.event === "start") {
      if (this.#stage !== "connected") return this.#end("protocol_violation", "start out of order", at);
      return this.#start(frame, at);
    }
    const exchange = this.#stage;
    if (typeof exchange === "string") {
      return this.#end("protocol_violation", `${frame.event} before start`, at);
    }
    if (frame.streamSid !== exchange.streamSid) return this.#end("protocol_violation", "another stream", at);
    switch (frame.event) {
      case "media": {
        const { timestamp, payload } = frame.media;
        exchange.playback.inbound(timestamp, at);
        return this.#sessions.hears(timestamp, payload, at);
      }
      case "mark":
        exchange.playback.marked(frame.mark.name, at);
        return;
      case "dtmf":
        return this.#sessions.pressed(frame.dtmf.digit, at);
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
    const isTranscribed = () => this.#sessions.isTranscribed;
    const { before, brakes } = this.#terms;
    const parts = {
      settings,
      profile,
      toolbox,
      offer,
      streamSid,
      outbox: this.#outbox,
      isTranscribed,
      before,
      brakes,
    };
    const exchange = new Exchange(parts, at);
    this.#stage = exchange;
    this.#sessions.started(exchange, { profile, toolbox, tools: offer.told }, at);
    this.#outbox.put({ to: "memory", is: "now" });
    if (this.#isSpent) return this.#farewell("budget_spent", "before the call", "budget_spent", at);
  }

  // --- the line and the clock ---------------------------------------------------------------------------------

  #fromLine(news: LineNews, at: number): void {
    switch (news.is) {
      case "model_open":
        return this.#sessions.opened(at);
      case "model_closed":
        return this.#sessions.closed(news.code, news.status, news.deafMs ?? 0, at);
      case "model_slow":
        return this.#sessions.tooSlow(at);
      case "twilio_closed":
        return this.#end("line_lost", `code ${news.code}`, at);
      case "twilio_slow":
        return this.#end("line_too_slow", "backlog", at);
      case "relay_stopping":
        if (typeof this.#stage === "string") return this.#end("handed_over", "not started", at);
        this.#handOverBy ??= at + HANDOVER_WITHIN_MS;
        return;
      case "superseded":
        return this.#end("superseded", "a newer stream", at);
      case "budget_spent":
        this.#isSpent = true;
        this.#sessions.off();
        return this.#farewell("budget_spent", "during the call", "budget_spent", at);
      case "bug":
        // What the step that threw had begun to say is not to be trusted.
        this.#outbox.take();
        return this.#end("bug", "thrown", at);
      default:
        news satisfies never;
    }
  }

  #fromClock(at: number): void {
    this.#sessions.tick(at);
    if (typeof this.#stage === "string") {
      if (at >= this.#openedAt + START_WITHIN_MS) this.#end("no_start", `${START_WITHIN_MS} ms`, at);
      return;
    }
    if (this.#lastWords === undefined) this.#stage.tick(at);
  }

  /**
   * After audio that flows, its words and its marks, 150 inputs a second on every call, there is nothing to settle and no
   * timer to set, unless somebody is hanging up and waits to be heard. None of them makes it otherwise, but for the
   * caller's first frame, which sets the deadline by which silence is noticed.
   */
  get #seemsSteady(): boolean {
    if (typeof this.#stage === "string" || this.#handOverBy !== undefined) return false;
    return this.#sessions.isUp && this.#sessions.isHearing && this.#stage.isStaying;
  }

  /** What follows from any other input. */
  #settle(at: number): void {
    const exchange = this.#stage;
    if (typeof exchange === "string") return;
    if (this.#lastWords !== undefined) return this.#endIfHeard(this.#lastWords, exchange, at);
    if (this.#hasGivenUp(exchange, at)) return;
    if (exchange.purse.isSpent && exchange.isStaying) {
      return this.#farewell("budget_spent", "of the call", "budget_spent", at);
    }
    if (exchange.brake(this.#sessions.isUp, at)) return this.#end("time_is_up", "in time", at);
    // Whoever was about to leave needs no apology for last words that do not come.
    if (exchange.turns.isHopeless && !exchange.isStaying) return this.#leave(exchange, "no response", at);
    this.#sessions.settle(at);
    if (this.#hasGivenUp(exchange, at)) return;
    if (exchange.mayHangUp(at)) return this.#leave(exchange, "last words heard", at);
    if (this.#handOverBy !== undefined && (this.#isPausing(exchange, at) || at >= this.#handOverBy)) {
      this.#handOver(exchange, at);
    }
  }

  /** There will be no session any more: the caller is told so, unless all is said. */
  #hasGivenUp(exchange: Exchange, at: number): boolean {
    const { givenUp } = this.#sessions;
    if (givenUp === undefined || !exchange.isStaying) return false;
    this.#farewell(givenUp.ending, givenUp.detail, "sorry", at);
    return true;
  }

  /** Nobody says, does or waits for anything. */
  #isPausing(exchange: Exchange, at: number): boolean {
    return exchange.isPausing(at) && !this.#sessions.isOwed;
  }

  /** The call cannot go on, and the caller is told so. */
  #farewell(ending: Ending, detail: string, clip: Clip, at: number): void {
    const exchange = this.#stage;
    if (typeof exchange === "string" || this.#lastWords !== undefined) return;
    this.#lastWords = new LastWords(ending, detail);
    this.#sessions.off();
    // What has been said to its end may be heard to its end.
    if (exchange.turns.active !== undefined) exchange.cutOff(at);
    this.#sessions.play(clip, at);
  }

  #endIfHeard(words: LastWords, { playback }: Exchange, at: number): void {
    if (!words.wereHeard(playback.allProvedHeard, playback.quietAt, at)) return;
    this.#end(words.ending, words.detail, at);
  }

  /** Another process takes the call on, and whatever was being said. */
  #handOver(exchange: Exchange, at: number): void {
    const isPlanned = this.#isPausing(exchange, at);
    if (!isPlanned) {
      this.#outbox.mute(true);
      exchange.cutOff(at);
    }
    exchange.purse.abandoned(at);
    this.#kept = this.#remembered(isPlanned, at);
    this.#end("handed_over", isPlanned ? "in a pause" : "in time", at);
  }

  #leave({ transferTo, leavesFor }: Exchange, detail: string, at: number): void {
    if (leavesFor !== undefined) this.#end(leavesFor, detail, at);
    else if (transferTo === undefined) this.#end("assistant_hung_up", detail, at);
    else this.#end("transferred", detail, at, transferTo);
  }

  #end(ending: Ending, detail: string, at: number, transferTo?: string): void {
    if (typeof this.#stage !== "string") {
      this.#stage.tellFlow();
      this.#stage.purse.abandoned(at);
    }
    const story = this.#story(at);
    this.#kept ??= this.#remembered(false, at);
    if (COMES_BACK.has(ENDINGS[ending].outcome)) this.#outbox.put({ to: "memory", is: "now" });
    this.#stage = "ended";
    this.#outbox.log({ event: "call.ended", level: ENDINGS[ending].level, ending, detail, story });
    this.#outbox.put({ to: "line", close: ending, ...(transferTo !== undefined && { transferTo }) });
  }

  #story(at: number): Story {
    const counted = typeof this.#stage === "string" ? NOTHING_SAID : this.#stage.count;
    return { durationMs: Math.round(at - this.#openedAt), ...this.#sessions.count, ...counted };
  }
}

const isAudio = (input: Input): boolean =>
  isBesideAudio(input) || (input.from === "model" && input.event.type === "response.output_audio.delta");

/** What comes all the time while the model speaks, and changes nothing of what is known of its audio. */
function isBesideAudio(input: Input): boolean {
  if (input.from === "twilio") return input.frame.event === "media" || input.frame.event === "mark";
  return input.from === "model" && input.event.type === "response.output_audio_transcript.delta";
}

const NOTHING_SAID = {
  framesOut: 0,
  responses: 0,
  bargeIns: 0,
  truncations: 0,
  toolRuns: 0,
  toolRefusals: 0,
  spentMicros: 0,
  ...NO_TOKENS,
};

/** After these the call may go on elsewhere. */
const COMES_BACK = new Set<Outcome>(["again", "handover", "transfer"]);
