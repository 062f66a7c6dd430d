/** Whether a cell is as it was to be: from what was heard, what was left open, and what must never happen. */
import type { Clip } from "../../../relay/call/clips.ts";
import type { Expected, Heard } from "./expected.ts";
import { longestSilence, type Sound, type SoundName } from "./hearing.ts";
import { LENGTH_MS, TONE, type Tone } from "./role.ts";

const CLIPS: readonly Clip[] = ["one_moment", "sorry", "budget_spent"];

export const nameOf = (heard: Heard): SoundName => {
  if (heard === "said") return "said";
  const clip = CLIPS.find((name) => name === heard);
  if (clip !== undefined) return clip;
  return `tone ${toneOf(heard)}`;
};
const toneOf = (heard: Heard): number => Object.entries(TONE).find(([name]) => name === heard)?.[1] ?? 0;

const NAMES = new Map<SoundName, string>(Object.entries(TONE).map(([name, byte]) => [`tone ${byte}`, name]));
/** As people call it. */
export const calledOf = (what: SoundName): string => NAMES.get(what) ?? what;

/** Of the model's words in this tone, how much was heard. */
export const heardMs = (sounds: readonly Sound[], tone: Tone): number =>
  sounds
    .filter(({ what }) => what === `tone ${TONE[tone]}`)
    .reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);

/** Frames at the edges of a sound may hold something else besides. */
const EDGES_MS = 100;
export const isWhole = (sounds: readonly Sound[], tone: Tone): boolean =>
  heardMs(sounds, tone) >= LENGTH_MS[tone] - EDGES_MS;

/** What breaks off so soon after a fault tells nobody that somebody is there. */
const GOES_ON_MS = 500;
/** The first that is one of these and begins at that moment or goes on after it. */
export function firstOf(sounds: readonly Sound[], of: readonly Heard[], sinceMs: number): Sound | undefined {
  const names = of.map(nameOf);
  return sounds.find(
    ({ what, fromMs, toMs }) => (fromMs >= sinceMs || toMs > sinceMs + GOES_ON_MS) && names.includes(what),
  );
}

/** The model's words that began after a moment. */
export const newWords = (sounds: readonly Sound[], sinceMs: number): readonly Sound[] =>
  sounds.filter(
    ({ what, fromMs }) => what.startsWith("tone ") && what !== nameOf("filler") && fromMs > sinceMs,
  );

export type Figures = {
  /** undefined: it never came. */
  readonly firstS: number | undefined;
  readonly silentS: number;
};

export function figuresOf(
  sounds: readonly Sound[],
  expected: Expected,
  span: { readonly struckMs: number; readonly fromMs: number; readonly toMs: number },
  spoken: readonly Pick<Sound, "fromMs" | "toMs">[],
): Figures {
  // Who is asked to wait while they speak has heard it.
  const first = firstOf(sounds, expected.by, span.struckMs);
  return {
    firstS: first === undefined ? undefined : Math.max(0, first.fromMs - span.fromMs) / 1000,
    silentS: longestSilence(sounds, span.fromMs, span.toMs, spoken) / 1000,
  };
}

/** What is wrong with the figures. */
export function complaintsAbout({ firstS, silentS }: Figures, expected: Expected): string[] {
  const { by, withinS, silentS: bearable } = expected;
  const wrong: string[] = [];
  if (by.length > 0 && firstS === undefined) wrong.push(`none of ${by.join(", ")} was heard`);
  if (firstS !== undefined && firstS > withinS)
    wrong.push(`${firstS.toFixed(1)} s to the first of ${by.join(", ")}, and not ${withinS}`);
  if (silentS > bearable) wrong.push(`${silentS.toFixed(1)} s of silence, and not ${bearable}`);
  return wrong;
}
