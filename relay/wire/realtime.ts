/**
 * OpenAI's Realtime API (GA), as far as the relay speaks it: decoder beside encoder, and nothing that decides.
 * Source: https://platform.openai.com/docs/api-reference/realtime-server-events and -client-events
 *
 * Field names are the wire's own. New event types appear without notice: an unknown one is not an error.
 */
import { z } from "zod";
import { isPlain, plainString } from "./json.ts";
import {
  type ApprovalResponse,
  MCP_EVENTS,
  MCP_ITEMS,
  type McpTool,
  NoMcpItem,
  opened,
} from "./native-mcp.ts";
import { ResponseUsage, TranscriptionUsage } from "./usage.ts";

const Id = z.string().min(1);

const FunctionCall = z.object({
  type: z.literal("function_call"),
  id: Id,
  call_id: Id,
  name: z.string(),
  arguments: z.string(),
  status: z.string().optional(),
});
const Item = z.union([FunctionCall, NoMcpItem, ...MCP_ITEMS]);

const EVENTS = {
  "session.updated": z.object({
    type: z.literal("session.updated"),
    session: z.object({
      audio: z.object({
        input: z.object({ format: z.object({ type: z.string() }) }),
        output: z.object({ format: z.object({ type: z.string() }) }),
      }),
    }),
  }),
  "input_audio_buffer.speech_started": z.object({ type: z.literal("input_audio_buffer.speech_started") }),
  "input_audio_buffer.speech_stopped": z.object({ type: z.literal("input_audio_buffer.speech_stopped") }),
  "input_audio_buffer.committed": z.object({
    type: z.literal("input_audio_buffer.committed"),
    item_id: Id.optional(),
  }),
  "conversation.item.input_audio_transcription.completed": z.object({
    type: z.literal("conversation.item.input_audio_transcription.completed"),
    item_id: Id,
    transcript: z.string(),
    usage: TranscriptionUsage,
  }),
  "conversation.item.input_audio_transcription.failed": z.object({
    type: z.literal("conversation.item.input_audio_transcription.failed"),
    item_id: Id,
  }),
  "conversation.item.added": z.object({
    type: z.literal("conversation.item.added"),
    item: z.union([...MCP_ITEMS, z.object({ id: Id })]),
  }),
  "response.created": z.object({
    type: z.literal("response.created"),
    response: z.object({ id: Id, metadata: z.object({ reason: z.string().optional() }).nullish() }),
  }),
  "response.output_audio.delta": z.object({
    type: z.literal("response.output_audio.delta"),
    response_id: Id,
    item_id: Id,
    content_index: z.number().int().nonnegative(),
    /** base64 of the output format: for us mu-law, 8 bytes a ms. */
    delta: z.string(),
  }),
  "response.output_audio.done": z.object({
    type: z.literal("response.output_audio.done"),
    response_id: Id,
    item_id: Id,
    content_index: z.number().int().nonnegative(),
  }),
  "response.output_audio_transcript.delta": z.object({
    type: z.literal("response.output_audio_transcript.delta"),
    response_id: Id,
    item_id: Id,
    delta: z.string(),
  }),
  "response.output_audio_transcript.done": z.object({
    type: z.literal("response.output_audio_transcript.done"),
    response_id: Id,
    item_id: Id.optional(),
    transcript: z.string(),
  }),
  "response.output_item.done": z.object({
    type: z.literal("response.output_item.done"),
    response_id: Id,
    item: Item,
  }),
  "response.done": z.object({
    type: z.literal("response.done"),
    response: z.object({
      id: Id,
      /** A status that is new to us must not hide that the response is over: the next would wait for it for ever. */
      status: z.string(),
      status_details: z
        .object({ error: z.object({ type: z.string().nullish(), code: z.string().nullish() }).nullish() })
        .nullish(),
      usage: ResponseUsage,
    }),
  }),
  error: z.object({
    type: z.literal("error"),
    error: z.object({
      type: z.string().nullish(),
      code: z.string().nullish(),
      param: z.string().nullish(),
      event_id: z.string().nullish(),
    }),
  }),
  ...MCP_EVENTS,
} as const;

type Events = typeof EVENTS;
export type FromModel =
  | { [Type in keyof Events]: z.infer<Events[Type]> }[keyof Events]
  /** A type that the relay does not act on. */
  | { readonly type: "other" }
  /** An event that the relay acts on, in a shape that it cannot; or no JSON at all. */
  | { readonly type: "malformed"; readonly event: keyof Events | "unknown" };

export type ModelError = Extract<FromModel, { type: "error" }>["error"];

export function decodeModel(text: string): FromModel {
  const frequent = audioDelta(text);
  if (frequent !== undefined) return frequent;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { type: "malformed", event: "unknown" };
  }
  if (typeof value !== "object" || value === null || !("type" in value) || typeof value.type !== "string") {
    return { type: "malformed", event: "unknown" };
  }
  const { type } = value;
  if (!isActedOn(type)) return OTHER;
  const event = EVENTS[type].safeParse(value);
  return event.success ? event.data : { type: "malformed", event: type };
}

const isActedOn = (type: string): type is keyof Events => Object.hasOwn(EVENTS, type);

const OTHER: FromModel = { type: "other" };

