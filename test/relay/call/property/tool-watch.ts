/**
 * What must hold of a call's tools at every step: each call of the model's is answered once or open for a reason, what
 * runs was asked for as it runs and agreed to if it has to be, and nobody is talked over. Kept from inputs and effects
 * alone, by the laws of tool-terms.ts.
 */
import type { Input } from "../../../../relay/call/call.ts";
import type { Effect } from "../../../../relay/call/outbox.ts";
import type { ToolOutcome, ToolRun } from "../../../../relay/call/tools.ts";
import type { FromModel, ToModel } from "../../../../relay/wire/realtime.ts";
import { Broken, hold } from "./broken.ts";
import { type Asked, ConsentWatch } from "./consent-watch.ts";
import { LAWS, TRANSFER_TO } from "./tool-terms.ts";

type Called = Asked & {
  readonly callId: string;
  readonly args: string;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
  readonly at: number;
  state: "fresh" | "answered" | "running" | "asked by key" | "confirming" | "leaving";
};
type Running = Asked & {
  readonly callId: string;
  readonly startedAt: number;
  readonly by: number;
  isFilled: boolean;
};

type FunctionCall = { readonly call_id: string; readonly name: string; readonly arguments: string };
type Need = "allow" | "confirm" | "read out" | "keypad" | "deny";

const FILLER_AFTER_MS = 1_500;
const WORDS_WITHIN_MS = 3_000;
const MOST_RUNNING = 8;

export type Seen = {
  readonly isInterrupted: (responseId: string) => boolean;
  readonly isTranscribed: boolean;
};

export class ToolWatch {
  readonly consent = new ConsentWatch();
  readonly #offered: ReadonlySet<string>;
  readonly #calls = new Map<string, Called>();
  readonly #runs = new Map<string, Running>();
  readonly #runIds = new Set<string>();
  /** Writes of which nobody knows whether they were done. */
  readonly #lost = new Set<string>();
  #isTainted = false;
  /** One that is asked for and not obeyed may be asked for again. */
  #nudge: "none" | "asked" | "given" = "none";
  /** The call that this step's input brought. */
  #fresh: Called | undefined;
  #hadQuestion = false;

  constructor(offered: readonly string[]) {
    this.#offered = new Set(offered.filter((name) => LAWS[name]?.rule !== "deny"));
  }

  /** Throws `Broken` if `effects` is not what may follow from `input`. */
  step(input: Input, at: number, effects: readonly Effect[], seen: Seen): void {
    this.#fresh = undefined;
    this.#hadQuestion = this.consent.hasQuestion;
    if (input.from === "model") this.#event(input.event, at, effects, seen);
    const outcome = input.from === "tool" ? input : undefined;
    const awaited = outcome === undefined ? undefined : this.#runs.get(outcome.runId);
    if (outcome !== undefined && awaited !== undefined) this.#ended(outcome.runId, awaited, outcome.outcome);
    for (const effect of effects) {
      if (effect.to === "tool" && "run" in effect) this.#ran(effect.run, input, at, seen);
      else if (effect.to === "tool") this.#aborted(effect.abort, at);
      else if (effect.to === "model") this.#told(effect.event, input, at, seen);
    }
    if (outcome !== undefined) this.#isToldOf(outcome, awaited, effects);
    this.#accounts(input, at, seen);
  }

  /** When something must have come of what runs, or of what waits for the caller's words. */
  get dueBy(): number | undefined {
    let due: number | undefined;
    for (const { by } of this.#runs.values()) due = Math.min(due ?? by, by);
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
    if (item.name === "cancel" && fields !== undefined && !isInterrupted)
      this.#cancelling = fields.id ?? "all";
  }
  #cancelling: unknown;

  #ended(runId: string, run: Running, outcome: ToolOutcome): void {
    this.#runs.delete(runId);
    const law = LAWS[run.name];
    if (outcome.is === "lost" && law?.kind === "write") this.#lost.add(keyOf(run));
    if (outcome.is === "answered" && law?.taints) this.#isTainted = true;
  }

  // --- what goes out ------------------------------------------------------------------------------------------

