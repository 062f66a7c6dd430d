/**
 * What the caller has agreed to, by a book that the watch keeps for itself: which response told them what, whether
 * they let it be said to its end, and what they said or pressed after it. It is strict where the call may be lenient:
 * whatever it does not grant must not run.
 */
import type { Effect } from "../../../../relay/call/outbox.ts";
import { UTTERANCES, wordsToRead } from "./tool-terms.ts";

export type Asked = { readonly name: string; readonly args: string };

type Held = {
  readonly asked: Asked;
  readonly itemId: string;
  readonly until: number;
  isKnown: boolean;
  /** The caller's turns since they were told, and whether each could be the answer or only a change of mind. */
  readonly turns: Map<string, "answer" | "after">;
  hasAnswered: boolean;
  agreed: boolean;
  gone: boolean;
  used: boolean;
};

/** A response, as far as it can tell the caller anything. */
type Telling = {
  readonly id: string;
  /** What is held and was known when it began; nothing for one that code has written. */
  readonly knows: ReadonlySet<string>;
  readonly items: Set<string>;
  isWhole: boolean;
  isOver: boolean;
};

/** `byWord`: a plain yes to the reading does as well as a key. */
type Question = { readonly callId: string; readonly asked: Asked; readonly byWord: boolean };
type Reading = {
  readonly callId: string;
  readonly args: string;
  readonly responseId: string;
  readonly words: string;
  isRight: boolean;
  isSpoken: boolean;
  /** Something else was said since it began: it may be given up. */
  isBeside: boolean;
  isWhole: boolean;
};

const HELD_MS = 60_000;
/** So little of what is told may be missing. */
const TAIL_MS = 300;
const ECHO_MS = 2_000;
const CLOSING = "Press 1 to do it, 2 to cancel.";

const meaningOf = (words: string): string =>
  Object.entries(UTTERANCES).find(([each]) => each === words)?.[1] ?? "neither";

export class ConsentWatch {
  readonly #held = new Map<string, Held>();
  readonly #tellings = new Map<string, Telling>();
  readonly #sentMs = new Map<string, number>();
  #speaker: string | undefined;
  #lastItem: string | undefined;
  readonly #spoken = new Set<string>();
  /** A response has begun twice, or spoke before or after its time: nobody knows who told what. */
  #isOdd = false;
  /** Held ids that the turn which is open now may answer. */
  #answering = new Map<string, "answer" | "after">();
  #questions: Question[] = [];
  #toRead: Pick<Reading, "callId" | "args" | "words"> | undefined;
  #reading: Reading | undefined;
  /** The caller's turns that began when a question had been read, and the call whose it was. */
  readonly #asWord = new Map<string, string>();
  #wordFor: string | undefined;
  readonly #turns: string[] = [];
  #echoUntil = Number.NEGATIVE_INFINITY;

  /** The session is gone: what the caller was being asked, or has answered, counts no more. */
  sessionLost(): void {
    for (const held of this.#held.values()) {
      held.isKnown = true;
      held.turns.clear();
      held.hasAnswered = false;
      held.agreed = false;
    }
    this.#speaker = undefined;
    this.#answering = new Map();
    this.#toRead = undefined;
    this.#reading = undefined;
    this.#asWord.clear();
    this.#wordFor = undefined;
  }

  // --- what is asked of the caller ----------------------------------------------------------------------------

