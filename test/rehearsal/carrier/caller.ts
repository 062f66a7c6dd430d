/**
 * How a person on the phone behaves: waits until the other has finished, or interrupts after a while. Each looks at
 * nothing but the ear, on the carrier's own clock, and gives up at a deadline or when the line ends.
 */

import type { Handset } from "./carrier.ts";
import { monotonicMs, type Ticking, ticker } from "./ticker.ts";

const PATIENCE_MS = 30_000;

/** The assistant has been audible since now, and then quiet for this long. */
export function whenQuiet(handset: Handset, quietMs: number, withinMs = PATIENCE_MS): Promise<void> {
  const { ear } = handset;
  const audibleBeforeMs = ear.audibleMs;
  return onceHeard(handset, `${quietMs} ms of quiet after speech`, withinMs, () => {
    return ear.audibleMs > audibleBeforeMs && (ear.quietForMs ?? 0) >= quietMs;
  });
}

/** The ear got this much audible sound since now: a moment in the middle of a sentence. */
export function afterHeard(handset: Handset, audibleMs: number, withinMs = PATIENCE_MS): Promise<void> {
  const { ear } = handset;
  const wantedMs = ear.audibleMs + audibleMs;
  return onceHeard(handset, `${audibleMs} ms of speech`, withinMs, () => ear.audibleMs >= wantedMs);
}

/** Nothing waits to be played and nothing is being played. */
export function whenPlayedOut(handset: Handset, withinMs = PATIENCE_MS): Promise<void> {
  const { ear } = handset;
  return onceHeard(handset, "an empty playback buffer", withinMs, () => ear.bufferedSamples() === 0);
}

function onceHeard(
  { timeline }: Handset,
  what: string,
  withinMs: number,
  isSo: () => boolean,
): Promise<void> {
  const deadlineMs = monotonicMs() + withinMs;
  return new Promise((resolve, reject) => {
    const watch: Ticking = {
      tick(dueMs) {
        const isNow = isSo();
        if (!isNow && !timeline.closed && dueMs < deadlineMs) return;
        ticker.leave(watch);
        if (isNow) resolve();
        else
          reject(new Error(`${what} did not come: ${timeline.closed ? "the line ended" : `${withinMs} ms`}`));
      },
    };
    ticker.join(watch);
  });
}
