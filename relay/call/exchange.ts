/**
 * The conversation itself, once the session is ready: who speaks, what the caller has heard of it, what is cut
 * when they interrupt, which tools were called, and when the next response is asked for.
 */
import type { Profile } from "../contract.ts";
import type { FromModel } from "../wire/realtime.ts";
import { SAMPLES_PER_MS, samplesIn } from "../wire/twilio.ts";
import type { TranscriptionUsage } from "../wire/usage.ts";
import { Answers } from "./answers.ts";
import type { Recording } from "./clips.ts";
import { Cuts } from "./cuts.ts";
import { earliest } from "./deadlines.ts";
import { Flow } from "./flow.ts";
import { HangUp, type Outlook } from "./hang-up.ts";
import { type Leave, Limits } from "./limits.ts";
import { Memory } from "./memory.ts";
import { printable } from "./model-errors.ts";
import { NativeCalls } from "./native-calls.ts";
import { Nudge } from "./nudge.ts";
import type { Outbox } from "./outbox.ts";
import type { Owed } from "./patience.ts";
import { Playback } from "./playback.ts";
import { type Brakes, Purse } from "./purse.ts";
import type { Remembered } from "./remembered.ts";
import { Requests } from "./requests.ts";
import { seedOf } from "./seed.ts";
import { instructionsFor, openingFor, type Settings } from "./session.ts";
import { CALL_GOES_ON, GOODBYE, INTERRUPTED, PUT_THROUGH, UNKNOWN_TOOL } from "./tool-answers.ts";
import { argumentsFrom } from "./tool-arguments.ts";
import { ToolCalls } from "./tool-calls.ts";
import type { Offer, Toolbox } from "./toolbox.ts";
import { Turns } from "./turns.ts";
import { TAIL_MS } from "./voice-consent.ts";

/** Somebody who types a number should not be answered after each digit. */
const KEYPAD_PAUSE_MS = 1_500;

type Delta = Extract<FromModel, { type: "response.output_audio.delta" }>;
type Response = Extract<FromModel, { type: "response.done" }>["response"];
type ItemArrived = Extract<FromModel, { type: "conversation.item.added" }>["item"];
type FunctionCall = { call_id: string; name: string; arguments: string; status?: string | undefined };

export type ExchangeParts = {
  readonly settings: Settings;
  readonly profile: Profile;
  readonly toolbox: Toolbox;
  readonly offer: Offer;
  readonly streamSid: string;
  readonly outbox: Outbox;
  readonly isTranscribed: () => boolean;
  /** The call comes back, and this is what was kept of it. */
  readonly before: Remembered | undefined;
  readonly brakes: Brakes;
};

export class Exchange {
  // What every piece of audio needs stands together: with hundreds of calls, each line of memory is fetched anew.
  readonly streamSid: string;
  readonly playback = new Playback();
  readonly #outbox: Outbox;
  /** It holds nothing uncounted unless the call is steady (call.ts). */
  #flow: Flow | undefined;
  /** When the caller will have heard what the model has said so far. */
  #saidUntil = Number.NEGATIVE_INFINITY;
  #framesOut = 0;
  readonly turns = new Turns();
  readonly tools: ToolCalls;
  readonly native: NativeCalls;
  readonly memory: Memory;
  readonly limits: Limits;
  readonly purse: Purse;
  readonly #answers: Answers;
  readonly #hangUp = new HangUp();
  readonly #requests: Requests;
  readonly #nudge: Nudge;
  readonly #parts: ExchangeParts;
  readonly #cuts: Cuts;
  /** Tool calls that were acted on: each gets one output, and a second is refused by the server. */
  readonly #called = new Set<string>();
  #clips = 0;
  /** Those that are not over: why they were asked for (undefined: the server created them), and what they say. */
  readonly #open = new Map<string, { readonly reason: string | undefined; words: string }>();
  /** The response of which the caller was sent audio last. */
  #speaker: string | undefined;
  #retryAs: string | undefined;
  #spokenSinceCaller = false;
  #callerEndedAt: number | undefined;
  #responses = 0;

