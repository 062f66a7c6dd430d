/**
 * What must hold of a call at every step, whatever the world does: an account of it kept apart from the call's own,
 * from the inputs and the effects alone. It shares no code with the call, so that one mistake is not made twice.
 */
import type { Input, Terms } from "../../../../relay/call/call.ts";
import type { Clip } from "../../../../relay/call/clips.ts";
import type { Ending } from "../../../../relay/call/ending.ts";
import type { Effect } from "../../../../relay/call/outbox.ts";
import type { Remembered } from "../../../../relay/call/remembered.ts";
import type { FromModel, NewItem, ToModel } from "../../../../relay/wire/realtime.ts";
import type { ToTwilio } from "../../../../relay/wire/twilio.ts";
import { AppendWatch } from "./append-watch.ts";
import { hold } from "./broken.ts";
import { ClipWatch } from "./clip-watch.ts";
import { LeaveWatch } from "./leave-watch.ts";
import { type Due, holdBegun, LineWatch } from "./line-watch.ts";
import { SeedWatch } from "./seed-watch.ts";
import { SessionWatch } from "./session-watch.ts";
import { SoundWatch } from "./sound-watch.ts";
import { ToolWatch } from "./tool-watch.ts";
import { TurnWatch } from "./turn-watch.ts";
import { type Wait, WaitWatch } from "./wait-watch.ts";

const ROUNDING_MS = 0.001;

export class Watch {
  ended: Ending | undefined;
  readonly #line: LineWatch;
  readonly #leave = new LeaveWatch();
  /** What `session.update` last said: whether the caller's words are transcribed. */
  #isTranscribed = false;
  readonly #appended = new AppendWatch();
  readonly #sessions: SessionWatch;
  readonly #turns: TurnWatch;
  readonly #sound = new SoundWatch();
  readonly #clips: ClipWatch;
  readonly #seeds: SeedWatch;
  readonly #tools: ToolWatch;
  /** What is being read out is something else: it is stopped in this step. */
  #misread: string | undefined;
  readonly #eventIds = new Set<string>();
  /** What this step tells a session that has just become ready, as long as it is nothing but items. */
  #seed: NewItem[] | undefined;
  /** The caller waits for something that a session that is lost did not say. */
  #isOwed = false;
  #isSpent: boolean;
  readonly #waiting: WaitWatch;
  /** Keys that were pressed while there was no session. */
  #earlyKeys = 0;
  /** Whether the step in which the call was handed over was a pause. */
  #wasPause = false;

