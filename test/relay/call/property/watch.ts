/**
 * What must hold of a call at every step, whatever the world does: an account of it kept apart from the call's own,
 * from the inputs and the effects alone. It shares no code with the call, so that one mistake is not made twice.
 */
import type { Input, Terms } from "../../../../relay/call/call.ts";
import type { Ending } from "../../../../relay/call/ending.ts";
import type { Effect } from "../../../../relay/call/outbox.ts";
import type { FromModel, ModelError, ToModel } from "../../../../relay/wire/realtime.ts";
import type { FromTwilio, ToTwilio } from "../../../../relay/wire/twilio.ts";
import { AppendWatch } from "./append-watch.ts";
import { hold } from "./broken.ts";
import { PROFILE_TEXT } from "./inputs.ts";
import { SoundWatch } from "./sound-watch.ts";
import { TRANSFER_TO } from "./tool-terms.ts";
import { ToolWatch } from "./tool-watch.ts";

const START_WITHIN_MS = 5_000;
const READY_WITHIN_MS = 8_000;
const ANSWER_WITHIN_MS = 4_000;
const RESPONSE_STALE_MS = 20_000;
const COMMIT_WITHIN_MS = 2_000;
const CREATED_WITHIN_MS = 6_000;

const TRANSFERRING = JSON.stringify({ to: TRANSFER_TO });
const isFatal = ({ code }: ModelError) =>
  code === "session_expired" || code === "invalid_api_key" || code === "insufficient_quota";

const BY_NEWS = {
  twilio_closed: "line_lost",
  twilio_slow: "line_too_slow",
  model_slow: "model_too_slow",
  relay_stopping: "handed_over",
  bug: "bug",
} as const;

type Started = { readonly streamSid: string };
type Asked = { readonly id: string; readonly by: number };
type CallerTurn = { readonly is: "closed" | "open" } | { readonly is: "ended"; readonly answerBy: number };

export class Watch {
  readonly #terms: Terms;
  readonly #openedAt: number;
  ended: Ending | undefined;
  #connected = false;
  #started: Started | undefined;
  #modelOpen = false;
  #updateSent = false;
  #ready = false;
  /** What `session.update` last said: whether the caller's words are transcribed. */
  #isTranscribed = false;
  readonly #appended = new AppendWatch();
  readonly #tools: ToolWatch;
  #active: string | undefined;
  /** When the active response was created or last spoke. */
  #signAt = 0;
  /** When the caller was said to have stopped, while the turn is open. */
  #stoppedAt: number | undefined;
  #asked: Asked | undefined;
  #caller: CallerTurn = { is: "closed" };
  #wantsToLeave: "no" | "hangs up" | "puts through" = "no";
  readonly #sound = new SoundWatch();
  readonly #outOfBand = new Set<string>();
  readonly #over = new Set<string>();
  /** An aside that has just begun: it may be that it is not wanted any more. */
  #mayCancel: string | undefined;
  /** What is being read out is something else: it is stopped in this step. */
  #misread: string | undefined;
  readonly #interrupted = new Set<string>();
  readonly #toolCalls = new Set<string>();
  readonly #eventIds = new Set<string>();

  constructor(terms: Terms, openedAt: number) {
    this.#terms = terms;
    this.#openedAt = openedAt;
    this.#tools = new ToolWatch(terms.toolbox.tools.map(({ name }) => name));
  }

  /** Throws `Broken` if `effects` is not what may follow from `input`. */
  step(input: Input, at: number, effects: readonly Effect[], nextDeadline: number | undefined): void {
    if (this.ended !== undefined) {
      hold("nothing is emitted after the end", effects.length === 0);
      hold("no deadline after the end", nextDeadline === undefined);
      return;
    }
    const wasReady = this.#ready;
    this.#misread = undefined;
    const due = this.#takeIn(input, at);
    for (const effect of effects) {
      hold("the close is the last effect", this.ended === undefined);
      if (effect.to === "twilio") this.#toTwilio(effect.frame, input);
      else if (effect.to === "model") this.#toModel(effect.event, input, at);
      else if (effect.to === "line") this.#close(effect.close, effect.transferTo);
    }
    if (due !== undefined) hold(`${due.why} ends the call as ${due.ending}`, this.ended === due.ending);
    if (this.ended !== undefined) return hold("no deadline after the end", nextDeadline === undefined);
    this.#appended.step(effects, input, { wasReady, isReady: this.#ready });
    if (this.#ready) {
      const isInterrupted = (id: string) => this.#interrupted.has(id);
      this.#tools.step(input, at, effects, { isInterrupted, isTranscribed: this.#isTranscribed });
    }
    this.#deadline(nextDeadline, input, at);
  }

