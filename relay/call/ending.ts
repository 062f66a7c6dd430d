/**
 * Every way a call can end, once each, and what follows from it. The list is closed: a new way to end is a new
 * row here, and the compiler then names every place that must know it.
 */

type Consequence = {
  /** WebSocket close code towards Twilio (RFC 6455, 7.4.1). */
  readonly code: 1000 | 1001 | 1008 | 1011 | 1012 | 1013;
  readonly level: "info" | "warn" | "error";
  /** What the edge does next: nothing, dial whom the caller is handed to, or apologise. */
  readonly outcome: "finished" | "transfer" | "failed";
};

export const ENDINGS = {
  /** Twilio said `stop`: the caller hung up, or the call was ended from outside. */
  caller_hung_up: { code: 1000, level: "info", outcome: "finished" },
  /** The assistant used end_call, and its goodbye was heard. */
  assistant_hung_up: { code: 1000, level: "info", outcome: "finished" },
  /** The assistant used transfer_call, and its announcement was heard: the edge dials, and knows whom by the name. */
  transferred: { code: 1000, level: "info", outcome: "transfer" },
  /** Twilio's socket went away with no `stop`. */
  line_lost: { code: 1001, level: "warn", outcome: "failed" },
  /** Twilio takes our audio too slowly, and what it did not take was lost. */
  line_too_slow: { code: 1008, level: "warn", outcome: "failed" },
  /** No valid `start` in time. */
  no_start: { code: 1008, level: "warn", outcome: "failed" },
  /** `start` named another call, another account or another profile than the token. */
  wrong_start: { code: 1008, level: "warn", outcome: "failed" },
  /** A frame that Twilio does not send, or out of order. */
  protocol_violation: { code: 1008, level: "warn", outcome: "failed" },
  /** The model could not be dialled, or refused the handshake. */
  model_refused: { code: 1011, level: "error", outcome: "failed" },
  /** No configured session in time. */
  model_not_ready: { code: 1011, level: "error", outcome: "failed" },
  /** The model refused our settings, and what it refused cannot be left out. */
  model_settings_refused: { code: 1011, level: "error", outcome: "failed" },
  /** The model closed the session, or the socket broke. */
  model_dropped: { code: 1011, level: "error", outcome: "failed" },
  /** The model keeps the session open but cannot go on: key, quota, expiry, failing responses. */
  model_failed: { code: 1011, level: "error", outcome: "failed" },
  /** The model takes the caller's audio too slowly. */
  model_too_slow: { code: 1011, level: "error", outcome: "failed" },
  /** The relay is going down and could not wait any longer. */
  relay_stopping: { code: 1012, level: "warn", outcome: "failed" },
  /** A throw inside `step`: ours to mend. */
  bug: { code: 1011, level: "error", outcome: "failed" },
} as const satisfies Record<string, Consequence>;

export type Ending = keyof typeof ENDINGS;
