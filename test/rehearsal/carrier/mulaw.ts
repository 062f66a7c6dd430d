/**
 * What the carrier must know of G.711 mu-law: its silence, and which bytes a person would hear.
 */

export const SAMPLES_PER_MS = 8;
export const FRAME_SAMPLES = 160;
export const SILENCE = 0xff;

/**
 * Mu-law bytes are inverted, and their low seven bits rise with loudness; from 16 on a sample is 132 of 32,124 or
 * more, which is −48 dBFS: above line noise, below speech.
 */
export const isAudible = (byte: number): boolean => (~byte & 0x7f) >= 16;

export const silence = (samples: number): Uint8Array => new Uint8Array(samples).fill(SILENCE);
