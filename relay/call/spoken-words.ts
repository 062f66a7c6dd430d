/**
 * Transcripts as words: how the caller's yes and the assistant's promises are read alike, whatever the transcriber made
 * of capitals, apostrophes and full-width letters. Accents stay: Portuguese `já` is not German `ja`.
 */

/** The languages that the edge speaks too: the words of an answer are known in these. */
export const LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl"] as const;
export type Language = (typeof LANGUAGES)[number];

/**
 * The languages in which somebody is understood: their own and English; every one where nobody said which; English alone
 * where theirs is none of ours.
 * @param language BCP 47, as in the caller's profile
 */
export function understood(language: string | undefined): readonly Language[] {
  if (language === undefined) return LANGUAGES;
  const base = language.toLowerCase().split("-")[0];
  const own = LANGUAGES.find((known) => known === base);
  return own === undefined || own === "en" ? ["en"] : [own, "en"];
}

/** NFKC writes "…" as three dots and full-width letters as plain ones; apostrophes it leaves as they are. */
export const plain = (text: string): string =>
  text
    .replace(/[’‘ʼ`´]/g, "'")
    .normalize("NFKC")
    .toLowerCase();

/**
 * Hyphens part words, apostrophes do not; a sign that is no punctuation, as "$" or "+", is a word of its own. A letter
 * drawn out is one: "yesss".
 */
export const wordsIn = (text: string): readonly string[] =>
  plain(text)
    .replace(/(\p{L})\1{2,}/gu, "$1")
    .match(/[\p{L}\p{M}\p{N}]+(?:'[\p{L}\p{M}\p{N}]+)*|\p{S}/gu) ?? [];
