/**
 * Inputs from thin air: each kind that a call can be given, with fields from pools so small that they meet. Used
 * for the random sequences, and to put something foreign into a recorded one.
 */
import type { Input, LineNews, Terms } from "../../../../relay/call/call.ts";
import type { Remembered } from "../../../../relay/call/remembered.ts";
import type { Settings } from "../../../../relay/call/session.ts";
import { type Profile, packProfile } from "../../../../relay/contract.ts";
import type { FromModel, ModelError } from "../../../../relay/wire/realtime.ts";
import type { FromTwilio } from "../../../../relay/wire/twilio.ts";
import { ACCOUNT_SID, CALL_SID, PCMU, SETTINGS, STREAM_SID, termsFor } from "../call-in-hand.ts";
import type { Chance } from "../chance.ts";
import { REQUESTS, TOOLBOX, TRANSFER_TO, UTTERANCES } from "./tool-terms.ts";
import { anyOutcome } from "./tools.ts";

const PROFILE: Profile = { name: "Ada", transfers: [TRANSFER_TO] };
const PARAMETERS = { profile0: packProfile(PROFILE).parameters[0]?.value ?? "" };
const OTHER_PARAMETERS = { profile0: packProfile({ name: "Eve" }).parameters[0]?.value ?? "" };

const TRANSCRIBED = { ...SETTINGS, transcriptionModel: "gpt-transcribe" };

const bare = (settings: Settings) => termsFor(settings, PROFILE);
const withTools = (settings: Settings) => termsFor(settings, PROFILE, TOOLBOX);

export const TOOL_TERMS = [
  withTools({ ...SETTINGS, greeting: undefined }),
  withTools({ ...TRANSCRIBED, temperature: 0.8 }),
  withTools(TRANSCRIBED),
] as const;
/** What a call may be about: with a greeting or without, with settings that a server may refuse, with tools or none. */
export const TERMS = [bare(SETTINGS), ...TOOL_TERMS] as const;

/** The text of the profile that each call's terms stand for. */
export const PROFILE_TEXT = new WeakMap<Terms, string>();
for (const terms of TERMS) PROFILE_TEXT.set(terms, PARAMETERS.profile0);

/** The same call, when it comes back. */
export const comingBack = (terms: Terms, before: Remembered): Terms => alike({ ...terms, before });
/** A call for which there is no money. */
export const spent = (terms: Terms): Terms => alike({ ...terms, isSpent: true });

function alike(terms: Terms): Terms {
  PROFILE_TEXT.set(terms, PARAMETERS.profile0);
  return terms;
}

/** Some audio of each length, made once: never silence, and each frame unlike the one before. */
const AUDIO = new Map<number, readonly string[]>();
export function someAudio(ms: number, index: number): string {
  let ofLength = AUDIO.get(ms);
  if (ofLength === undefined) {
    ofLength = Array.from({ length: 8 }, (_, byte) => Buffer.alloc(ms * 8, byte + 1).toString("base64"));
    AUDIO.set(ms, ofLength);
  }
  return ofLength[index % 8] ?? "AAAA";
}

export const connected: FromTwilio = { event: "connected" };

export type StartFields = { readonly callSid?: string; readonly accountSid?: string; readonly eve?: boolean };

export const start = (fields: StartFields = {}): FromTwilio => ({
  event: "start",
  streamSid: STREAM_SID,
  start: {
    streamSid: STREAM_SID,
    accountSid: fields.accountSid ?? ACCOUNT_SID,
    callSid: fields.callSid ?? CALL_SID,
    mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
    customParameters: fields.eve === true ? OTHER_PARAMETERS : PARAMETERS,
  },
});

export const updated = (output = "audio/pcmu"): FromModel => ({
  type: "session.updated",
  session: { audio: { input: PCMU.input, output: { format: { type: output } } } },
});