  #ran({ runId, tool, args }: ToolRun, input: Input, at: number, seen: Seen): void {
    hold("every run has an id of its own", !this.#runIds.has(runId));
    this.#runIds.add(runId);
    const asked = { name: tool.name, args: canonical(args) };
    hold("only what is offered is run", this.#offered.has(tool.name));
    hold("no more than eight things run at once", this.#runs.size < MOST_RUNNING);
    const isSame = (run: Asked) => keyOf(run) === keyOf(asked);
    const isWrite = LAWS[tool.name]?.kind === "write";
    hold("a write never runs beside the same write", !isWrite || ![...this.#runs.values()].some(isSame));
    const called = this.#causeOf(asked, input, at, seen);
    called.state = "running";
    this.consent.settled(called.callId, at);
    const { callId } = called;
    this.#runs.set(runId, { ...asked, callId, startedAt: at, by: at + tool.timeoutMs, isFilled: false });
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
    const need = this.#needOf(asked, seen);
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

  /** "read out": by code, but answered with a word or a key. */
  #needOf({ name, args }: Asked, { isTranscribed }: Seen): Need {
    const law = LAWS[name];
    if (law === undefined) return "deny";
    if (law.rule === "confirm" && this.#isTainted && (law.reaches || !isTranscribed)) return "keypad";
    const isLost = law.kind === "write" && this.#lost.has(keyOf({ name, args }));
    const need = law.rule === "allow" && isLost ? "confirm" : law.rule;
    return need === "confirm" && this.#isTainted ? "read out" : need;
  }

  #aborted(runId: string, at: number): void {
    const run = this.#runs.get(runId);
    hold("only what runs is aborted", run !== undefined);
    const law = LAWS[run.name];
    if (at >= run.by) {
      if (law?.kind === "write") this.#lost.add(keyOf(run));
    } else {
      hold("only a cancel of everything aborts before the time", this.#cancelling === "all");
      hold("a write is not called back", law?.kind === "read");
    }
    this.#runs.delete(runId);
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
    const isRunning = [...this.#runs.values()].some((run) => run.callId === callId);
    hold("what runs is answered when it is over", !isRunning);
    called.state = "answered";
    this.consent.settled(callId, at);
    const held = /^\{"held":"(\w+)"/.exec(output)?.[1];
    if (held === undefined) return;
    hold("what is held was just asked for", called === this.#fresh && input.from === "model");
    hold("what needs a key is not held", this.#needOf(called, seen) === "confirm");
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
    const unfilled = [...this.#runs.values()].filter(({ isFilled }) => !isFilled);
    const isDue = unfilled.some(({ startedAt }) => at >= startedAt + FILLER_AFTER_MS);
    hold("a filler is for something that has run for 1.5 s and had none", isDue);
    for (const run of unfilled) run.isFilled = true;
  }

  // --- what is left at the end of a step ----------------------------------------------------------------------

  #isToldOf(
    { runId, outcome }: Extract<Input, { from: "tool" }>,
    awaited: Running | undefined,
    effects: readonly Effect[],
  ): void {
    const outputs = effects.flatMap((effect) =>
      effect.to === "model" && effect.event.type === "conversation.item.create" ? [effect.event.item] : [],
    );
    if (awaited === undefined) return hold("a late outcome is nobody's", outputs.length === 0);
    const [output] = outputs;
    const isOne = outputs.length === 1 && output?.type === "function_call_output";
    hold("an outcome answers its call, and no other", isOne && output.call_id === awaited.callId);
    const text = outcome.is === "answered" ? outcome.text : "";
    hold(`the answer is the outcome's (${runId})`, output.output.includes(text));
  }

  #accounts(input: Input, at: number, seen: Seen): void {
    if (this.#cancelling !== undefined) this.consent.forget(this.#cancelling);
    this.#cancelling = undefined;
    this.#toBeOpen(seen);
    const isClock = input.from === "clock";
    const isSpeech = input.from === "model" && input.event.type === "input_audio_buffer.speech_started";
    for (const { state, at: since } of this.#calls.values()) {
      if (state === "confirming") hold("words are waited for 3 s", !isClock || at < since + WORDS_WITHIN_MS);
      else if (state === "leaving") hold("whoever speaks again is not left", !isSpeech);
    }
    if (isClock)
      for (const { by } of this.#runs.values()) hold("what does not answer in time is given up", at < by);
  }

  /** A call that was not answered at once must have a reason. */
  #toBeOpen(seen: Seen): void {
    const fresh = this.#fresh;
    if (fresh?.state === "fresh") fresh.state = this.#reasonFor(fresh, seen);
  }

  #reasonFor(called: Called, seen: Seen): Called["state"] {
    const { name, fields } = called;
    if (name === "end_call") return "leaving";
    if (name === "transfer_call" && fields?.to === TRANSFER_TO) return "leaving";
    if (name === "confirm" && seen.isTranscribed) return "confirming";
    const need = fields === undefined ? "deny" : this.#needOf(called, seen);
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

const keyOf = ({ name, args }: Asked): string => `${name} ${args}`;

function fieldsOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = text === "" ? {} : JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return Object.fromEntries(Object.entries(value));
  } catch {
    return undefined;
  }
}

/** The same for the same values, in whatever order they were written; those of the invented calls are flat. */
const canonical = (fields: Readonly<Record<string, unknown>> | undefined): string =>
  JSON.stringify(Object.fromEntries(Object.entries(fields ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))));
