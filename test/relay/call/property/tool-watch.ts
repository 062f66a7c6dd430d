/**
 * What must hold of a call's tools at every step: each call of the model's is answered once or open for a reason, what
 * runs was asked for as it runs and agreed to if it has to be, and nobody is talked over. Kept from inputs and effects
 * alone, by the laws of tool-terms.ts.
 */
import type { Input } from "../../../../relay/call/call.ts";
import type { Effect } from "../../../../relay/call/outbox.ts";
import type { Remembered } from "../../../../relay/call/remembered.ts";
import type { ToolRun } from "../../../../relay/call/tools.ts";
import type { FromModel, NewItem, ToModel } from "../../../../relay/wire/realtime.ts";
import { Broken, hold } from "./broken.ts";
import { CallBook, type Called } from "./call-book.ts";
import { type Asked, ConsentWatch } from "./consent-watch.ts";
import { LawBook } from "./law-book.ts";
import { type Running, RunWatch } from "./run-watch.ts";
import { afterSeed, canonical, fieldsOf, keyOf } from "./texts.ts";
import { LAWS, TRANSFER_TO } from "./tool-terms.ts";

type FunctionCall = { readonly call_id: string; readonly name: string; readonly arguments: string };

const WORDS_WITHIN_MS = 3_000;
const AT_WORK = new Set<Called["state"] | undefined>(["running", "asked by key"]);

export type Seen = {
  readonly isInterrupted: (responseId: string) => boolean;
  readonly isTranscribed: boolean;
  readonly wasReady: boolean;
  readonly isReady: boolean;
};

export class ToolWatch {
  readonly consent = new ConsentWatch();
  readonly #offered: ReadonlySet<string>;
  readonly #calls = new Map<string, Called>();
  readonly #runs = new RunWatch();
  readonly #laws: LawBook;
  /** One that is asked for and not obeyed may be asked for again. */
  #nudge: "none" | "asked" | "given" = "none";
  /** The call that this step's input brought. */
  #fresh: Called | undefined;
  #hadQuestion = false;
  readonly #book: CallBook;

  /** @param before what was kept of the call, where it comes back */
  constructor(offered: readonly string[], before: Remembered | undefined) {
    this.#offered = new Set(offered.filter((name) => LAWS[name]?.rule !== "deny"));
    this.#book = new CallBook(before);
    this.#laws = new LawBook(before);
  }

