/**
 * The tools that belong to the telephone itself. `end_call` is the first: the assistant can hang up.
 */
import type { FunctionTool } from "../wire/realtime.ts";

export const END_CALL = "end_call";

export const PHONE_TOOLS: readonly FunctionTool[] = [
  {
    type: "function",
    name: END_CALL,
    description:
      "Hang up. Use it when the caller has said goodbye or clearly wants to end the call. Say a short goodbye first, in the same turn; the line stays open until the caller has heard it.",
    parameters: { type: "object", properties: {}, additionalProperties: false },
  },
];
