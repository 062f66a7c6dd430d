/** What the proof of an hour asks of its load, and what it is told. */
import { z } from "zod";

export const Command = z.strictObject({
  relayUrl: z.string(),
  lanes: z.int().min(1),
  calls: z.int().min(1),
  talkMs: z.tuple([z.number(), z.number()]),
});
export type Command = z.infer<typeof Command>;

export const Round = z.object({
  calls: z.number(),
  vanished: z.number(),
  frames: z.number(),
  /** Sent and not received within seconds. */
  lost: z.number(),
  /** Out of order, twice, on another call, or with other bytes. */
  wrong: z.number(),
  /** Refused, or closed by the relay in the middle. */
  broken: z.array(z.string()),
  /** From each hang-up until the model's socket was closed. */
  closedMaxMs: z.number(),
  /** How late this process was with its own beats, p99. */
  loadLateMs: z.number(),
});
export type Round = z.infer<typeof Round>;
