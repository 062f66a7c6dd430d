/**
 * The caller: hears what is played to them and nothing else, answers when they have heard it or before, and keeps the list
 * of what they agree to. They agree to a deed by a yes, or by the key that stands for it, after a sentence that names it
 * was played to its end; whatever else they say or press agrees to nothing. They know nothing of the relay or the model.
 */
import type { Chance } from "../../../relay/call/chance.ts";
import type { Agenda } from "../../../relay/call/simulated-world.ts";
import type { Deed } from "./deeds.ts";
import type { Turn } from "./model.ts";
import { COUGHS, type Phrases } from "./phrases.ts";
import type { Piece, Utterance } from "./sound.ts";
import { type Understood, understand } from "./understanding.ts";

/** What the caller did, for the list and for the story. */
export type Act =
  | {
      readonly is: "agrees";
      readonly deed: Deed;
      readonly by: "voice" | "key";
      readonly heard: Utterance;
      /** They began before they had heard it out. */
      readonly isEarly: boolean;
    }
  /** What they make of something that was said to them, if it was a question. */
  | { readonly is: "answers"; readonly how: string; readonly heard: Utterance }
  | { readonly is: "says"; readonly words: string }
  | { readonly is: "presses"; readonly digit: string; readonly isEarly: boolean }
  | { readonly is: "hears"; readonly words: string; readonly isWhole: boolean }
  | { readonly is: "waits" | "hangs up" };

export type CallerParts = {
  readonly agenda: Agenda;
  readonly chance: Chance;
  readonly phrases: Phrases;
  /** All that they can tell apart. */
  readonly deeds: readonly Deed[];
  /** What they want, in the order in which they ask for it. */
  readonly wishes: readonly string[];
  readonly speaks: (turn: Turn, ms: number) => void;
  readonly presses: (digit: string) => void;
  readonly hangsUp: () => void;
  readonly tell: (act: Act) => void;
};

/** Nobody is faster. */
const REACTION_MS = 120;
const MOST_ACTS = 16;
/** Longer than any tool takes. */
const AFTER_AGREEING_MS = 32_000;

export class Caller {
  readonly #parts: CallerParts;
  readonly #wishes: string[];
  #utterance: Utterance | undefined;
  /** Pieces of it heard, one after the other from the first. */
  #heard = 0;
  #words: string[] = [];
  #isOver = true;
  /** Changes with all that is heard or done: what was about to be done then is not. */
  #moment = 0;
  #acts = 0;
  #isSpeaking = false;
  /** The answer is being given before the end was heard. */
  #early: Utterance | undefined;
  /** What was heard to its end, ever. */
  readonly #known: string[] = [];

  constructor(parts: CallerParts) {
    this.#parts = parts;
    this.#wishes = [...parts.wishes];
  }

  /** Somebody who is not greeted speaks first. */
  begins(): void {
    this.#later([1_500, 4_000], () => this.#next());
  }

  hears(piece: Piece): void {
    const { utterance, index, words } = piece;
    if (utterance !== this.#utterance) this.#begins(utterance);
    if (index >= utterance.count || this.#isOver) return;
    // What was cut off and goes on elsewhere is not heard as it was said.
    if (index !== this.#heard) {
      this.#isOver = true;
      return;
    }
    this.#heard++;
    this.#words.push(words);
    if (this.#heard < utterance.count) return;
    this.#isOver = true;
    const whole = this.#words.join(" ");
    this.#known.push(whole);
    this.#parts.tell({ is: "hears", words: whole, isWhole: true });
    this.#moment++;
    if (!this.#isSpeaking) this.#later([REACTION_MS, 1_300], () => this.#answer(utterance));
  }

  #begins(utterance: Utterance): void {
    const { chance, tell } = this.#parts;
    if (!this.#isOver) tell({ is: "hears", words: `${this.#words.join(" ")} …`, isWhole: false });
    this.#utterance = utterance;
    this.#heard = 0;
    this.#words = [];
    this.#isOver = false;
    this.#moment++;
    if (chance.often(0.15))
      this.#later([0, chance.one([900, 3_000, 9_000])], () => this.#answerEarly(utterance));
  }

  // --- what they do about it ------------------------------------------------------------------------------------

  #answer(utterance: Utterance): void {
    const understood = understand(this.#words.join(" "), this.#parts.deeds);
    switch (understood.asks) {
      case "keys":
        return this.#answerKeys(understood, utterance);
      case "press":
        return this.#parts.chance.often(0.6) ? this.#press("1", false) : this.#next();
      case "answer":
        return this.#answerQuestion(understood, utterance);
      case "nothing":
        return this.#later([1_500, 6_000], () => this.#next());
      default:
        return understood.asks satisfies never;
    }
  }

  #answerKeys(understood: Understood, heard: Utterance): void {
    const { chance } = this.#parts;
    if (chance.often(0.5)) return this.#agree(understood, "key", heard);
    switch (chance.whole(0, 6)) {
      case 0:
        this.#answers("2", heard);
        return this.#press("2", false);
      case 1:
        this.#answers("another key", heard);
        return this.#press(chance.one(["5", "0", "*", "#"]), false);
      case 2:
        // The keys were asked for, but a yes is one.
        return this.#agree(understood, "voice", heard);
      default:
        return this.#evade(heard);
    }
  }

  #answerQuestion(understood: Understood, heard: Utterance): void {
    const { chance } = this.#parts;
    if (understood.deeds.length === 0) {
      return chance.often(0.6) ? this.#next() : this.#say(chance.one(["yes", "yes", "no"]));
    }
    if (chance.often(0.5)) return this.#agree(understood, "voice", heard);
    if (!chance.often(0.15)) return this.#evade(heard);
    this.#answers("1, where words were asked for", heard);
    this.#press("1", false);
  }

  #agree({ deeds }: Understood, by: "voice" | "key", heard: Utterance): void {
    const { tell } = this.#parts;
    this.#answers(by === "key" ? "1" : "yes", heard);
    for (const deed of deeds) tell({ is: "agrees", deed, by, heard, isEarly: false });
    if (by === "key") this.#press("1", false);
    else this.#say("yes");
    this.#later([AFTER_AGREEING_MS, AFTER_AGREEING_MS + 9_000], () => this.#next());
  }

  /** A no, a question, a cough, nothing at all. */
  #evade(heard: Utterance): void {
    const { chance } = this.#parts;
    const how = chance.one(["no", "question", "but", "cough", "silence"] as const);
    this.#answers(how, heard);
    if (how === "cough") return this.#cough();
    if (how !== "silence") return this.#say(how);
    this.#parts.tell({ is: "waits" });
    this.#later([4_000, chance.one([9_000, 75_000])], () => this.#next());
  }

