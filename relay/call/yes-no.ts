/**
 * Whether a caller's turn agrees to what was just read to them. It lets mail out and money go, so a yes must be plain:
 * every word of the turn has to be known (yes-no-words.ts), one of them has to agree, none may doubt, ask or trail off.
 * "Yes, to Bob" is no yes, since nobody here knows whether it was to be Bob. A no is believed at once: the worst that it
 * does is that the caller has to ask again.
 *
 * Callers are read in the language of their profile and in English. Without a language every language counts, and a word
 * that means different things in two of them says nothing. A caller whose language is none of ours can agree in English
 * alone. "uh-huh" and "mm-hmm" say nothing: people make them while they listen, and transcribers write the same for the
 * sounds that deny.
 */
import { type Language, plain, understood, wordsIn } from "./spoken-words.ts";
import { MEANINGS, type Meaning, OKAY, PHRASES } from "./yes-no-words.ts";

type Lexicon = { readonly meanings: ReadonlyMap<string, Meaning>; readonly longest: number };

const LEXICONS = new Map<string, Lexicon>();

function lexiconOf(languages: readonly Language[]): Lexicon {
  const key = languages.join();
  const known = LEXICONS.get(key);
  if (known !== undefined) return known;
  const meanings = new Map<string, Meaning>();
  let longest = 1;
  const learn = (list: string, meaning: Meaning) => {
    for (const phrase of list.split(/[,\n]/)) {
      const words = wordsIn(phrase);
      if (words.length === 0) continue;
      const spelled = words.join(" ");
      meanings.set(spelled, inBoth(meanings.get(spelled), meaning));
      longest = Math.max(longest, words.length);
    }
  };
  learn(OKAY, "okay");
  for (const language of languages) {
    for (const meaning of MEANINGS) learn(PHRASES[language][meaning] ?? "", meaning);
  }
  const lexicon = { meanings, longest };
  LEXICONS.set(key, lexicon);
  return lexicon;
}

/** What a phrase says that two languages have. */
function inBoth(one: Meaning | undefined, other: Meaning): Meaning {
  if (one === undefined || one === other) return other;
  const both = new Set([one, other]);
  const onlyOf = (...meanings: readonly Meaning[]) => [...both].every((each) => meanings.includes(each));
  if (onlyOf("no", "refusal")) return "no";
  return onlyOf("yes", "okay", "aside") ? "aside" : "doubt";
}

/** The turn asks, or stops before its end. */
const isOpen = (transcript: string): boolean => /[?¿؟]|(?:[,;:\-–—]|\.\.)["'”»\s]*$/u.test(plain(transcript));

/** @param language BCP 47, as in the caller's profile */
export function answerIn(transcript: string, language: string | undefined): "yes" | "no" | "neither" {
  const { meanings, longest } = lexiconOf(understood(language));
  const words = wordsIn(transcript);
  const said = new Set<Meaning>();
  for (let at = 0; at < words.length; ) {
    let length = Math.min(longest, words.length - at);
    while (length > 1 && !meanings.has(words.slice(at, at + length).join(" "))) length--;
    said.add(meanings.get(words.slice(at, at + length).join(" ")) ?? "doubt");
    at += length;
  }
  if (said.has("refusal")) return "no";
  // "Okay, stop" stops. "Yes, cancel it" may agree that a meeting be cancelled.
  if (said.has("no")) return said.has("yes") ? "neither" : "no";
  const agrees = said.has("yes") || said.has("okay");
  return agrees && !said.has("doubt") && !isOpen(transcript) ? "yes" : "neither";
}
