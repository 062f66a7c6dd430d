/**
 * What a `session.update` and a `response.create` may hold, to the letter: an unknown key anywhere is refused, as
 * the live service refuses it. Only shapes stand here; what depends on the session's state is in settings.ts.
 *
 * Source: RealtimeSessionCreateRequest and RealtimeResponseCreateParams in npm's openai package.
 */
import { z } from "zod";
import { ToolChoice, Tools } from "./tool-shape.ts";

const BUILT_IN_VOICES = [
  "alloy",
  "ash",
  "ballad",
  "coral",
  "echo",
  "sage",
  "shimmer",
  "verse",
  "marin",
  "cedar",
] as const;

export const Voice = z.union([z.enum(BUILT_IN_VOICES), z.strictObject({ id: z.string().min(1) })], {
  error: `Supported values are: ${BUILT_IN_VOICES.map((voice) => `'${voice}'`).join(", ")}, or {id}.`,
});

/** Neither mu-law nor A-law takes a rate. */
export const Format = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("audio/pcm"), rate: z.literal(24000).optional() }),
  z.strictObject({ type: z.literal("audio/pcmu") }),
  z.strictObject({ type: z.literal("audio/pcma") }),
]);

export const TurnDetection = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("server_vad"),
    threshold: z.number().min(0).max(1).default(0.5),
    prefix_padding_ms: z.number().int().min(0).default(300),
    silence_duration_ms: z.number().int().min(0).default(500),
    idle_timeout_ms: z.number().int().min(5000).max(30000).nullable().default(null),
    create_response: z.boolean().default(true),
    interrupt_response: z.boolean().default(true),
  }),
  z.strictObject({
    type: z.literal("semantic_vad"),
    eagerness: z.enum(["low", "medium", "high", "auto"]).default("auto"),
    create_response: z.boolean().default(true),
    interrupt_response: z.boolean().default(true),
  }),
]);
export type TurnDetection = z.infer<typeof TurnDetection>;

const NoiseReduction = z.strictObject({
  type: z.enum(["near_field", "far_field"]).optional(),
  strength: z.number().min(0).max(1).optional(),
});

const Transcription = z.strictObject({
  model: z
    .enum([
      "gpt-live-transcribe",
      "gpt-transcribe",
      "gpt-realtime-whisper",
      "whisper-1",
      "gpt-4o-transcribe",
      "gpt-4o-mini-transcribe",
      "gpt-4o-mini-transcribe-2025-12-15",
      "gpt-4o-transcribe-diarize",
    ])
    .optional(),
  language: z.string().optional(),
  languages: z.array(z.string()).optional(),
  prompt: z.string().optional(),
  keywords: z.array(z.string()).optional(),
  delay: z.enum(["minimal", "low", "medium", "high", "xhigh"]).optional(),
});

const MaxOutputTokens = z.union([z.number().int().min(1).max(4096), z.literal("inf")]);
/** One or the other: both at once is refused. */
const Modalities = z.tuple([z.enum(["audio", "text"])]);
const Reasoning = z.strictObject({
  effort: z.enum(["minimal", "low", "medium", "high", "xhigh"]).optional(),
});
const Prompt = z.strictObject({
  id: z.string(),
  version: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
});

export const SessionUpdate = z.strictObject({
  type: z.literal("realtime"),
  model: z.string().optional(),
  instructions: z.string().optional(),
  output_modalities: Modalities.optional(),
  audio: z
    .strictObject({
      input: z
        .strictObject({
          format: Format.optional(),
          turn_detection: TurnDetection.nullish(),
          noise_reduction: NoiseReduction.nullish(),
          transcription: Transcription.nullish(),
        })
        .optional(),
      output: z
        .strictObject({
          format: Format.optional(),
          voice: Voice.optional(),
          speed: z.number().min(0.25).max(1.5).optional(),
        })
        .optional(),
    })
    .optional(),
  tools: Tools.optional(),
  tool_choice: ToolChoice.optional(),
  max_output_tokens: MaxOutputTokens.optional(),
  parallel_tool_calls: z.boolean().optional(),
  reasoning: Reasoning.optional(),
  include: z.array(z.enum(["item.input_audio_transcription.logprobs"])).optional(),
  prompt: Prompt.nullish(),
  tracing: z
    .union([
      z.literal("auto"),
      z.strictObject({
        workflow_name: z.string().optional(),
        group_id: z.string().optional(),
        metadata: z.unknown(),
      }),
    ])
    .nullish(),
  truncation: z
    .union([
      z.enum(["auto", "disabled"]),
      z.strictObject({
        type: z.literal("retention_ratio"),
        retention_ratio: z.number().min(0).max(1),
        token_limits: z.strictObject({ post_instructions: z.number().int().min(0).optional() }).optional(),
      }),
    ])
    .optional(),
});
export type SessionUpdate = z.infer<typeof SessionUpdate>;

/** For servers of this protocol that still take it, as the beta API did. */
export const SessionUpdateWithTemperature = SessionUpdate.extend({
  temperature: z.number().min(0.6).max(1.2).optional(),
});

export const Metadata = z
  .record(z.string().max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= 16, "At most 16 pairs.");

export const responseParams = <Input extends z.ZodType>(input: Input) =>
  z.strictObject({
    conversation: z.enum(["auto", "none"]).optional(),
    instructions: z.string().optional(),
    input: z.array(input).optional(),
    metadata: Metadata.nullish(),
    output_modalities: Modalities.optional(),
    audio: z
      .strictObject({
        output: z.strictObject({ format: Format.optional(), voice: Voice.optional() }).optional(),
      })
      .optional(),
    tools: Tools.optional(),
    tool_choice: ToolChoice.optional(),
    max_output_tokens: MaxOutputTokens.optional(),
    parallel_tool_calls: z.boolean().optional(),
    reasoning: Reasoning.optional(),
    prompt: Prompt.nullish(),
  });
