/**
 * The figure that the project exists for: how far audio_end_ms is from what the caller's ear got. Simulated here,
 * in milliseconds of computing; measured against the rehearsal's carrier, in real time, by `npm run prove`.
 */
import { describe, expect, test } from "bun:test";
import { interruptions, type Mix } from "./simulated-line.ts";

const INTERRUPTIONS = 100;
const SEED = 20_261_121;
const WITHIN_MS = 40;

const PACES = { "faster than real time": 6, "slower than real time": 0.7 };
const NETWORKS = {
  "no network": [0, 0],
  "50 ms with jitter": [50, 30],
  "100 ms with jitter": [100, 50],
} as const;
const ITEMS = { "one item": [1, 1], "several items": [2, 4] } as const;

const mixes: [string, Mix][] = [];
for (const [paceName, pace] of Object.entries(PACES)) {
  for (const [networkName, [oneWayMs, jitterMs]] of Object.entries(NETWORKS)) {
    for (const [itemsName, items] of Object.entries(ITEMS)) {
      for (const silenceOmitted of [false, true]) {
        for (const packetMs of [0, 20] as const) {
          const name = [
            paceName,
            networkName,
            itemsName,
            silenceOmitted ? "silent frames omitted" : "every frame sent",
            packetMs === 0 ? "marks at once" : "marks with the next packet",
          ].join(", ");
          mixes.push([name, { pace, items, oneWayMs, jitterMs, silenceOmitted, packetMs }]);
        }
      }
    }
  }
}

describe("what is left of an interrupted item is what the ear got", () => {
  test.each(mixes)("%s", (_, mix) => {
    const { errorsMs, refusals } = interruptions(mix, INTERRUPTIONS, SEED);
    const sorted = errorsMs.toSorted((a, b) => a - b);
    expect(refusals).toBe(0);
    expect(sorted[Math.floor(sorted.length * 0.95)]).toBeLessThanOrEqual(WITHIN_MS);
  });
});