  // --- what comes in --------------------------------------------------------------------------------------------

  /** Returns the ending that must follow, where one must. */
  #takeIn(input: Input, at: number): { ending: Ending; why: string } | undefined {
    switch (input.from) {
      case "twilio":
        return this.#frame(input.frame);
      case "model":
        return this.#event(input.event, at);
      case "clock":
        return this.#clock(at);
      case "line":
        return this.#news(input.news.is);
      case "tool":
        return undefined;
      default:
        return input satisfies never;
    }
  }

  #frame(frame: FromTwilio): { ending: Ending; why: string } | undefined {
    const violation = (why: string) => ({ ending: "protocol_violation" as const, why });
    if (frame.event === "malformed") return violation("a malformed frame");
    if (frame.event === "connected") {
      if (this.#connected) return violation("a second connected");
      this.#connected = true;
      return;
    }
    if (frame.event === "start") {
      if (!this.#connected || this.#started) return violation("a start out of order");
      const { start, streamSid } = frame;
      const matches =
        start.callSid === this.#terms.callSid &&
        start.accountSid === this.#terms.accountSid &&
        start.streamSid === streamSid &&
        start.customParameters.profile0 === PROFILE_TEXT.get(this.#terms);
      if (!matches) return { ending: "wrong_start", why: "a start that does not match" };
      this.#started = { streamSid };
      return;
    }
    if (this.#started === undefined) return violation("a frame before start");
    if (frame.streamSid !== this.#started.streamSid) return violation("another stream's frame");
    if (frame.event === "stop") return { ending: "caller_hung_up", why: "stop" };
    if (frame.event === "media" && !this.#ready) this.#appended.early(frame.media.payload);
    return;
  }

  #event(event: FromModel, at: number): { ending: Ending; why: string } | undefined {
    if (event.type === "error") {
      if (isFatal(event.error)) return { ending: "model_failed", why: "a fatal error" };
      const named = this.#asked !== undefined && event.error.event_id === this.#asked.id;
      const busy = event.error.code === "conversation_already_has_active_response";
      // With no id it is about the server's own answer to the caller, if one was due: that is the call's to ask for.
      const nameless = busy && event.error.event_id == null;
      if (nameless && this.#caller.is === "ended") this.#caller = { is: "closed" };
      else if (named || nameless) this.#asked = undefined;
      return;
    }
    if (this.#started === undefined) return;
    if (event.type === "session.updated") {
      if (!this.#updateSent || this.#ready) return;
      const { input, output } = event.session.audio;
      if (input.format.type !== "audio/pcmu" || output.format.type !== "audio/pcmu")
        return { ending: "model_settings_refused", why: "a default audio format" };
      this.#ready = true;
      return;
    }
    if (!this.#ready) return;
    if (event.type === "response.created") {
      this.#created(event.response, at);
    } else if (event.type === "response.output_audio.delta") {
      this.#sound.said(event, this.#outOfBand.has(event.response_id));
      // One that was given up may still speak; that does not make it the active one again.
      const isStale = at >= this.#signAt + RESPONSE_STALE_MS;
      if (this.#active === event.response_id && !isStale) this.#signAt = at;
    } else if (event.type === "input_audio_buffer.speech_stopped") {
      if (this.#caller.is === "open") this.#stoppedAt ??= at;
    } else if (event.type === "response.output_audio_transcript.done") {
      const { response_id, transcript } = event;
      const reads = this.#over.has(response_id) ? "right" : this.#tools.consent.said(response_id, transcript);
      if (reads !== "right") this.#misread = response_id;
      if (reads === "wrong") this.#interrupted.add(response_id);
    } else if (event.type === "response.done") {
      this.#over.add(event.response.id);
      if (this.#active === event.response.id) this.#active = undefined;
    } else if (event.type === "input_audio_buffer.speech_started") {
      this.#caller = { is: "open" };
      this.#stoppedAt = undefined;
      this.#wantsToLeave = "no";
      if (this.#active !== undefined) this.#interrupted.add(this.#active);
    } else if (event.type === "input_audio_buffer.committed") {
      this.#caller = { is: "ended", answerBy: at + ANSWER_WITHIN_MS };
    } else if (event.type === "response.output_item.done" && "call_id" in event.item) {
      const { name, call_id, status } = event.item;
      if (status !== undefined && status !== "completed") return;
      if (this.#toolCalls.has(call_id)) return;
      this.#toolCalls.add(call_id);
      if (this.#interrupted.has(event.response_id)) return;
      if (name === "end_call") this.#wantsToLeave = "hangs up";
      if (name === "transfer_call" && event.item.arguments === TRANSFERRING)
        this.#wantsToLeave = "puts through";
    }
    return;
  }

  #created(
    { id, metadata }: { id: string; metadata?: { reason?: string | undefined } | null | undefined },
    at: number,
  ): void {
    const reason = metadata?.reason;
    this.#over.delete(id);
    if (reason !== undefined) this.#asked = undefined;
    if (reason === "read_back") this.#outOfBand.add(id);
    // What is no answer stands back for one, and for the caller.
    const isAside = reason === "read_back" || reason === "filler";
    const isBeside = isAside && this.#active !== undefined;
    const isStale = isBeside && at >= this.#signAt + RESPONSE_STALE_MS;
    this.#mayCancel = isAside ? id : undefined;
    if (this.#caller.is === "open" || (isBeside && !isStale) || (isAside && this.#caller.is === "ended"))
      this.#interrupted.add(id);
    else if (!isAside) this.#caller = { is: "closed" };
    if (isBeside && !isStale) return;
    this.#active = id;
    this.#signAt = at;
  }

  #clock(at: number): { ending: Ending; why: string } | undefined {
    if (this.#started === undefined) {
      if (at < this.#openedAt + START_WITHIN_MS) return;
      return { ending: "no_start", why: "no start in time" };
    }
    if (!this.#ready && at >= this.#openedAt + READY_WITHIN_MS)
      return { ending: "model_not_ready", why: "no session in time" };
    if (this.#asked !== undefined && at >= this.#asked.by) this.#asked = undefined;
    if (this.#isStopped(at)) this.#caller = { is: "closed" };
    if (this.#caller.is === "ended" && at >= this.#caller.answerBy) this.#caller = { is: "closed" };
    return;
  }

  #news(is: Extract<Input, { from: "line" }>["news"]["is"]): { ending: Ending; why: string } | undefined {
    if (is === "model_open") this.#modelOpen = true;
    else if (is !== "model_closed") return { ending: BY_NEWS[is], why: is };
    // A call that only waits for its last words to be heard may go on.
    else if (this.#wantsToLeave === "no")
      return { ending: this.#modelOpen ? "model_dropped" : "model_refused", why: is };
    return;
  }

  /** Speech that stopped and was not committed in time: the turn is over without one. */
  #isStopped(at: number): boolean {
    return (
      this.#caller.is === "open" && this.#stoppedAt !== undefined && at >= this.#stoppedAt + COMMIT_WITHIN_MS
    );
  }

  // --- what goes out --------------------------------------------------------------------------------------------

  #toTwilio(frame: ToTwilio, input: Input): void {
    hold("nothing goes to Twilio before start", this.#started !== undefined);
    hold("every frame names the call's own stream", frame.streamSid === this.#started.streamSid);
    const event = input.from === "model" ? input.event : undefined;
    if (frame.event === "mark") {
      this.#sound.mark(frame.mark.name);
    } else if (frame.event === "clear") {
      const speech = event?.type === "input_audio_buffer.speech_started";
      hold(
        "only the caller's speech clears, and a reading gone wrong",
        speech || this.#misread !== undefined,
      );
    } else {
      hold("only the model's audio is played", event?.type === "response.output_audio.delta");
      hold("audio is passed on untouched", event.delta === frame.media.payload);
      hold("an interrupted response is not played on", !this.#interrupted.has(event.response_id));
      this.#sound.sent(event);
    }
  }

  #toModel(event: ToModel, input: Input, at: number): void {
    hold("nothing goes to the model before it is open", this.#modelOpen && this.#started !== undefined);
    if ("event_id" in event) {
      hold("every event has an id of its own", !this.#eventIds.has(event.event_id));
      this.#eventIds.add(event.event_id);
    }
    if (event.type === "session.update") {
      this.#updateSent = true;
      this.#isTranscribed = event.session.audio.input.transcription !== undefined;
      return hold("the session is configured before it is used, and then no more", !this.#ready);
    }
    hold("nothing but session.update goes out before the session is ready", this.#ready);
    const from = input.from === "model" ? input.event : undefined;
    switch (event.type) {
      case "response.create": {
        const stale = at >= this.#signAt + RESPONSE_STALE_MS;
        hold("no create while a response is active", this.#active === undefined || stale);
        hold("no create while one is asked for", this.#asked === undefined);
        hold("no create while the caller has the turn", this.#caller.is === "closed" || this.#isStopped(at));
        this.#asked = { id: event.event_id, by: at + CREATED_WITHIN_MS };
        return;
      }
      case "response.cancel": {
        const id = event.response_id;
        const isNew = from?.type === "response.created" && from.response.id === id;
        const isSpokenOver = from?.type === "input_audio_buffer.speech_started" && this.#outOfBand.has(id);
        const mayBe =
          (isNew && (this.#interrupted.has(id) || this.#mayCancel === id)) ||
          isSpokenOver ||
          (from?.type === "response.output_audio_transcript.done" && this.#interrupted.has(id)) ||
          this.#misread === id;
        return hold("only what began too late, is read wrongly or is out of band is cancelled", mayBe);
      }
      case "conversation.item.truncate":
        return this.#sound.truncated(event);
      case "conversation.item.create":
      case "input_audio_buffer.append":
        return;
      default:
        event satisfies never;
    }
  }

  #close(ending: Ending, transferTo: string | undefined): void {
    const leaves = { assistant_hung_up: "hangs up", transferred: "puts through" } as const;
    if (ending === "assistant_hung_up" || ending === "transferred")
      hold("the line closes only as the model asked", this.#wantsToLeave === leaves[ending]);
    hold(
      "the caller is put through to whom they asked for",
      transferTo === (ending === "transferred" ? TRANSFER_TO : undefined),
    );
    this.ended = ending;
  }

  #deadline(next: number | undefined, input: Input, at: number): void {
    if (input.from === "clock")
      hold("after the clock, the next deadline is later", next === undefined || next > at);
    const by = (what: string, deadline: number) => hold(what, next !== undefined && next <= deadline);
    const toolsBy = this.#tools.dueBy;
    if (toolsBy !== undefined) by("a tool is given up in time", toolsBy);
    if (this.#started === undefined) by("a start is waited for 5 s", this.#openedAt + START_WITHIN_MS);
    else if (!this.#ready) by("a session is waited for 8 s", this.#openedAt + READY_WITHIN_MS);
    else if (this.#active !== undefined) return;
    else if (this.#caller.is === "ended") by("an answer is waited for 4 s", this.#caller.answerBy);
    else if (this.#caller.is === "open" && this.#stoppedAt !== undefined)
      by("a commit is waited for 2 s", this.#stoppedAt + COMMIT_WITHIN_MS);
    else if (this.#asked) by("a create is waited for 6 s", this.#asked.by);
    if (this.#wantsToLeave !== "no") hold("a call that wants to leave has a deadline", next !== undefined);
  }
}