  constructor(parts: ExchangeParts, at: number) {
    this.#parts = parts;
    this.streamSid = parts.streamSid;
    this.#outbox = parts.outbox;
    const { playback, turns } = this;
    const { outbox, before } = parts;
    this.memory = new Memory(outbox, before?.lines);
    this.#cuts = new Cuts(outbox, playback, this.memory, parts.streamSid);
    const answers = new Answers(outbox, turns, this.memory);
    const tools = new ToolCalls({ ...parts, answers });
    tools.runs.restore(before?.unsure ?? []);
    if (before?.isTainted) tools.rulings.distrust();
    this.#answers = answers;
    this.tools = tools;
    this.native = new NativeCalls({ ...parts, turns, tools, answers });
    this.limits = new Limits(parts.brakes.limits, at, before?.elapsedMs);
    this.purse = new Purse(parts.brakes, contextOf(parts), outbox, at);
    this.#requests = new Requests({ ...parts, turns, playback, tools, limits: this.limits });
    this.#nudge = new Nudge(this.tools, this.#outbox, parts.profile.language);
    this.#probe(at);
  }

  get profile(): Profile {
    return this.#parts.profile;
  }

  get count() {
    const { tools } = this;
    return {
      framesOut: this.#framesOut,
      responses: this.#responses,
      ...this.#cuts.count,
      ...tools.count,
      ...this.purse.count,
    };
  }

  // --- the assistant ------------------------------------------------------------------------------------------

  /** The assistant speaks first, if it is to. */
  greet(at: number): void {
    const { settings, profile } = this.#parts;
    if (openingFor(settings, profile) === undefined) return;
    this.turns.wish({ reason: "greeting" });
    this.askForResponse(at);
  }

  // --- a session is gone, and another is there ----------------------------------------------------------------

  /**
   * There is no session any more. What is left of its words is not played on: the caller would hear half a sentence, and
   * the next session would not know of it.
   */
  lost(at: number): { readonly isCut: boolean; readonly isOwed: boolean } {
    const { active } = this.turns;
    const speaks = active !== undefined && this.#speaker === active && !this.turns.isSilenced(active);
    const isCut = speaks && this.isStaying;
    if (isCut) this.cutOff(at);
    this.#cuts.lost();
    this.purse.abandoned(at);
    this.#open.clear();
    this.#callerEndedAt = undefined;
    this.#speaker = undefined;
    this.tools.sessionLost(at);
    const isOwed = this.turns.lost();
    // Whoever was about to leave does so when the caller has heard what there is.
    this.#hangUp.sessionLost();
    return { isCut, isOwed: isOwed && this.isStaying };
  }

  /** What is playing stops, and what was not heard of it was not said. */
  cutOff(at: number): void {
    this.#speaker = undefined;
    this.#cuts.interrupt(at, false);
  }

  /**
   * A new session is ready, and learns what was said before it.
   * @param isOwed the caller waits for the assistant to go on
   */
  resumed(isOwed: boolean, at: number): void {
    const idOf = () => this.#outbox.id("seed-");
    const isTranscribed = this.#parts.isTranscribed();
    const isOpen = (callId: string) => this.tools.isOpen(callId);
    for (const item of seedOf(this.memory.lines, { isTranscribed, isOpen, idOf })) this.#outbox.item(item);
    this.turns.allArrived();
    if (isOwed && this.isStaying) this.turns.wish({ reason: "resume" });
    this.askForResponse(at);
  }

  /** A clip of the relay's own; no model knows of it. */
  play(recording: Recording, at: number): void {
    const itemId = `clip-${++this.#clips}`;
    const { streamSid } = this;
    this.#cuts.relaysOwn(itemId);
    this.#probe(at);
    for (const payload of recording) {
      const name = this.playback.sent(itemId, 0, samplesIn(payload), at);
      this.#outbox.twilio({ event: "media", streamSid, media: { payload } });
      this.#outbox.twilio({ event: "mark", streamSid, mark: { name } });
    }
    this.playback.completeItem(itemId);
  }

