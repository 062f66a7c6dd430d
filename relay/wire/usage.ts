/**
 * What OpenAI says that a response or a transcription used. Everything in it may be absent or new to us, and a strange
 * figure must never hide the event that carries it: what cannot be read is as if it were not there.
 * Source: RealtimeResponseUsage and TranscriptTextUsageTokens/Duration of the package openai,
 * resources/realtime/realtime.d.ts; https://developers.openai.com/api/docs/guides/realtime-costs
 */
import { z } from "zod";

/** Far above what any context holds; more is no count. */
const MOST_TOKENS = 100_000_000;
/** Longer than Twilio's longest call. */
const MOST_SECONDS = 7 * 24 * 3600;

const Count = z.number().int().min(0).max(MOST_TOKENS).optional().catch(undefined);

const Kinds = z.object({ text_tokens: Count, audio_tokens: Count }).optional().catch(undefined);

/** Cached tokens are a part of the input. */
export const ResponseUsage = z
  .object({
    input_tokens: Count,
    output_tokens: Count,
    input_token_details: z
      .object({
        text_tokens: Count,
        audio_tokens: Count,
        cached_tokens: Count,
        cached_tokens_details: Kinds,
      })
      .optional()
      .catch(undefined),
    output_token_details: Kinds,
  })
  .optional()
  .catch(undefined);
export type ResponseUsage = NonNullable<z.infer<typeof ResponseUsage>>;

/** Billed by tokens or by the length of the audio, as the transcription's model is. */
export const TranscriptionUsage = z
  .discriminatedUnion("type", [
    z.object({
      type: z.literal("tokens"),
      input_tokens: Count,
      output_tokens: Count,
      input_token_details: Kinds,
    }),
    z.object({ type: z.literal("duration"), seconds: z.number().min(0).max(MOST_SECONDS) }),
  ])
  .optional()
  .catch(undefined);
export type TranscriptionUsage = NonNullable<z.infer<typeof TranscriptionUsage>>;
