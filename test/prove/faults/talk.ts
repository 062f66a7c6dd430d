/**
 * Callers who talk with an assistant for as long as they are let, and the words by which each conversation can be
 * told from every other: whatever is said is a word that was never said before, on any call.
 *
 * Who hears which of the caller's words is decided when they are heard, and read from the stand-in's books afterwards.
 */
import { clip } from "../../rehearsal/audio/clips.ts";
import { afterHeard } from "../../rehearsal/carrier/caller.ts";
import type { PlacedCall } from "../../rehearsal/carrier/carrier.ts";
import type { ModelOptions } from "../../rehearsal/model/options.ts";
import type { SessionRecord } from "../../rehearsal/model/records.ts";
import { quotedIn } from "../../rehearsal/model/script.ts";

/** What a word of ours looks like: c of the caller's, a of the assistant's. */
const WORD = /\b[ca]\d{6}x\b/g;
/** A byte of mu-law that an ear takes for speech. */
const LOUD = 0x20;
const wordAt = (by: "a" | "c", number: number): string => `${by}${String(number).padStart(6, "0")}x`;

/** A model that hears and says words that were never said before. */
export function talkingModel(): ModelOptions {
  let said = 0;
  let heard = 0;
  return {
    script: ({ outOfBand, instructions }) =>
      outOfBand
        ? [{ speak: quotedIn(instructions) }]
        : [{ speak: `${wordAt("a", ++said)} it is.`, tag: LOUD }],
    hears: () => `${wordAt("c", ++heard)} is it?`,
  };
}

export const wordsIn = (text: string): string[] => text.match(WORD) ?? [];

/** What stands in a caller's profile, and so in the instructions of each of their sessions. */
export const markOf = (index: number): string => `Caller number ${String(index).padStart(4, "0")}.`;
export const hasMark = ({ settings }: SessionRecord, mark: string): boolean =>
  settings.instructions.includes(mark);

/** An answer comes after a second. What was asked when the stream broke gets none. */
const ANSWERED_WITHIN_MS = 6_000;
const AUDIBLE_MS = 100;
const QUIET_MS = 250;

export type Talker = {
  readonly call: PlacedCall;
  /** Questions that were answered, and those that were not: a stream that breaks takes a question with it. */
  readonly answered: number;
  readonly unanswered: number;
  /** Asks once more, and tells whether an answer was heard. */
  ask(): Promise<boolean>;
  /** Says no more; settles when the last question is over. */
  silence(): Promise<void>;
};

/** Talks from the first word heard on, until told to be silent or until the line ends. */
export function talkOn(call: PlacedCall, pauseMs: () => number): Talker {
  let isOn = true;
  const counts = { answered: 0, unanswered: 0 };
  const ask = async (): Promise<boolean> => {
    await quiet(call);
    if (call.timeline.closed) return false;
    await call.say(clip("caller-yes"));
    const isAnswered = await afterHeard(call, AUDIBLE_MS, ANSWERED_WITHIN_MS).then(
      () => true,
      () => false,
    );
    counts[isAnswered ? "answered" : "unanswered"] += 1;
    return isAnswered;
  };
  const talking = (async () => {
    while (isOn && !call.timeline.closed) {
      await ask();
      await Bun.sleep(pauseMs());
    }
  })();
  return {
    call,
    get answered() {
      return counts.answered;
    },
    get unanswered() {
      return counts.unanswered;
    },
    ask,
    silence: () => {
      isOn = false;
      return talking;
    },
  };
}

/** People do not speak into what they hear. */
async function quiet({ ear, timeline }: PlacedCall): Promise<void> {
  const deadline = performance.now() + ANSWERED_WITHIN_MS;
  const isQuiet = () => (ear.quietForMs ?? 0) >= QUIET_MS && ear.bufferedSamples() === 0;
  while (!timeline.closed && !isQuiet() && performance.now() < deadline) await Bun.sleep(20);
}
