/**
 * When each piece of a response leaves: a reply as a list of steps, each with its due time from the response's start.
 *
 * Pure arithmetic. The times are absolute, so that whoever performs them cannot drift.
 */
import { BYTES_PER_MS } from "../audio/clips.ts";
import { type Output, type Plan, soundOf } from "./script.ts";

export type Step = { readonly dueMs: number } & (
  | { readonly kind: "announce"; readonly output: Output }
  | { readonly kind: "sound"; readonly bytes: Uint8Array; readonly words: string }
  | { readonly kind: "arguments"; readonly text: string }
  /** The item that was announced last is whole. */
  | { readonly kind: "finish" }
  | { readonly kind: "end" }
);

const ARGUMENT_CHARS = 24;
const ARGUMENT_GAP_MS = 10;

/**
 * @param limitMs how much sound `max_output_tokens` allows
 * @param random between 0 and 1, for deltas of varying length
 */
export function timetableOf(
  { output, ends, delivery }: Plan,
  limitMs: number,
  random: () => number,
): readonly Step[] {
  const { pace, deltaMs, thinkMs, announceMs, stall } = delivery;
  const steps: Step[] = [];
  const cutMs = Math.min(limitMs, ends?.afterMs ?? Number.POSITIVE_INFINITY);
  let atMs = thinkMs;
  let leftAtMs = thinkMs;
  let soundMs = 0;
  let stalled = false;
  const nextBytes = (): number =>
    BYTES_PER_MS *
    (typeof deltaMs === "number" ? deltaMs : Math.round(deltaMs[0] + random() * (deltaMs[1] - deltaMs[0])));

  for (const [index, each] of output.entries()) {
    steps.push({ kind: "announce", dueMs: atMs, output: each });
    leftAtMs = atMs;
    if ("call" in each || "mcp" in each) {
      const text = typeof each.arguments === "string" ? each.arguments : JSON.stringify(each.arguments);
      for (let from = 0; from < text.length; from += ARGUMENT_CHARS) {
        steps.push({ kind: "arguments", dueMs: atMs, text: text.slice(from, from + ARGUMENT_CHARS) });
        leftAtMs = atMs;
        atMs += ARGUMENT_GAP_MS;
      }
    } else {
      atMs += announceMs;
      const { bytes, words } = soundOf(each);
      for (let from = 0; from < bytes.length; ) {
        const roomBytes = Math.floor((cutMs - soundMs) * BYTES_PER_MS);
        if (roomBytes <= 0) return [...steps, { kind: "end", dueMs: leftAtMs }];
        if (stall !== null && !stalled && soundMs >= stall.afterMs) {
          stalled = true;
          atMs += stall.forMs;
        }
        const piece = bytes.subarray(from, from + Math.min(nextBytes(), roomBytes));
        const to = from + piece.length;
        steps.push({
          kind: "sound",
          dueMs: atMs,
          bytes: piece,
          words: wordsWithin(words, from, to, bytes.length),
        });
        leftAtMs = atMs;
        from = to;
        soundMs += piece.length / BYTES_PER_MS;
        atMs += piece.length / BYTES_PER_MS / pace;
      }
    }
    // A reply that ends badly without saying when leaves its last item unfinished.
    if (ends === undefined || index < output.length - 1) steps.push({ kind: "finish", dueMs: leftAtMs });
  }
  return [...steps, { kind: "end", dueMs: leftAtMs }];
}

/** The share of the transcript that goes with a share of the sound; the shares join to the whole. */
function wordsWithin(words: string, from: number, to: number, all: number): string {
  return words.slice(Math.floor((words.length * from) / all), Math.floor((words.length * to) / all));
}
