/**
 * The tools that are being used now: when each is given up, when the caller should hear that it takes a moment, and what
 * came of it. A late answer is nobody's: its call was answered when it was given up.
 */
import type { Profile } from "../contract.ts";
import type { Answers } from "./answers.ts";
import type { ToolEnd } from "./journal.ts";
import type { Outbox } from "./outbox.ts";
import type { Ruling } from "./policy.ts";
import { answerOf, STOPPED, timedOut } from "./tool-answers.ts";
import type { ToolOutcome, ToolRequest } from "./tools.ts";

/** From the beginning of silence to something said, where a tool is still at it. */
const FILLER_AFTER_MS = 1_500;
/** A model that wants more at once is running wild. */
const MOST_RUNNING = 8;
/** OpenAI says that a call has failed, and why in the item that follows. */
const REASON_WITHIN_MS = 500;

export type Run = {
  /** undefined: OpenAI makes this call itself. It can be waited for, and no more. */
  readonly callId: string | undefined;
  readonly request: ToolRequest;
  readonly ruling: Ruling;
  readonly startedAt: number;
  by: number;
  /** It has failed, and nobody has said why. */
  hasFailed: boolean;
  /** The caller was told that it takes a moment. */
  filled: boolean;
};

export class ToolRuns {
  readonly #outbox: Outbox;
  readonly #profile: Profile;
  readonly #answers: Answers;
  readonly #runs = new Map<string, Run>();
  /** Writes of which nobody knows whether they were done. */
  readonly #lost = new Set<string>();
  /** So many were begun. */
  count = 0;

  constructor(outbox: Outbox, profile: Profile, answers: Answers) {
    this.#outbox = outbox;
    this.#profile = profile;
    this.#answers = answers;
  }

  get isRunning(): boolean {
    return this.#runs.size > 0;
  }

