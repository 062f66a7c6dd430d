/**
 * What models do in place of calling a tool: they say that they did it, they say that they will and fall silent, or
 * they read the call out. Asked of a whole response that called nothing, to ask the model again (nudge.ts). That costs
 * a caller a second answer, so a pretence must be plain: an offer, a question, a condition, a refusal, or what somebody
 * else did or wrote is none. It decides nothing that a caller would have to agree to.
 *
 * The words are those of the caller's language and of English; a pretence in a language that is none of ours goes
 * unnoticed, unless it is spelled out.
 */
import { COMPOSED, PRETENCES } from "./pretence-words.ts";
import { type Language, understood, wordsIn } from "./spoken-words.ts";

export type Pretence = "claims" | "promises" | "spells_out";

/** Whoever says more than this, two minutes of it, leaves nobody in silence; and the time that reading takes is bounded. */
const MOST_CHARS = 2_000;

/** @param language BCP 47, as in the caller's profile */
export function pretence(
  transcript: string,
  toolNames: readonly string[],
  language: string | undefined,
): Pretence | undefined {
  if (transcript.length > MOST_CHARS) return undefined;
  if (spellsOut(transcript, toolNames)) return "spells_out";
  const said = sentencesOf(transcript);
  const readings = understood(language).map((each) => readingOf(each));
  // Of the two a promise is the surer one: a claim can be about something that was done before.
  if (readings.some((reading) => promises(said, reading))) return "promises";
  if (readings.some((reading) => claims(said, reading))) return "claims";
  return undefined;
}