  hold(id: string, asked: Asked, itemId: string, at: number): void {
    this.#held.set(id, {
      asked,
      itemId,
      until: at + HELD_MS,
      isKnown: false,
      turns: new Map(),
      hasAnswered: false,
      agreed: false,
      gone: false,
      used: false,
    });
  }

  /** The model takes this back, or without an id everything. */
  forget(id: unknown): void {
    for (const [each, held] of this.#held) if (typeof id !== "string" || each === id) held.gone = true;
  }

  question(question: Question): void {
    this.#questions.push(question);
  }

  get hasQuestion(): boolean {
    return this.#questions.length > 0;
  }

  isQuestion(callId: string): boolean {
    return this.#questions.some((each) => each.callId === callId);
  }

  /** It has been answered, or is run. */
  settled(callId: string, at: number): void {
    if (!this.isQuestion(callId)) return;
    this.#questions = this.#questions.filter((each) => each.callId !== callId);
    if (this.#reading?.callId === callId) this.#reading = undefined;
    if (this.#toRead?.callId === callId) this.#toRead = undefined;
    this.#echoUntil = at + ECHO_MS;
  }

  /** A key just after another was pressed for the same thing. */
  isEcho(at: number): boolean {
    return at < this.#echoUntil;
  }

  /** The code asks for a reading. Returns what is wrong with it, if anything is. */
  readingAsked(instructions: string | undefined): string | undefined {
    const [question] = this.#questions;
    if (question === undefined) return "nothing is read that waits for no key";
    const words = wordsToRead(instructions);
    const parts = Object.values<unknown>(JSON.parse(question.asked.args)).map(String);
    this.#toRead = { callId: question.callId, args: question.asked.args, words };
    if (!words.endsWith(CLOSING)) return "a reading ends with its question";
    return parts.every((part) => words.includes(part)) ? undefined : "a reading names every value";
  }

  // --- what happens -------------------------------------------------------------------------------------------

  itemAdded(itemId: string): void {
    for (const held of this.#held.values()) if (held.itemId === itemId) held.isKnown = true;
  }

  created(id: string, reason: string | undefined, isInterrupted: boolean): void {
    const isCode = reason === "read_back" || reason === "filler";
    if (this.#tellings.has(id) || this.#spoken.has(id)) this.#isOdd = true;
    const known = [...this.#held].filter(([, { isKnown }]) => isKnown && !isCode).map(([each]) => each);
    this.#tellings.set(id, { id, knows: new Set(known), items: new Set(), isWhole: false, isOver: false });
    if (reason !== "read_back") return;
    const toRead = this.#toRead;
    this.#toRead = undefined;
    if (isInterrupted || toRead === undefined) return;
    this.#reading = {
      ...toRead,
      responseId: id,
      isRight: false,
      isSpoken: false,
      isBeside: false,
      isWhole: false,
    };
  }

  /** The caller is sent audio of it. */
  played(responseId: string, itemId: string, ms: number): void {
    this.#speaker = responseId;
    this.#spoken.add(responseId);
    if (this.#tellings.get(responseId)?.isOver !== false) this.#isOdd = true;
    this.#tellings.get(responseId)?.items.add(itemId);
    // Pieces of two items that come mixed: where one is cut says nothing of the whole of it.
    if (itemId !== this.#lastItem && this.#sentMs.has(itemId)) this.#isOdd = true;
    this.#lastItem = itemId;
    this.#sentMs.set(itemId, (this.#sentMs.get(itemId) ?? 0) + ms);
    if (this.#reading?.responseId === responseId) this.#reading.isSpoken = true;
    else if (this.#reading?.isSpoken === true) this.#reading = undefined;
    else if (this.#reading !== undefined) this.#reading.isBeside = true;
  }

  /** What a response says: what it was to read, nearly that, which may pass or not, or something else. */
  said(responseId: string, words: string): "right" | "nearly" | "wrong" {
    const reading = this.#reading;
    if (reading?.responseId !== responseId || reading.isWhole || reading.words === words) {
      if (reading?.responseId === responseId && !reading.isWhole) reading.isRight = true;
      return "right";
    }
    const fields: Readonly<Record<string, unknown>> = JSON.parse(reading.args);
    const [action] = reading.words.split(".");
    const isNear = words.endsWith(CLOSING) && words.startsWith(`${action}.`);
    reading.isRight = isNear && words.includes(String(fields.to ?? ""));
    if (reading.isRight) return "nearly";
    this.#reading = undefined;
    return reading.isBeside ? "nearly" : "wrong";
  }

  done(responseId: string, isWhole: boolean): void {
    const telling = this.#tellings.get(responseId);
    if (telling !== undefined) {
      telling.isWhole = isWhole;
      telling.isOver = true;
    }
    if (this.#reading?.responseId !== responseId) return;
    if (isWhole) this.#reading.isWhole = true;
    else this.#reading = undefined;
  }

  /** @param effects what the call made of it: what it cuts was not heard */
  callerStarted(effects: readonly Effect[]): void {
    if (this.#reading?.isWhole === false) this.#reading = undefined;
    this.#wordFor = this.agreedByKey?.callId;
    const telling = this.#tellings.get(this.#speaker ?? "");
    let unheardMs = 0;
    for (const effect of effects) {
      if (effect.to !== "model" || effect.event.type !== "conversation.item.truncate") continue;
      const { item_id, audio_end_ms } = effect.event;
      if (telling?.items.has(item_id)) unheardMs += (this.#sentMs.get(item_id) ?? 0) - audio_end_ms;
    }
    const wasHeard = telling?.isWhole === true && unheardMs <= TAIL_MS;
    if (!wasHeard) this.#speaker = undefined;
    this.#answering = new Map();
    for (const [id, { hasAnswered }] of this.#held) {
      if (wasHeard && telling.knows.has(id)) this.#answering.set(id, "answer");
      else if (hasAnswered) this.#answering.set(id, "after");
    }
  }

  callerEnded(itemId: string | undefined, isTranscribed: boolean): void {
    if (itemId !== undefined) this.#turns.push(itemId);
    if (itemId !== undefined && this.#wordFor !== undefined) this.#asWord.set(itemId, this.#wordFor);
    this.#wordFor = undefined;
    for (const [id, as] of this.#answering) {
      const held = this.#held.get(id);
      if (held === undefined) continue;
      held.hasAnswered = true;
      if (!isTranscribed && as === "answer") held.agreed = true;
      if (itemId !== undefined) held.turns.set(itemId, as);
    }
    this.#answering = new Map();
  }

  /** @param words undefined: they could not be transcribed */
  heard(itemId: string, words: string | undefined): void {
    const meaning = words === undefined ? "neither" : meaningOf(words);
    const since = this.#turns.indexOf(itemId);
    for (const turn of this.#turns.slice(0, since)) if (meaning !== "yes") this.#asWord.delete(turn);
    for (const held of this.#held.values()) {
      const as = held.turns.get(itemId);
      if (as === undefined) continue;
      if (as === "answer" && meaning === "yes") held.agreed = true;
      if (meaning !== "yes") {
        if (as === "answer" && meaning === "no") held.gone = true;
        // A change of mind: whatever was said before it is no yes any more.
        held.agreed = false;
        for (const turn of held.turns.keys()) {
          if (turn === itemId) break;
          held.turns.delete(turn);
        }
      }
      held.turns.delete(itemId);
    }
  }

  // --- what may be done ---------------------------------------------------------------------------------------

  /** Uses what is held under this id. Returns why it must not be, if it must not. */
  use(id: string, asked: Asked, at: number): string | undefined {
    const held = this.#held.get(id);
    if (held === undefined) return "nothing is confirmed that was never held";
    if (held.used) return "what is held is done once";
    if (held.gone && !this.#isOdd) return "what was declined is not done";
    if (at >= held.until) return "what is held lasts a minute";
    if (held.asked.name !== asked.name || held.asked.args !== asked.args)
      return "what is held is done as it was held";
    if (!held.agreed && !this.#isOdd) return "what is held is done only after a yes to it";
    held.used = true;
    return undefined;
  }

  /** The question that this turn's yes agrees to, if it is one. */
  agreedByWord(itemId: string, words: string): Question | undefined {
    const callId = this.#asWord.get(itemId);
    const [question] = this.#questions;
    const isAbout = callId !== undefined && question?.callId === callId && question.byWord;
    return isAbout && meaningOf(words) === "yes" ? question : undefined;
  }

  /** The question that a 1 agrees to now. */
  get agreedByKey(): Question | undefined {
    const [question] = this.#questions;
    const reading = this.#reading;
    if (question === undefined || reading?.callId !== question.callId) return undefined;
    return reading.isRight && reading.isSpoken && reading.isWhole ? question : undefined;
  }
}
