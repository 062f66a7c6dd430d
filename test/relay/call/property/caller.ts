/**
 * The caller of an invented call: they take turns, whoever hears them. A session that is there finds them to speak and
 * answers; what none has heard, or none that is still there, is in what a new one is sent at first.
 */
import type { Chance } from "../chance.ts";
import type { Agenda } from "../simulated-world.ts";
import type { SimulatedModel } from "./model.ts";
import { UTTERANCES } from "./tool-terms.ts";

const SAID = Object.keys(UTTERANCES);

export class Caller {
  isSpeaking = false;
  readonly #agenda: Agenda;
  readonly #chance: Chance;
  readonly #leastTurnMs: number;
  readonly #model: () => SimulatedModel;
  #turns = 0;
  /** The model that has found them to speak, until it has found them to be silent. */
  #hearing: SimulatedModel | undefined;
  /** What they said last, as long as nobody has answered; and what no session has heard of it. */
  #unanswered: string | undefined;
  #missed: string | undefined;

  constructor(agenda: Agenda, chance: Chance, leastTurnMs: number, model: () => SimulatedModel) {
    this.#agenda = agenda;
    this.#chance = chance;
    this.#leastTurnMs = leastTurnMs;
    this.#model = model;
  }

  get isHeard(): boolean {
    return this.#hearing !== undefined;
  }

  answered(): void {
    this.#unanswered = undefined;
  }

  sessionLost(): void {
    this.#missed ??= this.#unanswered;
    this.#unanswered = undefined;
  }

  speak(lastsMs: number): void {
    if (this.isSpeaking || this.#hearing !== undefined) return;
    this.isSpeaking = true;
    const words = this.#chance.one(["Yes.", "Yes.", ...SAID]);
    this.#agenda.at(this.#agenda.now + 150, () => this.#found());
    const endsAt = this.#agenda.now + 150 + Math.max(lastsMs, this.#leastTurnMs);
    this.#agenda.at(endsAt - 20, () => this.#hearing?.callerStopped());
    this.#agenda.at(endsAt, () => {
      this.isSpeaking = false;
      this.#isOver(words);
    });
  }

  /** The session that is there finds the caller to speak. */
  #found(): void {
    if (!this.#model().isConfigured) return;
    this.#hearing = this.#model();
    this.#model().callerStarted();
  }

  #isOver(words: string): void {
    const isHeard = this.#hearing === this.#model();
    this.#hearing = undefined;
    if (isHeard) {
      this.#unanswered = words;
      this.#model().callerEnded(`said_${this.#turns++}`, words);
    } else {
      this.#missed = words;
      this.repeat();
    }
  }

  /** What no session has heard, or none that is still there, is there in what a new one is sent at first. */
  repeat(): void {
    const words = this.#missed;
    if (words === undefined || this.isSpeaking || this.#hearing !== undefined) return;
    if (!this.#model().isConfigured) return;
    this.#missed = undefined;
    this.#found();
    this.#agenda.at(this.#agenda.now + 80, () => this.#hearing?.callerStopped());
    this.#agenda.at(this.#agenda.now + 100, () => this.#isOver(words));
  }
}
