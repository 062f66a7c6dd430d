/**
 * What a caller hears when there is no assistant to talk to. Every sentence of the edge stands here; the one of
 * `/voice/fallback` is repeated there, because that file must need nothing but itself.
 */
import type { Verb } from "./twiml.ts";

const LANGUAGE = "en-US";

const SENTENCES = {
  /** Nobody took the call: the relay is down or full, or the edge is not set up. */
  unavailable: "Your assistant is not available right now, please call back.",
  /** The conversation had begun, and broke. */
  lost: "Sorry, I lost the connection to your assistant. Please call back.",
} as const;

export const apology = (reason: keyof typeof SENTENCES): readonly Verb[] => [
  { verb: "say", language: LANGUAGE, text: SENTENCES[reason] },
  { verb: "hangup" },
];
