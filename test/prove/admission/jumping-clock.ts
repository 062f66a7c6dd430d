/**
 * Loaded into the relay's process before its entry (`bun --preload`): its system clock then reads whatever the file
 * that CLOCK_OFFSET_FILE names says it is ahead, in seconds. The monotonic clock stays as it is, as on a machine whose clock is
 * set. Everything else is the real relay.
 */
import { readFileSync } from "node:fs";
import { systemClock } from "../../../relay/io/clock.ts";

const file = process.env.CLOCK_OFFSET_FILE;
if (file === undefined) throw new Error("CLOCK_OFFSET_FILE names no file");
const { unixS } = systemClock;
Object.defineProperty(systemClock, "unixS", { value: () => unixS() + Number(readFileSync(file, "utf8")) });
