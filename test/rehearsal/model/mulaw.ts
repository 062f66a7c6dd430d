/**
 * How loud mu-law samples are. It decodes for measuring only: nothing in the rehearsal transcodes sound.
 * Source: ITU-T G.711.
 */

/** The square of each code's linear value, full scale being 1. */
const POWER = Float64Array.from({ length: 256 }, (_, code) => linear(code) ** 2);

function linear(code: number): number {
  const bits = ~code & 0xff;
  const exponent = (bits >> 4) & 7;
  const magnitude = (((bits & 0x0f) << 3) + 0x84) * 2 ** exponent - 0x84;
  return (bits & 0x80 ? -magnitude : magnitude) / 32768;
}

/** Root mean square of the samples, in dB below full scale; −Infinity for digital silence. */
export function levelDbfs(samples: Uint8Array): number {
  let sum = 0;
  for (const code of samples) sum += POWER[code] ?? 0;
  return 10 * Math.log10(sum / samples.length);
}
