/**
 * What a call tells the log: a closed union of constant events with typed fields. There is no field in which a
 * phone number, a word of the conversation, a token or a piece of audio would fit. Times are ms, rounded.
 */
import type { Clip } from "./clips.ts";
import type { Ending } from "./ending.ts";
import type { Verdict } from "./keypad-consent.ts";
import type { Notice } from "./limits.ts";
import type { Pretence } from "./pretence.ts";
import type { OptionalField } from "./session.ts";
import type { Tokens } from "./spend.ts";
import type { NotDone, Rule } from "./tools.ts";
import type { Unconfirmed } from "./voice-consent.ts";

/** An error of the model's, sorted by what it means for the call. */
export type ErrorClass = "expired" | "race" | "busy" | "settings" | "fatal" | "other";

/** Why a tool was not even begun. */
export type ToolRefusal =
  | "not_json"
  | "denied"
  | "under_way"
  | "held"
  | "too_many"
  | "interrupted"
  | "stricter_now";
/** What became of what the caller was asked. */
export type ConsentNews = "held" | "agreed" | Verdict;
export type ToolEnd = "answered" | "failed" | "lost" | "timed_out" | "called_off" | NotDone;

export type Story = {
  readonly durationMs: number;
  readonly framesIn: number;
  readonly framesOut: number;
  readonly silencePaddedMs: number;
  readonly framesDropped: number;
  readonly responses: number;
  readonly bargeIns: number;
  readonly truncations: number;
  readonly modelErrors: number;
  /** Sessions, and attempts at one, that had to be replaced. */
  readonly sessionsLost: number;
  readonly toolRuns: number;
  readonly toolRefusals: number;
  /** Millionths of a dollar. */
  readonly spentMicros: number;
} & Tokens;

export type Entry =
  | {
      readonly event: "call.started";
      readonly level: "info";
      readonly afterMs: number;
      readonly tools: number;
    }
  /** There is no session any more; `wasUp`: there had been one, and not only an attempt. */
  | {
      readonly event: "session.lost";
      readonly level: "warn";
      readonly ending: Ending;
      readonly detail: string;
      readonly wasUp: boolean;
    }
  /** The relay speaks for itself. */
  | { readonly event: "line.clip"; readonly level: "info"; readonly clip: Clip }
  | {
      readonly event: "session.ready" | "session.restored";
      readonly level: "info";
      readonly afterMs: number;
      readonly earlyMs: number;
    }
  | {
      readonly event: "session.field_refused";
      readonly level: "warn";
      readonly field: OptionalField;
      readonly mend: string;
    }
  | {
      readonly event: "session.refused";
      readonly level: "error";
      readonly code: string;
      readonly param: string;
      readonly mend: string;
    }
  | { readonly event: "call.first_audio"; readonly level: "info"; readonly afterMs: number }
  | { readonly event: "turn.caller"; readonly level: "debug"; readonly is: "speaking" | "ended" }
  | {
      readonly event: "turn.answered";
      readonly level: "info";
      /** From the end of the caller's turn to the first audio sent to the carrier. */
      readonly afterMs: number;
    }
  | {
      readonly event: "barge_in";
      readonly level: "info";
      readonly heardMs: number;
      readonly unheardMs: number;
      readonly truncations: number;
      readonly roundTripMs: number;
    }
  | { readonly event: "keypad"; readonly level: "debug" }
  | {
      readonly event: "model.error";
      readonly level: "info" | "warn" | "error";
      readonly class: ErrorClass;
      readonly code: string;
    }
  | { readonly event: "model.malformed"; readonly level: "warn"; readonly type: string }
  | { readonly event: "response.failed"; readonly level: "warn"; readonly code: string }
  /** Of a tool its name alone: what it was asked and what it answered are the caller's. */
  | { readonly event: "tool.unknown"; readonly level: "warn" }
  | {
      readonly event: "tool.asked";
      readonly level: "info";
      readonly tool: string;
      readonly rule: Rule;
      readonly why: string;
    }
  | {
      readonly event: "tool.refused";
      readonly level: "warn";
      readonly tool: string;
      readonly why: ToolRefusal;
    }
  | {
      readonly event: "tool.consent";
      readonly level: "info";
      readonly tool: string;
      readonly by: "voice" | "keypad";
      readonly is: ConsentNews;
    }
  | { readonly event: "tool.not_confirmed"; readonly level: "info"; readonly why: Unconfirmed }
  /** 1 was pressed before the question was over. */
  | { readonly event: "tool.key_early"; readonly level: "info" }
  /** The model did not read to the caller what it was given to read. */
  | { readonly event: "tool.misread"; readonly level: "warn" }
  | { readonly event: "tool.filler"; readonly level: "info" }
  | {
      readonly event: "tool.done";
      readonly level: "info" | "warn";
      readonly tool: string;
      readonly outcome: ToolEnd;
      readonly afterMs: number;
    }
  /** Native MCP: OpenAI lists a server's tools for the session. */
  | {
      readonly event: "native.list";
      readonly level: "info" | "warn";
      readonly server?: string;
      readonly is: "in_progress" | "completed" | "failed";
      readonly tools?: number;
      readonly mend?: string;
    }
  /** OpenAI asks whether it may use a tool, and is answered. */
  | {
      readonly event: "native.approval";
      readonly level: "info" | "warn";
      readonly tool: string;
      readonly is: "asked" | "approved" | "refused";
    }
  /** OpenAI uses a tool now. What came of it is `tool.done`. */
  | { readonly event: "native.call"; readonly level: "info"; readonly tool: string }
  /** OpenAI has used a tool that it was to ask about. */
  | { readonly event: "native.unasked"; readonly level: "error"; readonly tool: string }
  /** The model said that it used a tool, and used none. */
  | { readonly event: "tool.pretended"; readonly level: "warn"; readonly how: Pretence }
  /** What a response or a transcription has cost; `isEstimated`: not all of it was reported. */
  | ({
      readonly event: "spend.counted";
      readonly level: "debug" | "info";
      readonly micros: number;
      readonly isEstimated: boolean;
    } & Tokens)
  | {
      readonly event: "budget.warned" | "budget.spent";
      readonly level: "warn";
      readonly period: "call";
      readonly spentMicros: number;
      readonly limitMicros: number;
    }
  /** A limit of the call's is reached, or nearly: the assistant is to say so. */
  | { readonly event: "limit.reached"; readonly level: "info"; readonly notice: Notice }
  | { readonly event: "transfer.asked"; readonly level: "info" }
  | { readonly event: "hang_up.asked"; readonly level: "info" }
  | { readonly event: "hang_up.called_off"; readonly level: "info" }
  | {
      readonly event: "call.ended";
      readonly level: "info" | "warn" | "error";
      readonly ending: Ending;
      readonly detail: string;
      readonly story: Story;
    };
