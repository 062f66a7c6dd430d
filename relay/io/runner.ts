/**
 * Runs one call: hands what the sockets and the timer say to `step`, and does what it answers. It decides nothing.
 * One timer a call, armed for the call's next deadline and left alone while that only moves away.
 */
import { Call, type Input, type LineNews, type Terms } from "../call/call.ts";
import { ENDINGS, type Ending } from "../call/ending.ts";
import type { Effect } from "../call/outbox.ts";
import type { Remembered } from "../call/remembered.ts";
import type { ToolCaller, ToolOutcome, ToolRun } from "../call/tools.ts";
import { decodeModel, encodeModel } from "../wire/realtime.ts";
import { decodeTwilio, encodeTwilio } from "../wire/twilio.ts";
import type { Clock } from "./clock.ts";
import { bugOf, type Log } from "./log.ts";
import type { ModelEars, ModelLine } from "./model.ts";

/** Twilio's socket, as far as a call needs it. */
export type TwilioLine = {
  /** Bun's answer: bytes sent, -1 queued, 0 dropped. */
  send(text: string): number;
  /** Runs `body` and sends what it sent in one write. */
  cork(body: () => void): void;
  /** At once, whatever the peer does. */
  close(code: number): void;
};

export type RunnerParts = {
  readonly terms: Terms;
  /** Random; stands for the call in the log. */
  readonly id: string;
  readonly twilio: TwilioLine;
  readonly dial: (ears: ModelEars) => ModelLine;
  /** Never rejects. What it says after the signal is not listened to. */
  readonly runTool: (run: ToolRun, signal: AbortSignal, caller: ToolCaller) => Promise<ToolOutcome>;
  readonly clock: Clock;
  readonly log: Log;
  /** Keeps what the call remembers, instead of what was kept before. Never rejects. */
  readonly keep: (remembered: Remembered) => Promise<void>;
  /** So much was spent, in millionths of a dollar. */
  readonly spend: (micros: number) => void;
  /** Writes the ending down, and to whom the caller is handed; called before the sockets are closed, once. */
  readonly record: (ending: Ending, transferTo?: string) => void;
};

/** About a minute of audio beyond what the kernel holds: the model is not listening any more. (A dead peer: model.ts.) */
const MOST_MODEL_BACKLOG_BYTES = 640 * 1024;

/** Several things change at once, and none of them is waited for. */
const KEEP_AFTER_MS = 200;
/** Nobody waits longer for what is only a precaution. */
const KEPT_WITHIN_MS = 1_000;

