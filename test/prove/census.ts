/**
 * What is alive in a relay, by its own count of its heap (relay/io/census.ts). A heap that was once counted is collected
 * more slowly ever after: what there is before anything has happened is counted in a relay of its own.
 */
import { z } from "zod";
import type { LogLine, RunningRelay } from "../rehearsal/relay.ts";

export const Census = z.object({
  calls: z.number(),
  runners: z.number(),
  twilioSockets: z.number(),
  modelSockets: z.number(),
  timers: z.number(),
});
export type Census = z.infer<typeof Census>;

const COUNTS = 5;
const BETWEEN_COUNTS_MS = 250;

/** The least of several: what is let go may still be seen on the stack, and what leaked is there each time. */
export async function censusOf(relay: RunningRelay, counts = COUNTS): Promise<Census> {
  const counted: Census[] = [];
  const known = new Set<LogLine>();
  // Each line is looked at once for each count: after an hour there are some hundred thousand.
  const isNew = (line: LogLine) => line.event === "relay.census" && !known.has(line);
  for (let count = 1; count <= counts; count++) {
    process.kill(relay.pid, "SIGUSR2");
    const line = await relay.waitForLog(isNew, 30_000);
    known.add(line);
    counted.push(Census.parse(line));
    if (count < counts) await Bun.sleep(BETWEEN_COUNTS_MS);
  }
  const least = (kind: keyof Census) => Math.min(...counted.map((census) => census[kind]));
  return {
    calls: least("calls"),
    runners: least("runners"),
    twilioSockets: least("twilioSockets"),
    modelSockets: least("modelSockets"),
    timers: least("timers"),
  };
}
