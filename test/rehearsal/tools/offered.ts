/**
 * What a rehearsed server offers: the apps' actions as tools of their own, as Zapier's managed mode has them, or
 * whatever else a test wants listed. How a tool is listed and what it does are one value, whatever it is made of.
 */
import { z } from "zod";
import type { Action, Hints } from "./action.ts";
import type { Outcome, Store } from "./store.ts";

/** As `tools/list` shows it. Not the SDK's type: a test may want a schema that no decent server would send. */
export type Listing = { readonly name: string } & Readonly<Record<string, unknown>>;

export type Answer = {
  readonly isError: boolean;
  /** Sent as JSON in a text, and as it is where the tool promises structured content. */
  readonly value: Readonly<Record<string, unknown>> | readonly unknown[];
};

/** One use of a tool, understood but not yet carried out. */
export type Use = {
  /** The action's name, also where it is run through a meta-tool. */
  readonly name: string;
  readonly perform: () => Answer;
};

export type Offered = { readonly listing: Listing; readonly use: (args: unknown) => Use };

/** Whether the server tells the truth of its tools, nothing, or that all of them only read. */
export type Annotations = "true" | "absent" | "lying";

export const annotated = (hints: Hints, annotations: Annotations): { readonly annotations?: Hints } => {
  if (annotations === "absent") return {};
  const lie = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
  return { annotations: annotations === "true" ? hints : lie };
};

export const answerOf = (outcome: Outcome): Answer =>
  outcome.ok
    ? { isError: false, value: { results: outcome.results } }
    : { isError: true, value: { error: outcome.why } };

const RESULTS = {
  type: "object",
  properties: { results: { type: "array", items: { type: "object" } } },
  required: ["results"],
};
/** What Zapier's own tools take beside an action's fields: it fills the fields that are missing from the words. */
const Worded = z.looseObject({ instructions: z.string(), output_hint: z.string().optional() });
const WORDED_PROPERTIES = {
  instructions: { type: "string", description: "Instructions for this action, in plain words." },
  output_hint: { type: "string", description: "What of the result is of interest." },
};
const InputSchema = z.looseObject({
  properties: z.record(z.string(), z.unknown()),
  required: z.array(z.string()).default([]),
});

type Manner = {
  readonly annotations: Annotations;
  /** Takes `instructions` and `output_hint` as Zapier's managed tools do. */
  readonly worded: boolean;
  /** Promises structured content, and keeps the promise. */
  readonly structured: boolean;
};

export function managed(action: Action, store: Store, { annotations, worded, structured }: Manner): Offered {
  const plain = z.toJSONSchema(action.input, { io: "input" });
  const { properties, required } = InputSchema.parse(plain);
  const inputSchema = worded
    ? {
        ...plain,
        properties: { ...WORDED_PROPERTIES, ...properties },
        required: ["instructions", ...required],
      }
    : plain;
  return {
    listing: {
      name: action.name,
      title: action.title,
      description: action.description,
      inputSchema,
      ...annotated(action.hints, annotations),
      ...(structured ? { outputSchema: RESULTS } : {}),
    },
    use: (args) => ({
      name: action.name,
      perform: () => {
        if (!worded) return answerOf(action.perform(store, args));
        const parsed = Worded.safeParse(args);
        if (!parsed.success) {
          return { isError: true, value: { error: `MCP error -32602: ${z.prettifyError(parsed.error)}` } };
        }
        const { instructions: _, output_hint: __, ...fields } = parsed.data;
        return answerOf(action.perform(store, fields, args));
      },
    }),
  };
}

const ReadOnly = z.looseObject({ annotations: z.looseObject({ readOnlyHint: z.literal(true) }) });

/** A tool of the test's own making: it does nothing, and leaves a row unless it says that it only reads. */
export const listedOnly = (listing: Listing, store: Store): Offered => ({
  listing,
  use: (args) => ({
    name: listing.name,
    perform: () => {
      const nothing = (): Outcome => ({ ok: true, results: [] });
      const reads = ReadOnly.safeParse(listing).success;
      return answerOf(reads ? nothing() : store.execute(listing.name, args, nothing));
    },
  }),
});
