/**
 * What a call tells the log: a closed union of constant events with typed fields. There is no field in which a
 * phone number, a word of the conversation, a token or a piece of audio would fit. Times are ms, rounded.
 */
import type { Ending } from "./ending.ts";
import type { OptionalField } from "./session.ts";

/** An error of the model's, sorted by what it means for the call. */
export type ErrorClass = "race" | "busy" | "settings" | "fatal" | "other";

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
};

export type Entry =
  | {
      readonly event: "call.started";
      readonly level: "info";
      readonly afterMs: number;
      readonly tools: number;
    }
  | {
      readonly event: "session.ready";
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
  | { readonly event: "tool.unknown"; readonly level: "warn" }
  | { readonly event: "hang_up.asked"; readonly level: "info" }
  | { readonly event: "hang_up.called_off"; readonly level: "info" }
  | {
      readonly event: "call.ended";
      readonly level: "info" | "warn" | "error";
      readonly ending: Ending;
      readonly detail: string;
      readonly story: Story;
    };
