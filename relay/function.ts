/**
 * How a tool of the owner's own is written: one small file in relay/functions/ (or FUNCTIONS_DIR), with a default
 * export. The relay reads the folder when it starts (io/function-files.ts), and offers what it finds beside the tools
 * of the MCP servers. A whole one:
 *
 *     import { defineFunction, z } from "../function.ts";
 *
 *     export default defineFunction({
 *       name: "roll_dice",
 *       description: "Roll dice, and tell what they show.",
 *       schema: z.object({ dice: z.int().min(1).max(10).describe("How many") }),
 *       policy: { kind: "read" },
 *       run: ({ dice }) => Array.from({ length: dice }, () => 1 + Math.floor(Math.random() * 6)),
 *     });
 *
 * It runs inside the relay, between the pieces of everybody's audio: it awaits what takes time, and never blocks.
 */
import type { z } from "zod";
import type { Kind, Rule } from "./call/tools.ts";

/** The relay's own zod, so that a file needs this one import, wherever its folder is. */
export { z } from "zod";

/** Whatever JSON can say. Text is told to the model as it is. */
export type Answer =
  | string
  | number
  | boolean
  | null
  | readonly Answer[]
  | { readonly [name: string]: Answer | undefined };

export type FunctionPolicy = {
  /** read: it only looks. write: it changes something, somewhere. */
  readonly kind: Kind;
  /**
   * allow: at once. confirm: when the caller has heard what would be done, and said yes. keypad: when they have pressed
   * 1 for it. deny: never. Without one, the relay's defaults for such a tool; TOOL_POLICY is above both.
   */
  readonly rule?: Rule;
  /**
   * Its answer may hold words that a stranger wrote, as a mail or a web page does. What the model wants to do after it
   * has read them is judged as strictly as after an MCP server's.
   */
  readonly untrusted?: boolean;
};

export type FunctionContext = {
  /** The time; a test hands in its own. */
  readonly now: () => Date;
  /** The caller's, or else the relay's: IANA's name of it. */
  readonly timeZone: string;
  /** The caller's, as in "de-CH", where the callers file names one. */
  readonly language: string | undefined;
  readonly callerName: string | undefined;
  /** A folder for what functions keep, shared by all of them and by all callers; it exists. */
  readonly dataDir: string;
  /** Aborted when nobody waits for the answer any more: out of time, called off, or the caller has hung up. */
  readonly signal: AbortSignal;
};

export type AssistantFunction<Schema extends z.ZodObject = z.ZodObject> = {
  /** As the model calls it and TOOL_POLICY names it: 1 to 64 letters, digits, _ and -. */
  readonly name: string;
  /** What it does and when to use it, for the model. */
  readonly description: string;
  /** Of the arguments. The model is told it, each field with its .describe(). */
  readonly schema: Schema;
  readonly policy: FunctionPolicy;
  /** After this the caller is told that it did not answer; by default as long as for every tool. */
  readonly timeoutMs?: number;
  /** @throws FunctionError where it cannot be done; anything else thrown is a mistake in the function */
  run(args: z.output<Schema>, context: FunctionContext): Answer | Promise<Answer>;
};

/** Changes nothing: it is here for the types of `run`. */
export const defineFunction = <Schema extends z.ZodObject>(
  definition: AssistantFunction<Schema>,
): AssistantFunction<Schema> => definition;

/** It cannot be done, for a reason to tell: its message is a sentence for the model, which says it in its own words. */
export class FunctionError extends Error {
  override readonly name = "FunctionError";
}
