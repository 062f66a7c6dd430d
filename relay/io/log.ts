/**
 * The log: one JSON object a line, a constant event name and typed fields. It is a closed union on purpose: there
 * is no field in which a phone number, a word, a token, a key or a URL with a token would fit, and no free text.
 */
import type { Entry } from "../call/journal.ts";
import type { Census } from "./census.ts";
import type { McpEntry } from "./mcp/entry.ts";
import { RecordsFailure } from "./records.ts";
import type { VitalsEntry } from "./vitals.ts";

export const LEVELS = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof LEVELS)[number];

/** What the relay itself has to say; what a call has to say is call/journal.ts. */
export type RelayEntry =
  | McpEntry
  | VitalsEntry
  | {
      readonly event: "relay.listening";
      readonly level: "info";
      readonly port: number;
      readonly model: string;
    }
  | {
      readonly event: "relay.warning";
      readonly level: "warn";
      readonly variable: string;
      readonly mend: string;
    }
  | {
      readonly event: "relay.stopping";
      readonly level: "info";
      readonly signal: string;
      readonly calls: number;
    }
  | ({ readonly event: "relay.census"; readonly level: "info" } & Census)
  | { readonly event: "relay.stopped"; readonly level: "info" }
  | { readonly event: "handshake.refused"; readonly level: "warn"; readonly why: string }
  | { readonly event: "handshake.refused_more"; readonly level: "warn"; readonly count: number }
  | {
      readonly event: "call.admitted";
      readonly level: "info";
      /** Twilio's id of the call, to look it up in their console. */
      readonly callSid: string;
      readonly attempt: number;
    }
  | { readonly event: "model.connected"; readonly level: "info"; readonly afterMs: number }
  | {
      readonly event: "line.backlog";
      readonly level: "debug";
      readonly queuedFrames: number;
      readonly peakModelBytes: number;
    }
  | { readonly event: "store.failed"; readonly level: "error"; readonly code: string; readonly mend: string }
  | { readonly event: "store.recovered"; readonly level: "info" }
  | {
      /** No new process could go on with a call; or could not with those of a file that was damaged. */
      readonly event: "conversations.failed" | "conversations.made_anew";
      readonly level: "error";
      readonly code: string;
      readonly mend: string;
    }
  | { readonly event: "conversations.recovered"; readonly level: "info" }
  | {
      readonly event: "conversations.unreadable";
      readonly level: "warn";
      readonly why: "not sealed by us" | "not as we write it";
    }
  /** Dollars are counted in millionths. */
  | {
      readonly event: "budget.warned" | "budget.spent";
      readonly level: "warn";
      readonly period: "day" | "month";
      readonly spentMicros: number;
      readonly limitMicros: number;
    }
  | {
      readonly event: "clock.ahead" | "clock.behind";
      readonly level: "warn";
      readonly byS: number;
      readonly mend: string;
    }
  | { readonly event: "bug"; readonly level: "error"; readonly error: string; readonly stack: string };

export type Log = (entry: Entry | RelayEntry, call?: string) => void;

/** @param write takes one line, without its end */
export function makeLog(
  level: Level,
  write: (line: string) => void,
  now: () => Date = () => new Date(),
): Log {
  const least = LEVELS.indexOf(level);
  return (entry, call) => {
    if (LEVELS.indexOf(entry.level) < least) return;
    const { event, level: entryLevel, ...fields } = entry;
    const head = { time: now().toISOString(), level: entryLevel, event };
    write(JSON.stringify(call === undefined ? { ...head, ...fields } : { ...head, call, ...fields }));
  };
}

/** A code is all that is said of why nothing can be recorded, SQLite's or Redis's. */
export function storeFailure(thrown: unknown): RelayEntry {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown";
  const mend =
    thrown instanceof RecordsFailure
      ? thrown.mend
      : "DATA_DIR cannot be written: check its disk space and permissions; nobody is admitted until then";
  return { event: "store.failed", level: "error", code, mend };
}

/** `at name (file:1:2)`, as engines write it. */
const FRAME = /^at .*:\d+:\d+\)?$/;

/** A thrown thing without its message: that may hold anything, the frames of a stack only code. */
export function bugOf(thrown: unknown): RelayEntry {
  const error = thrown instanceof Error ? thrown.name : typeof thrown;
  // A message may have lines of its own that look like frames, and it comes first.
  const { message = "", stack: whole = "" } = thrown instanceof Error ? thrown : {};
  const stack = whole
    .replace(message, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => FRAME.test(line))
    .slice(0, 12)
    .join(" < ");
  return { event: "bug", level: "error", error, stack };
}
