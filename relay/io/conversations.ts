/**
 * Where the conversations of live calls are kept, so that a call can go on in a new process: sealed (sealed.ts), for as
 * long as the call lives, and then gone, also from the bytes of the file. In a file of their own under DATA_DIR
 * (conversations-file.ts), or in the Redis that has the records (conversations-redis.ts).
 *
 * None of this ever rejects. A conversation that cannot be kept costs its caller nothing unless the relay dies too, so
 * the call goes on and the log tells it; who may come in is for the records to say, never for this.
 */
import { z } from "zod";
import type { Line, Remembered } from "../call/remembered.ts";

export type Conversations = {
  /** Resolved when it would outlive a kill of this process, or when it is known that it cannot be kept. */
  keep(callSid: string, remembered: Remembered): Promise<void>;
  /** Undefined: there is none, or none that can be read. */
  recall(callSid: string): Promise<Remembered | undefined>;
  /** The call is over for good. */
  forget(callSid: string): Promise<void>;
  /**
   * Takes away what nobody has come back for, and what was forgotten out of the bytes on the disk. Asked at the start
   * and every {@link SWEEP_EVERY_MS}; where there is nothing to take away it writes nothing.
   */
  sweep(): Promise<void>;
  close(): void;
};

/**
 * A conversation that was not kept again for so long is nobody's. Its relay may be away for the 20 s in which the edge
 * asks again, and the caller then needs some seconds to be back; with the sweep's own interval it is gone within a minute.
 */
export const KEPT_FOR_S = 50;
/** A live call keeps its conversation again after so long at the latest, changed or not. */
export const KEEP_AGAIN_MS = 10_000;
export const SWEEP_EVERY_MS = 8_000;

const LineSchema = z.discriminatedUnion("by", [
  z.strictObject({ by: z.literal("caller"), words: z.string() }),
  z.strictObject({ by: z.literal("assistant"), words: z.string(), isCut: z.boolean() }),
  z.strictObject({
    by: z.literal("tool"),
    callId: z.string(),
    name: z.string(),
    args: z.string(),
    kind: z.enum(["read", "write"]),
    answer: z.string().exactOptional(),
  }),
]) satisfies z.ZodType<Line>;

const RememberedSchema = z.strictObject({
  lines: z.array(LineSchema),
  owesAnswer: z.boolean(),
  isPlanned: z.boolean(),
  elapsedMs: z.number().nonnegative(),
  spentMicros: z.number().nonnegative(),
  atRiskMicros: z.number().nonnegative().exactOptional(),
  isTainted: z.boolean(),
  unsure: z.array(z.string()),
}) satisfies z.ZodType<Remembered>;

export const textOf = (remembered: Remembered): string => JSON.stringify(remembered);

/** Undefined: it is not what this relay writes, as after a change of what is remembered. */
export function rememberedIn(text: string): Remembered | undefined {
  try {
    return RememberedSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
