/**
 * The rehearsal's sounds: spoken clips, silence, and bytes that can be told apart at the ear.
 *
 * Everything is raw G.711 mu-law at 8 kHz, one byte a sample, as it travels between Twilio and OpenAI. What each
 * clip says and in which voice stands here and nowhere else; make.sh asks this file. It may not touch the network.
 */
import { readFileSync } from "node:fs";

/** G.711 at 8 kHz: one byte a sample. */
export const BYTES_PER_MS = 8;
/** Mu-law's zero: what a silent line carries. */
const SILENT_BYTE = 0xff;

/** The caller is a man and the assistant a woman, so that a listener of the demo's recording tells them apart. */
const VOICES = { caller: "rms", assistant: "slt" } as const;

const CLIPS = {
  "caller-hello": "Hi, what can you do for me?",
  "caller-day": "Tell me what my day looks like, please.",
  "caller-wait": "Wait, stop. Just the first one.",
  "caller-milk": "Add milk to my list, please.",
  "caller-thanks": "Great. Thank you, that is all. Goodbye.",
  "caller-yes": "Yes, please.",
  "caller-no": "No, don't do that.",
  "caller-mhm": "Mm-hmm.",
  "assistant-greeting": "Hello, this is your assistant. How can I help?",
  "assistant-day":
    "You have five things today. First, call the dentist at nine. Then the office meeting at half past ten. " +
    "Lunch with Maria at noon. Send the report, and water the plants.",
  "assistant-first": "The first one is: call the dentist at nine.",
  "assistant-cando": "I can read you your day, look things up, and add things to your list.",
  "assistant-milk": "I would add milk to your list. Shall I?",
  "assistant-done": "Milk is on your list.",
  "assistant-moment": "One moment, please.",
  "assistant-unreachable": "I am sorry, I cannot reach your list right now.",
  "assistant-goodbye": "You are welcome. Goodbye!",
} as const;

/** How flite must have it spelt, where it would read the letters out. */
const SPELLINGS: Partial<Record<ClipName, string>> = { "caller-mhm": "um hum." };

export type ClipName = keyof typeof CLIPS;

const isClipName = (name: string): name is ClipName => Object.hasOwn(CLIPS, name);
export const clipNames: readonly ClipName[] = Object.keys(CLIPS).filter(isClipName);

const read = new Map<ClipName, Uint8Array>();

/** The clip's samples. The array is shared: copy before writing to it. */
export function clip(name: ClipName): Uint8Array {
  const known = read.get(name);
  if (known !== undefined) return known;
  const bytes = new Uint8Array(readFileSync(new URL(`${name}.ulaw`, import.meta.url)));
  read.set(name, bytes);
  return bytes;
}

export const wordsOf = (name: ClipName): string => CLIPS[name];

export const durationMs = (bytes: Uint8Array): number => bytes.length / BYTES_PER_MS;

export const silence = (ms: number): Uint8Array =>
  new Uint8Array(Math.round(ms * BYTES_PER_MS)).fill(SILENT_BYTE);

/**
 * Sound in which every byte is `tag`: how much of an item was heard is then the number of bytes of that value that
 * reached the ear. 251 to 255 are left out, being near silence, which a line may put in by itself.
 */
export function taggedAudio(tag: number, ms: number): Uint8Array {
  if (!Number.isInteger(tag) || tag < 1 || tag > 250)
    throw new RangeError(`tag ${tag} is not within 1 to 250`);
  return new Uint8Array(Math.round(ms * BYTES_PER_MS)).fill(tag);
}

/** The pieces one after the other. */
export function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

if (import.meta.main) {
  for (const name of clipNames) {
    const voice = name.startsWith("caller-") ? VOICES.caller : VOICES.assistant;
    console.log([name, voice, SPELLINGS[name] ?? wordsOf(name)].join("\t"));
  }
}