const RESPONSES = ["r1", "r2", "r3", "r4"] as const;
const ITEMS = ["i1", "i2", "i3"] as const;
const CALLS = ["c1", "c2", "c3", "c4", "c5", "c6"] as const;
const TURNS = ["said_0", "said_1", "said_2"] as const;
const OUR_IDS = [
  "session-1",
  "create-1",
  "create-2",
  "create-3",
  "key-2",
  "item-3",
  "out-2",
  "out-4",
] as const;
const REASONS = [
  "greeting",
  "keypad",
  "tool",
  "goodbye",
  "answer",
  "retry",
  "elsewhere",
  "read_back",
  "read_back",
  "filler",
  "nudge",
] as const;
const STATUSES = ["completed", "completed", "cancelled", "failed", "incomplete", "unheard of"] as const;
const CODES = [
  "conversation_already_has_active_response",
  "conversation_already_has_active_response",
  "response_cancel_not_active",
  "input_audio_buffer_commit_empty",
  "invalid_value",
  "unknown_parameter",
  "server_error",
] as const;
const PARAMS = [
  "session.temperature",
  "session.audio.input.transcription.model",
  "session.voice",
  "response.metadata",
  undefined,
] as const;
const NEWS: readonly [LineNews, ...LineNews[]] = [
  { is: "twilio_closed", code: 1006 },
  { is: "twilio_slow" },
  { is: "model_closed", code: 1011 },
  { is: "model_closed", code: 1006, status: 429 },
  { is: "model_closed", code: 1006, deafMs: 5_000 },
  { is: "model_slow" },
  { is: "model_closed", code: 1006, status: 503 },
  { is: "relay_stopping" },
  { is: "superseded" },
  { is: "budget_spent" },
  { is: "bug" },
];

/** What the call has asked for, so that what comes in may be about it. */
export type Wanted = {
  readonly runIds: readonly string[];
  /** Items that it has put into the conversation. */
  readonly itemIds: readonly string[];
  /** The words that it had read out last. */
  readonly toRead: string;
};
export const NOTHING: Wanted = { runIds: [], itemIds: [], toRead: "" };

const CALLED: readonly [readonly [string, string], ...(readonly [string, string])[]] = [
  ["end_call", "{}"],
  ["end_call", "{}"],
  ["other", "{}"],
  ["transfer_call", `{"to":"${TRANSFER_TO}"}`],
  ["confirm", '{"id":"r1"}'],
  ["confirm", '{"id":"r2"}'],
  ["cancel", "{}"],
  ...REQUESTS,
  ...REQUESTS,
];
const SAID: readonly [string, ...string[]] = ["Yes.", "Yes.", ...Object.keys(UTTERANCES)];

function anyError(chance: Chance): ModelError {
  const fatal = chance.often(0.03);
  return {
    type: "invalid_request_error",
    code: fatal ? chance.one(["session_expired", "insufficient_quota"]) : chance.one(CODES),
    param: chance.one(PARAMS),
    event_id: chance.often(0.5) ? chance.one(OUR_IDS) : undefined,
  };
}

