/**
 * What a caller heard, told apart: the model's words, each of which is a tone of its own (taggedAudio), the relay's
 * clips, byte for byte, and Twilio's own voice. From the ear's bytes and the line's record, afterwards and exactly.
 *
 * Times are those of performance.now(), like everything else that a rehearsal writes down in this process.
 */
import { CLIPS, type Clip, type Clips } from "../../../relay/call/clips.ts";
import type { PlacedCall } from "../carrier/carrier.ts";
import { FRAME_SAMPLES, isAudible, SAMPLES_PER_MS } from "../carrier/mulaw.ts";

/** "said": Twilio's voice. "tone n": a word of the model's. "other": whatever is none of these. */
export type SoundName = Clip | "said" | `tone ${number}` | "other";

export type Sound = {
  readonly what: SoundName;
  readonly fromMs: number;
  readonly toMs: number;
};

const FRAME_MS = FRAME_SAMPLES / SAMPLES_PER_MS;
/** Of a clip, so much is looked for, from where it is loud: words that were cut off after it had begun are heard too. */
const CORE = { from: 90 * SAMPLES_PER_MS, bytes: 100 * SAMPLES_PER_MS } as const;
/** Pauses between words are no silence. */
const BREATH_MS = 250;

export class Hearing {
  readonly #call: PlacedCall;
  readonly #clips: ReadonlyMap<Clip, Buffer>;
  readonly #sayMsPerCharacter: number;

  constructor(call: PlacedCall, clips: Clips, sayMsPerCharacter: number) {
    this.#call = call;
    this.#clips = new Map(
      CLIPS.map((clip) => [clip, Buffer.concat(clips[clip].map((piece) => Buffer.from(piece, "base64")))]),
    );
    this.#sayMsPerCharacter = sayMsPerCharacter;
  }

  /** In order, each from its first audible moment to its last. */
  sounds(): Sound[] {
    const bytes = Buffer.from(this.#call.ear.bytes());
    const recorded = CLIPS.flatMap((clip) => this.#clipsIn(bytes, clip));
    const isRecorded = (ms: number) => recorded.some(({ fromMs, toMs }) => ms >= fromMs && ms < toMs);
    const sounds: Sound[] = [...recorded, ...this.#said()];
    for (let at = 0; at + FRAME_SAMPLES <= bytes.length; at += FRAME_SAMPLES) {
      const what = soundOf(bytes.subarray(at, at + FRAME_SAMPLES));
      const fromMs = this.#msOf(at);
      if (what === undefined || isRecorded(fromMs)) continue;
      const last = sounds.at(-1);
      if (last?.what === what && fromMs - last.toMs <= BREATH_MS) {
        sounds[sounds.length - 1] = { ...last, toMs: fromMs + FRAME_MS };
      } else sounds.push({ what, fromMs, toMs: fromMs + FRAME_MS });
    }
    return sounds.sort((one, other) => one.fromMs - other.fromMs);
  }

  /** This clip was heard from its first word to its last, without a gap. */
  heardWhole(clip: Clip): boolean {
    const whole = this.#clips.get(clip);
    return whole !== undefined && Buffer.from(this.#call.ear.bytes()).includes(whole);
  }

  #clipsIn(bytes: Buffer, clip: Clip): Sound[] {
    const whole = this.#clips.get(clip);
    if (whole === undefined) return [];
    const core = whole.subarray(CORE.from, CORE.from + CORE.bytes);
    const found: Sound[] = [];
    for (let at = bytes.indexOf(core); at >= 0; at = bytes.indexOf(core, at + core.length)) {
      const from = Math.max(0, at - CORE.from);
      let length = CORE.from + CORE.bytes;
      while (length < whole.length && bytes[from + length] === whole[length]) length += 1;
      found.push({ what: clip, fromMs: this.#msOf(from), toMs: this.#msOf(from + length) });
    }
    return found;
  }

  #said(): Sound[] {
    const { timeline } = this.#call;
    return timeline.all("said").map(({ atMs, text }) => {
      const fromMs = timeline.startedMs + atMs;
      return { what: "said", fromMs, toMs: fromMs + text.length * this.#sayMsPerCharacter };
    });
  }

  #msOf(sample: number): number {
    const { timeline, ear } = this.#call;
    return timeline.startedMs + ear.answeredAtMs + sample / SAMPLES_PER_MS;
  }
}

/** What most of a frame is; undefined: nobody hears it. */
function soundOf(frame: Uint8Array): SoundName | undefined {
  const counts = new Map<number, number>();
  let audible = 0;
  for (const byte of frame) {
    counts.set(byte, (counts.get(byte) ?? 0) + 1);
    if (isAudible(byte)) audible += 1;
  }
  if (audible < FRAME_SAMPLES / 8) return undefined;
  const [tone = 0, times = 0] = [...counts].reduce((most, each) => (each[1] > most[1] ? each : most));
  return times >= audible * 0.9 && isAudible(tone) ? `tone ${tone}` : "other";
}

/**
 * The longest time between two moments in which nothing was heard.
 * @param pauses when nobody has to say anything
 */
export function longestSilence(
  sounds: readonly Pick<Sound, "fromMs" | "toMs">[],
  fromMs: number,
  toMs: number,
  pauses: readonly Pick<Sound, "fromMs" | "toMs">[] = [],
): number {
  const busy = [...sounds, ...pauses].sort((one, other) => one.fromMs - other.fromMs);
  let longest = 0;
  let quietSince = fromMs;
  for (const one of busy) {
    if (one.toMs <= quietSince) continue;
    if (one.fromMs >= toMs) break;
    longest = Math.max(longest, one.fromMs - quietSince);
    quietSince = one.toMs;
  }
  return Math.max(longest, toMs - quietSince);
}
