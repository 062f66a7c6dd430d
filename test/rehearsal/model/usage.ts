/**
 * Tokens, counted as OpenAI says that it counts: the caller's audio one for 100 ms, the assistant's one for 50 ms,
 * text about one for four characters. Every response reads its whole context again; what the one before it read is
 * counted as cached.
 */
import type { Item } from "./conversation.ts";

export type Usage = {
  total_tokens: number;
  input_tokens: number;
  output_tokens: number;
  input_token_details: {
    text_tokens: number;
    audio_tokens: number;
    image_tokens: number;
    cached_tokens: number;
    cached_tokens_details: { text_tokens: number; audio_tokens: number; image_tokens: number };
  };
  output_token_details: { text_tokens: number; audio_tokens: number };
};

export type Tokens = { readonly text: number; readonly audio: number };

export const textTokens = (text: string): number => Math.ceil(text.length / 4);
const CALLER_MS_PER_TOKEN = 100;
export const ASSISTANT_MS_PER_TOKEN = 50;

export function tokensOf(items: readonly Item[]): Tokens {
  let text = 0;
  let audio = 0;
  for (const item of items) {
    if (item.kind !== "message") {
      text += textTokens(wordsOf(item));
      continue;
    }
    const msPerToken = item.role === "assistant" ? ASSISTANT_MS_PER_TOKEN : CALLER_MS_PER_TOKEN;
    for (const part of item.content) {
      text += textTokens(part.type === "input_audio" ? "" : part.words);
      audio += Math.ceil(part.audioMs / msPerToken);
    }
  }
  return { text, audio };
}

function wordsOf(item: Exclude<Item, { kind: "message" }>): string {
  switch (item.kind) {
    case "function_call":
    case "mcp_approval_request":
      return item.name + item.arguments;
    case "function_call_output":
      return item.output;
    case "mcp_list_tools":
      return JSON.stringify(item.tools);
    case "mcp_call":
      return item.name + item.arguments + (item.output ?? item.error?.message ?? "");
    case "mcp_approval_response":
      return item.reason ?? "";
    default:
      return item satisfies never;
  }
}

export const plus = (one: Tokens, other: Tokens): Tokens => ({
  text: one.text + other.text,
  audio: one.audio + other.audio,
});

export function usageOf(read: Tokens, readBefore: Tokens, spoken: Tokens): Usage {
  const cached = {
    text_tokens: Math.min(read.text, readBefore.text),
    audio_tokens: Math.min(read.audio, readBefore.audio),
    image_tokens: 0,
  };
  const input = read.text + read.audio;
  const output = spoken.text + spoken.audio;
  return {
    total_tokens: input + output,
    input_tokens: input,
    output_tokens: output,
    input_token_details: {
      text_tokens: read.text,
      audio_tokens: read.audio,
      image_tokens: 0,
      cached_tokens: cached.text_tokens + cached.audio_tokens,
      cached_tokens_details: cached,
    },
    output_token_details: { text_tokens: spoken.text, audio_tokens: spoken.audio },
  };
}
