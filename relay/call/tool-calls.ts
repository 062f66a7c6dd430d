/**
 * What the model wants done, and what may be done of it: each call of a tool is looked up, ruled on (policy.ts), put to
 * the caller if it has to be (voice-consent.ts, keypad-consent.ts), run, and answered exactly once. The conversation is
 * exchange.ts's; nothing here speaks.
 */
import type { Profile } from "../contract.ts";
import type { Answers } from "./answers.ts";
import { earliest } from "./deadlines.ts";
import type { ConsentNews, ToolRefusal } from "./journal.ts";
import { type Decided, KeypadConsent } from "./keypad-consent.ts";
import type { Outbox } from "./outbox.ts";
import { isAllowedTo, type Ruling } from "./policy.ts";
import { readBackOf } from "./read-back.ts";
import { Rulings } from "./rulings.ts";
import {
  ALREADY_HELD,
  cancelled,
  DENIED,
  heldAs,
  NOT_JSON,
  TOO_MANY,
  UNDER_WAY,
  UNKNOWN_TOOL,
  unconfirmed,
  undecided,
} from "./tool-answers.ts";
import { argumentsFrom } from "./tool-arguments.ts";
import { isSame, ToolRuns } from "./tool-runs.ts";
import { isUsed, type Offer, type Toolbox } from "./toolbox.ts";
import type { Tool, ToolArguments, ToolOutcome, ToolRequest } from "./tools.ts";
import { type Confirmed, type Settled, TAIL_MS, VoiceConsent } from "./voice-consent.ts";

/** Fingers tap twice. */
const ECHO_MS = 2_000;

export type ToolCallParts = {
  readonly toolbox: Toolbox;
  readonly offer: Offer;
  readonly profile: Profile;
  readonly isTranscribed: () => boolean;
  readonly outbox: Outbox;
  readonly answers: Answers;
};

export class ToolCalls {
  readonly #parts: ToolCallParts;
  readonly #voice: VoiceConsent;
  readonly keypad: KeypadConsent;
  readonly runs: ToolRuns;
  readonly rulings: Rulings;
  #hasWritten = false;
  #calledSinceCaller = false;
  #refusals = 0;
  #echoUntil = Number.NEGATIVE_INFINITY;

  constructor(parts: ToolCallParts) {
    this.#parts = parts;
    this.#voice = new VoiceConsent(parts.profile.language, parts.isTranscribed);
    this.keypad = new KeypadConsent(parts.profile.language, parts.isTranscribed);
    this.runs = new ToolRuns(parts.outbox, parts.profile, parts.answers);
    this.rulings = new Rulings(parts, (request) => this.runs.isLost(request));
  }

  get count() {
    return { toolRuns: this.runs.count, toolRefusals: this.#refusals };
  }

  /** Something is being done for the caller. */
  get isRunning(): boolean {
    return this.runs.isRunning;
  }

  /** Nothing is being done, and nothing waits for the caller. */
  get isIdle(): boolean {
    return !this.runs.isRunning && !this.keypad.isPending && !this.#voice.isConfirming;
  }

  /** Whether it can be true that something was done. */
  get hasWritten(): boolean {
    return this.#hasWritten || this.runs.hasLost;
  }

  get calledSinceCaller(): boolean {
    return this.#calledSinceCaller;
  }

  /** Of those that can be pretended to have been used. */
  get names(): readonly string[] {
    const { tools, native } = this.#parts.offer;
    const own = [...tools.values()].filter(isUsed).map(({ name }) => name);
    return [...own, ...[...native.byServer.values()].flatMap((named) => [...named.keys()])];
  }

  // --- the model ----------------------------------------------------------------------------------------------

  called(callId: string, name: string, text: string, at: number): void {
    this.#calledSinceCaller = true;
    const { offer, outbox } = this.#parts;
    const args = argumentsFrom(text);
    if (name === "confirm" && offer.phone.has(name)) return this.#confirm(callId, args?.id, at);
    if (name === "cancel" && offer.phone.has(name)) return this.#cancel(callId, args?.id, at);
    const tool = offer.tools.get(name);
    if (tool === undefined) {
      outbox.log({ event: "tool.unknown", level: "warn" });
      this.#parts.answers.give(callId, UNKNOWN_TOOL);
      return;
    }
    this.#asked(callId, tool, args, at);
  }

  #asked(callId: string, tool: Tool, args: ToolArguments | undefined, at: number): void {
    const { profile } = this.#parts;
    if (args === undefined) return this.#refuse(callId, tool, "not_json", NOT_JSON);
    const request = { tool, args };
    const ruling = this.rulings.asked(request);
    if (ruling.rule === "deny" || !isAllowedTo(profile.tools, ruling, tool)) {
      return this.#refuse(callId, tool, "denied", DENIED);
    }
    if (ruling.kind === "write" && this.#isUnderWay(request)) {
      return this.#refuse(callId, tool, "under_way", UNDER_WAY);
    }
    if (this.#voice.holds((other) => isSame(other, request))) {
      return this.#refuse(callId, tool, "held", ALREADY_HELD);
    }
    switch (ruling.rule) {
      case "allow":
        return this.#run(callId, request, ruling, at);
      case "confirm": {
        if (this.rulings.asksItself(request)) return this.#readOut(callId, request, ruling, true, at);
        const id = this.#voice.hold(request, at);
        if (id === undefined) return this.#refuse(callId, tool, "too_many", TOO_MANY);
        this.#consent(request, "voice", "held");
        return this.#voice.toldBy(id, this.#parts.answers.give(callId, heldAs(id)));
      }
      case "keypad":
        return this.#readOut(callId, request, ruling, false, at);
      default:
        return ruling.rule satisfies never;
    }
  }