  /** Nothing is being done, and nothing waits for the caller. */
  get isQuiet(): boolean {
    const isConfirming = [...this.#calls.values()].some(({ state }) => state === "confirming");
    return this.runningSince === undefined && !this.consent.hasQuestion && !isConfirming;
  }

  get runningSince(): number | undefined {
    return this.#runs.all.map(({ startedAt }) => startedAt).sort((one, other) => one - other)[0];
  }

  /** The session is gone: whoever was being asked is asked again, and what waited for their words waits no more. */
  sessionLost(): void {
    this.consent.sessionLost();
    for (const called of this.#calls.values())
      if (called.state === "confirming") this.#over(called.callId, "");
  }

  /** A new session is told what was called. */
  seeded(items: readonly NewItem[]): void {
    const isAtWork = (callId: string) => AT_WORK.has(this.#calls.get(callId)?.state);
    for (const callId of this.#book.seeded(items, isAtWork)) this.#isOver(callId);
  }

  /** What another process is told: whatever may have been done without anybody knowing is in it. */
  kept(remembered: Remembered): void {
    this.#laws.kept(remembered, this.#runs.all);
  }

  /** It came to something while nobody could be told. */
  #over(callId: string, text: string): void {
    this.#book.over(callId, text);
    this.#isOver(callId);
  }

  #isOver(callId: string): void {
    const called = this.#calls.get(callId);
    if (called !== undefined) called.state = "answered";
    this.consent.settled(callId, Number.NEGATIVE_INFINITY);
  }

  /** Throws `Broken` if `effects` is not what may follow from `input`. */
  step(input: Input, at: number, effects: readonly Effect[], seen: Seen): void {
    this.#fresh = undefined;
    this.#hadQuestion = this.consent.hasQuestion;
    if (input.from === "model" && seen.wasReady) this.#event(input.event, at, effects, seen);
    const awaited = this.outcome(input);
    for (const effect of seen.wasReady || !seen.isReady ? effects : afterSeed(effects)) {
      if (effect.to === "tool" && "run" in effect) this.#ran(effect.run, input, at, seen);
      else if (effect.to === "tool") this.#aborted(effect.abort, at, seen);
      else if (effect.to === "model") this.#told(effect.event, input, at, seen);
    }
    if (input.from === "tool") this.#isToldOf(input, awaited, effects, seen);
    this.#accounts(input, at, seen);
  }

  /** When something must have come of what runs, or of what waits for the caller's words. */
  get dueBy(): number | undefined {
    let due = this.#runs.dueBy;
    for (const { state, at } of this.#calls.values())
      if (state === "confirming") due = Math.min(due ?? Infinity, at + WORDS_WITHIN_MS);
    return due;
  }

  // --- what comes in ------------------------------------------------------------------------------------------

  #event(event: FromModel, at: number, effects: readonly Effect[], seen: Seen): void {
    switch (event.type) {
      case "conversation.item.added":
        return this.consent.itemAdded(event.item.id);
      case "response.created": {
        const { id, metadata } = event.response;
        if (this.#nudge === "asked" && metadata?.reason === "nudge") this.#nudge = "given";
        return this.consent.created(id, metadata?.reason, seen.isInterrupted(id));
      }
      case "response.output_audio.delta":
        if (effects.some((effect) => effect.to === "twilio" && effect.frame.event === "media")) {
          const ms = Buffer.byteLength(event.delta, "base64") / 8;
          this.consent.played(event.response_id, event.item_id, ms);
        }
        return;
      case "response.done": {
        const { id, status } = event.response;
        return this.consent.done(id, status === "completed" && !seen.isInterrupted(id));
      }
      case "input_audio_buffer.speech_started":
        this.#nudge = "none";
        return this.consent.callerStarted(effects);
      case "input_audio_buffer.committed":
        return this.consent.callerEnded(event.item_id, seen.isTranscribed);
      case "conversation.item.input_audio_transcription.completed":
        return this.consent.heard(event.item_id, event.transcript);
      case "conversation.item.input_audio_transcription.failed":
        return this.consent.heard(event.item_id, undefined);
      case "response.output_item.done":
        if (!("call_id" in event.item)) return;
        if (event.item.status === undefined || event.item.status === "completed")
          this.#called(event.item, seen.isInterrupted(event.response_id), at);
        return;
      default:
    }
  }

  #called(item: FunctionCall, isInterrupted: boolean, at: number): void {
    if (this.#calls.has(item.call_id)) return;
    const fields = fieldsOf(item.arguments);
    const args = canonical(fields);
    this.#fresh = { callId: item.call_id, name: item.name, args, fields, at, state: "fresh" };
    this.#calls.set(item.call_id, this.#fresh);
    this.#book.called(item.call_id, item.name, item.arguments);
    if (item.name === "cancel" && fields !== undefined && !isInterrupted)
      this.#cancelling = fields.id ?? "all";
  }
  #cancelling: unknown;

  /** What came of a run is known, also where nobody is told of it any more. */
  outcome(input: Input): Running | undefined {
    const run = input.from === "tool" ? this.#runs.over(input.runId) : undefined;
    if (run !== undefined && input.from === "tool") this.#laws.ended(run, input.outcome);
    return run;
  }

  // --- what goes out ------------------------------------------------------------------------------------------

  #ran({ runId, tool, args }: ToolRun, input: Input, at: number, seen: Seen): void {
    const asked = { name: tool.name, args: canonical(args) };
    hold("only what is offered is run", this.#offered.has(tool.name));
    this.#runs.mayBegin(runId, asked);
    const called = this.#causeOf(asked, input, at, seen);
    hold("no call of the model's is run twice", called.state !== "running" && called.state !== "answered");
    called.state = "running";
    this.consent.settled(called.callId, at);
    const { callId } = called;
    this.#runs.begun(runId, { ...asked, callId, startedAt: at, by: at + tool.timeoutMs });
  }

  /** The call of the model's that leads to this run; whatever has to be agreed to must have been. */
  #causeOf(asked: Asked, input: Input, at: number, seen: Seen): Called {
    if (input.from === "twilio") {
      const isOne = input.frame.event === "dtmf" && input.frame.dtmf.digit === "1";
      const question = isOne ? this.consent.agreedByKey : undefined;
      hold("a key agrees to what was read out last, rightly and whole", question !== undefined);
      hold("a key agrees to what was read out", keyOf(question.asked) === keyOf(asked));
      return this.#open(question.callId);
    }
    if (
      input.from === "model" &&
      input.event.type === "conversation.item.input_audio_transcription.completed"
    ) {
      const question = this.consent.agreedByWord(input.event.item_id, input.event.transcript);
      if (question !== undefined && keyOf(question.asked) === keyOf(asked))
        return this.#open(question.callId);
    }
    const need = this.#laws.needOf(asked, seen.isTranscribed);
    const fresh = this.#fresh;
    if (fresh !== undefined && keyOf(fresh) === keyOf(asked)) {
      hold("what must be agreed to does not run at once", need === "allow");
      const responseId =
        input.from === "model" && "response_id" in input.event ? input.event.response_id : "";
      hold("nothing runs for a response that was interrupted", !seen.isInterrupted(responseId));
      return fresh;
    }
    hold(
      "what must be read out does not run by a word to the model",
      need !== "keypad" && need !== "read out",
    );
    let why = "nothing runs that no call asked for";
    for (const each of this.#calls.values()) {
      const isConfirm = each.name === "confirm" && (each === fresh || each.state === "confirming");
      if (!isConfirm || typeof each.fields?.id !== "string") continue;
      const refused = this.consent.use(each.fields.id, asked, at);
      if (refused === undefined) return each;
      why = refused;
    }
    throw new Broken(why);
  }

  #aborted(runId: string, at: number, seen: Seen): void {
    const run = this.#runs.get(runId);
    hold("only what runs is aborted", run !== undefined);
    const law = LAWS[run.name];
    if (at >= run.by) {
      this.#laws.lost(run);
    } else {
      hold("only a cancel of everything aborts before the time", this.#cancelling === "all");
      hold("a write is not called back", law?.kind === "read");
    }
    if (!seen.isReady) this.#over(run.callId, "");
    this.#runs.over(runId);
  }

  #told(event: ToModel, input: Input, at: number, seen: Seen): void {
    if (event.type === "conversation.item.create") {
      const { item } = event;
      if (item.type === "function_call_output") return this.#answered(item.call_id, item, input, at, seen);
      if (item.type !== "message") return;
      const isKey = item.content.some(({ text }) => text.includes("pressed"));
      hold("no key is told that was pressed while a question was open", !isKey || !this.#hadQuestion);
    } else if (event.type === "response.create") {
      this.#toBeOpen(seen);
      this.#asked(event.response, at);
    }
  }

  #answered(
    callId: string,
    { id, output }: { id: string; output: string },
    input: Input,
    at: number,
    seen: Seen,
  ): void {
    const called = this.#open(callId);
    hold("what runs is answered when it is over", !this.#runs.isFor(callId));
    called.state = "answered";
    this.#book.answered(callId, output);
    this.consent.settled(callId, at);
    const held = /^\{"held":"(\w+)"/.exec(output)?.[1];
    if (held === undefined) return;
    hold("what is held was just asked for", called === this.#fresh && input.from === "model");
    hold("what needs a key is not held", this.#laws.needOf(called, seen.isTranscribed) === "confirm");
    this.consent.hold(held, called, id, at);
  }

  #asked(response: Extract<ToModel, { type: "response.create" }>["response"], at: number): void {
    const { metadata, conversation, tool_choice, tools, input, instructions } = response;
    if (metadata.reason === "read_back") {
      const isApart = conversation === "none" && tool_choice === "none" && !tools?.length && !input?.length;
      hold("what is read out knows nothing of the conversation", isApart && input !== undefined);
      const wrong = this.consent.readingAsked(instructions);
      if (wrong !== undefined) throw new Broken(wrong);
      return;
    }
    hold("only readings are out of band", conversation === undefined);
    if (metadata.reason === "nudge") {
      hold("one nudge for each turn of the caller's", this.#nudge !== "given");
      this.#nudge = "asked";
    }
    if (metadata.reason !== "filler") return;
    hold("no filler over an open question", !this.consent.hasQuestion);
    this.#runs.filled(at);
  }

  // --- what is left at the end of a step ----------------------------------------------------------------------

  #isToldOf(
    { runId, outcome }: Extract<Input, { from: "tool" }>,
    awaited: Running | undefined,
    effects: readonly Effect[],
    { isReady }: Seen,
  ): void {
    const text = outcome.is === "answered" ? outcome.text : "";
    if (!isReady && awaited !== undefined) return this.#over(awaited.callId, text);
    const outputs = effects.flatMap((effect) =>
      effect.to === "model" && effect.event.type === "conversation.item.create" ? [effect.event.item] : [],
    );
    if (awaited === undefined) return hold("a late outcome is nobody's", outputs.length === 0);
    const [output] = outputs;
    const isOne = outputs.length === 1 && output?.type === "function_call_output";
    hold("an outcome answers its call, and no other", isOne && output.call_id === awaited.callId);
    hold(`the answer is the outcome's (${runId})`, output.output.includes(text));
  }

  #accounts(input: Input, at: number, seen: Seen): void {
    if (this.#cancelling !== undefined) this.consent.forget(this.#cancelling);
    this.#cancelling = undefined;
    this.#toBeOpen(seen);
    const isClock = input.from === "clock";
    const isSpeech =
      seen.wasReady && input.from === "model" && input.event.type === "input_audio_buffer.speech_started";
    for (const { state, at: since } of this.#calls.values()) {
      if (state === "confirming") hold("words are waited for 3 s", !isClock || at < since + WORDS_WITHIN_MS);
      else if (state === "leaving") hold("whoever speaks again is not left", !isSpeech);
    }
    if (isClock)
      for (const { by } of this.#runs.all) hold("what does not answer in time is given up", at < by);
  }

  /** A call that was not answered at once must have a reason. */
  #toBeOpen(seen: Seen): void {
    const fresh = this.#fresh;
    if (fresh?.state === "fresh") fresh.state = this.#reasonFor(fresh, seen);
  }

  #reasonFor(called: Called, seen: Seen): Called["state"] {
    const { name, fields } = called;
    const isTransfer = name === "transfer_call" && fields?.to === TRANSFER_TO;
    if (name === "end_call" || isTransfer) return "leaving";
    if (name === "confirm" && seen.isTranscribed) return "confirming";
    const need = fields === undefined ? "deny" : this.#laws.needOf(called, seen.isTranscribed);
    hold("a call is open only for a reason", need === "keypad" || need === "read out");
    this.consent.question({ callId: called.callId, asked: called, byWord: need === "read out" });
    return "asked by key";
  }

  #open(callId: string): Called {
    const called = this.#calls.get(callId);
    hold("only a call that was made is answered", called !== undefined);
    hold("each call is answered once", called.state !== "answered");
    return called;
  }
}
