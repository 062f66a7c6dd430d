/**
 * Many calls at once, in waves, on one relay process: nothing lost, nothing left over. What is left is counted in
 * the relay's own heap (io/census.ts), and its memory is read from outside, before that count disturbs it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChild } from "../bench/child.ts";
import { Listening, Measured } from "../bench/load.ts";
import { residentBytes } from "../bench/usage.ts";
import { newSid } from "../rehearsal/carrier/sid.ts";
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  freePort,
  type RunningRelay,
  startRelay,
  ticketFor,
} from "../rehearsal/relay.ts";
import { type Census, censusOf } from "./census.ts";
import type { Progress } from "./rows.ts";

export type CrowdResult = {
  readonly waves: ReadonlyArray<{
    readonly frames: number;
    readonly lost: number;
    /** Out of order, twice, on another call, or with other bytes. */
    readonly wrong: number;
    /** From the hang-up of all calls until every socket of theirs was closed, on both sides. */
    readonly closedMs: number;
    readonly residentMb: number;
  }>;
  readonly before: Census;
  readonly after: Census;
};

/** Freed memory goes back to the system in the background. */
const SETTLE_MS = 5_000;
const FEW = 2;

export async function measureCrowd(
  { calls, seconds, waves }: { calls: number; seconds: number; waves: number },
  progress: Progress,
): Promise<CrowdResult> {
  const load = startChild("./load.ts");
  try {
    const { modelUrl } = Listening.parse(await load.next());
    const wave = async (relay: RunningRelay, size: number, measureMs: number) => {
      const streams = await Promise.all(
        Array.from({ length: size }, async () => {
          const callSid = newSid("CA");
          const ticket = await ticketFor(relay, callSid);
          return { ...ticket, callSid, accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN };
        }),
      );
      load.tell({ pid: relay.pid, streams, deltas: "steady", settleMs: 1000, measureMs });
      const measured = Measured.parse(await load.next());
      await Bun.sleep(SETTLE_MS);
      return measured;
    };
    // What exists once for the first call ever, prototypes and all, is not a leak.
    const before = await withRelay(modelUrl, calls, async (relay) => {
      await wave(relay, FEW, 500);
      return censusOf(relay);
    });
    return await withRelay(modelUrl, calls, async (relay) => {
      await wave(relay, FEW, 500);
      const results: CrowdResult["waves"][number][] = [];
      for (let number = 1; number <= waves; number++) {
        progress(`wave ${number} of ${waves}: ${calls} calls for ${seconds} s`);
        const { up, down, closedMs } = await wave(relay, calls, seconds * 1000);
        results.push({
          frames: up.sent + down.sent,
          lost: up.lost + down.lost,
          wrong: up.wrong + down.wrong,
          closedMs,
          residentMb: residentBytes(relay.pid) / 2 ** 20,
        });
      }
      return { waves: results, before, after: await censusOf(relay) };
    });
  } finally {
    await load.stop();
  }
}

async function withRelay<Value>(
  modelUrl: string,
  calls: number,
  body: (relay: RunningRelay) => Promise<Value>,
): Promise<Value> {
  const dataDir = mkdtempSync(join(tmpdir(), "crowd-"));
  const env = { MAX_CALLS: String(calls), GREETING: "off", DRAIN_SECONDS: "0" };
  const relay = await startRelay(freePort(), { modelUrl, modelKey: "sk-crowd", dataDir, env });
  try {
    return await body(relay);
  } finally {
    await relay.kill();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
