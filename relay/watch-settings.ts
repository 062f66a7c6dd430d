/**
 * What the relay watches of itself, and who may read its figures: from the environment, as config.ts reads the rest.
 */
import { z } from "zod";
import { Secret } from "./secret.ts";
import { type Reader, unlessOff, Whole } from "./variables.ts";

export type WatchSettings = {
  /** undefined: however long the event loop stands still, callers are taken. */
  readonly maxStallMs: number | undefined;
  /** undefined: what the kernel allows this process decides. */
  readonly maxMemoryMb: number | undefined;
  readonly minDiskMb: number;
  /** undefined: only this machine may read /metrics. */
  readonly metricsToken: Secret | undefined;
};

const FEWEST_CHARS = 16;

export const watchSettingsFrom = (reader: Reader): WatchSettings => ({
  maxStallMs: reader.read("MAX_STALL_MS", Stall, "MAX_STALL_MS=200, or MAX_STALL_MS=off"),
  maxMemoryMb: reader.read("MAX_MEMORY_MB", Whole(64, 1_000_000).optional(), "MAX_MEMORY_MB=450"),
  minDiskMb: reader.read("MIN_DISK_MB", Whole(0, 1_000_000).default(50), "MIN_DISK_MB=50") ?? 0,
  metricsToken: reader.read(
    "METRICS_TOKEN",
    Token.optional(),
    "METRICS_TOKEN=<made with: openssl rand -hex 32>",
  ),
});

const Stall = z.string().default("200").transform(unlessOff).pipe(Whole(20, 60_000).optional());

/** As it comes in a header. */
const Token = z
  .string()
  .regex(/^[\x21-\x7e]*$/, "holds a character that no token has")
  .refine((text) => text.length >= FEWEST_CHARS, { message: `is shorter than ${FEWEST_CHARS} characters` })
  .transform((text) => new Secret(text));
