/**
 * OpenAI's `error` events, sorted by what they mean for the call. Most leave the session open.
 * Source: https://platform.openai.com/docs/api-reference/realtime-server-events/error and live behaviour.
 */
import type { ModelError } from "../wire/realtime.ts";
import type { ErrorClass } from "./journal.ts";

/** Two sides acted at once and the server was first; nothing is lost. */
const RACES = new Set(["response_cancel_not_active", "input_audio_buffer_commit_empty"]);
/** No session will work. */
const FATAL = new Set(["invalid_api_key", "insufficient_quota"]);
/** After 60 minutes; another session takes its place. */
const EXPIRED = "session_expired";

/** Which events of ours an `event_id` belongs to; the ids are made with these prefixes. */
export const UPDATE_ID = "session-";
export const TRUNCATE_ID = "truncate-";

export function classOf(error: ModelError): ErrorClass {
  const code = error.code ?? "";
  if (code === EXPIRED) return "expired";
  if (FATAL.has(code)) return "fatal";
  if (code === "conversation_already_has_active_response") return "busy";
  if (RACES.has(code)) return "race";
  // "Audio content of Xms is already shorter than Yms": the item was cut before we could.
  if (error.event_id?.startsWith(TRUNCATE_ID)) return "race";
  if (error.event_id?.startsWith(UPDATE_ID) || error.param?.startsWith("session.")) return "settings";
  return "other";
}

/** A code or a parameter's name, as far as it can be printed: never free text from outside. */
export const printable = (text: string | null | undefined): string =>
  text != null && /^[\w.[\]-]{1,80}$/.test(text) ? text : "unnamed";
