/**
 * How a thing that had to happen is judged, and the judgement that most of them need: whether something was heard, to
 * its last byte.
 */
import { type ClipName, wordsOf } from "../audio/clips.ts";
import { gapsIn, type Heard } from "./hearing.ts";
import { figure } from "./paint.ts";
import type { Seen } from "./seen.ts";

const SAMPLES_PER_MS = 8;

export type Verdict = { readonly ok: boolean; readonly detail: string };

/** The last time that the assistant said this. */
export const heardSaying = ({ hearing }: Seen, name: ClipName): Heard | undefined =>
  hearing.heard.findLast((heard) => hearing.sayingOf(heard)?.words === wordsOf(name));

/** @param isExact a real model's sound may come with gaps that are its own */
export function heardWhole(seen: Seen, heard: Heard | undefined, isExact = true): Verdict {
  const saying = heard && seen.hearing.sayingOf(heard);
  if (heard?.startSample === undefined || saying === undefined)
    return { ok: false, detail: "nothing was heard" };
  const ms = heard.heardSamples / SAMPLES_PER_MS;
  if (heard.state !== "whole") {
    return {
      ok: false,
      detail: `${figure(ms)} of ${figure(saying.sound.length / SAMPLES_PER_MS)} ms were heard`,
    };
  }
  const record = seen.call?.ear.bytes() ?? new Uint8Array();
  const gaps = gapsIn(record, heard.startSample, saying.sound);
  if (gaps === undefined && isExact) return { ok: false, detail: "another sound was heard" };
  const dry = gaps ? `, with ${figure(gaps / SAMPLES_PER_MS)} ms of gaps` : "";
  return { ok: true, detail: `${figure(heard.heardSamples)} of ${figure(saying.sound.length)} bytes${dry}` };
}
