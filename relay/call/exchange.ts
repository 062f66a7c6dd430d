/**
 * The conversation itself, once the session is ready: who speaks, what the caller has heard of it, what is cut
 * when they interrupt, which tools were called, and when the next response is asked for.
 */
import type { Profile } from "../contract.ts";
import type { FromModel } from "../wire/realtime.ts";
import { samplesIn } from "../wire/twilio.ts";
import { HangUp, type Outlook } from "./hang-up.ts";
import { printable, TRUNCATE_ID } from "./model-errors.ts";
import type { Outbox } from "./outbox.ts";
import { END_CALL } from "./phone-tools.ts";
import { Playback } from "./playback.ts";
import { greetingFor, instructionsFor, type Settings } from "./session.ts";
import { Turns, type Wish } from "./turns.ts";

/** Somebody who types a number should not be answered after each digit. */
const KEYPAD_PAUSE_MS = 1_500;

type Delta = Extract<FromModel, { type: "response.output_audio.delta" }>;
type Response = Extract<FromModel, { type: "response.done" }>["response"];
type FunctionCall = { call_id: string; name: string; status?: string | undefined };

export class Exchange {
  readonly playback = new Playback();
  readonly turns = new Turns();
  readonly #hangUp = new HangUp();
  readonly #settings: Settings;
  readonly #profile: Profile;
  readonly #streamSid: string;
  readonly #outbox: Outbox;
  /** Parts of the response being interrupted that have been cut already: late audio of them needs no second cut. */
  readonly #cut = new Set<string>();
  /** Tool calls that were acted on: each gets one output, and a second is refused by the server. */
  readonly #called = new Set<string>();
  #keypadWish: { readonly at: number; readonly itemId: string; readonly arrived: boolean } | undefined;
  /** Why the newest response was asked for; undefined: the server created it by itself. */
  #reason: string | undefined;
  #spokenSinceCaller = false;
  #callerEndedAt: number | undefined;
  readonly count = { framesOut: 0, responses: 0, bargeIns: 0, truncations: 0 };

  constructor(settings: Settings, profile: Profile, streamSid: string, outbox: Outbox, at: number) {
    this.#settings = settings;
    this.#profile = profile;
    this.#streamSid = streamSid;
    this.#outbox = outbox;
    this.#probe(at);
  }

  // --- the assistant ------------------------------------------------------------------------------------------