  /** Since when something runs, of all that does. */
  get runningSince(): number | undefined {
    // In the order in which they began.
    for (const { startedAt } of this.#runs.values()) return startedAt;
    return undefined;
  }

  isUnderWay(request: ToolRequest): boolean {
    return [...this.#runs.values()].some((run) => isSame(run.request, request));
  }

  /** It may have been done already. */
  isLost(request: ToolRequest): boolean {
    return this.#lost.has(textOf(request));
  }

  /** The answer to this call is still to come. */
  isOpen(callId: string): boolean {
    return [...this.#runs.values()].some((run) => run.callId === callId);
  }

  /** What may have been done, for all that anybody knew if the process ended now. */
  get unsure(): readonly string[] {
    const writes = [...this.#runs.values()].filter(({ ruling }) => ruling.kind === "write");
    return [...new Set([...this.#lost, ...writes.map(({ request }) => textOf(request))])];
  }

  /** What may have been done before this process had the call. */
  restore(unsure: readonly string[]): void {
    for (const each of unsure) this.#lost.add(each);
  }

  /** The session is gone: of what OpenAI was doing itself nobody will hear. */
  sessionLost(at: number): void {
    for (const [runId, { callId }] of this.#runs) if (callId === undefined) this.ended(runId, LOST, at);
  }

  /** A write may have been done, and nobody knows. */
  get hasLost(): boolean {
    return this.#lost.size > 0;
  }

  /** False: too many are running. */
  begin(callId: string, request: ToolRequest, ruling: Ruling, at: number): boolean {
    if (this.#runs.size >= MOST_RUNNING) return false;
    const runId = this.#outbox.id("run-");
    this.#begun(runId, callId, request, ruling, at);
    this.#answers.begun(callId, ruling.kind);
    this.#outbox.put({ to: "tool", run: { runId, ...request }, caller: this.#profile });
    return true;
  }

  /** OpenAI makes this call itself, from now on. */
  follow(runId: string, request: ToolRequest, ruling: Ruling, at: number): void {
    this.#begun(runId, undefined, request, ruling, at);
  }

  /** What OpenAI did has failed; the reason is still to come. */
  failed(runId: string, at: number): void {
    const run = this.#runs.get(runId);
    if (run === undefined || run.hasFailed) return;
    run.hasFailed = true;
    run.by = at + REASON_WITHIN_MS;
  }

  /** A tool has answered, or will not. Returns what was run; undefined: it was given up before. */
  ended(runId: string, outcome: ToolOutcome, at: number): Run | undefined {
    const run = this.#runs.get(runId);
    if (run === undefined) return undefined;
    this.#runs.delete(runId);
    const { kind } = run.ruling;
    if (outcome.is === "lost" && kind === "write") this.#lost.add(textOf(run.request));
    this.#tell(run, endOf(outcome), at);
    if (run.callId !== undefined) this.#answers.give(run.callId, answerOf(outcome, kind));
    else this.#answers.made(outcome.is === "lost" ? about(run, answerOf(outcome, kind)) : undefined);
    return run;
  }

  get dueAt(): number | undefined {
    let due: number | undefined;
    for (const { by } of this.#runs.values()) if (due === undefined || by < due) due = by;
    return due;
  }

  tick(at: number): void {
    for (const [runId, run] of this.#runs) {
      if (at < run.by) continue;
      const { kind } = run.ruling;
      if (run.hasFailed) {
        this.ended(runId, kind === "write" ? LOST : FAILED, at);
        continue;
      }
      if (kind === "write") this.#lost.add(textOf(run.request));
      this.#stop(runId, run, "timed_out", timedOut(kind, Math.round(run.request.tool.timeoutMs / 1000)), at);
    }
  }

  /** The caller does not want it any more: reads are stopped. Returns how many, and how many others go on. */
  callOff(at: number): { stopped: number; going: number } {
    let going = 0;
    let stopped = 0;
    for (const [runId, run] of this.#runs) {
      if (run.ruling.kind === "write" || run.callId === undefined) {
        going++;
        continue;
      }
      stopped++;
      this.#stop(runId, run, "called_off", STOPPED, at);
    }
    return { stopped, going };
  }

  /** When the caller should hear that it takes a moment, once for what runs now. @param quietAt when they hear nothing more */
  fillerDueAt(quietAt: number): number | undefined {
    let since: number | undefined;
    for (const { filled, startedAt } of this.#runs.values()) {
      if (!filled && (since === undefined || startedAt < since)) since = startedAt;
    }
    return since === undefined ? undefined : Math.max(since, quietAt) + FILLER_AFTER_MS;
  }

  fillerAsked(): void {
    for (const run of this.#runs.values()) run.filled = true;
    this.#outbox.log({ event: "tool.filler", level: "info" });
  }

  #begun(
    runId: string,
    callId: string | undefined,
    request: ToolRequest,
    ruling: Ruling,
    startedAt: number,
  ): void {
    const by = startedAt + request.tool.timeoutMs;
    this.#runs.set(runId, { callId, request, ruling, startedAt, by, hasFailed: false, filled: false });
    this.count++;
  }

  #stop(runId: string, run: Run, outcome: ToolEnd, output: string, at: number): void {
    this.#runs.delete(runId);
    this.#tell(run, outcome, at);
    if (run.callId === undefined) return this.#answers.made(about(run, output));
    this.#outbox.put({ to: "tool", abort: runId });
    this.#answers.give(run.callId, output);
  }

  #tell(run: Run, outcome: ToolEnd, at: number): void {
    const { tool } = run.request;
    const afterMs = Math.round(at - run.startedAt);
    const level = outcome === "answered" || outcome === "called_off" ? "info" : "warn";
    this.#outbox.log({ event: "tool.done", level, tool: tool.name, outcome, afterMs });
  }
}

const LOST: ToolOutcome = { is: "lost" };
const FAILED: ToolOutcome = { is: "answered", text: "", isError: true };

/** There is no output to which this could be the answer. */
const about = ({ request: { tool } }: Run, text: string): string => `About ${tool.name}: ${text}`;

function endOf(outcome: ToolOutcome): ToolEnd {
  if (outcome.is === "answered") return outcome.isError ? "failed" : "answered";
  return outcome.is === "lost" ? "lost" : outcome.why;
}

export const isSame = (one: ToolRequest, other: ToolRequest): boolean => textOf(one) === textOf(other);

/** The same for the same tool and arguments, in whatever order they were written. */
const textOf = ({ tool, args }: ToolRequest): string => `${tool.name} ${JSON.stringify(sorted(args))}`;

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return { members: members.map(([key, each]) => [key, sorted(each)]) };
}
