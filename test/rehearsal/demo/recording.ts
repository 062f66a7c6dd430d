/**
 * The call as a stereo recording: the caller left, the assistant right as the ear got it, on one clock. Written as
 * 16-bit PCM, which every player plays; mu-law stereo is a WAV format too, but browsers refuse it.
 */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

const RATE = 8000;
const CHANNELS = 2;
const SAMPLE_BYTES = 2;
const HEADER_BYTES = 44;

/** ITU-T G.711, decoded to the 16-bit scale. */
const LINEAR = Int16Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff;
  const magnitude = (((bits & 0x0f) << 3) + 0x84) * 2 ** ((bits >> 4) & 7) - 0x84;
  return bits & 0x80 ? -magnitude : magnitude;
});

export const linear = (mulaw: number): number => LINEAR[mulaw] ?? 0;

/** @param left and right mu-law at 8 kHz; the shorter one is filled up with silence */
export function stereoWav(left: Uint8Array, right: Uint8Array): Uint8Array {
  const frames = Math.max(left.length, right.length);
  const dataBytes = frames * CHANNELS * SAMPLE_BYTES;
  const wav = new DataView(new ArrayBuffer(HEADER_BYTES + dataBytes));
  const tag = (at: number, text: string) => {
    for (let i = 0; i < text.length; i++) wav.setUint8(at + i, text.charCodeAt(i));
  };
  // http://soundfile.sapp.org/doc/WaveFormat/
  tag(0, "RIFF");
  wav.setUint32(4, HEADER_BYTES - 8 + dataBytes, true);
  tag(8, "WAVEfmt ");
  wav.setUint32(16, 16, true);
  wav.setUint16(20, 1, true);
  wav.setUint16(22, CHANNELS, true);
  wav.setUint32(24, RATE, true);
  wav.setUint32(28, RATE * CHANNELS * SAMPLE_BYTES, true);
  wav.setUint16(32, CHANNELS * SAMPLE_BYTES, true);
  wav.setUint16(34, SAMPLE_BYTES * 8, true);
  tag(36, "data");
  wav.setUint32(40, dataBytes, true);
  for (let frame = 0; frame < frames; frame++) {
    const at = HEADER_BYTES + frame * CHANNELS * SAMPLE_BYTES;
    wav.setInt16(at, linear(left[frame] ?? 0xff), true);
    wav.setInt16(at + SAMPLE_BYTES, linear(right[frame] ?? 0xff), true);
  }
  return new Uint8Array(wav.buffer);
}

export async function writeRecording(file: string, left: Uint8Array, right: Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await Bun.write(file, stereoWav(left, right));
}
