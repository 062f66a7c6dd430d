/**
 * The edge's log: one JSON line an event, for Twilio's console and for `twilio-run` alike.
 *
 * A closed union, so that there is no field in which a phone number, a name, a token or a secret would fit. The
 * CallSid is Twilio's own name of the call, on Twilio's own machine, and is what its console is searched by.
 */
import type { News, Refusal } from "../../relay/contract.ts";
import type { Turned } from "./admission.ts";
import type { Problem } from "./settings.ts";
import type { CallStatusFields, WebhookRefusal } from "./webhook.ts";

export type EdgeEvent =
  | {
      readonly event: "call_admitted";
      readonly callSid: string;
      readonly caller: string;
      /** 0 for the call's first stream. */
      readonly attempt: number;
      /** Its host. */
      readonly relay: string;
    }
  | {
      readonly event: "call_turned_away";
      readonly callSid: string;
      readonly caller: string;
      readonly why: Turned;
    }
  | { readonly event: "caller_id_alone"; readonly wrong: string; readonly mend: string }
  | { readonly event: "pin_asked"; readonly callSid: string; readonly caller: string }
  | { readonly event: "pin_right"; readonly callSid: string; readonly caller: string }
  | {
      readonly event: "pin_wrong";
      readonly callSid: string;
      readonly caller: string;
      /** Wrong ones in this call, this one included. */
      readonly tries: number;
    }
  | { readonly event: "pin_locked"; readonly callSid: string; readonly caller: string }
  | {
      readonly event: "pin_tries_unknown";
      readonly callSid: string;
      readonly doing: "ask" | "spend" | "refund";
      readonly why: "the relay gave no answer" | "the answer makes no sense";
      /** An HTTP status or the name of an error, never its message. */
      readonly detail: string;
    }
  | ({ readonly event: "webhook_refused"; readonly path: string } & WebhookRefusal)
  | ({ readonly event: "misconfigured" } & Problem)
  | {
      readonly event: "state_refused";
      readonly callSid: string;
      readonly why: Refusal | "for another call" | "no tries left";
    }
  | ({ readonly event: "transfer_unknown" } & Problem)
  | {
      readonly event: "call_transferred";
      readonly callSid: string;
      readonly caller: string;
      /** The last two digits of who is dialled. */
      readonly to: string;
    }
  | {
      readonly event: "transfer_refused";
      readonly callSid: string;
      readonly caller: string;
      readonly why: "not one of this caller's";
    }
  | {
      readonly event: "transfer_ended";
      readonly callSid: string;
      readonly result: News["transfer"]["result"] | "completed" | "caller gone";
    }
  | { readonly event: "call_finished"; readonly callSid: string; readonly ending: string }
  | { readonly event: "call_handed_over"; readonly callSid: string; readonly ending: string }
  | {
      readonly event: "call_broken_off";
      readonly callSid: string;
      readonly outcome: "again" | "told" | "failed";
      readonly ending: string;
    }
  | {
      readonly event: "call_waits";
      readonly callSid: string;
      /** For the relay to answer, so far. */
      readonly waitedS: number;
    }
  | {
      readonly event: "call_given_up";
      readonly callSid: string;
      readonly caller: string;
      /** An ending of the relay's, or what the edge has found. */
      readonly why: string;
    }
  | {
      readonly event: "owner_alerted";
      readonly callSid: string;
      /** The last two digits. */
      readonly to: string;
    }
  | {
      readonly event: "owner_not_alerted";
      readonly callSid: string;
      /** Twilio's code of an error or the name of one, never its message. */
      readonly detail: string;
    }
  | {
      readonly event: "message_left";
      readonly callSid: string;
      readonly caller: string;
      readonly seconds: number;
    }
  | {
      readonly event: "call_not_taken";
      readonly callSid: string;
      readonly why: "unknown to the relay" | "the relay gave no answer" | "the answer makes no sense";
      /** An HTTP status or the name of an error, never its message. */
      readonly detail?: string;
    }
  | { readonly event: "relay_refused_token"; readonly callSid: string; readonly mend: string }
  | {
      readonly event: "call_over";
      readonly callSid: string;
      readonly status: CallStatusFields["CallStatus"];
      readonly seconds?: number;
    }
  | {
      readonly event: "stream_status";
      readonly callSid: string;
      readonly streamEvent: "stream-started" | "stream-stopped";
    }
  | { readonly event: "stream_failed"; readonly callSid: string; readonly streamError: string }
  | { readonly event: "stream_status_unknown"; readonly callSid: string; readonly streamEvent: string }
  | {
      readonly event: "bug";
      readonly path: string;
      readonly error: string;
      readonly stack: readonly string[];
    };

type Level = "info" | "warn" | "error";

const LEVELS = {
  call_admitted: "info",
  call_turned_away: "info",
  caller_id_alone: "warn",
  pin_asked: "info",
  pin_right: "info",
  pin_wrong: "warn",
  pin_locked: "warn",
  pin_tries_unknown: "error",
  webhook_refused: "warn",
  misconfigured: "error",
  state_refused: "warn",
  transfer_unknown: "warn",
  call_transferred: "info",
  transfer_refused: "warn",
  transfer_ended: "info",
  call_finished: "info",
  call_handed_over: "info",
  call_broken_off: "warn",
  call_waits: "info",
  call_given_up: "error",
  owner_alerted: "info",
  owner_not_alerted: "error",
  message_left: "info",
  call_not_taken: "error",
  relay_refused_token: "error",
  call_over: "info",
  stream_status: "info",
  stream_failed: "error",
  stream_status_unknown: "warn",
  bug: "error",
} as const satisfies Record<EdgeEvent["event"], Level>;

/** Twilio's console knows a line's level by the method that printed it. */
const METHODS = { info: "log", warn: "warn", error: "error" } as const satisfies Record<Level, string>;

export function log(event: EdgeEvent): void {
  const level: Level = LEVELS[event.event];
  console[METHODS[level]](JSON.stringify({ level, ...event }));
}

/** All that a log may hold of a number; nothing at all of what is too short to hide the rest. */
export const lastTwo = (number: string): string => (/^\+\d{7,15}$/.test(number) ? number.slice(-2) : "");

/**
 * Twilio's own words on why a stream failed, without what must not be in a log: they may quote the stream's URL,
 * and the URL holds the token. Whatever looks like part of a URL, a token or a number goes; error codes and plain
 * words stay.
 */
export const withoutSecrets = (text: string): string =>
  text
    .slice(0, 2000)
    .split(/\s+/)
    .map((word) =>
      word.length > 24 || /:\/\/|%2f|\beyJ|media-stream|\d{6}/i.test(word) ? "[removed]" : word,
    )
    .join(" ")
    .trim()
    .slice(0, 300);
