/** How the watch writes down what was asked for, so that the same is the same. */
import { z } from "zod";
import type { Effect } from "../../../../relay/call/outbox.ts";
import type { Asked } from "./consent-watch.ts";

export const keyOf = ({ name, args }: Asked): string => `${name} ${args}`;

/** What follows what a new session is told of the conversation. */
export function afterSeed(effects: readonly Effect[]): readonly Effect[] {
  const isTold = (effect: Effect) =>
    effect.to === "model" && effect.event.type !== "conversation.item.create";
  const from = effects.findIndex(isTold);
  return from === -1 ? [] : effects.slice(from);
}

/** As it is kept of a write of which nobody knows: the tool's name, and its arguments in their order. */
export function requestIn(unsure: string): Asked {
  const name = unsure.slice(0, unsure.indexOf(" "));
  const { members } = Members.parse(JSON.parse(unsure.slice(name.length)));
  return { name, args: canonical(Object.fromEntries(members)) };
}
const Members = z.object({ members: z.array(z.tuple([z.string(), z.unknown()])) });

export function fieldsOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = text === "" ? {} : JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return Object.fromEntries(Object.entries(value));
  } catch {
    return undefined;
  }
}

/** The same for the same values, in whatever order they were written; those of the invented calls are flat. */
export const canonical = (fields: Readonly<Record<string, unknown>> | undefined): string =>
  JSON.stringify(Object.fromEntries(Object.entries(fields ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))));
