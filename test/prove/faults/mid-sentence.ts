/**
 * The model's connection is reset while the assistant speaks, at another moment of the sentence each time. What the
 * caller had heard by then is counted at their ear, sample by sample; what the next session is told of it is read where
 * it arrives.
 */

import { ask, quiet, until } from "../../rehearsal/faults/drive.ts";
import { Hearing } from "../../rehearsal/faults/hearing.ts";
import { openHouse } from "../../rehearsal/faults/house.ts";
import { ANSWER_WORDS, CALLERS_WORDS, GREETING_WORDS, LENGTH_MS, TONE } from "../../rehearsal/faults/role.ts";
import { SAY_MS_PER_CHARACTER, type Stage, setStage } from "../../rehearsal/faults/stage.ts";
import { firstOf, heardMs } from "../../rehearsal/faults/verdict.ts";
import type { SessionRecord } from "../../rehearsal/model/records.ts";
import type { Progress } from "../rows.ts";

export type Drop = {
  /** From the reset to the clip; infinite: it was not heard. */
  readonly momentMs: number;
  /** Of the sentence, at the ear. */
  readonly heardMs: number;
  /** What the next session was told of it. */
  readonly told: string;
  /** It is as much as was heard, to the word, and what was said before stands there as well. */
  readonly isTrue: boolean;
};

const BYTES_PER_MS = 8;
/** A mark and a frame, and the word that was in the caller's ear. */
const TOLERANCE_MS = 100;
const WITHIN_MS = 20_000;

export async function dropMidSentence(drops: number, progress: Progress): Promise<Drop[]> {
  const house = await openHouse();
  const done: Drop[] = [];
  try {
    for (let drop = 0; drop < drops; drop += 1) {
      progress(`${drop} of ${drops}`);
      const stage = await setStage(house);
      try {
        // From 0.8 s into a sentence of 4 to where all of it is about to have been sent.
        done.push(
          await dropAt(
            stage,
            800 + (drop % 8) * 150,
            new Hearing(stage.dial(), house.clips, SAY_MS_PER_CHARACTER),
          ),
        );
      } finally {
        await stage.stop();
      }
    }
  } finally {
    await house.stop();
  }
  return done;
}

async function dropAt(stage: Stage, afterMs: number, hearing: Hearing): Promise<Drop> {
  const { ear } = stage.call;
  await until(
    "the greeting",
    () => ear.heardOf(TONE.greeting) >= LENGTH_MS.greeting * BYTES_PER_MS,
    WITHIN_MS,
  );
  await quiet(stage.call);
  await ask(stage, "answer");
  await until("the sentence", () => ear.heardOf(TONE.answer) >= afterMs * BYTES_PER_MS, WITHIN_MS);
  const droppedMs = performance.now();
  stage.modelDoor.stream?.reset();
  const isResumed = ({ responses }: SessionRecord) =>
    responses.some(({ metadata }) => metadata.reason === "resume");
  const next = await stage.model.waitFor(() => stage.model.sessions.slice(1).find(isResumed), WITHIN_MS);
  await until(
    "a clip",
    () => firstOf(hearing.sounds(), ["one_moment"], droppedMs) !== undefined,
    WITHIN_MS,
  ).catch(() => {});
  const sounds = hearing.sounds();
  const clip = firstOf(sounds, ["one_moment"], droppedMs);
  const heard = heardMs(sounds, "answer");
  // What it was given; what it says itself is sound.
  const lines = next.items.flatMap((item) =>
    item.kind === "message" && item.content.some(({ type }) => type !== "output_audio")
      ? [{ role: item.role, words: item.content.map(({ words }) => words).join("") }]
      : [],
  );
  const told = lines.findLast(({ role }) => role === "assistant")?.words ?? "";
  const before = lines.map(({ words }) => words);
  const isKnown = before.includes(GREETING_WORDS) && before.includes(CALLERS_WORDS);
  return {
    momentMs: clip === undefined ? Number.POSITIVE_INFINITY : clip.fromMs - droppedMs,
    heardMs: heard,
    told,
    isTrue: isKnown && isAsHeard(told, heard),
  };
}

/** Whole words, spread evenly over the sound as the stand-in speaks them; the mark of a cut does not count. */
export function isAsHeard(told: string, heardMs: number): boolean {
  const words = told.replace(/\s*…$/, "");
  if (!told.endsWith("…") || !ANSWER_WORDS.startsWith(words)) return false;
  const least = wholeWords(heardMs - TOLERANCE_MS);
  const most = wholeWords(heardMs + TOLERANCE_MS);
  return words.length >= least.length && words.length <= most.length;
}

function wholeWords(ms: number): string {
  const chars = Math.max(0, Math.floor((ANSWER_WORDS.length * ms) / LENGTH_MS.answer));
  if (chars >= ANSWER_WORDS.length) return ANSWER_WORDS;
  return ANSWER_WORDS.slice(0, chars + 1)
    .replace(/\S*$/, "")
    .trimEnd();
}
