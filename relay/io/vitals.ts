/**
 * Whether the process is fit for another call, looked at again and again: how long the event loop stands still (so long a
 * frame of every live call waits), how much memory is taken, and how much of the disk is left. While one of these is
 * bad nobody new comes in, and the calls that are up are left alone; it recovers by itself, and not at the first good
 * moment, so that the door does not flutter.
 *
 * It takes what it sees from its senses, and has no clock of its own.
 */
import { statfs } from "node:fs/promises";
import { monitorEventLoopDelay } from "node:perf_hooks";

export const VITALS = ["stalled", "memory", "disk"] as const;
export type Vital = (typeof VITALS)[number];

/** undefined: nothing is too much, or too little. */
export type VitalsTerms = {
  readonly maxStallMs: number | undefined;
  readonly maxResidentBytes: number | undefined;
  readonly minFreeBytes: number | undefined;
};

export type Senses = {
  /** The longest that the event loop has stood still since this was asked last. */
  readonly stallMs: () => number;
  readonly residentBytes: () => number;
  /** Rejects where nobody can tell. */
  readonly freeBytes: () => Promise<number>;
};

/** What was seen at one look. */
export type Reading = { readonly stallMs: number; readonly residentBytes: number };

export type VitalsEntry =
  | {
      readonly event: "vitals.bad";
      readonly level: "error";
      readonly what: Vital;
      /** ms for `stalled`, MB for the others. */
      readonly measured: number;
      readonly limit: number;
      readonly mend: string;
    }
  | { readonly event: "vitals.good"; readonly level: "info"; readonly what: Vital };

export type VitalsParts = {
  readonly senses: Senses;
  readonly log: (entry: VitalsEntry) => void;
  /** Told at each look. */
  readonly seen?: (reading: Reading) => void;
};

export const LOOK_EVERY_MS = 500;
/** Three seconds without a stall of half the length that is too long. */
export const STEADY_LOOKS = 6;
/** Memory is well again below this part of its limit, the disk above this multiple of its own. */
const EASED_MEMORY = 0.9;
const EASED_DISK = 1.25;
const MB = 2 ** 20;

const MENDS: Readonly<Record<Vital, string>> = {
  stalled:
    "the processor is not enough for these calls and whatever else runs here: lower MAX_CALLS or take a larger machine; nobody new is admitted until then",
  memory: "lower MAX_CALLS, or raise MAX_MEMORY_MB or the memory; nobody new is admitted until then",
  disk: "make room on the disk of DATA_DIR; nobody new is admitted until then",
};

export class Vitals {
  readonly #terms: VitalsTerms;
  readonly #parts: VitalsParts;
  readonly #bad = new Set<Vital>();
  /** Looks since the event loop stood still last. */
  #steadyLooks = 0;
  #isLookingAtDisk = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(terms: VitalsTerms, parts: VitalsParts) {
    this.#terms = terms;
    this.#parts = parts;
  }

  /** What is bad; undefined: nothing. */
  get trouble(): Vital | undefined {
    return VITALS.find((what) => this.#bad.has(what));
  }

  isBad(what: Vital): boolean {
    return this.#bad.has(what);
  }

  /** Looks now, and from now on by itself. */
  async watch(): Promise<void> {
    // However long the start took, no call stood in it.
    this.#parts.senses.stallMs();
    this.#timer ??= setInterval(() => void this.look(), LOOK_EVERY_MS);
    await this.look();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Resolved when the disk has been looked at too, which may hang. */
  async look(): Promise<void> {
    const { senses, seen } = this.#parts;
    const reading = { stallMs: senses.stallMs(), residentBytes: senses.residentBytes() };
    seen?.(reading);
    this.#feelStall(reading.stallMs);
    this.#feelMemory(reading.residentBytes);
    await this.#feelDisk();
  }

  #feelStall(stallMs: number): void {
    const { maxStallMs } = this.#terms;
    if (maxStallMs === undefined) return;
    this.#steadyLooks = stallMs > maxStallMs / 2 ? 0 : this.#steadyLooks + 1;
    if (stallMs > maxStallMs) this.#fell("stalled", stallMs, maxStallMs);
    else if (this.#steadyLooks >= STEADY_LOOKS) this.#recovered("stalled");
  }

  #feelMemory(bytes: number): void {
    const { maxResidentBytes: most } = this.#terms;
    if (most === undefined) return;
    if (bytes > most) this.#fell("memory", bytes / MB, most / MB);
    else if (bytes < most * EASED_MEMORY) this.#recovered("memory");
  }

  async #feelDisk(): Promise<void> {
    const { minFreeBytes: least } = this.#terms;
    if (least === undefined || this.#isLookingAtDisk) return;
    this.#isLookingAtDisk = true;
    try {
      const bytes = await this.#parts.senses.freeBytes();
      if (bytes < least) this.#fell("disk", bytes / MB, least / MB);
      else if (bytes >= least * EASED_DISK) this.#recovered("disk");
    } catch {
      // A disk that is not there at all fails the records, which say so themselves.
    } finally {
      this.#isLookingAtDisk = false;
    }
  }

  #fell(what: Vital, measured: number, limit: number): void {
    if (this.#bad.has(what)) return;
    this.#bad.add(what);
    const rounded = { measured: Math.round(measured), limit: Math.round(limit) };
    this.#parts.log({ event: "vitals.bad", level: "error", what, ...rounded, mend: MENDS[what] });
  }

  #recovered(what: Vital): void {
    if (this.#bad.delete(what)) this.#parts.log({ event: "vitals.good", level: "info", what });
  }
}

/** How exactly a stall is measured; the runtime does it, outside of JavaScript. */
const STALL_RESOLUTION_MS = 20;
const NS_PER_MS = 1e6;

/** @param dataDir whose disk is meant */
export function sensesOf(dataDir: string): Senses {
  const delay = monitorEventLoopDelay({ resolution: STALL_RESOLUTION_MS });
  delay.enable();
  return {
    stallMs: () => {
      const { count, max } = delay;
      delay.reset();
      return count === 0 ? 0 : max / NS_PER_MS;
    },
    residentBytes: () => process.memoryUsage.rss(),
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(dataDir);
      return bavail * bsize;
    },
  };
}