  constructor(terms: Terms, openedAt: number, begun: readonly Effect[]) {
    this.#line = new LineWatch(terms, openedAt);
    this.#isSpent = terms.isSpent;
    this.#sessions = new SessionWatch(openedAt);
    this.#turns = new TurnWatch(this.#sessions);
    this.#waiting = new WaitWatch(this.#sessions);
    this.#clips = new ClipWatch(terms, this.#sound);
    this.#seeds = new SeedWatch(terms.before);
    this.#tools = new ToolWatch(
      terms.toolbox.tools.map(({ name }) => name),
      terms.before,
    );
    const { before } = terms;
    this.#isOwed = before !== undefined && (before.owesAnswer || !before.isPlanned);
    holdBegun(terms, begun);
    if (!terms.isSpent) this.#sessions.dialled(openedAt, true);
  }

  /** Throws `Broken` if `effects` is not what may follow from `input`. */
  step(input: Input, at: number, effects: readonly Effect[], nextDeadline: number | undefined): void {
    if (this.ended !== undefined) {
      hold("nothing is emitted after the end", effects.length === 0);
      hold("no deadline after the end", nextDeadline === undefined);
      return;
    }
    const wasReady = this.#sessions.isReady;
    this.#misread = undefined;
    this.#clips.begin();
    const due = this.#takeIn(input, at);
    const isReady = this.#sessions.isReady;
    this.#seed = !wasReady && isReady ? [] : undefined;
    for (const effect of effects) {
      hold("the close is the last effect", this.ended === undefined);
      this.#effect(effect, input, at);
    }
    if (due !== undefined) hold(`${due.why} ends the call as ${due.ending}`, this.ended === due.ending);
    if (this.ended !== undefined) return hold("no deadline after the end", nextDeadline === undefined);
    this.#seeded();
    this.#appended.step(effects, input, { wasReady, isReady });
    const isInterrupted = (id: string) => this.#turns.interrupted.has(id);
    if (this.#clips.last !== undefined) this.#tools.outcome(input);
    else
      this.#tools.step(input, at, effects, {
        isInterrupted,
        isTranscribed: this.#isTranscribed,
        wasReady,
        isReady,
      });
    this.#settled(input, at);
    this.#deadline(nextDeadline, input, at);
  }

  /** What another process would be told when the call has ended, where it goes on. */
  kept(remembered: Remembered | undefined): void {
    if (!this.#line.isStarted)
      return hold("nothing is kept of a call that has not begun", remembered === undefined);
    hold("a call that has begun can go on elsewhere", remembered !== undefined);
    hold("a call moves unnoticed only in a pause", !remembered.isPlanned || this.#wasPause);
    const isOwed = (this.#isOwed || this.#turns.isOwed) && this.#leave.isStaying;
    hold("an answer that is owed is not forgotten", remembered.owesAnswer || !isOwed);
    this.#tools.kept(remembered);
  }

  // --- what comes in --------------------------------------------------------------------------------------------

  /** Returns the ending that must follow, where one must. */
  #takeIn(input: Input, at: number): Due | undefined {
    const { isThere, isReady } = this.#sessions;
    const { isStarted } = this.#line;
    const due = this.#line.takeIn(input, at);
    if (due !== undefined) return due;
    this.#sessions.takeIn(input, at);
    if (!isStarted && this.#line.isStarted) this.#sessions.started(at);
    if (input.from === "model") {
      if (isThere && input.event.type === "error") this.#turns.error(input.event.error);
      else if (isReady) this.#event(input.event, at);
    } else if (input.from === "clock") {
      this.#turns.clock(at);
    } else if (input.from === "line") {
      if (input.news.is === "relay_stopping") this.#leave.mustMove(at);
      if (input.news.is === "budget_spent") this.#isSpent = true;
    } else if (input.from === "twilio") this.#frame(input.frame, at);
    return;
  }

  #frame(frame: Extract<Input, { from: "twilio" }>["frame"], at: number): void {
    const isEarly = !this.#sessions.isReady;
    if (isEarly && frame.event === "dtmf") this.#earlyKeys++;
    if (isEarly && frame.event === "media") this.#appended.early(frame.media.payload);
    if (frame.event === "media") this.#sound.inbound(frame.media.timestamp, at);
    if (frame.event !== "mark") return;
    this.#sound.marked(frame.mark.name, at);
    this.#clips.marked(frame.mark.name);
  }

  #event(event: FromModel, at: number): void {
    const turns = this.#turns;
    this.#seeds.event(event);
    if (event.type === "response.created") {
      if (!turns.created(event.response, at)) this.#isOwed = false;
    } else if (event.type === "response.output_audio.delta") {
      this.#sound.said(event, turns.outOfBand.has(event.response_id));
      turns.said(event.response_id, at);
    } else if (event.type === "input_audio_buffer.speech_stopped") {
      turns.callerStopped(at);
    } else if (event.type === "response.output_audio_transcript.done") {
      const { response_id, transcript } = event;
      const reads = turns.over.has(response_id) ? "right" : this.#tools.consent.said(response_id, transcript);
      if (reads !== "right") this.#misread = response_id;
      if (reads === "wrong") turns.interrupted.add(response_id);
    } else if (event.type === "response.done") {
      const { id, status } = event.response;
      // Whatever there was to say has been said, though it may be nothing. What nobody has cancelled tells nothing.
      if (status === "completed" || (status === "cancelled" && !turns.interrupted.has(id)))
        this.#isOwed = false;
      turns.done(event.response, at);
    } else if (event.type === "input_audio_buffer.speech_started") {
      turns.callerStarted();
      this.#appended.turnBegan();
      this.#leave.stays();
    } else if (event.type === "input_audio_buffer.committed") {
      turns.callerEnded(at);
    } else if (event.type === "response.output_item.done") {
      const isInterrupted = turns.interrupted.has(event.response_id);
      const isNudge = turns.isNudge(event.response_id);
      if (this.#leave.called(event.item, isInterrupted, isNudge)) this.#turnAnswered();
    }
  }

  #turnAnswered(): void {
    this.#appended.turnAnswered();
    this.#seeds.turnAnswered();
    this.#isOwed = false;
  }

  // --- what goes out --------------------------------------------------------------------------------------------

  #effect(effect: Effect, input: Input, at: number): void {
    if (effect.to === "line") return this.#close(effect.close, effect.transferTo, at);
    const isWork =
      effect.to === "model" || effect.to === "session" || (effect.to === "tool" && "run" in effect);
    hold("nothing is done after the last words", this.#clips.last === undefined || !isWork);
    if (effect.to === "twilio") this.#toTwilio(effect.frame, input, at);
    else if (effect.to === "model") this.#toModel(effect.event, input, at);
    else if (effect.to === "session" && effect.is === "dial") this.#dialled(at);
    else if (effect.to === "session") this.#dropped(input, at);
  }

  #dialled(at: number): void {
    hold("whoever is about to be left needs no other session", this.#leave.isStaying && !this.#isSpent);
    this.#sessions.dialled(at);
  }

  #dropped(input: Input, at: number): void {
    const isLeaving = !this.#leave.isStaying;
    const wasReady = this.#sessions.hasBeenReady && this.#sessions.downSince === undefined;
    this.#sessions.dropped(at, isLeaving || this.#isSpent, {
      isPause: this.#isPause,
      isDead: this.#turns.isDead(at),
    });
    this.#seed = undefined;
    if (!wasReady) return;
    this.#waiting.isCut = this.#turns.isSpeaking && !isLeaving;
    this.#isOwed = !isLeaving && (this.#isOwed || this.#turns.isOwed || this.#appended.isTurn);
    this.#turns.sessionLost();
    this.#waiting.isUnheard = this.#appended.lost(input);
    this.#sound.sessionLost();
    this.#seeds.sessionLost(this.#appended.isTurn);
    this.#tools.sessionLost();
  }

  #toTwilio(frame: ToTwilio, input: Input, at: number): void {
    hold("nothing goes to Twilio before start", this.#line.isStarted);
    hold("every frame names the call's own stream", this.#line.isOwn(frame.streamSid));
    const event = input.from === "model" ? input.event : undefined;
    if (frame.event === "mark") {
      this.#sound.mark(frame.mark.name, at);
      this.#clips.mark(frame.mark.name);
    } else if (frame.event === "clear") {
      const isSpeech = event?.type === "input_audio_buffer.speech_started";
      const isMisread = this.#misread !== undefined;
      const isOver = !this.#sessions.isReady || this.#leave.moveBy !== undefined;
      hold(
        "only the caller's speech clears, a reading gone wrong, and what cannot be said on",
        isSpeech || isMisread || isOver,
      );
      if (isMisread) this.#turns.misread();
      this.#sound.cleared(at);
    } else if (event?.type === "response.output_audio.delta" && event.delta === frame.media.payload) {
      hold("only what a session says that is there is played", this.#sessions.isReady);
      hold("an interrupted response is not played on", !this.#turns.interrupted.has(event.response_id));
      this.#turns.heard(event.response_id);
      this.#sessions.wasHeard();
      this.#waiting.isHeard = true;
      this.#sound.sent(event, at);
      this.#turnAnswered();
    } else {
      this.#clips.piece(frame.media.payload);
      this.#sound.played(frame.media.payload, at);
    }
  }

  #toModel(event: ToModel, input: Input, at: number): void {
    hold("nothing goes to the model before it is open", this.#sessions.isOpen && this.#line.isStarted);
    if ("event_id" in event) {
      hold("every event has an id of its own", !this.#eventIds.has(event.event_id));
      this.#eventIds.add(event.event_id);
    }
    if (event.type === "session.update") {
      this.#isTranscribed = event.session.audio.input.transcription !== undefined;
      return this.#sessions.updateSent();
    }
    hold("nothing but session.update goes out before the session is ready", this.#sessions.isReady);
    const isSeed = event.type === "conversation.item.create" && this.#seed?.push(event.item) !== undefined;
    if (isSeed) return;
    this.#seeded();
    const from = input.from === "model" ? input.event : undefined;
    switch (event.type) {
      case "response.create":
        return this.#turns.create(event, at);
      case "response.cancel":
        return this.#turns.cancel(event.response_id, from, this.#misread === event.response_id);
      case "conversation.item.truncate":
        return this.#sound.truncated(event);
      case "conversation.item.create":
        return this.#told(event.item);
      case "input_audio_buffer.append":
        return;
      default:
        event satisfies never;
    }
  }

  #told(item: NewItem): void {
    const isOld = item.type === "function_call" || (item.type === "message" && item.role === "assistant");
    hold("what was said before is told before anything else", !isOld);
    if (item.type !== "message" || item.role !== "user") return;
    this.#seeds.pressed(item.content[0].text);
  }

  /** A new session has been told what was before it, and knows it before it is asked for anything. */
  #seeded(): void {
    if (this.#seed === undefined) return;
    this.#seeds.seeded(this.#seed, this.#earlyKeys);
    this.#earlyKeys = 0;
    this.#tools.seeded(this.#seed);
    this.#seed = undefined;
  }

  #close(ending: Ending, transferTo: string | undefined, at: number): void {
    if (ending === this.#clips.last) this.#clips.ends(at);
    else this.#leave.closes(ending, transferTo);
    this.#wasPause = this.#isPause && !this.#isOwed;
    if (ending === "handed_over" && this.#line.isStarted) this.#leave.moves(at, this.#isPause);
    this.ended = ending;
  }

  // --- what is left at the end of a step ------------------------------------------------------------------------

  get #isPause(): boolean {
    return this.#turns.isQuiet && this.#tools.isQuiet && this.#leave.isStaying;
  }

  get #wait(): Wait | undefined {
    if (!this.#leave.isStaying) return undefined;
    return this.#waiting.since(this.#line.startedAt, this.#turns, this.#tools.runningSince);
  }

  get #over(): { ending: Ending; clip: Clip } | undefined {
    if (!this.#line.isStarted) return undefined;
    if (this.#isSpent) return { ending: "budget_spent", clip: "budget_spent" };
    if (!this.#sessions.isGivenUp || !this.#leave.isStaying) return undefined;
    return { ending: this.#sessions.ending, clip: "sorry" };
  }

  #settled(input: Input, at: number): void {
    if (this.#clips.last === undefined && !this.#isSpent) this.#sessions.settled(input, at);
    this.#clips.settled(at, this.#wait, this.#over, input.from === "clock");
    const isTime = this.#leave.moveBy !== undefined && at >= this.#leave.moveBy;
    hold("a call that is to move does so in time", !isTime || this.#clips.last !== undefined);
  }

  #deadline(next: number | undefined, input: Input, at: number): void {
    // What was lost because of the clock is due at once.
    const isLater = next === undefined || next > at || (this.#sessions.wasDropped && next === at);
    hold("after the clock, the next deadline is later", input.from !== "clock" || isLater);
    const by = (what: string, deadline: number | undefined) =>
      hold(what, deadline === undefined || (next !== undefined && next <= deadline + ROUNDING_MS));
    by("a start is waited for 5 s", this.#line.dueBy);
    if (this.#clips.last !== undefined) return by("last words are waited for 2 s", this.#clips.endsBy);
    by("a tool is given up in time", this.#tools.dueBy);
    by("a session is tried for, and given up, in time", this.#sessions.dueBy);
    by("whoever waits is told so in time", this.#clips.dueBy(this.#wait));
    by("a call that is to move does so in time", this.#leave.moveBy);
    if (!this.#leave.isStaying) hold("a call that wants to leave has a deadline", next !== undefined);
    if (this.#sessions.isReady) this.#turns.deadlines(next);
  }
}
