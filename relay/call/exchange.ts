/**
 * The conversation itself, once the session is ready: who speaks, what the caller has heard of it, what is cut
 * when they interrupt, which tools were called, and when the next response is asked for.
 */
import type { Profile } from "../contract.ts";
import type { FromModel } from "../wire/realtime.ts";
import { samplesIn } from "../wire/twilio.ts";
import { earliest } from "./deadlines.ts";
import { HangUp, type Outlook } from "./hang-up.ts";
import { printable, TRUNCATE_ID } from "./model-errors.ts";
import { Nudge } from "./nudge.ts";
import type { Outbox } from "./outbox.ts";
import { Playback } from "./playback.ts";
import { Requests } from "./requests.ts";
import { openingFor, type Settings } from "./session.ts";
import { CALL_GOES_ON, GOODBYE, INTERRUPTED, PUT_THROUGH, UNKNOWN_TOOL } from "./tool-answers.ts";
import { ToolCalls } from "./tool-calls.ts";
import type { Offer, Toolbox } from "./toolbox.ts";
import { Turns, type Wish } from "./turns.ts";

/** Somebody who types a number should not be answered after each digit. */
const KEYPAD_PAUSE_MS = 1_500;

type Delta = Extract<FromModel, { type: "response.output_audio.delta" }>;
type Response = Extract<FromModel, { type: "response.done" }>["response"];
type FunctionCall = { call_id: string; name: string; arguments: string; status?: string | undefined };

export type ExchangeParts = {
  readonly settings: Settings;
  readonly profile: Profile;
  readonly toolbox: Toolbox;
  readonly offer: Offer;
  readonly streamSid: string;
  readonly outbox: Outbox;
  readonly isTranscribed: () => boolean;
};

export class Exchange {
  readonly playback = new Playback();
  readonly turns = new Turns();
  readonly tools: ToolCalls;
  readonly #hangUp = new HangUp();
  readonly #requests: Requests;
  readonly #nudge: Nudge;
  readonly #parts: ExchangeParts;
  readonly #outbox: Outbox;
  /** Parts of the response being interrupted that have been cut already: late audio of them needs no second cut. */
  readonly #cut = new Set<string>();
  /** Tool calls that were acted on: each gets one output, and a second is refused by the server. */
  readonly #called = new Set<string>();
  /** Responses out of band: their items are not in the conversation, and nothing of them can be truncated. */
  readonly #outOfBand = new Set<string>();
  readonly #outOfBandItems = new Set<string>();
  /** Why the newest response was asked for; undefined: the server created it by itself. */
  #reason: string | undefined;
  /** The response of which the caller was sent audio last. */
  #speaker: string | undefined;
  #spokenSinceCaller = false;
  #callerEndedAt: number | undefined;
  readonly count = { framesOut: 0, responses: 0, bargeIns: 0, truncations: 0 };

