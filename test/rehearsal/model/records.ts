/**
 * What the stand-in writes down for whoever rehearses with it: everything that it received, refused and sent, in
 * figures. The records are live: they grow while the session does. Nothing here decides anything.
 *
 * Times (`at…`) are milliseconds since 1970 with their fractions, so that two processes of one machine can be compared.
 */
import type { Item } from "./conversation.ts";
import type { Refusal } from "./refusal.ts";
import type { Settings } from "./settings.ts";
import type { Usage } from "./usage.ts";

export const nowAt = (): number => performance.timeOrigin + performance.now();

export type Received = { readonly at: number; readonly type: string; readonly event: unknown };
export type ErrorSent = Refusal & {
  readonly at: number;
  readonly eventId: string | null;
  /** The type of the client's event; null for what the server began by itself. */
  readonly about: string | null;
};
export type Truncation = {
  readonly at: number;
  readonly itemId: string;
  readonly contentIndex: number;
  readonly audioEndMs: number;
  /** What had been sent of that content by then; 0 for an item that is not known. */
  readonly sentMs: number;
  /** The refusal's message. */
  readonly refused: string | null;
};
export type Cancel = {
  readonly at: number;
  readonly responseId: string | null;
  readonly refused: string | null;
};
export type ResponseRecord = {
  readonly id: string;
  readonly cause: "create" | "speech" | "idle";
  readonly metadata: Readonly<Record<string, string>>;
  readonly outOfBand: boolean;
  readonly createdAt: number;
  firstSoundAt: number | undefined;
  doneAt: number | undefined;
  status: "in_progress" | "completed" | "cancelled" | "incomplete" | "failed";
  /** Of a response that did not complete. */
  reason: string | undefined;
  soundMs: number;
  itemIds: readonly string[];
  usage: Usage | undefined;
};

export type SessionRecord = {
  /** 0 for the first connection. */
  readonly index: number;
  readonly id: string;
  readonly model: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly openedAt: number;
  closedAt: number | undefined;
  closeCode: number | undefined;
  /** As now in force. */
  settings: Settings;
  /** How many session.updates were taken. */
  updates: number;
  /** In order, appends left out: those are counted. */
  readonly received: Received[];
  appends: number;
  appendedSamples: number;
  /** All that was appended, where `keepInput` was asked for; otherwise empty. */
  readonly input: Uint8Array[];
  readonly errors: ErrorSent[];
  /** Every item there ever was, deleted and out-of-band ones included. */
  readonly items: Item[];
  readonly truncations: Truncation[];
  readonly cancels: Cancel[];
  readonly responses: ResponseRecord[];
  /** The caller's turns. */
  turns: number;
  /** How often each type of event was sent. */
  readonly sent: Map<string, number>;
};

/** The moments worth telling another process of. */
export type Notable = { readonly at: number; readonly session: number } & (
  | { readonly what: "refused_handshake"; readonly status: number }
  | { readonly what: "opened"; readonly model: string }
  | { readonly what: "closed"; readonly code: number }
  | { readonly what: "settings_taken" }
  | { readonly what: "speech_started"; readonly audioStartMs: number; readonly itemId: string }
  | { readonly what: "speech_stopped"; readonly audioEndMs: number; readonly itemId: string }
  | { readonly what: "transcribed"; readonly itemId: string; readonly failed: boolean }
  | {
      readonly what: "response_started";
      readonly responseId: string;
      readonly cause: "create" | "speech" | "idle";
      readonly metadata: Readonly<Record<string, string>>;
    }
  | { readonly what: "first_sound"; readonly responseId: string }
  | {
      readonly what: "response_done";
      readonly responseId: string;
      readonly status: ResponseRecord["status"];
      readonly reason: string | null;
      readonly soundMs: number;
      readonly words: string;
    }
  | ({ readonly what: "truncate" } & Omit<Truncation, "at">)
  | ({ readonly what: "cancel" } & Omit<Cancel, "at">)
  | { readonly what: "tool_output"; readonly callId: string }
  | ({ readonly what: "error" } & Omit<ErrorSent, "at">)
);

/** One kind of moment at a time, and not what all have in common: `Omit` would melt the union. */
export type Moment = Notable extends infer Each
  ? Each extends Notable
    ? Omit<Each, "at" | "session">
    : never
  : never;
