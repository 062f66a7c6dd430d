/**
 * What a model gives to a tool: a text that should be a JSON object, and may be anything.
 */
import type { ToolArguments } from "./tools.ts";

/** A long letter and its addresses. More than a caller could agree to, and all other calls wait while it is read. */
const MOST_CHARS = 16_384;

/** undefined: it is none, or too long. No text at all is no arguments. */
export function argumentsFrom(text: string): ToolArguments | undefined {
  if (text.length > MOST_CHARS) return undefined;
  let value: unknown;
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value));
}