  /** The caller is asked in words that code wrote. @param byVoice whether a plain yes will do */
  #readOut(
    callId: string,
    request: ToolRequest,
    { name, names }: Ruling,
    byVoice: boolean,
    at: number,
  ): void {
    const { language } = this.#parts.profile;
    const readBack = readBackOf(names.length > 0 ? names : name, request.args, language);
    const isAsked = this.keypad.ask({ callId, request, readBack, byVoice }, at);
    if (isAsked) this.#consent(request, "keypad", "held");
    else this.#refuse(callId, request.tool, "too_many", TOO_MANY);
  }

  /** A tool has answered, or will not. */
  outcome(runId: string, outcome: ToolOutcome, at: number): void {
    const run = this.runs.ended(runId, outcome, at);
    if (run === undefined || outcome.is !== "answered") return;
    const { request, ruling } = run;
    this.rulings.returned(request.tool, ruling);
    if (!outcome.isError && ruling.kind === "write") this.#hasWritten = true;
  }

  // --- calls that OpenAI makes itself (native-calls.ts) -------------------------------------------------------

  /** The model has called something. */
  noticed(): void {
    this.#calledSinceCaller = true;
  }

  /** OpenAI asks whether it may: that is answered as if the relay were to run it. */
  approvalAsked(approvalId: string, tool: Tool, text: string, at: number): void {
    this.#asked(approvalId, tool, argumentsFrom(text), at);
  }

  // --- the conversation ---------------------------------------------------------------------------------------

  itemArrived(itemId: string): void {
    this.#voice.itemArrived(itemId);
  }

  /** A response was created: one that reads a request to the caller, one that says nothing of any, or another. */
  created(responseId: string, what: "read_back" | "filler" | "answer"): void {
    if (what === "read_back") this.keypad.created(responseId);
    if (what === "answer") this.#voice.created(responseId);
  }

  /** The caller is being sent the first audio of this response. */
  spoke(responseId: string, at: number): void {
    this.#voice.spoke(responseId);
    this.#decide(this.keypad.spoke(responseId), at);
  }

  responseDone(responseId: string, isWhole: boolean, quietAt: number, at: number): void {
    this.#voice.responseDone(responseId, isWhole);
    this.#decide(this.keypad.responseDone(responseId, isWhole, quietAt, at), at);
  }

  /** What was being read to the caller is not what was to be read: it was stopped. */
  misread(at: number): void {
    this.#parts.outbox.log({ event: "tool.misread", level: "warn" });
    this.#decide(this.keypad.misread(), at);
  }

  /** @param unheardMs of what was said before, thrown away because the caller spoke over it */
  callerStarted(unheardMs: number, at: number): void {
    this.#calledSinceCaller = false;
    this.#voice.callerStarted(unheardMs);
    this.#decide(this.keypad.callerStarted(unheardMs <= TAIL_MS), at);
  }

  callerEnded(itemId: string | undefined): void {
    this.#voice.callerEnded(itemId);
    this.keypad.callerEnded(itemId);
  }

  /** The words of a caller's turn, where they are transcribed; undefined: that failed. */
  heard(itemId: string, words: string | undefined, at: number): void {
    const { declined, settled } = this.#voice.heard(itemId, words);
    for (const request of declined) this.#consent(request, "voice", "declined");
    this.#settle(settled, at);
    this.#decide(this.keypad.heard(itemId, words), at);
  }

  /** A key. Returns whether it was an answer of the caller's to the relay, and none of the model's business. */
  pressed(digit: string, isHeard: boolean, at: number): boolean {
    // A second tap of what has just decided means nothing more.
    if (!this.keypad.isPending) return at < this.#echoUntil;
    const decided = this.keypad.pressed(digit, isHeard);
    if (decided === "too early") {
      this.#parts.outbox.log({ event: "tool.key_early", level: "info" });
      return true;
    }
    if (decided.length > 0) this.#echoUntil = at + ECHO_MS;
    this.#decide(decided, at);
    return true;
  }

  /** The session is gone; what runs here goes on, and what the caller was being asked is asked again. */
  sessionLost(at: number): void {
    const { answers } = this.#parts;
    this.runs.sessionLost(at);
    this.#settle(this.#voice.sessionLost(), at);
    for (const { request } of this.keypad.sessionLost((callId) => answers.isApproval(callId))) {
      this.#consent(request, "keypad", "expired");
    }
    answers.lost();
  }

  /** The answer to this call is still to come. */
  isOpen(callId: string): boolean {
    return this.runs.isOpen(callId) || this.keypad.isOpen(callId) || this.#voice.isConfirmedBy(callId);
  }

  // --- time ---------------------------------------------------------------------------------------------------

  dueAt(): number | undefined {
    return earliest(this.#voice.dueAt, this.keypad.dueAt, this.runs.dueAt);
  }

  tick(at: number): void {
    this.runs.tick(at);
    const { expired, settled } = this.#voice.tick(at);
    for (const request of expired) this.#consent(request, "voice", "expired");
    this.#settle(settled, at);
    this.#decide(this.keypad.tick(at), at);
  }

  /** {@link ToolRuns.fillerDueAt}, and never over a question that waits for a key: it would be asked in vain. */
  fillerDueAt(quietAt: number): number | undefined {
    return this.keypad.isPending ? undefined : this.runs.fillerDueAt(quietAt);
  }

  fillerAsked(): void {
    this.runs.fillerAsked();
  }

  // --- what is done about it ----------------------------------------------------------------------------------

  #run(callId: string, request: ToolRequest, ruling: Ruling, at: number): void {
    if (this.#parts.answers.approve(callId)) return this.runs.follow(callId, request, ruling, at);
    if (!this.runs.begin(callId, request, ruling, at)) {
      this.#refuse(callId, request.tool, "too_many", TOO_MANY);
    }
  }

  /** The same may have begun while the caller was asked. */
  #runOnce(callId: string, request: ToolRequest, ruling: Ruling, at: number): void {
    if (this.#isUnderWay(request)) this.#refuse(callId, request.tool, "under_way", UNDER_WAY);
    else this.#run(callId, request, ruling, at);
  }

  #confirm(callId: string, id: unknown, at: number): void {
    const confirmed = this.#voice.confirm(typeof id === "string" ? id : "", callId, at);
    this.#confirmed(callId, confirmed, at);
  }

  #confirmed(callId: string, confirmed: Confirmed, at: number): void {
    switch (confirmed.is) {
      case "waiting":
        return;
      case "refused":
        this.#parts.outbox.log({ event: "tool.not_confirmed", level: "info", why: confirmed.why });
        this.#refusals++;
        this.#parts.answers.give(callId, unconfirmed(confirmed.why));
        return;
      case "agreed": {
        const { request } = confirmed;
        const ruling = this.rulings.of(request);
        // What the model has read since may have misled it about what it was asking.
        if (this.rulings.mayBeMisled || ruling.rule === "keypad" || ruling.rule === "deny") {
          return this.#refuse(callId, request.tool, "stricter_now", unconfirmed("expired"));
        }
        this.#consent(request, "voice", "agreed");
        return this.#runOnce(callId, request, ruling, at);
      }
      default:
        return confirmed satisfies never;
    }
  }

  #settle(settled: readonly Settled[], at: number): void {
    for (const { callId, confirmed } of settled) this.#confirmed(callId, confirmed, at);
  }

  #decide(decided: readonly Decided[], at: number): void {
    for (const { callId, request, verdict } of decided) {
      this.#consent(request, "keypad", verdict);
      if (verdict === "agreed") this.#runOnce(callId, request, this.rulings.of(request), at);
      else this.#parts.answers.give(callId, undecided(verdict));
    }
  }

  /** The caller has changed their mind: reads are stopped, requests forgotten, and of a write the truth is told. */
  #cancel(callId: string, id: unknown, at: number): void {
    const { requests, settled } = this.#voice.cancel(typeof id === "string" ? id : undefined);
    for (const request of requests) this.#consent(request, "voice", "declined");
    this.#settle(settled, at);
    if (typeof id === "string") {
      this.#parts.answers.give(callId, cancelled(0, requests.length, 0));
      return;
    }
    const decided = this.keypad.cancel();
    this.#decide(decided, at);
    const { stopped, going } = this.runs.callOff(at);
    this.#parts.answers.give(callId, cancelled(stopped, requests.length + decided.length, going));
  }

  #isUnderWay(request: ToolRequest): boolean {
    return this.runs.isUnderWay(request) || this.keypad.holds((other) => isSame(other, request));
  }

  #refuse(callId: string, tool: Tool, why: ToolRefusal, output: string): void {
    this.#refusals++;
    this.#parts.outbox.log({ event: "tool.refused", level: "warn", tool: tool.name, why });
    this.#parts.answers.give(callId, output);
  }

  #consent({ tool }: ToolRequest, by: "voice" | "keypad", is: ConsentNews): void {
    this.#parts.outbox.log({ event: "tool.consent", level: "info", tool: tool.name, by, is });
  }
}
