/**
 * What a model gives to a tool: a text that should be a JSON object, and may be anything.
 */
import type { ToolArguments } from "./tools.ts";

/** undefined: it is none. No text at all is no arguments. */
export function argumentsFrom(text: string): ToolArguments | undefined {
  let value: unknown;
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value));
}