  /** When the caller will have heard all there is; undefined: somebody speaks, or something is being done or due. */
  get pauseAt(): number | undefined {
    return this.turns.idle && this.tools.isIdle && this.isStaying ? this.playback.quietAt : undefined;
  }

  isPausing(at: number): boolean {
    const { pauseAt } = this;
    return pauseAt !== undefined && at >= pauseAt;
  }

  /** The caller waits for the model in silence; not for a tool, nor is it them who are waited for. */
  get owed(): Owed | undefined {
    if (this.tools.isRunning || this.tools.keypad.isAsked) return undefined;
    const { owedSince, saying } = this.turns;
    if (owedSince !== undefined) return { since: owedSince, hasBegun: false };
    // It has begun to speak, and what there is of it has been heard.
    if (saying === undefined || saying.id !== this.#speaker) return undefined;
    return { since: Math.max(saying.signAt, this.#saidUntil), hasBegun: true };
  }

  /** The caller waits for a tool, and nobody says anything: since it began, or since they heard something last. */
  get toolsSince(): number | undefined {
    const since = this.tools.runs.runningSince;
    if (since === undefined || !this.turns.idle || this.tools.keypad.isPending) return undefined;
    return Math.max(since, this.playback.quietAt);
  }

  created(
    response: { id: string; metadata?: { reason?: string | undefined } | null | undefined },
    at: number,
  ): void {
    this.#responses++;
    const { id } = response;
    const reason = response.metadata?.reason;
    this.#open.set(id, { reason, words: "" });
    const isReading = reason === "read_back";
    if (isReading) this.#cuts.outOfBand(id);
    const isNotice = reason === "notice";
    const isAside = isReading || reason === "filler" || isNotice;
    this.purse.created(id);
    if (!isNotice) this.limits.stirred(at);
    const whose = isAside ? "aside" : reason === undefined ? "server" : "ours";
    const isTaken = this.turns.created(id, whose, at);
    if (isNotice && isTaken) this.limits.said();
    else if (isNotice) this.limits.unsaid();
    if (isTaken) {
      const isWanted = !isReading || this.tools.keypad.askedWith !== undefined;
      if (isWanted) return this.tools.created(id, isReading ? "read_back" : isAside ? "filler" : "answer");
      // What it would ask was decided meanwhile.
      this.turns.silenced(id);
    }
    if (isReading) this.tools.keypad.lapsed();
    this.#cancel(id);
  }

  #cancel(response_id: string): void {
    this.#outbox.model({ type: "response.cancel", event_id: this.#outbox.id("cancel-"), response_id });
  }

  /** Audio for the caller: straight on, with a mark behind it. Returns false if nobody is to hear it. */
  delta(piece: Delta, at: number): boolean {
    const { response_id, item_id, content_index, delta } = piece;
    const samples = samplesIn(delta);
    this.purse.spoke(response_id, Math.max(0, samples) / SAMPLES_PER_MS);
    this.turns.signOfLife(response_id, at);
    if (this.turns.isSilenced(response_id)) {
      const goesOn = this.turns.active === response_id && !this.#cuts.isOutOfBand(response_id);
      if (goesOn) this.#cuts.unheard(item_id, content_index);
      return false;
    }
    if (!isWhole(delta, samples)) return false;
    // Nobody was told that this response exists.
    if (response_id !== this.#speaker && !this.#open.has(response_id)) return false;
    if (this.#callerEndedAt !== undefined) {
      const afterMs = Math.round(at - this.#callerEndedAt);
      this.#outbox.log({ event: "turn.answered", level: "info", afterMs });
      this.#callerEndedAt = undefined;
    }
    this.#spokenSinceCaller = true;
    if (response_id !== this.#speaker) {
      this.#speaker = response_id;
      this.turns.answered();
      this.tools.spoke(response_id, at);
    }
    this.#cuts.sent(response_id, item_id);
    if (!this.#cuts.isOutOfBand(response_id)) this.memory.sent(item_id);
    this.#passOn(piece, samples, at);
    this.#flow = new Flow(piece);
    return true;
  }

  /** Passes on what is more of what flows, and counts it; false: it has to be asked about ({@link delta}). */
  flowsOn(piece: Delta, at: number): boolean {
    const samples = samplesIn(piece.delta);
    if (!isWhole(piece.delta, samples) || !this.#flow?.takes(piece, samples, at)) return false;
    this.#passOn(piece, samples, at);
    return true;
  }

  /** What has flowed so far is counted. */
  tellFlow(): void {
    const told = this.#flow?.tell();
    if (told === undefined) return;
    this.purse.spoke(told.responseId, told.samples / SAMPLES_PER_MS);
    this.turns.signOfLife(told.responseId, told.at);
  }

  /** What has flowed is counted, and the next piece is asked about again. */
  flowEnds(): void {
    this.tellFlow();
    this.#flow = undefined;
  }

  #passOn({ item_id, content_index, delta }: Delta, samples: number, at: number): void {
    this.#framesOut++;
    this.#probe(at);
    const name = this.playback.sent(item_id, content_index, samples, at);
    this.#saidUntil = this.playback.quietAt;
    const { streamSid } = this;
    this.#outbox.twilio({ event: "media", streamSid, media: { payload: delta } });
    this.#outbox.twilio({ event: "mark", streamSid, mark: { name } });
  }

  /** What a response says, in words; it comes before the response is done. */
  transcribed(responseId: string, itemId: string | undefined, words: string, at: number): void {
    if (itemId !== undefined && !this.#cuts.isOutOfBand(responseId)) this.memory.spelt(itemId, words);
    const open = this.#open.get(responseId);
    if (open !== undefined) open.words = open.words === "" ? words : `${open.words} ${words}`;
    if (this.tools.keypad.transcribed(responseId, words)) return;
    // Whoever misled it into saying something else must not be heard.
    if (this.turns.active === responseId) this.#cancel(responseId);
    this.turns.silenced(responseId);
    this.#interrupt(at);
    this.tools.misread(at);
  }

  /** Returns the code of a failure, if it was one. */
  responseDone(response: Response, at: number): string | undefined {
    const { id, status } = response;
    this.purse.done(id, status, response.usage, at);
    const { reason, words = "" } = this.#open.get(id) ?? {};
    this.#open.delete(id);
    this.turns.done(id);
    this.#cuts.responseDone(id);
    const isWhole = status === "completed" && !this.turns.isSilenced(id);
    this.tools.responseDone(id, isWhole, this.playback.quietAt, at);
    const callIds = this.#hangUp.responseDone(id, this.#spokenSinceCaller);
    const isTransfer = this.#hangUp.transferTo !== undefined;
    for (const callId of callIds) this.#answers.give(callId, isTransfer ? PUT_THROUGH : GOODBYE, "goodbye");
    if (isWhole && this.#hangUp.isStaying && this.#nudge.isDue(reason, words)) {
      this.turns.wish({ reason: "nudge" });
    }
    if (status === "failed") this.#retryAs = reason;
    if (status !== "failed") return undefined;
    const { code, type } = response.status_details?.error ?? {};
    return printable(code ?? type);
  }

  /** What failed last: once more, and as what it was, for a greeting and a goodbye have words of their own. */
  retry(notBefore: number): void {
    const reason = this.#retryAs;
    // The one is read again by itself, and without the other nothing is missing.
    if (reason === "read_back" || reason === "filler" || reason === "notice") return;
    const again = reason === "greeting" || reason === "goodbye" || reason === "resume" ? reason : "retry";
    this.turns.wish({ reason: again, notBefore });
  }

  /** Returns whether it is acted upon. */
  called({ call_id, name, arguments: text, status }: FunctionCall, responseId: string, at: number): boolean {
    // An interrupted call may hold half of its arguments; the server does not expect an output for it.
    if (status !== undefined && status !== "completed") return false;
    if (this.#called.has(call_id)) return false;
    this.#called.add(call_id);
    this.memory.called(call_id, name, text);
    const isLeaving = name === "end_call" || name === "transfer_call";
    if (this.turns.isSilenced(responseId)) {
      this.#answers.give(call_id, isLeaving ? CALL_GOES_ON : INTERRUPTED);
      return false;
    }
    if (isLeaving && this.#open.get(responseId)?.reason === "nudge") {
      // It had to call something, and this is what it found.
      this.#answers.give(call_id, CALL_GOES_ON);
    } else if (isLeaving && this.#parts.offer.phone.has(name)) {
      this.#leave(call_id, name === "transfer_call" ? text : undefined, responseId, at);
    } else {
      this.tools.called(call_id, name, text, at);
    }
    return true;
  }

  #leave(callId: string, transfer: string | undefined, responseId: string, at: number): void {
    if (transfer === undefined) {
      this.#outbox.log({ event: "hang_up.asked", level: "info" });
      return this.#hangUp.ask(callId, responseId, at);
    }
    const { to: named, ...more } = argumentsFrom(transfer) ?? {};
    const isExact = Object.keys(more).length === 0;
    const to = isExact ? this.#parts.profile.transfers?.find((name) => name === named) : undefined;
    if (to === undefined) {
      this.#answers.give(callId, UNKNOWN_TOOL);
      return;
    }
    this.#outbox.log({ event: "transfer.asked", level: "info" });
    this.#hangUp.ask(callId, responseId, at, to);
  }

  // --- the caller ---------------------------------------------------------------------------------------------

  callerStarted(at: number): void {
    this.limits.stirred(at);
    this.#outbox.log({ event: "turn.caller", level: "debug", is: "speaking" });
    const interrupted = this.turns.callerStarted();
    // The server interrupts what is in the conversation, and nothing else.
    if (interrupted !== undefined && this.#cuts.isOutOfBand(interrupted)) this.#cancel(interrupted);
    this.#spokenSinceCaller = false;
    this.#nudge.callerStarted();
    this.tools.callerStarted(this.#interrupt(at), at);
    this.#stay();
  }

  /** Nobody leaves, where that is for the caller to say. */
  #stay(): void {
    const callIds = this.#hangUp.callOff();
    if (callIds === undefined) return;
    this.#outbox.log({ event: "hang_up.called_off", level: "info" });
    for (const callId of callIds) this.#answers.give(callId, CALL_GOES_ON);
  }

  callerEnded(itemId: string | undefined, at: number): void {
    this.#outbox.log({ event: "turn.caller", level: "debug", is: "ended" });
    this.#callerEndedAt = at;
    this.turns.callerCommitted(at);
    this.memory.turn(itemId);
    this.tools.callerEnded(itemId);
  }

  /** The words of a caller's turn; undefined: there are none to be had. */
  heard(itemId: string, words: string | undefined, at: number, usage?: TranscriptionUsage): void {
    if (words !== undefined) this.purse.transcribed(usage, at);
    this.memory.heard(itemId, words);
    this.tools.heard(itemId, words, at);
  }

  pressed(digit: string, at: number): void {
    this.limits.stirred(at);
    if (this.leavesFor === "nobody_there") this.#stay();
    this.#outbox.log({ event: "keypad", level: "debug" });
    this.#spokenSinceCaller = false;
    if (this.tools.pressed(digit, this.#isHeard(at), at)) return;
    const text = `caller pressed ${digit}`;
    this.memory.typed(text);
    const itemId = this.#outbox.item({
      id: this.#outbox.id("key-"),
      type: "message",
      role: "user",
      content: [{ type: "input_text", text }],
    });
    this.turns.wish({ reason: "keypad", itemId, notBefore: at + KEYPAD_PAUSE_MS });
  }

  /** All that was sent has been heard, but for a breath at its end: fingers are quick. */
  #isHeard(at: number): boolean {
    return this.playback.allProvedHeard || at >= this.playback.quietAt - TAIL_MS;
  }

  /** An item is in the conversation. */
  itemArrived(item: ItemArrived, at: number): void {
    this.turns.itemArrived(item.id);
    this.tools.itemArrived(item.id);
    if ("server_label" in item) this.native.item(item, at);
  }

  /** Returns how much was thrown away unheard, in ms. */
  #interrupt(at: number): number {
    this.#speaker = undefined;
    return this.#cuts.interrupt(at);
  }

  // --- what comes next ----------------------------------------------------------------------------------------

  tick(at: number): void {
    this.tools.tick(at);
    this.turns.tick(at);
  }

  /** @param isUp there is a model that could be asked for anything */
  nextDeadline(isUp: boolean): number | undefined {
    const leaveBy = this.#hangUp.isStaying ? undefined : this.#hangUp.dueAt(this.#outlook());
    const askAt = isUp ? this.#requests.dueAt : undefined;
    const conversation = earliest(this.turns.dueAt, this.tools.dueAt(), askAt);
    return earliest(conversation, leaveBy, this.limits.dueAt);
  }

  /**
   * How long the call and its silence have lasted. Returns true if it has to end now, whatever is being said.
   * @param isUp there is a model that could say anything
   */
  brake(isUp: boolean, at: number): boolean {
    const { limits } = this;
    const before = limits.toSay;
    limits.quiet(isUp ? this.pauseAt : undefined, at);
    const leave = limits.tick(at);
    const { toSay } = limits;
    if (toSay !== undefined && toSay !== before) {
      this.#outbox.log({ event: "limit.reached", level: "info", notice: toSay });
    }
    // Whoever is leaving already has said why.
    if (leave !== undefined && !this.#hangUp.leave(leave, at)) limits.hushed();
    return limits.isOver(at);
  }

  /** The limit for which the call is being left, if it is one. */
  get leavesFor(): Leave | undefined {
    return this.#hangUp.why;
  }

  /** Nobody has asked to hang up. */
  get isStaying(): boolean {
    return this.#hangUp.isStaying;
  }

  /** All of the goodbye has been sent: the model has no part in the call any more. */
  get isLeaving(): boolean {
    return this.#hangUp.isLeaving && this.turns.idle && this.tools.isIdle;
  }

  /** Whom the caller is put through to when the call has ended. */
  get transferTo(): string | undefined {
    return this.#hangUp.transferTo;
  }

  /** The goodbye was heard, and nothing speaks against hanging up. */
  mayHangUp(at: number): boolean {
    // Asked after every frame of every call: an outlook is drawn up only for one that wants to leave.
    return !this.#hangUp.isStaying && this.#hangUp.mayGo(this.#outlook(), at);
  }

  /** {@link Requests.askIfDue} */
  askForResponse(at: number): void {
    this.#requests.askIfDue(at);
  }

  #outlook(): Outlook {
    const { allProvedHeard: provedHeard, quietAt } = this.playback;
    const idle = this.turns.idle && this.tools.isIdle && this.limits.toSay === undefined;
    return { idle, provedHeard, quietAt };
  }

  #probe(at: number): void {
    const name = this.playback.probe(at);
    if (name === undefined) return;
    this.#outbox.twilio({ event: "mark", streamSid: this.streamSid, mark: { name } });
  }
}

/** Base64 of at least one sample, and not broken off. */
const isWhole = (base64: string, samples: number): boolean => samples > 0 && base64.length % 4 === 0;

/** What every response reads, and what the call has cost before it came here. */
const contextOf = ({ settings, profile, toolbox, offer, before }: ExchangeParts) => ({
  contextChars: instructionsFor(settings, profile, toolbox).length + JSON.stringify(offer.told).length,
  before,
});
