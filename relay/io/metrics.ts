/**
 * The relay in figures, for Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * It listens to the log, so that a call knows nothing of it and no frame of audio passes here. Every label comes from a
 * closed list or is `other`: there is no place in which a number, a word, a token or an address would fit, and a stranger
 * cannot make the lists longer.
 */
/// <reference path="./prom-client-parts.d.ts" />
// Part by part, for the index loads a push gateway and OpenTelemetry besides: a seventh of the CPU of a start.
import Counter from "prom-client/lib/counter.js";
import Gauge from "prom-client/lib/gauge.js";
import Histogram from "prom-client/lib/histogram.js";
import Registry from "prom-client/lib/registry.js";
import { ENDINGS } from "../call/ending.ts";
import type { Entry } from "../call/journal.ts";
import { PHONE_TOOL_NAMES } from "../call/phone-tools.ts";
import type { Tokens } from "../call/spend.ts";
import type { Refusal } from "../contract.ts";
import { CURRENT_TIME } from "./current-time.ts";
import type { Log, RelayEntry } from "./log.ts";
import { type Reading, VITALS, type Vital } from "./vitals.ts";

/** What is asked at the moment of a scrape. */
export type Sources = {
  readonly liveCalls: () => number;
  readonly isReady: () => boolean;
  readonly isBad: (what: Vital) => boolean;
  readonly residentBytes: () => number;
};

/** What an answer on the telephone may take: 0.2 s is quick, 2 s is a long silence. */
const ANSWER_S = [0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10];
const TOOL_S = [0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 10, 20, 60];
/** A frame of audio is 20 ms. */
const STALL_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5];
const MS_PER_S = 1_000;
/** In a dollar. */
const MICROS = 1_000_000;
const TOKEN_KINDS = [
  "textIn",
  "textCached",
  "textOut",
  "audioIn",
  "audioCached",
  "audioOut",
] as const satisfies ReadonlyArray<keyof Tokens>;
const MOST_TOOLS = 200;
const OTHER = "other";

/** Of a token, as jwt.ts tells it. */
const TOKEN_REFUSALS = [
  "too long",
  "not canonical",
  "header not ours",
  "unknown key",
  "bad signature",
  "expired",
  "not yet valid",
  "for another audience",
  "lives too long",
  "never lives",
  "claims not ours",
  "not by jose",
] as const satisfies readonly Refusal[];
/** Every way to be turned away at the gate, as the log tells it. */
const REFUSALS: ReadonlySet<string> = new Set([
  ...TOKEN_REFUSALS.map((why) => `token ${why}`),
  "token for another account",
  "token used before",
  "no signature of Twilio's",
  "not signed by Twilio",
  "not an upgrade",
  "upgrade failed",
  "cannot record",
  "stopping",
  "full",
  "too many unstarted",
  ...VITALS,
]);
/** What becomes of a call's sessions with the model. */
const SESSIONS: ReadonlyMap<string, string> = new Map([
  ["session.ready", "ready"],
  ["session.lost", "lost"],
  ["session.restored", "restored"],
]);

export class Metrics {
  readonly #registry = new Registry();
  readonly #tools = new Set<string>([...PHONE_TOOL_NAMES, CURRENT_TIME]);