/*
 * The event that comes fifty times a second is read as it stands, in the form in which the API writes it, for what
 * JSON.parse and zod took. What the schema above accepts is accepted here, to the same value, and nothing else; of
 * whatever this does not recognise the schema is the judge (test/relay/wire/frequent-frames.test.ts holds the two
 * together).
 */
const DELTA_HEAD =
  /^\{(?:"type":"response\.output_audio\.delta","event_id":"\w{1,64}"|"event_id":"\w{1,64}","type":"response\.output_audio\.delta"),"response_id":"(\w{1,64})","item_id":"(\w{1,64})","output_index":\d{1,9},"content_index":(0|[1-9]\d{0,8}),"delta":"/;

function audioDelta(text: string): z.infer<Events["response.output_audio.delta"]> | undefined {
  const head = DELTA_HEAD.exec(text);
  if (head === null) return;
  const [{ length: from }, response_id, item_id, index] = head;
  if (response_id === undefined || item_id === undefined) return;
  const delta = plainString(text, from);
  if (delta === undefined || text.length !== from + delta.length + 2 || !text.endsWith('"}')) return;
  const content_index = Number(index);
  return { type: "response.output_audio.delta", response_id, item_id, content_index, delta };
}

// --- to the model -------------------------------------------------------------------------------------------

export type TurnDetection =
  | {
      readonly type: "server_vad";
      readonly threshold: number;
      readonly prefix_padding_ms: number;
      readonly silence_duration_ms: number;
    }
  | { readonly type: "semantic_vad"; readonly eagerness: "low" | "medium" | "high" | "auto" };

export type FunctionTool = {
  readonly type: "function";
  readonly name: string;
  readonly description: string;
  readonly parameters: { readonly type: "object"; readonly [keyword: string]: unknown };
};

/** A function that the relay runs, or a server whose tools OpenAI uses by itself. */
export type SessionTool = FunctionTool | McpTool;

/** `session` of a session.update. `temperature` left the GA API; other servers of this protocol may take it. */
export type Session = {
  readonly type: "realtime";
  readonly model?: string;
  readonly instructions: string;
  readonly output_modalities: readonly ["audio"];
  readonly audio: {
    readonly input: {
      readonly format: { readonly type: "audio/pcmu" };
      readonly turn_detection: TurnDetection;
      readonly noise_reduction?: { readonly type: "near_field" | "far_field" };
      readonly transcription?: { readonly model: string; readonly language?: string };
    };
    readonly output: {
      readonly format: { readonly type: "audio/pcmu" };
      readonly voice: string | { readonly id: string };
    };
  };
  readonly tools: readonly SessionTool[];
  readonly tool_choice: "auto";
  /** How much is kept of what followed the instructions once it outgrows the model's context. */
  readonly truncation?: { readonly type: "retention_ratio"; readonly retention_ratio: number };
  readonly temperature?: number;
};

export type ResponseParams = {
  /** Replaces the session's instructions for this response alone. */
  readonly instructions?: string;
  readonly tool_choice?: "none" | "auto" | "required";
  /** Out of band: it sees nothing of the conversation, and leaves nothing in it. */
  readonly conversation?: "none";
  readonly input?: readonly [];
  readonly tools?: readonly [];
  /** Echoed in response.created: tells our responses from those that the server's VAD creates. */
  readonly metadata: { readonly reason: string };
};

export type NewItem =
  | {
      readonly id: string;
      readonly type: "message";
      readonly role: "user" | "system";
      readonly content: readonly [{ readonly type: "input_text"; readonly text: string }];
    }
  /** What was said before this session began: an assistant's message can be given in words alone. */
  | {
      readonly id: string;
      readonly type: "message";
      readonly role: "assistant";
      readonly content: readonly [{ readonly type: "output_text"; readonly text: string }];
    }
  /** A call of before this session, whose output follows. */
  | {
      readonly id: string;
      readonly type: "function_call";
      readonly call_id: string;
      readonly name: string;
      readonly arguments: string;
    }
  | {
      readonly id: string;
      readonly type: "function_call_output";
      readonly call_id: string;
      readonly output: string;
    }
  | ApprovalResponse;

export type ToModel =
  | { readonly type: "session.update"; readonly event_id: string; readonly session: Session }
  /** Without an event_id: there are 50 a second, and none is ever looked up by one. */
  | { readonly type: "input_audio_buffer.append"; readonly audio: string }
  | { readonly type: "conversation.item.create"; readonly event_id: string; readonly item: NewItem }
  | {
      readonly type: "conversation.item.truncate";
      readonly event_id: string;
      readonly item_id: string;
      readonly content_index: number;
      readonly audio_end_ms: number;
    }
  | { readonly type: "response.create"; readonly event_id: string; readonly response: ResponseParams }
  | { readonly type: "response.cancel"; readonly event_id: string; readonly response_id: string };

/** The frequent one is put together by hand, for what JSON.stringify took. */
export function encodeModel(event: ToModel): string {
  if (event.type === "input_audio_buffer.append" && isPlain(event.audio)) {
    return `{"type":"input_audio_buffer.append","audio":"${event.audio}"}`;
  }
  return JSON.stringify(
    event.type === "session.update" ? { ...event, session: shownTo(event.session) } : event,
  );
}

/** The keys of its servers print as nothing anywhere else. */
const shownTo = ({ tools, ...session }: Session): Record<string, unknown> => ({
  ...session,
  tools: tools.map((tool) => (tool.type === "mcp" ? opened(tool) : tool)),
});
