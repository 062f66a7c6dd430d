/**
 * What the relay says by itself: few and short sentences, recorded beforehand in each language, for the moments in which
 * there is no model to say anything.
 */

export const CLIPS = [
  /** "One moment, please." */
  "one_moment",
  /** "I am sorry, I cannot go on at the moment. Please call back later." The line is closed after it. */
  "sorry",
  /** "The budget for this assistant is used up. Please call back later." The line is closed after it. */
  "budget_spent",
] as const;
export type Clip = (typeof CLIPS)[number];

/** G.711 mu-law at 8 kHz as base64, in pieces of 200 ms. */
export type Recording = readonly string[];
export type Clips = Readonly<Record<Clip, Recording>>;

/** @param language BCP 47, as in the caller's profile; English where it is absent or not one that was recorded */
export type ClipsIn = (language: string | undefined) => Clips;