  #answerEarly(heard: Utterance): void {
    const { chance } = this.#parts;
    if (this.#isOver) return;
    const how = chance.one(["1", "1", "1", "2", "yes", "no", "question", "cough"] as const);
    this.#answers(`${how}, before the end`, heard);
    switch (how) {
      case "1":
        return this.#press(how, true);
      case "2":
        // Whoever has said no does not listen to the rest.
        this.#isOver = true;
        return this.#press(how, true);
      case "yes":
        this.#early = heard;
        return this.#say(how);
      case "cough":
        return this.#cough();
      default:
        return this.#say(how);
    }
  }

  #answers(how: string, heard: Utterance): void {
    this.#parts.tell({ is: "answers", how, heard });
  }

  /** The next thing that they want, or nothing more. */
  #next(): void {
    const wish = this.#wishes.shift();
    if (wish === undefined || this.#acts >= MOST_ACTS) {
      this.#parts.tell({ is: "hangs up" });
      return this.#parts.hangsUp();
    }
    this.#speak({ words: wish, meaning: "wish", isMissed: false, transcript: wish }, 2_500);
  }

  #press(digit: string, isEarly: boolean): void {
    this.#act();
    this.#parts.tell({ is: "presses", digit, isEarly });
    this.#parts.presses(digit);
    // Whoever pressed too early may press again, when they have heard it out: that is another answer.
    if (!isEarly || this.#isOver) this.#waits();
  }

  #say(kind: "yes" | "no" | "question" | "but"): void {
    const { chance, phrases } = this.#parts;
    const words = chance.one(phrases[kind]);
    const meaning = kind === "yes" || kind === "no" ? kind : "other";
    this.#speak({ words, meaning, isMissed: false, transcript: words }, chance.between(400, 1_400));
  }

  #cough(): void {
    const { chance } = this.#parts;
    const transcript = chance.often(0.3) ? undefined : chance.one(COUGHS);
    const turn: Turn = { words: "(a cough)", meaning: "other", isMissed: chance.often(0.3), transcript };
    this.#speak(turn, chance.between(250, 500));
  }

  #speak(turn: Turn, ms: number): void {
    const { agenda, tell, speaks } = this.#parts;
    this.#act();
    this.#isSpeaking = true;
    tell({ is: "says", words: turn.words });
    speaks(turn, ms);
    agenda.at(agenda.now + ms, () => {
      this.#isSpeaking = false;
      this.#agreedEarly();
    });
    this.#waits();
  }

  /** The yes was begun before the end, and the end was heard all the same: now, or when the same was said before. */
  #agreedEarly(): void {
    const early = this.#early;
    this.#early = undefined;
    if (early === undefined || early !== this.#utterance || this.#heard === 0) return;
    const heard = this.#words.join(" ");
    // What begins like the question before is taken for the same.
    const whole = this.#known.findLast((known) => known.startsWith(heard));
    if (whole === undefined) return;
    const { deeds } = understand(whole, this.#parts.deeds);
    for (const deed of deeds)
      this.#parts.tell({ is: "agrees", deed, by: "voice", heard: early, isEarly: true });
  }

  /** If nothing comes of it, they go on. */
  #waits(): void {
    this.#later([6_000, 14_000], () => this.#next());
  }

  #act(): void {
    this.#acts++;
    this.#moment++;
  }

  #later([least, most]: readonly [number, number], then: () => void): void {
    const { agenda, chance } = this.#parts;
    const moment = ++this.#moment;
    agenda.at(agenda.now + chance.between(least, most), () => {
      if (this.#moment === moment) then();
    });
  }
}