  /** The assistant speaks first, if it is to. */
  greet(at: number): void {
    if (greetingFor(this.#settings, this.#profile) === undefined) return;
    this.turns.wish({ reason: "greeting" });
    this.askForResponse(at);
  }

  created(
    response: { id: string; metadata?: { reason?: string | undefined } | null | undefined },
    at: number,
  ): void {
    this.count.responses++;
    // It was created with the newest digit before it, and so it is the answer to that too.
    if (this.#keypadWish?.arrived) this.#keypadWish = undefined;
    this.#reason = response.metadata?.reason;
    if (this.turns.created(response.id, this.#reason !== undefined, at)) return;
    this.#outbox.model({
      type: "response.cancel",
      event_id: this.#outbox.id("cancel-"),
      response_id: response.id,
    });
  }

  /** Audio for the caller: straight on, with a mark behind it. Returns false if nobody is to hear it. */
  delta({ response_id, item_id, content_index, delta }: Delta, at: number): boolean {
    this.turns.signOfLife(response_id, at);
    if (this.turns.isSilenced(response_id)) {
      // Not a sample of this part was played, but the conversation would remember it as said.
      const goesOn = this.turns.active === response_id;
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
    this.#probe(at);
    const name = this.playback.sent(item_id, content_index, samples, at);
    this.#outbox.twilio({ event: "media", streamSid: this.#streamSid, media: { payload: delta } });
    this.#outbox.twilio({ event: "mark", streamSid: this.#streamSid, mark: { name } });
    return true;
  }

  /** Returns the code of a failure, if it was one. */
  responseDone(response: Response): string | undefined {
    this.turns.done(response.id);
    this.playback.completeAll();
    this.#cut.clear();
    const callIds = this.#hangUp.responseDone(response.id, this.#spokenSinceCaller);
    this.#answer(callIds, "Say goodbye now, in a few words; then the line closes.", "goodbye");
    if (response.status !== "failed") return undefined;
    const { code, type } = response.status_details?.error ?? {};
    return printable(code ?? type);
  }

  /** The newest response failed: once more, and as what it was, for a greeting and a goodbye have words of their own. */
  retry(): void {
    const reason = this.#reason;
    this.turns.wish({ reason: reason === "greeting" || reason === "goodbye" ? reason : "retry" });
  }

  called({ call_id, name, status }: FunctionCall, responseId: string, at: number): void {
    // An interrupted call may hold half of its arguments; the server does not expect an output for it.
    if (status !== undefined && status !== "completed") return;
    if (this.#called.has(call_id)) return;
    this.#called.add(call_id);
    if (name !== END_CALL) {
      this.#outbox.log({ event: "tool.unknown", level: "warn" });
      this.#answer([call_id], "There is no tool of that name.", "tool");
    } else if (this.turns.isSilenced(responseId)) {
      this.#answer([call_id], CALL_GOES_ON, "tool");
    } else {
      this.#outbox.log({ event: "hang_up.asked", level: "info" });
      this.#hangUp.ask(call_id, responseId, at);
    }
  }

  // --- the caller ---------------------------------------------------------------------------------------------

  callerStarted(at: number): void {
    this.#outbox.log({ event: "turn.caller", level: "debug", is: "speaking" });
    this.turns.callerStarted();
    this.#spokenSinceCaller = false;
    this.#interrupt(at);
    const callIds = this.#hangUp.callOff();
    if (callIds === undefined) return;
    this.#outbox.log({ event: "hang_up.called_off", level: "info" });
    this.#answer(callIds, CALL_GOES_ON, "tool");
  }

  callerEnded(at: number): void {
    this.#outbox.log({ event: "turn.caller", level: "debug", is: "ended" });
    this.#callerEndedAt = at;
    this.turns.callerCommitted(at);
  }

  pressed(digit: string, at: number): void {
    this.#outbox.log({ event: "keypad", level: "debug" });
    this.#spokenSinceCaller = false;
    const itemId = this.#outbox.item({
      id: this.#outbox.id("key-"),
      type: "message",
      role: "user",
      content: [{ type: "input_text", text: `caller pressed ${digit}` }],
    });
    this.#keypadWish = { at: at + KEYPAD_PAUSE_MS, itemId, arrived: false };
  }

  /** An item is in the conversation. */
  itemArrived(itemId: string): void {
    if (this.#keypadWish?.itemId === itemId) this.#keypadWish = { ...this.#keypadWish, arrived: true };
    this.turns.itemArrived(itemId);
  }

  /**
   * Stop the playback, and cut the conversation to what was heard. The server cancels its response by itself
   * (interrupt_response); on a WebSocket the rest is the client's.
   */
  #interrupt(at: number): void {
    const queued = !this.playback.allProvedHeard;
    const { heardMs, unheardMs, truncations } = this.playback.interrupt(at);
    if (queued) this.#outbox.twilio({ event: "clear", streamSid: this.#streamSid });
    for (const truncation of truncations) this.#truncate(truncation);
    if (truncations.length === 0) return;
    this.count.bargeIns++;
    this.#outbox.log({
      event: "barge_in",
      level: "info",
      heardMs,
      unheardMs,
      truncations: truncations.length,
      roundTripMs: Math.round(this.playback.roundTripMs),
    });
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
    if (this.#keypadWish !== undefined && at >= this.#keypadWish.at) {
      const { itemId, arrived } = this.#keypadWish;
      this.#keypadWish = undefined;
      this.turns.wish({ reason: "keypad", itemId });
      if (arrived) this.turns.itemArrived(itemId);
    }
    this.turns.tick(at);
  }

  nextDeadline(): number | undefined {
    const leaveBy = this.#hangUp.isStaying ? undefined : this.#hangUp.dueAt(this.#outlook());
    return earliest(this.turns.dueAt, this.#keypadWish?.at, leaveBy);
  }

  /** Nobody has asked to hang up. */
  get isStaying(): boolean {
    return this.#hangUp.isStaying;
  }

  /** All of the goodbye has been sent: the model has no part in the call any more. */
  get isLeaving(): boolean {
    return this.#hangUp.isLeaving && this.turns.idle;
  }

  /** The goodbye was heard, and nothing speaks against hanging up. */
  mayHangUp(at: number): boolean {
    // Asked after every frame of every call: an outlook is drawn up only for one that wants to leave.
    return !this.#hangUp.isStaying && this.#hangUp.mayGo(this.#outlook(), at);
  }

  /** Asks for a response if one is wished for and this is the moment. */
  askForResponse(at: number): void {
    const wishes = this.turns.next(at);
    if (wishes === undefined) return;
    const event_id = this.#outbox.id("create-");
    this.turns.asked(event_id, at);
    const has = (reason: Wish["reason"]) => wishes.some((wish) => wish.reason === reason);
    const words = has("greeting") ? greetingFor(this.#settings, this.#profile) : undefined;
    if (words !== undefined) {
      // `instructions` here replace the session's for this one response: nothing is left in the conversation.
      const instructions = `${instructionsFor(this.#settings, this.#profile)}\n\nThe caller has just been connected. Greet them with exactly these words: ${words}`;
      const response = { instructions, tool_choice: "none", metadata: { reason: "greeting" } } as const;
      this.#outbox.model({ type: "response.create", event_id, response });
    } else if (has("goodbye")) {
      const response = { tool_choice: "none", metadata: { reason: "goodbye" } } as const;
      this.#outbox.model({ type: "response.create", event_id, response });
    } else {
      const reason = wishes.at(-1)?.reason ?? "answer";
      this.#outbox.model({ type: "response.create", event_id, response: { metadata: { reason } } });
    }
  }

  /** One output for each call id, then one response for all of them. */
  #answer(callIds: readonly string[], output: string, reason: Wish["reason"]): void {
    for (const call_id of callIds) {
      const itemId = this.#outbox.item({
        id: this.#outbox.id("out-"),
        type: "function_call_output",
        call_id,
        output,
      });
      this.turns.wish({ reason, itemId });
    }
  }

  #outlook(): Outlook {
    const { allProvedHeard: provedHeard, quietAt } = this.playback;
    return { idle: this.turns.idle, provedHeard, quietAt };
  }

  #probe(at: number): void {
    const name = this.playback.probe(at);
    if (name === undefined) return;
    this.#outbox.twilio({ event: "mark", streamSid: this.#streamSid, mark: { name } });
  }
}

const CALL_GOES_ON = "The caller spoke again before the goodbye was over. The call goes on.";

const partKey = (itemId: string, contentIndex: number): string => `${itemId}/${contentIndex}`;

/** The earliest of some deadlines, where undefined means never. */
export function earliest(
  a: number | undefined,
  b: number | undefined,
  c: number | undefined = undefined,
): number | undefined {
  const first = a !== undefined && (b === undefined || a <= b) ? a : b;
  return first !== undefined && (c === undefined || first <= c) ? first : c;
}