/** `{"name":`, `functions.send(`, `<tool_call>`: nothing that anybody says aloud. */
const CODE = [
  /\{\s*["'“”]?[\w-]+["'“”]?\s*:|```/u,
  /<\/?(?:tool|function)(?:_call)?s?\b|\b(?:tool|function)_call|\bfunctions\.[a-z]/iu,
  /\b[a-z]\w*_\w+\s*\(|\b[a-z]\w*(?:\.\w+)+\(/iu,
];

function spellsOut(transcript: string, toolNames: readonly string[]): boolean {
  if (CODE.some((each) => each.test(transcript))) return true;
  const text = transcript.normalize("NFKC");
  const written = new Set(text.match(/[\w-]+/g));
  const writtenSmall = new Set([...written].map((each) => each.toLowerCase()));
  // "search" is a word, "search(" is a call.
  const called = new Set(text.toLowerCase().match(/[\w-]+(?=\()/g));
  const spoken = ` ${wordsIn(text).join(" ")} `;
  return toolNames.some((name) => {
    const small = name.toLowerCase();
    if (called.has(small)) return true;
    if (small.includes("_") && writtenSmall.has(small)) return true;
    if (/[a-z][A-Z]/.test(name) && written.has(name)) return true;
    const parts = small.split(/[^a-z0-9]+/).filter((part) => part !== "");
    if (parts.length < 2) return false;
    return (
      spoken.includes(` ${parts.join(" underscore ")} `) ||
      // "Create task" is said of tasks too.
      ["calling", "invoking", "executing"].some((verb) => spoken.includes(` ${verb} ${parts.join(" ")} `))
    );
  });
}

type Sentence = {
  /** Each from the beginning of a clause to the end of the sentence, so that "I've" and "if" are found where they count. */
  readonly tails: readonly string[];
  readonly asks: boolean;
};
type Said = {
  readonly sentences: readonly Sentence[];
  /** After a colon comes what is read to the caller, or somebody else's words: it is not looked at. */
  readonly goesOn: boolean;
};

const QUOTED = /"[^"]*"|“[^”]*”|„[^“”„]*[“”]|«[^«»]*»|»[^«»]*«|‘.*?’(?!\p{L})/gu;
const CLAUSE = /[,()]+/u;
/** A colon between digits is a time. */
const COLON = /:(?!\d)/u;

function sentencesOf(transcript: string): Said {
  const text = transcript.replace(QUOTED, " ").normalize("NFKC");
  const colon = text.search(COLON);
  const sentences = (colon < 0 ? text : text.slice(0, colon))
    .split(/(?<=[.!?])\s+|\n+|\s-+\s|[–—;]/u)
    .map((sentence) => {
      const clauses = sentence.split(CLAUSE).map((clause) => wordsIn(clause).join(" "));
      return {
        tails: clauses.map((_, from) =>
          clauses
            .slice(from)
            .filter((clause) => clause !== "")
            .join(" "),
        ),
        asks: /[?¿]/u.test(sentence),
      };
    })
    .filter(({ tails }) => tails.some((tail) => tail !== ""));
  return { sentences, goesOn: colon >= 0 };
}

/** The words of one language, as expressions over words with single spaces between them. */
type Reading = {
  readonly claim: RegExp;
  readonly promise: RegExp;
  readonly wait: RegExp;
  readonly patience: RegExp;
  readonly composed: RegExp;
  readonly elsewhere: RegExp;
  readonly condition: RegExp;
  readonly looked: RegExp;
  readonly asks: RegExp;
  readonly readBack: RegExp;
  readonly further: RegExp;
};

const READINGS = new Map<Language, Reading>();

function readingOf(language: Language): Reading {
  const known = READINGS.get(language);
  if (known !== undefined) return known;
  const words = PRETENCES[language];
  // The line breaks are the source's own, a blank before one is not.
  const anyOf = (body: string) => `(?:${body.replace(/\n */g, "")})`;
  const openers = anyOf(words.openers);
  const begins = (body: string) => new RegExp(`^(?:${openers} )*${anyOf(body)}(?= |$)`, "u");
  const within = (body: string, flags = "u") => new RegExp(`(?<=^| )${anyOf(body)}(?= |$)`, flags);
  const reading = {
    claim: begins(words.claims),
    promise: begins(words.promises),
    wait: begins(words.waits),
    patience: new RegExp(`^${anyOf(words.patience)}$`, "u"),
    composed: within(COMPOSED),
    elsewhere: within(words.elsewhere),
    condition: within(words.condition),
    looked: within(words.looked, "gu"),
    asks: within(words.asks),
    readBack: within(words.readBack),
    further: within(words.further),
  };
  READINGS.set(language, reading);
  return reading;
}

/** Nothing before it in its sentence gives it to somebody else, or puts it under a condition. */
function isOwn({ tails }: Sentence, tail: string, { elsewhere, composed }: Reading): boolean {
  const [whole = ""] = tails;
  return !composed.test(whole) && !elsewhere.test(whole.slice(0, whole.length - tail.length));
}

function claims({ sentences }: Said, reading: Reading): boolean {
  const { asks, readBack, further, claim } = reading;
  const isReadBack = sentences.some(({ tails: [whole = ""], ...sentence }, at) => {
    const isQuestion = sentence.asks && at === sentences.length - 1 && readBack.test(whole);
    return (isQuestion || asks.test(whole)) && !further.test(whole);
  });
  if (isReadBack) return false;
  return sentences.some(
    (sentence) =>
      !sentence.asks && sentence.tails.some((tail) => claim.test(tail) && isOwn(sentence, tail, reading)),
  );
}

function promises({ sentences, goesOn }: Said, reading: Reading): boolean {
  if (goesOn || sentences.at(-1)?.asks !== false) return false;
  if (sentences.some(({ tails: [whole = ""] }) => reading.asks.test(whole))) return false;
  const last = sentences.findLast(({ tails: [whole = ""] }) => !reading.patience.test(whole));
  if (last === undefined) return false;
  const [whole = ""] = last.tails;
  if (reading.condition.test(whole.replace(reading.looked, "look"))) return false;
  return last.tails.some(
    (tail) => (reading.promise.test(tail) || reading.wait.test(tail)) && isOwn(last, tail, reading),
  );
}
