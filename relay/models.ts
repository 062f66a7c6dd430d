/**
 * What OpenAI offers, as of 2026-11-20: https://platform.openai.com/docs/models and /docs/deprecations. In one
 * place, because it changes.
 */
export const VOICES = [
  "alloy",
  "ash",
  "ballad",
  "cedar",
  "coral",
  "echo",
  "marin",
  "sage",
  "shimmer",
  "verse",
] as const;

export const isKnownVoice = (name: string): boolean => VOICES.some((voice) => voice === name);

/** Models with an end, the day of it, and what takes their place. */
const RETIRING: Readonly<Record<string, { on: string; instead: string }>> = {
  "gpt-4o-realtime-preview": { on: "2026-05-12", instead: "gpt-realtime-2.1" },
  "gpt-4o-mini-realtime-preview": { on: "2026-05-12", instead: "gpt-realtime-2.1-mini" },
  "gpt-realtime": { on: "2027-01-20", instead: "gpt-realtime-2.1" },
  "gpt-realtime-mini": { on: "2027-01-20", instead: "gpt-realtime-2.1-mini" },
};

export type Retirement = { readonly on: string; readonly instead: string; readonly isOver: boolean };

/** A dated snapshot ("gpt-realtime-2025-08-28") goes with its model. */
export function retirementOf(model: string, today: Date): Retirement | undefined {
  const name = model.replace(/-\d{4}-\d{2}-\d{2}$/, "");
  const row = Object.hasOwn(RETIRING, name) ? RETIRING[name] : undefined;
  if (row === undefined) return undefined;
  return { ...row, isOver: today.toISOString().slice(0, 10) >= row.on };
}
