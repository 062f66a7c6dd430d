/**
 * A frame's number and the moment it was sent, written as digits at the head of its base64: digits are base64, so the
 * audio bytes hold them, and neither side needs to open what a relay must not open either. What follows the stamp
 * is always the same, so that a single altered character is seen.
 *
 * Sender and receiver are one process and read one clock; the process under test never looks.
 */

/** Not found in the padding, nor anywhere else in a frame. */
const MAGIC = "St4mp+";
const LINE_DIGITS = 4;
const NUMBER_DIGITS = 8;
const MICROSECOND_DIGITS = 14;
const STAMP_CHARS = MAGIC.length + LINE_DIGITS + NUMBER_DIGITS + MICROSECOND_DIGITS;

/** Base64 that begins with a stamp. */
export type Stamped = {
  /** Which call it was sent on. */
  readonly line: number;
  /** 0, 1, 2 … on each line and way. */
  readonly number: number;
  readonly sentMs: number;
  /** All that follows the stamp is as it was sent. */
  readonly intact: boolean;
  readonly samples: number;
};

const tails = new Map<number, string>();

/** What follows the stamp in a frame of so many bytes: canonical base64, padding included. */
function tailFor(samples: number): string {
  const known = tails.get(samples);
  if (known !== undefined) return known;
  const tail = Buffer.alloc(samples, 0x7e).toString("base64").slice(STAMP_CHARS);
  tails.set(samples, tail);
  return tail;
}

/** @param samples mu-law at 8 kHz: bytes */
export function stampedPayload(line: number, number: number, samples: number): string {
  const us = String(Math.floor(performance.now() * 1000)).padStart(MICROSECOND_DIGITS, "0");
  const who = String(line).padStart(LINE_DIGITS, "0") + String(number).padStart(NUMBER_DIGITS, "0");
  return MAGIC + who + us + tailFor(samples);
}

/** The stamp in a message, wherever in it the audio stands. */
export function stampIn(message: string): Stamped | undefined {
  const from = message.indexOf(MAGIC);
  if (from === -1) return undefined;
  const line = from + MAGIC.length;
  const number = line + LINE_DIGITS;
  const time = number + NUMBER_DIGITS;
  const tail = time + MICROSECOND_DIGITS;
  const end = message.indexOf('"', tail);
  const chars = end - from;
  const padding = message[end - 1] !== "=" ? 0 : message[end - 2] === "=" ? 2 : 1;
  const samples = (chars / 4) * 3 - padding;
  return {
    line: Number(message.slice(line, number)),
    number: Number(message.slice(number, time)),
    sentMs: Number(message.slice(time, tail)) / 1000,
    intact: Number.isInteger(samples) && samples > 0 && message.startsWith(`${tailFor(samples)}"`, tail),
    samples,
  };
}
