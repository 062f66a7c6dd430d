/**
 * What the relay says by itself, as the ear had it: recognised by its bytes and by nothing else, for the relay's log
 * tells only that it was sent.
 */
import { z } from "zod";
import { CLIPS, type Clip } from "../../../relay/call/clips.ts";
import { readClips } from "../../../relay/io/clips.ts";
import type { Ear } from "../carrier/ear.ts";
import { SAMPLES_PER_MS } from "../carrier/mulaw.ts";

export type Recorded = { readonly clip: Clip; readonly words: string; readonly sound: Uint8Array };

export type Played = Recorded & {
  readonly who: "relay";
  /** Where it begins in the sequence of all samples that the carrier was sent. */
  readonly fromSample: number;
  /** In the ear's record. */
  readonly startSample: number;
  /** Since dial. */
  readonly startMs: number;
  heardSamples: number;
  /** "cut": another sound came, or none, before its end; "broken off": the line closed before its end. */
  state: "coming" | "whole" | "cut" | "broken off";
  endMs: number | undefined;
};

/** It is recognised by this much, from where it is loud: all of them begin with the same silence. */
const KEY = { from: 50 * SAMPLES_PER_MS, samples: 50 * SAMPLES_PER_MS } as const;
const SILENT_BYTE = 0xff;

const Words = z.record(z.string(), z.record(z.enum(CLIPS), z.string()));

/** @param language one that was recorded */
export async function recordedIn(language: string): Promise<readonly Recorded[]> {
  const file = Bun.file(new URL("../../../relay/clips/words.json", import.meta.url));
  const words = Words.parse(await file.json())[language];
  if (words === undefined) throw new Error(`the relay has nothing to say in "${language}"`);
  const clips = (await readClips())(language);
  return CLIPS.map((clip) => ({
    clip,
    words: words[clip],
    sound: new Uint8Array(Buffer.concat(clips[clip].map((piece) => Buffer.from(piece, "base64")))),
  }));
}

export class RelayVoice {
  readonly played: Played[] = [];
  readonly #recorded: readonly Recorded[];
  /** How much of the ear's record has been listened to. */
  #at = 0;

  constructor(recorded: readonly Recorded[]) {
    this.#recorded = recorded;
  }

  /**
   * @param playhead in the sequence of all samples that the carrier was sent
   * @returns what began since the last time
   */
  listen(ear: Ear, playhead: number): readonly Played[] {
    const before = this.played.length;
    while (this.#follow(ear) && this.#find(ear, playhead));
    return this.played.slice(before);
  }

  /** Whatever of it was still to come does not come. */
  stop(state: "cut" | "broken off", atMs: number): void {
    const last = this.played.at(-1);
    if (last?.state !== "coming") return;
    last.state = state;
    last.endMs = atMs;
  }

  /** @returns whether nothing is coming any more, so that something may begin */
  #follow(ear: Ear): boolean {
    const last = this.played.at(-1);
    if (last?.state !== "coming") return true;
    const { sound } = last;
    for (const byte of ear.slice(this.#at, ear.samples)) {
      if (byte === sound[last.heardSamples]) last.heardSamples += 1;
      // The line ran dry for a moment, or it is over: that is told later.
      else if (byte !== SILENT_BYTE) return this.#ended(last, "cut", ear);
      this.#at += 1;
      if (last.heardSamples === sound.length) return this.#ended(last, "whole", ear);
    }
    return false;
  }

  #ended(last: Played, state: "cut" | "whole", ear: Ear): true {
    last.state = state;
    last.endMs = ear.answeredAtMs + this.#at / SAMPLES_PER_MS;
    return true;
  }

  /** @returns whether one has begun */
  #find(ear: Ear, playhead: number): boolean {
    const rest = Buffer.from(ear.slice(this.#at, ear.samples));
    const [first] = this.#recorded
      .map((recorded) => ({ recorded, at: rest.indexOf(keyOf(recorded)) }))
      .filter(({ at }) => at >= 0)
      .sort((one, other) => one.at - other.at);
    if (first === undefined) {
      this.#at = Math.max(this.#at, ear.samples - KEY.samples + 1);
      return false;
    }
    const keySample = this.#at + first.at;
    const startSample = Math.max(0, keySample - KEY.from);
    this.#at = keySample + KEY.samples;
    this.played.push({
      ...first.recorded,
      who: "relay",
      fromSample: playhead - (ear.samples - startSample),
      startSample,
      startMs: ear.answeredAtMs + startSample / SAMPLES_PER_MS,
      heardSamples: KEY.from + KEY.samples,
      state: "coming",
      endMs: undefined,
    });
    return true;
  }
}

const keyOf = ({ sound }: Recorded): Uint8Array => sound.subarray(KEY.from, KEY.from + KEY.samples);
