/**
 * What a tool answered, as text for a model that speaks. Pictures and sounds are named and not shown. It is bounded, for
 * a server may say anything; how much of it a voice can use is the call's affair.
 * Source: https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool-result
 */
import { z } from "zod";

export const MOST_CHARS = 256 * 1024;
const MOST_BLOCKS = 1_000;
const CUT = "\n(The answer was longer; the rest is left out.)";
const NOTHING = "(It answered with nothing.)";
const UNTELLABLE = "(something that cannot be told)";

const Resource = z.looseObject({
  uri: z.string().optional().catch(undefined),
  text: z.string().optional().catch(undefined),
});
const Block = z.looseObject({
  type: z.string().optional().catch(undefined),
  text: z.string().optional().catch(undefined),
  name: z.string().optional().catch(undefined),
  uri: z.string().optional().catch(undefined),
  resource: Resource.optional().catch(undefined),
});

/** All of it optional: whatever comes is an answer, and must not be taken for none. */
export const CallResult = z.looseObject({
  content: z.array(z.unknown()).optional().catch(undefined),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().optional().catch(undefined),
});
export type CallResult = z.infer<typeof CallResult>;

export function textOf({ content = [], structuredContent }: CallResult): string {
  const words = content
    .slice(0, MOST_BLOCKS)
    .map(wordsOf)
    .filter((text) => text !== "");
  const hasText = content.some((block) => Block.safeParse(block).data?.type === "text");
  // By the specification it says the same as the text, and is there for programs.
  if (!hasText && structuredContent !== undefined) words.push(JSON.stringify(structuredContent));
  return bounded(words.join("\n"));
}

/** As much of it as anybody could want, and something in any case. */
export function bounded(text: string): string {
  if (text === "") return NOTHING;
  const whole = text.slice(0, MOST_CHARS).replace(/\p{Cs}/gu, "\ufffd");
  return text.length > MOST_CHARS ? whole + CUT : whole;
}

function wordsOf(given: unknown): string {
  const block = Block.safeParse(given).data;
  switch (block?.type) {
    case "text":
      return block.text ?? "";
    case "image":
      return "(an image)";
    case "audio":
      return "(a sound)";
    case "resource_link":
      return `(a link to ${block.name ?? block.uri ?? "something"})`;
    case "resource":
      return block.resource?.text ?? `(a file: ${block.resource?.uri ?? "without a name"})`;
    default:
      return UNTELLABLE;
  }
}