  readonly #admitted = this.#counter("relay_calls_admitted_total", "Streams let in", ["attempt"]);
  readonly #ended = this.#counter("relay_calls_ended_total", "Streams ended, by their ending", ["ending"]);
  readonly #refused = this.#counter("relay_handshakes_refused_total", "Streams turned away, by why", ["why"]);
  readonly #firstAudio = this.#histogram(
    "relay_first_audio_seconds",
    "From the handshake to the first audio sent to the caller",
    ANSWER_S,
  );
  readonly #answered = this.#histogram(
    "relay_turn_answer_seconds",
    "From the end of the caller's turn to the first audio of the answer",
    ANSWER_S,
  );
  readonly #bargeIns = this.#counter("relay_barge_ins_total", "Interruptions by the caller", []);
  readonly #truncations = this.#counter("relay_truncations_total", "Items cut where the caller stood", []);
  readonly #modelErrors = this.#counter("relay_model_errors_total", "Errors of the model's, by class", [
    "class",
  ]);
  readonly #failedResponses = this.#counter("relay_responses_failed_total", "Responses that failed", []);
  readonly #sessions = this.#counter(
    "relay_sessions_total",
    "Sessions with the model: made ready, lost, and restored with the conversation",
    ["is"],
  );
  readonly #toolRuns = this.#counter("relay_tool_runs_total", "Tools used, by what came of it", [
    "tool",
    "outcome",
  ]);
  readonly #toolTimes = this.#histogram("relay_tool_seconds", "What tools took", TOOL_S, ["tool"]);
  readonly #toolRefusals = this.#counter("relay_tool_refusals_total", "Tools not begun, by why", ["why"]);
  readonly #stalls = this.#histogram(
    "relay_event_loop_stall_seconds",
    "The longest that the event loop stood still in each half second: so long a frame has waited",
    STALL_S,
  );
  readonly #spent = this.#counter(
    "relay_spent_dollars_total",
    "What OpenAI charges by the usage that it reports, and what was estimated where it reports none",
    ["is"],
  );
  readonly #tokens = this.#counter("relay_tokens_total", "Tokens of the model's, by kind", ["kind"]);
  readonly #limits = this.#counter(
    "relay_limits_total",
    "Times that a call or its silence came to a limit, by what the assistant was to say",
    ["notice"],
  );
  readonly #budgets = this.#counter("relay_budgets_total", "Budgets that were nearly or wholly spent", [
    "is",
    "period",
  ]);
  readonly #storeFailures = this.#counter("relay_store_failures_total", "Times the records went away", []);
  readonly #bugs = this.#counter("relay_bugs_total", "Throws inside a call or a request", []);

  constructor() {
    for (const ending of Object.keys(ENDINGS)) this.#ended.inc({ ending }, 0);
    for (const is of ["reported", "estimated"]) this.#spent.inc({ is }, 0);
    for (const kind of TOKEN_KINDS) this.#tokens.inc({ kind }, 0);
    for (const is of SESSIONS.values()) this.#sessions.inc({ is }, 0);
    for (const attempt of ["first", "again"]) this.#admitted.inc({ attempt }, 0);
  }

  /** The same log, with everything that is told to it counted, whatever its level writes. */
  counting(log: Log): Log {
    return (entry, call) => {
      this.#count(entry);
      log(entry, call);
    };
  }

  /** Each refused handshake, of which the log tells only some. */
  refused(why: string): void {
    this.#refused.inc({ why: REFUSALS.has(why) ? labelOf(why) : OTHER });
  }

  /** These names may be labels. */
  knowTools(names: Iterable<string>): void {
    for (const name of names) this.#knowTool(name);
  }

  saw({ stallMs }: Reading): void {
    this.#stalls.observe(stallMs / MS_PER_S);
  }

  watch({ liveCalls, isReady, isBad, residentBytes }: Sources): void {
    this.#gauge("relay_calls_live", "Streams that are up", liveCalls);
    this.#gauge("relay_takes_calls", "1 while new calls are taken", () => Number(isReady()));
    this.#gauge("process_resident_memory_bytes", "Resident memory of this process", residentBytes);
    const registers = [this.#registry];
    new Gauge({
      name: "relay_trouble",
      help: "1 while it is too bad for new calls",
      labelNames: ["what"],
      registers,
      collect() {
        for (const what of VITALS) this.set({ what }, Number(isBad(what)));
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #count(entry: Entry | RelayEntry): void {
    switch (entry.event) {
      case "call.admitted":
        this.#admitted.inc({ attempt: entry.attempt === 0 ? "first" : "again" });
        break;
      case "call.ended":
        this.#ended.inc({ ending: entry.ending });
        break;
      case "call.first_audio":
        this.#firstAudio.observe(entry.afterMs / MS_PER_S);
        break;
      case "turn.answered":
        this.#answered.observe(entry.afterMs / MS_PER_S);
        break;
      case "barge_in":
        this.#bargeIns.inc();
        this.#truncations.inc(entry.truncations);
        break;
      case "model.error":
        this.#modelErrors.inc({ class: entry.class });
        break;
      case "response.failed":
        this.#failedResponses.inc();
        break;
      case "tool.registered":
        this.#knowTool(entry.tool);
        break;
      case "tool.done":
        this.#toolRuns.inc({ tool: this.#toolLabel(entry.tool), outcome: entry.outcome });
        this.#toolTimes.observe({ tool: this.#toolLabel(entry.tool) }, entry.afterMs / MS_PER_S);
        break;
      case "tool.refused":
        this.#toolRefusals.inc({ why: entry.why });
        break;
      case "spend.counted":
        this.#spent.inc({ is: entry.isEstimated ? "estimated" : "reported" }, entry.micros / MICROS);
        for (const kind of TOKEN_KINDS) this.#tokens.inc({ kind }, entry[kind]);
        break;
      case "limit.reached":
        this.#limits.inc({ notice: entry.notice });
        break;
      case "budget.warned":
        this.#budgets.inc({ is: "warned", period: entry.period });
        break;
      case "budget.spent":
        this.#budgets.inc({ is: "spent", period: entry.period });
        break;
      case "store.failed":
        this.#storeFailures.inc();
        break;
      case "bug":
        this.#bugs.inc();
        break;
      default: {
        const is = SESSIONS.get(entry.event);
        if (is !== undefined) this.#sessions.inc({ is });
      }
    }
  }

  #knowTool(name: string): void {
    if (this.#tools.size < MOST_TOOLS && isPlain(name)) this.#tools.add(name);
  }

  #toolLabel(name: string): string {
    return this.#tools.has(name) ? name : OTHER;
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]) {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #histogram<Label extends string>(name: string, help: string, buckets: number[], labelNames: Label[] = []) {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, value: () => number): void {
    const registers = [this.#registry];
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  }
}

const labelOf = (why: string): string => why.toLowerCase().replace(/'s\b/g, "").replace(/\W+/g, "_");

/** A tool's name as a person gives one; what holds a number that could be somebody's is none. */
const isPlain = (name: string): boolean => /^[A-Za-z][\w.-]{0,63}$/.test(name) && !/\d{5}/.test(name);
