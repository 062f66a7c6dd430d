/**
 * Many streams at once, for measurements: opened at a pace, spoken into without a pause, and counted. It keeps no
 * audio and judges nothing; the figures are for whoever measures.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { type OpenedStream, openStream } from "./carrier.ts";
import { FRAME_SAMPLES } from "./mulaw.ts";
import type { Network } from "./network.ts";
import { machineMs, STAMP_BYTES, stamp, stampOf } from "./stamp.ts";
import { ticker } from "./ticker.ts";

export type LoadOptions = {
  readonly accountSid: string;
  readonly authToken: string;
  /** One stream each. */
  readonly streams: ReadonlyArray<{
    readonly url: string;
    readonly callSid?: string | undefined;
    readonly streamSid?: string | undefined;
    readonly parameters?: Readonly<Record<string, string>> | undefined;
  }>;
  readonly network?: Network | undefined;
  /** Between two handshakes. */
  readonly spacingMs: number;
  /** How long all of them speak, from when the last has been opened. */
  readonly seconds: number;
  /** Each 20 ms frame begins with the moment it was spoken. Otherwise the callers are silent. */
  readonly speak: boolean;
};

export type Spread = {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
};

export type LoadReport = {
  readonly opened: number;
  readonly refused: number;
  /** Streams that were no longer open when the time was over. */
  readonly lost: number;
  readonly sentMedia: number;
  readonly droppedMedia: number;
  readonly receivedMedia: number;
  readonly receivedMediaBytes: number;
  readonly receivedMarks: number;
  readonly receivedClears: number;
  /** From the stamp in the relay's audio to its arrival here, while all were open. */
  readonly latency: Spread | undefined;
  /** How late this process ran its own ticks: above a few ms, it was the bottleneck. */
  readonly worstTickLateMs: number;
  readonly perStream: ReadonlyArray<{
    readonly callSid: string;
    readonly sentMedia: number;
    readonly receivedMedia: number;
    readonly playedSamples: number;
    readonly closeCode: number;
  }>;
};

export async function runLoad(options: LoadOptions, onAllOpen?: () => void): Promise<LoadReport> {
  const { accountSid, authToken, network, spacingMs, seconds, speak } = options;
  const latenciesMs: number[] = [];
  let measuring = false;
  const lines: OpenedStream[] = [];
  for (const stream of options.streams) {
    const line = openStream({
      ...stream,
      accountSid,
      authToken,
      network,
      keep: "counts",
      voice: speak ? stampedVoice : undefined,
      onMedia: (bytes) => {
        if (!measuring) return;
        const spokenMs = stampOf(bytes);
        if (spokenMs !== undefined) latenciesMs.push(machineMs() - spokenMs);
      },
    });
    lines.push(line);
    await sleep(spacingMs);
  }
  const openings = await Promise.all(lines.map(({ opening }) => opening));
  const opened = openings.filter((opening) => opening.opened).length;
  onAllOpen?.();
  measuring = true;
  ticker.resetLateness();
  await sleep(seconds * 1000);
  measuring = false;
  const { worstLateMs } = ticker;
  const lost = opened - lines.filter(({ timeline }) => !timeline.closed).length;
  for (const line of lines) line.hangUp();
  const reports = await Promise.all(lines.map(({ ended }) => ended));
  const sum = (of: (frames: (typeof reports)[number]["frames"]) => number): number =>
    reports.reduce((total, { frames }) => total + of(frames), 0);
  return {
    opened,
    refused: openings.length - opened,
    lost,
    sentMedia: sum(({ sent }) => sent.media),
    droppedMedia: sum(({ sent }) => sent.droppedMedia),
    receivedMedia: sum(({ received }) => received.media),
    receivedMediaBytes: sum(({ received }) => received.mediaBytes),
    receivedMarks: sum(({ received }) => received.mark),
    receivedClears: sum(({ received }) => received.clear),
    latency: spreadOf(latenciesMs),
    worstTickLateMs: worstLateMs,
    perStream: reports.map(({ frames, ear, code }, index) => ({
      callSid: lines[index]?.callSid ?? "",
      sentMedia: frames.sent.media,
      receivedMedia: frames.received.media,
      playedSamples: ear.playedSamples,
      closeCode: code,
    })),
  };
}

/** A voice that never stops, each frame stamped as it goes out. */
function stampedVoice(): Uint8Array {
  const frame = new Uint8Array(FRAME_SAMPLES).fill(0x20, STAMP_BYTES);
  stamp(frame);
  return frame;
}

export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  if (sorted.length === 0) return undefined;
  return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}
