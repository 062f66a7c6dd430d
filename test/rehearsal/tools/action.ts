/**
 * One thing that a rehearsed app can do: what is said of it, what it takes, and what it does to the store. A server in
 * managed mode offers each as a tool; one in agentic mode runs them through its meta-tools.
 */
import { z } from "zod";
import type { Outcome, Store } from "./store.ts";

/** ToolAnnotations of the MCP specification. */
export type Hints = {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
};

type About = {
  readonly app: "Todoist" | "Gmail";
  /** As Zapier names the tool of an action. */
  readonly name: string;
  /** As Zapier's API names the action: within an app, a read and a write may have the same. */
  readonly key: string;
  readonly title: string;
  readonly description: string;
  readonly hints: Hints;
};

export type Action = About & {
  readonly input: z.ZodObject;
  /** @param given what the row says that was asked for, where that is more than the arguments */
  readonly perform: (store: Store, args: unknown, given?: unknown) => Outcome;
};

export const READ: Hints = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: true,
};
export const WRITE: Hints = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: false,
  openWorldHint: true,
};

export function action<Input extends z.ZodObject>({
  run,
  ...about
}: About & {
  readonly input: Input;
  readonly run: (store: Store, args: z.infer<Input>) => Outcome;
}): Action {
  return {
    ...about,
    perform: (store, args, given = args) => {
      const parsed = about.input.safeParse(args);
      if (!parsed.success) return { ok: false, why: refusalOf(about.name, parsed.error) };
      if (about.hints.readOnlyHint) return run(store, parsed.data);
      return store.execute(about.name, given, () => run(store, parsed.data));
    },
  };
}

/** In the words of the SDK's own McpServer, which also answers wrong arguments with a result and not with an error. */
export const refusalOf = (tool: string, error: z.ZodError): string =>
  `MCP error -32602: Input validation error: Invalid arguments for tool ${tool}: ${z.prettifyError(error)}`;

export const found = (results: ReadonlyArray<Readonly<Record<string, unknown>>>): Outcome => ({
  ok: true,
  results,
});
export const refused = (why: string): Outcome => ({ ok: false, why });