function anyEvent(chance: Chance, wanted: Wanted): FromModel {
  const response_id = chance.one(RESPONSES);
  const item_id = chance.one(ITEMS);
  const content_index = chance.often(0.9) ? 0 : 1;
  switch (chance.whole(0, 18)) {
    case 0:
      return chance.often(0.9) ? updated() : updated("audio/pcm");
    case 1:
    case 2:
      return { type: "input_audio_buffer.speech_started" };
    case 3:
      return chance.often(0.2)
        ? { type: "input_audio_buffer.committed" }
        : { type: "input_audio_buffer.committed", item_id: chance.one(TURNS) };
    case 4:
      return {
        type: "conversation.item.added",
        item: { id: chance.one([chance.one(OUR_IDS), ...wanted.itemIds]) },
      };
    case 5:
    case 6: {
      const metadata = chance.often(0.5)
        ? { reason: chance.one(REASONS) }
        : chance.one([null, undefined, {}]);
      return { type: "response.created", response: { id: response_id, metadata } };
    }
    case 7:
    case 8: {
      const delta = chance.often(0.95) ? someAudio(chance.one([20, 100, 400]), chance.whole(0, 7)) : "";
      return { type: "response.output_audio.delta", response_id, item_id, content_index, delta };
    }
    case 9:
      return { type: "response.output_audio.done", response_id, item_id, content_index };
    case 10: {
      const call_id = chance.one(CALLS);
      const [name, text] = chance.one(CALLED);
      const status = chance.one(["completed", "completed", "incomplete", undefined]);
      const item = { type: "function_call" as const, id: item_id, call_id, name, arguments: text, status };
      return { type: "response.output_item.done", response_id, item };
    }
    case 11: {
      const status = chance.one(STATUSES);
      const code = chance.often(0.03) ? "insufficient_quota" : chance.one(CODES);
      const status_details = status === "failed" ? { error: { code } } : null;
      return { type: "response.done", response: { id: response_id, status, status_details } };
    }
    case 12:
      return { type: "input_audio_buffer.speech_stopped" };
    case 13:
    case 14: {
      const [turn, transcript] = [chance.one(TURNS), chance.one(SAID)];
      if (chance.often(0.2))
        return { type: "conversation.item.input_audio_transcription.failed", item_id: turn };
      return {
        type: "conversation.item.input_audio_transcription.completed",
        item_id: turn,
        transcript,
      };
    }
    case 15:
    case 16: {
      const transcript = chance.one([wanted.toRead, wanted.toRead, "I have added it.", ""]);
      return { type: "response.output_audio_transcript.done", response_id, item_id, transcript };
    }
    case 17: {
      const delta = chance.one(["It will ", "rain.", ""]);
      return { type: "response.output_audio_transcript.delta", response_id, item_id, delta };
    }
    default:
      if (chance.often(0.5)) return { type: "error", error: anyError(chance) };
      return chance.often(0.5) ? { type: "other" } : { type: "malformed", event: "response.done" };
  }
}

function anyFrame(chance: Chance, clockMs: number): FromTwilio {
  const streamSid = chance.often(0.99) ? STREAM_SID : "MZ0";
  switch (chance.whole(0, 7)) {
    case 0:
    case 1:
    case 2:
    case 3: {
      const timestamp = Math.max(0, Math.round(clockMs + chance.between(-60, 60)));
      const payload = someAudio(chance.one([20, 100]), chance.whole(0, 7));
      return { event: "media", streamSid, media: { track: "inbound", timestamp, payload } };
    }
    case 4:
    case 5:
      return { event: "mark", streamSid, mark: { name: `${chance.whole(0, 2)}.${chance.whole(0, 12)}` } };
    case 6:
      return { event: "dtmf", streamSid, dtmf: { digit: chance.one(["1", "1", "2", "5", "#"]) } };
    default:
      if (chance.often(0.9)) return { event: "mark", streamSid, mark: { name: "" } };
      return chance.one([
        { event: "malformed", why: "not json" },
        { event: "stop", streamSid },
        connected,
        start(),
        start({ eve: true }),
      ]);
  }
}

/** @param clockMs what a frame's timestamp might be now */
export function anyInput(chance: Chance, clockMs: number, wanted: Wanted = NOTHING): Input {
  const kind = chance.next();
  if (kind < 0.32) return { from: "twilio", frame: anyFrame(chance, clockMs) };
  if (kind < 0.9) return { from: "model", event: anyEvent(chance, wanted) };
  if (kind < 0.95) {
    const runId = chance.one([`run-${chance.whole(1, 12)}`, ...wanted.runIds]);
    return { from: "tool", runId, outcome: anyOutcome(runId, chance) };
  }
  if (kind < 0.98) return { from: "clock" };
  return { from: "line", news: chance.often(0.4) ? chance.one(NEWS) : { is: "model_open" } };
}
