/**
 * Whether somebody may have spoken, for the one time that nobody can be asked: the model was not listening. It looks at
 * how loud it was and at nothing else; whether it was speech is for the next model to find.
 */
import { SAMPLES_PER_MS } from "../wire/twilio.ts";

/** A byte of mu-law is inverted; of its magnitude the upper three bits are the exponent. ITU-T G.711, table 2a. */
const EXPONENT_SHIFT = 4;
const EXPONENT = 0x07;
/** From about -31 dB of full scale: a voice on the telephone, and not the line itself. */
const LOUD_EXPONENT = 3;
/** Of the samples of a voice so many are loud, and it lasts so long. */
const LOUD_SHARE = 0.25;
const SPOKEN_MS = 100;

export function maySpeak(payloads: readonly string[]): boolean {
  let spokenMs = 0;
  for (const payload of payloads) {
    const bytes = Buffer.from(payload, "base64");
    let loud = 0;
    for (const byte of bytes) {
      if (((~byte >> EXPONENT_SHIFT) & EXPONENT) >= LOUD_EXPONENT) loud++;
    }
    if (loud > 0 && loud >= bytes.length * LOUD_SHARE) spokenMs += bytes.length / SAMPLES_PER_MS;
    if (spokenMs >= SPOKEN_MS) return true;
  }
  return false;
}
