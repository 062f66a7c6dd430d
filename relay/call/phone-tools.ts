/**
 * The tools that belong to the telephone itself, and to no server. The owner's rules name them too: `end_call=deny`
 * switches one off. (`current_time` is the phone's as well, but needs a clock: io/current-time.ts.)
 */
import type { Profile } from "../contract.ts";
import type { FunctionTool } from "../wire/realtime.ts";
import { isOffered, type Policy } from "./policy.ts";
import type { Tool } from "./tools.ts";

/** A tool of another's may not take one of these names. */
export const PHONE_TOOL_NAMES = ["end_call", "transfer_call", "confirm", "cancel"] as const;
export type PhoneTool = (typeof PHONE_TOOL_NAMES)[number];

const NO_ARGUMENTS = { type: "object", properties: {}, additionalProperties: false } as const;
const HELD_ID = { type: "string", description: "The id under which the request is held" } as const;

const TOLD: Readonly<Record<PhoneTool, Omit<FunctionTool, "type" | "name">>> = {
  end_call: {
    description:
      "Hang up. Use it when the caller has said goodbye or clearly wants to end the call. Say a short goodbye first, in the same turn; the line stays open until the caller has heard it.",
    parameters: NO_ARGUMENTS,
  },
  transfer_call: {
    description:
      "Put the caller through to somebody else, when they ask for it. Say so first, in the same turn; you leave the call when the caller has heard it.",
    parameters: NO_ARGUMENTS,
  },
  confirm: {
    description:
      "Do what is held under this id. Only after you have told the caller exactly what would be done, to the end, and they have agreed to it.",
    parameters: {
      type: "object",
      properties: { id: HELD_ID },
      required: ["id"],
      additionalProperties: false,
    },
  },
  cancel: {
    description:
      "The caller does not want it after all: forget what is held under this id or, without an id, all that is held, and stop what is still being looked up.",
    parameters: { type: "object", properties: { id: HELD_ID }, additionalProperties: false },
  },
};

/** @param hasTools whether there is anything to confirm or to cancel */
export function phoneToolsFor(
  policy: Policy,
  { transfers = [], tools }: Profile,
  hasTools: boolean,
): ReadonlyArray<{ readonly name: PhoneTool; readonly told: FunctionTool }> {
  const isWanted: Readonly<Record<PhoneTool, boolean>> = {
    end_call: true,
    transfer_call: transfers.length > 0,
    confirm: hasTools,
    cancel: hasTools,
  };
  return PHONE_TOOL_NAMES.filter((name) => isWanted[name] && isOffered(policy, phoneTool(name), tools)).map(
    (name) => ({
      name,
      told: { type: "function", name, ...TOLD[name], ...(name === "transfer_call" && to(transfers)) },
    }),
  );
}

/** As the owner's rules see it. */
export const phoneTool = (name: PhoneTool): Tool => ({
  name,
  ...TOLD[name],
  source: { is: "phone" },
  hints: {},
  timeoutMs: 0,
});

const to = (names: readonly string[]): Pick<FunctionTool, "parameters"> => ({
  parameters: {
    type: "object",
    properties: { to: { type: "string", enum: names } },
    required: ["to"],
    additionalProperties: false,
  },
});