  constructor(parts: ExchangeParts, at: number) {
    this.#parts = parts;
    this.#outbox = parts.outbox;
    const answer = (callId: string, output: string) => this.#answer(callId, output, "tool");
    this.tools = new ToolCalls({ ...parts, answer });
    this.#requests = new Requests({
      ...parts,
      turns: this.turns,
      playback: this.playback,
      tools: this.tools,
    });
    this.#nudge = new Nudge(this.tools, this.#outbox, parts.profile.language);
    this.#probe(at);
  }

  // --- the assistant ------------------------------------------------------------------------------------------

  /** The assistant speaks first, if it is to. */
  greet(at: number): void {
    const { settings, profile } = this.#parts;
    if (openingFor(settings, profile) === undefined) return;
    this.turns.wish({ reason: "greeting" });
    this.askForResponse(at);
  }

  created(
    response: { id: string; metadata?: { reason?: string | undefined } | null | undefined },
    at: number,
  ): void {
    this.count.responses++;
    this.#reason = response.metadata?.reason;
    this.#nudge.created();
    const isReading = this.#reason === "read_back";
    if (isReading) this.#outOfBand.add(response.id);
    const isAside = isReading || this.#reason === "filler";
    this.tools.created(response.id, isReading ? "read_back" : isAside ? "filler" : "answer");
    const whose = isAside ? "aside" : this.#reason === undefined ? "server" : "ours";
    if (!this.turns.created(response.id, whose, at)) this.#cancel(response.id);
  }

  #cancel(response_id: string): void {
    this.#outbox.model({ type: "response.cancel", event_id: this.#outbox.id("cancel-"), response_id });
  }

  /** Audio for the caller: straight on, with a mark behind it. Returns false if nobody is to hear it. */
  delta({ response_id, item_id, content_index, delta }: Delta, at: number): boolean {
    this.turns.signOfLife(response_id, at);
    if (this.turns.isSilenced(response_id)) {
      // Not a sample of this part was played, but the conversation would remember it as said.
      const goesOn = this.turns.active === response_id && !this.#outOfBand.has(response_id);
      if (goesOn && !this.#cut.has(partKey(item_id, content_index)))
        this.#truncate({ item_id, content_index, audio_end_ms: 0 });
      return false;
    }
    const samples = samplesIn(delta);
    if (samples <= 0) return false;
    if (this.#callerEndedAt !== undefined) {
      const afterMs = Math.round(at - this.#callerEndedAt);
      this.#outbox.log({ event: "turn.answered", level: "info", afterMs });
      this.#callerEndedAt = undefined;
    }
    this.#spokenSinceCaller = true;
    this.count.framesOut++;
    if (response_id !== this.#speaker) {
      this.#speaker = response_id;
      this.tools.spoke(response_id, at);
    }
    if (this.#outOfBand.size > 0 && this.#outOfBand.has(response_id)) this.#outOfBandItems.add(item_id);
    this.#probe(at);
    const name = this.playback.sent(item_id, content_index, samples, at);
    const { streamSid } = this.#parts;
    this.#outbox.twilio({ event: "media", streamSid, media: { payload: delta } });
    this.#outbox.twilio({ event: "mark", streamSid, mark: { name } });
    return true;
  }

  /** What a response says, in words; it comes before the response is done. */
  transcribed(responseId: string, words: string, at: number): void {
    this.#nudge.transcribed(words);
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
    this.turns.done(id);
    this.playback.completeAll();
    this.#cut.clear();
    this.tools.responseDone(id, status === "completed", this.playback.quietAt, at);
    const callIds = this.#hangUp.responseDone(id, this.#spokenSinceCaller);
    const isTransfer = this.#hangUp.transferTo !== undefined;
    for (const callId of callIds) this.#answer(callId, isTransfer ? PUT_THROUGH : GOODBYE, "goodbye");
    if (status === "completed" && this.#hangUp.isStaying && this.#nudge.isDue(this.#reason)) {
      this.turns.wish({ reason: "nudge" });
    }
    if (status !== "failed") return undefined;
    const { code, type } = response.status_details?.error ?? {};
    return printable(code ?? type);
  }

  /** The newest response failed: once more, and as what it was, for a greeting and a goodbye have words of their own. */
  retry(): void {
    const reason = this.#reason;
    // The one is read again by itself, and without the other nothing is missing.
    if (reason === "read_back" || reason === "filler") return;
    this.turns.wish({ reason: reason === "greeting" || reason === "goodbye" ? reason : "retry" });
  }

  called({ call_id, name, arguments: text, status }: FunctionCall, responseId: string, at: number): void {
    // An interrupted call may hold half of its arguments; the server does not expect an output for it.
    if (status !== undefined && status !== "completed") return;
    if (this.#called.has(call_id)) return;
    this.#called.add(call_id);
    const isLeaving = name === "end_call" || name === "transfer_call";
    if (this.turns.isSilenced(responseId)) {
      this.#answer(call_id, isLeaving ? CALL_GOES_ON : INTERRUPTED, "tool");
    } else if (isLeaving && this.#parts.offer.phone.has(name)) {
      this.#leave(call_id, name === "transfer_call" ? text : undefined, responseId, at);
    } else {
      this.tools.called(call_id, name, text, at);
    }
  }

  #leave(callId: string, transfer: string | undefined, responseId: string, at: number): void {
    if (transfer === undefined) {
      this.#outbox.log({ event: "hang_up.asked", level: "info" });
      return this.#hangUp.ask(callId, responseId, at);
    }
    const to = this.#parts.profile.transfers?.find((name) => transfer === JSON.stringify({ to: name }));
    if (to === undefined) {
      this.#answer(callId, UNKNOWN_TOOL, "tool");
      return;
    }
    this.#outbox.log({ event: "transfer.asked", level: "info" });
    this.#hangUp.ask(callId, responseId, at, to);
  }

  // --- the caller ---------------------------------------------------------------------------------------------

  callerStarted(at: number): void {
    this.#outbox.log({ event: "turn.caller", level: "debug", is: "speaking" });
    const interrupted = this.turns.callerStarted();
    // The server interrupts what is in the conversation, and nothing else.
    if (interrupted !== undefined && this.#outOfBand.has(interrupted)) this.#cancel(interrupted);
    this.#spokenSinceCaller = false;
    this.#nudge.callerStarted();
    this.tools.callerStarted(this.#interrupt(at), at);
    const callIds = this.#hangUp.callOff();
    if (callIds === undefined) return;
    this.#outbox.log({ event: "hang_up.called_off", level: "info" });
    for (const callId of callIds) this.#answer(callId, CALL_GOES_ON, "tool");
  }

  callerEnded(itemId: string | undefined, at: number): void {
    this.#outbox.log({ event: "turn.caller", level: "debug", is: "ended" });
    this.#callerEndedAt = at;
    this.turns.callerCommitted(at);
    this.tools.callerEnded(itemId);
  }

  pressed(digit: string, at: number): void {
    this.#outbox.log({ event: "keypad", level: "debug" });
    this.#spokenSinceCaller = false;
    if (this.tools.pressed(digit, this.#isHeard(at), at)) return;
    const itemId = this.#outbox.item({
      id: this.#outbox.id("key-"),
      type: "message",
      role: "user",
      content: [{ type: "input_text", text: `caller pressed ${digit}` }],
    });
    this.turns.wish({ reason: "keypad", itemId, notBefore: at + KEYPAD_PAUSE_MS });
  }

  /** All that was sent has been heard. */
  #isHeard(at: number): boolean {
    return this.playback.allProvedHeard || at >= this.playback.quietAt;
  }

  /** An item is in the conversation. */
  itemArrived(itemId: string): void {
    this.turns.itemArrived(itemId);
    this.tools.itemArrived(itemId);
  }

  /**
   * Stop the playback, and cut the conversation to what was heard. The server cancels its response by itself
   * (interrupt_response); on a WebSocket the rest is the client's. Returns how much was thrown away unheard, in ms.
   */
  #interrupt(at: number): number {
    const queued = !this.playback.allProvedHeard;
    const { heardMs, unheardMs, truncations } = this.playback.interrupt(at);
    this.#speaker = undefined;
    if (queued) this.#outbox.twilio({ event: "clear", streamSid: this.#parts.streamSid });
    for (const truncation of truncations) {
      if (!this.#outOfBandItems.has(truncation.item_id)) this.#truncate(truncation);
    }
    if (truncations.length === 0) return 0;
    this.count.bargeIns++;
    this.#outbox.log({
      event: "barge_in",
      level: "info",
      heardMs,
      unheardMs,
      truncations: truncations.length,
      roundTripMs: Math.round(this.playback.roundTripMs),
    });
    return unheardMs;
  }

  #truncate(cut: { item_id: string; content_index: number; audio_end_ms: number }): void {
    this.count.truncations++;
    this.#cut.add(partKey(cut.item_id, cut.content_index));
    this.#outbox.model({
      type: "conversation.item.truncate",
      event_id: this.#outbox.id(TRUNCATE_ID),
      ...cut,
    });
  }

  // --- what comes next ----------------------------------------------------------------------------------------

  tick(at: number): void {
    this.tools.tick(at);
    this.turns.tick(at);
  }

  nextDeadline(): number | undefined {
    const leaveBy = this.#hangUp.isStaying ? undefined : this.#hangUp.dueAt(this.#outlook());
    return earliest(earliest(this.turns.dueAt, this.tools.dueAt(), this.#requests.dueAt), leaveBy);
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

  /** One output for a call id, and one response for all that are there by then. Returns the item's id. */
  #answer(call_id: string, output: string, reason: Wish["reason"]): string {
    const itemId = this.#outbox.item({
      id: this.#outbox.id("out-"),
      type: "function_call_output",
      call_id,
      output,
    });
    this.turns.wish({ reason, itemId });
    return itemId;
  }

  #outlook(): Outlook {
    const { allProvedHeard: provedHeard, quietAt } = this.playback;
    return { idle: this.turns.idle && this.tools.isIdle, provedHeard, quietAt };
  }

  #probe(at: number): void {
    const name = this.playback.probe(at);
    if (name === undefined) return;
    this.#outbox.twilio({ event: "mark", streamSid: this.#parts.streamSid, mark: { name } });
  }
}

const partKey = (itemId: string, contentIndex: number): string => `${itemId}/${contentIndex}`;
