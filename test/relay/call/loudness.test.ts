/** How loud it was, on a telephone: a voice, a voice far off, and the line by itself. */
import { expect, test } from "bun:test";
import { maySpeak } from "../../../relay/call/loudness.ts";

/** ITU-T G.711, from 14 bits. */
function encoded(sample: number): number {
  const magnitude = Math.min(8_158, Math.abs(Math.round(sample))) + 33;
  const exponent = 26 - Math.clz32(magnitude);
  const mantissa = (magnitude >> (exponent + 1)) & 0x0f;
  return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | mantissa) & 0xff;
}

/** A hum of 150 Hz in frames of 20 ms, at so many dB of full scale. */
function hum(ms: number, decibels: number): string[] {
  const amplitude = 8_158 * 10 ** (decibels / 20);
  return Array.from({ length: ms / 20 }, (_, frame) =>
    Buffer.from(
      Array.from({ length: 160 }, (__, at) =>
        encoded(amplitude * Math.sin((2 * Math.PI * 150 * (frame * 160 + at)) / 8_000)),
      ),
    ).toString("base64"),
  );
}
const SILENCE = Array.from({ length: 100 }, () => "/".repeat(213).padEnd(216, "="));

test("a voice is found, also one that is a little way off", () => {
  expect(maySpeak(hum(400, -12))).toBe(true);
  expect(maySpeak(hum(400, -24))).toBe(true);
});

test("the line by itself is none, neither silent nor humming", () => {
  expect(maySpeak(SILENCE)).toBe(false);
  expect(maySpeak(hum(2_000, -45))).toBe(false);
  expect(maySpeak([])).toBe(false);
});

test("a click is none", () => {
  expect(maySpeak([...SILENCE, ...hum(60, -6), ...SILENCE])).toBe(false);
});

test("it is found among silence", () => {
  expect(maySpeak([...SILENCE, ...hum(200, -12), ...SILENCE])).toBe(true);
});
