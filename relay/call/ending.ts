/**
 * Every way a call can end, once each, and what follows from it. The list is closed: a new way to end is a new
 * row here, and the compiler then names every place that must know it.
 */

type Consequence = {
  /** WebSocket close code towards Twilio (RFC 6455, 7.4.1). */
  readonly code: 1000 | 1001 | 1008 | 1011 | 1012 | 1013;
  readonly level: "info" | "warn" | "error";
  readonly outcome: Outcome;
};

/** What the edge does next. */
export type Outcome =
  /** Nothing: it hangs up. */
  | "finished"
  /** The caller has been told that the call cannot go on: all that can be offered is to leave a message. */
  | "told"
  /** Dial whom the caller is handed to. */
  | "transfer"
  /** The call was to move: any relay takes it on, with its conversation, as often as that happens. */
  | "handover"
  /** It broke: the call is brought back, with its conversation, as long as that leads somewhere. */
  | "again"
  /** Apologise: another try would end the same way. */
  | "failed";

export const ENDINGS = {
  /** Twilio said `stop`: the caller hung up, or the call was ended from outside. */
  caller_hung_up: { code: 1000, level: "info", outcome: "finished" },
  /** The assistant used end_call, and its goodbye was heard. */
  assistant_hung_up: { code: 1000, level: "info", outcome: "finished" },
  /** The assistant used transfer_call, and its announcement was heard: the edge dials, and knows whom by the name. */
  transferred: { code: 1000, level: "info", outcome: "transfer" },
  /** Twilio's socket went away with no `stop`. */
  line_lost: { code: 1001, level: "warn", outcome: "again" },
  /** Twilio takes our audio too slowly, and what it did not take was lost. */
  line_too_slow: { code: 1008, level: "warn", outcome: "again" },
  /** No valid `start` in time. */
  no_start: { code: 1008, level: "warn", outcome: "again" },
  /** `start` named another call, another account or another profile than the token. */
  wrong_start: { code: 1008, level: "warn", outcome: "failed" },
  /** A frame that Twilio does not send, or out of order. */
  protocol_violation: { code: 1008, level: "warn", outcome: "failed" },
  /** The model could not be dialled, or refused the handshake. */
  model_refused: { code: 1011, level: "error", outcome: "told" },
  /** No configured session in time. */
  model_not_ready: { code: 1011, level: "error", outcome: "told" },
  /** The model refused our settings, and what it refused cannot be left out. */
  model_settings_refused: { code: 1011, level: "error", outcome: "told" },
  /** The model closed the session, or the socket broke. */
  model_dropped: { code: 1011, level: "error", outcome: "told" },
  /** The model keeps the session open but cannot go on: key, quota, expiry, failing responses. */
  model_failed: { code: 1011, level: "error", outcome: "told" },
  /** The model takes the caller's audio too slowly. */
  model_too_slow: { code: 1011, level: "error", outcome: "told" },
  /** The relay is going down, and another takes the call on. */
  handed_over: { code: 1012, level: "info", outcome: "handover" },
  /** The same call has a newer stream. */
  superseded: { code: 1001, level: "warn", outcome: "again" },
  /** MAX_CALL_MINUTES are over, and the assistant has said so. */
  time_is_up: { code: 1000, level: "info", outcome: "finished" },
  /** Nobody has said anything for a long time. */
  nobody_there: { code: 1000, level: "info", outcome: "finished" },
  /** A budget of the owner's is spent, and the caller has been told. */
  budget_spent: { code: 1000, level: "warn", outcome: "finished" },
  /** A throw inside `step`: ours to mend. */
  bug: { code: 1011, level: "error", outcome: "again" },
} as const satisfies Record<string, Consequence>;

export type Ending = keyof typeof ENDINGS;
