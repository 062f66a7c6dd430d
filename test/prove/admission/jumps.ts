/**
 * Replays while the relay's clock leaps by an hour forth and back, also across kills. The edge's clock, another machine's,
 * goes on as it did.
 *
 * A clock that is an hour ahead lets nobody in: each token looks expired. That is the safe side, and the proof shows it;
 * what must never be is a token that is good twice.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, type RunningRelay, startRelay } from "../../rehearsal/relay.ts";
import type { Progress } from "../rows.ts";
import { diceOf } from "./dice.ts";
import { freshTicket, RELAY_NAME, type ReplayCounts, ReplayTally, type Ticket } from "./replay-tally.ts";
import { RACE } from "./replays.ts";
import { startSilentModel } from "./silent-model.ts";

const HOUR_S = 3600;
const REMEMBERED = 16;

export type JumpOutcome = ReplayCounts & {
  readonly jumps: number;
  readonly kills: number;
  /** From each start with the clock right or an hour behind, until a fresh token had been let in. */
  readonly freshMs: readonly number[];
  /** Fresh tokens refused though the clock was right or behind. */
  readonly freshRefused: number;
  /** Fresh tokens let in while the clock was ahead. */
  readonly letInAhead: number;
};

export async function replayUnderJumps(
  { attempts, kills, seed }: { attempts: number; kills: number; seed: number },
  progress: Progress,
): Promise<JumpOutcome> {
  const model = startSilentModel();
  const dataDir = mkdtempSync(join(tmpdir(), "jumps-"));
  const offsetFile = join(dataDir, "clock-offset");
  const port = freePort();
  const tally = new ReplayTally();
  const dice = diceOf(seed);
  let offsetS = 0;
  let jumps = 0;
  const jumpTo = (toS: number) => {
    if (toS !== offsetS) jumps++;
    offsetS = toS;
    writeFileSync(offsetFile, String(toS));
  };
  const start = () =>
    startRelay(port, {
      modelUrl: model.url,
      modelKey: "sk-jumps",
      dataDir,
      onLog: tally.read,
      // $2 is bun and $3 the relay's entry.
      under: ["sh", "-c", 'exec "$2" --preload "$1" "$3"', "sh", join(import.meta.dir, "jumping-clock.ts")],
      env: { RELAY_URL: RELAY_NAME, MAX_CALLS: "1000", DRAIN_SECONDS: "0", CLOCK_OFFSET_FILE: offsetFile },
    });
  jumpTo(0);
  let relay: RunningRelay = await start();
  let recent: Ticket[] = [];
  const freshMs: number[] = [];
  let [killed, freshRefused, letInAhead] = [0, 0, 0];
  /** Used tokens again, all at once. */
  const again = () =>
    tally.race(
      [port],
      Array.from({ length: RACE }, () => recent[dice.below(recent.length)]).filter(
        (one) => one !== undefined,
      ),
    );
  const fresh = async () => {
    const ticket = await freshTicket();
    const race = await tally.race(
      [port],
      Array.from({ length: RACE }, () => ticket),
    );
    if (race > 0) recent = [...recent.slice(1 - REMEMBERED), ticket];
    return race;
  };
  const restart = async (clockS: number) => {
    await relay.kill("SIGKILL");
    killed++;
    jumpTo(clockS);
    const startedAt = performance.now();
    relay = await start();
    const status = await tally.knock(port, await freshTicket());
    if (clockS > 0) letInAhead += status === 101 ? 1 : 0;
    else if (status === 101) freshMs.push(performance.now() - startedAt);
    else freshRefused++;
  };
  try {
    while (tally.answered < attempts || killed < kills) {
      progress(`${tally.answered} of ${attempts} replays, ${jumps} jumps, ${killed} of ${kills} kills`);
      // The clock is right.
      if ((await fresh()) !== 1) freshRefused++;
      // An hour back, as it runs: nothing that was used is good again, and callers still come in.
      jumpTo(-HOUR_S);
      await again();
      if ((await fresh()) !== 1) freshRefused++;
      // An hour ahead, as it runs, and then right again.
      jumpTo(HOUR_S);
      await again();
      letInAhead += await fresh();
      jumpTo(0);
      await again();
      if ((await fresh()) !== 1) freshRefused++;
      if (killed >= kills) continue;
      // Killed, and the clock an hour back when it starts again: only what is on the disk knows the time.
      await restart(-HOUR_S);
      await again();
      // Killed again, and started an hour ahead; and set right only by the next start.
      await restart(HOUR_S);
      await again();
      await restart(0);
      await again();
    }
    // The log of what was let in last comes through a pipe.
    await Bun.sleep(200);
    return { ...tally.counts(), jumps, kills: killed, freshMs, freshRefused, letInAhead };
  } finally {
    await relay.kill("SIGKILL");
    await model.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