export class Runner implements ModelEars {
  // What every message needs stands together: with hundreds of calls, each line of memory is fetched anew.
  readonly #call: Call;
  readonly #clock: Clock;
  readonly #twilio: TwilioLine;
  /** The socket to the model, while there is one; what others still say is not listened to. */
  #model: ModelLine | undefined;
  #hasEnded = false;
  #armedFor = Number.POSITIVE_INFINITY;
  #peakModelBytes = 0;
  readonly #parts: RunnerParts;
  /** What is being written down of the call. */
  #keeping: Promise<unknown> | undefined;
  #keepTimer: ReturnType<typeof setTimeout> | undefined;
  /** What ends each tool that runs, by its run. */
  readonly #running = new Map<string, AbortController>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dialledAt = 0;
  #queuedFrames = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#twilio = parts.twilio;
    const at = parts.clock.monotonicMs();
    this.#call = new Call(parts.terms, at);
    this.#perform(this.#call.begin());
    this.#arm();
  }

  #dial(): void {
    this.#model?.close();
    this.#dialledAt = this.#clock.monotonicMs();
    this.#model = this.#parts.dial(this);
  }

  modelOpened(line: ModelLine): void {
    if (this.#model !== line) return;
    const afterMs = Math.round(this.#clock.monotonicMs() - this.#dialledAt);
    this.#parts.log({ event: "model.connected", level: "info", afterMs }, this.#parts.id);
    this.#news({ is: "model_open" });
  }

  modelSaid(line: ModelLine, text: string | undefined): void {
    if (this.#model !== line) return;
    const event = text === undefined ? MALFORMED : decodeModel(text);
    this.#take({ from: "model", event });
  }

  modelClosed(line: ModelLine, code: number, status: number | undefined, deafMs: number): void {
    if (this.#model !== line) return;
    this.#model = undefined;
    this.#news({ is: "model_closed", code, deafMs, ...(status !== undefined && { status }) });
  }

  /** A message of Twilio's; undefined: a binary frame, which Twilio does not send. */
  twilioSaid(text: string | undefined): void {
    const frame =
      text === undefined ? ({ event: "malformed", why: "wrong shape" } as const) : decodeTwilio(text);
    this.#take({ from: "twilio", frame });
  }

  /** Twilio's socket is gone. */
  twilioClosed(code: number): void {
    this.#news({ is: "twilio_closed", code });
  }

  stop(): void {
    this.#news({ is: "relay_stopping" });
  }

  superseded(): void {
    this.#news({ is: "superseded" });
  }

  /** A budget of the owner's is spent. */
  budgetSpent(): void {
    this.#news({ is: "budget_spent" });
  }

  #news(news: LineNews): void {
    this.#take({ from: "line", news });
  }

  #take(input: Input): void {
    if (this.#hasEnded) return;
    try {
      this.#perform(this.#call.step(input, this.#clock.monotonicMs()));
    } catch (thrown) {
      this.#parts.log(bugOf(thrown), this.#parts.id);
      this.#endBroken();
    }
    if (!this.#call.wasRoutine || this.#armedFor === Number.POSITIVE_INFINITY) this.#arm();
  }

  /** The call's own state may be broken too, and then even its last words fail. */
  #endBroken(): void {
    try {
      this.#perform(this.#call.step({ from: "line", news: { is: "bug" } }, this.#clock.monotonicMs()));
    } catch (thrown) {
      this.#parts.log(bugOf(thrown), this.#parts.id);
    }
    this.#close("bug");
  }

  #perform(effects: readonly Effect[]): void {
    if (effects.length > 1) this.#twilio.cork(() => this.#performEach(effects));
    else this.#performEach(effects);
  }

  #performEach(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.to) {
        case "model":
          this.#model?.send(encodeModel(effect.event));
          this.#watchBacklog();
          break;
        case "session":
          if (effect.is === "dial") this.#dial();
          else this.#drop();
          break;
        case "memory":
          if (effect.is === "now") this.#keep();
          else this.#keepTimer ??= setTimeout(() => this.#keep(), KEEP_AFTER_MS);
          break;
        case "twilio": {
          const sent = this.#twilio.send(encodeTwilio(effect.frame));
          if (sent === -1) this.#queuedFrames++;
          // Lost: what the caller hears would not be what the conversation says. Not now: this step's effects first.
          if (sent === 0) queueMicrotask(() => this.#news({ is: "twilio_slow" }));
          break;
        }
        case "log":
          this.#parts.log(effect.entry, this.#parts.id);
          break;
        case "tool":
          if ("abort" in effect) this.#abort(effect.abort);
          else void this.#runTool(effect.run, effect.caller);
          break;
        case "spend":
          this.#parts.spend(effect.micros);
          break;
        case "line":
          this.#close(effect.close, effect.transferTo);
          break;
        default:
          effect satisfies never;
      }
    }
  }

  #drop(): void {
    this.#model?.close();
    this.#model = undefined;
  }

  #keep(): void {
    clearTimeout(this.#keepTimer);
    this.#keepTimer = undefined;
    const remembered = this.#call.remembered(this.#clock.monotonicMs());
    if (remembered !== undefined) this.#keeping = this.#parts.keep(remembered);
  }

  async #runTool(run: ToolRun, caller: ToolCaller): Promise<void> {
    const { runId } = run;
    const controller = new AbortController();
    this.#running.set(runId, controller);
    let outcome: ToolOutcome;
    // If this process is killed now, the next one must know that it may have been done.
    if (this.#keeping !== undefined) await withinMs(KEPT_WITHIN_MS, this.#keeping);
    try {
      outcome = await this.#parts.runTool(run, controller.signal, caller);
    } catch (thrown) {
      // A bug of ours, and nobody knows how far it got.
      this.#parts.log(bugOf(thrown), this.#parts.id);
      outcome = { is: "lost" };
    }
    if (!this.#running.delete(runId)) return;
    this.#take({ from: "tool", runId, outcome });
  }

  #abort(runId: string): void {
    const controller = this.#running.get(runId);
    this.#running.delete(runId);
    controller?.abort();
  }

  #watchBacklog(): void {
    const backlog = this.#model?.backlog() ?? 0;
    if (backlog > this.#peakModelBytes) this.#peakModelBytes = backlog;
    if (backlog > MOST_MODEL_BACKLOG_BYTES) queueMicrotask(() => this.#news({ is: "model_slow" }));
  }

  #close(ending: Ending, transferTo?: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#keepTimer);
    for (const runId of this.#running.keys()) this.#abort(runId);
    const [queuedFrames, peakModelBytes] = [this.#queuedFrames, this.#peakModelBytes];
    this.#parts.log({ event: "line.backlog", level: "debug", queuedFrames, peakModelBytes }, this.#parts.id);
    // Written down before the socket closes, for Twilio's next webhook makes the edge ask.
    this.#parts.record(ending, transferTo);
    this.#drop();
    const { code, outcome } = ENDINGS[ending];
    const isTakenOn = outcome === "handover" && this.#keeping !== undefined;
    // Whoever takes the call on comes as soon as the socket is closed.
    if (!isTakenOn) this.#twilio.close(code);
    else void withinMs(KEPT_WITHIN_MS, this.#keeping).then(() => this.#twilio.close(code));
  }

  #arm(): void {
    const deadline = this.#call.nextDeadline();
    if (this.#hasEnded || deadline === undefined || this.#armedFor <= deadline) return;
    clearTimeout(this.#timer);
    this.#armedFor = deadline;
    const waitMs = Math.max(0, deadline - this.#clock.monotonicMs());
    this.#timer = setTimeout(() => this.#wake(), Math.ceil(waitMs));
  }

  #wake(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    const deadline = this.#call.nextDeadline();
    const isDue = deadline !== undefined && deadline <= this.#clock.monotonicMs();
    if (isDue) this.#take({ from: "clock" });
    else this.#arm();
  }
}

const MALFORMED = { type: "malformed", event: "unknown" } as const;

/** Resolves when that has, or then. */
async function withinMs(ms: number, promise: Promise<unknown> | undefined): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
