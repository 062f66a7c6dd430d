/**
 * One token, many handshakes: in races of 64, against two processes that share one port and one file, one or the other of
 * which is killed in the middle of a race and started again. What was used just before a kill is tried again after it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, type RunningRelay, startRelay } from "../../rehearsal/relay.ts";
import type { Progress } from "../rows.ts";
import { diceOf } from "./dice.ts";
import { freshTicket, RELAY_NAME, type ReplayCounts, ReplayTally, type Ticket } from "./replay-tally.ts";
import { startSilentModel } from "./silent-model.ts";

export const RACE = 64;
/** Tokens of the last races: seconds old, and so refused for nothing but their use. */
const REMEMBERED = 8;
const LATEST_KILL_MS = 25;
const FRESH_WITHIN_MS = 10_000;

export type KillOutcome = ReplayCounts & {
  readonly kills: number;
  /** From the start of the new process until it had let a fresh token in, each. */
  readonly freshMs: readonly number[];
  /** Fresh tokens that were answered with anything but 101. */
  readonly freshRefused: number;
};

export async function replayUnderKills(
  {
    attempts,
    kills,
    seed,
    sharedPort,
  }: { attempts: number; kills: number; seed: number; sharedPort: boolean },
  progress: Progress,
): Promise<KillOutcome> {
  const model = startSilentModel();
  const dataDir = mkdtempSync(join(tmpdir(), "replays-"));
  const port = freePort();
  const ports = [port, sharedPort ? port : freePort()] as const;
  const tally = new ReplayTally();
  const start = (which: 0 | 1) =>
    startRelay(ports[which], {
      modelUrl: model.url,
      modelKey: "sk-replays",
      dataDir,
      onLog: tally.read,
      env: {
        RELAY_URL: RELAY_NAME,
        MAX_CALLS: "1000",
        DRAIN_SECONDS: "0",
        ...(sharedPort && { REUSE_PORT: "on" }),
      },
    });
  const dice = diceOf(seed);
  const relays: [RunningRelay, RunningRelay] = [await start(0), await start(1)];
  const freshMs: number[] = [];
  let freshRefused = 0;
  let killed = 0;
  try {
    let recent: Ticket[] = [];
    while (tally.answered < attempts || killed < kills) {
      progress(`${tally.answered} of ${attempts} replays, ${killed} of ${kills} kills`);
      const ticket = await freshTicket();
      recent = [...recent.slice(1 - REMEMBERED), ticket];
      const racing = tally.race(
        ports,
        Array.from({ length: RACE }, () => ticket),
      );
      const isDue = killed < kills && tally.answered >= (killed * attempts) / kills;
      if (!isDue) {
        await racing;
        continue;
      }
      const which = killed++ % 2 === 0 ? 0 : 1;
      await Bun.sleep(dice.below(LATEST_KILL_MS));
      await relays[which].kill("SIGKILL");
      await racing;
      const startedAt = performance.now();
      relays[which] = await start(which);
      freshRefused += await untilAdmittedBy(relays[which], tally);
      freshMs.push(performance.now() - startedAt);
      await tally.race(
        ports,
        Array.from({ length: RACE }, (_, index) => recent[index % recent.length] ?? ticket),
      );
    }
    // The log of what was let in last comes through a pipe.
    await Bun.sleep(200);
    return { ...tally.counts(), kills: killed, freshMs, freshRefused };
  } finally {
    await Promise.all(relays.map((relay) => relay.kill("SIGKILL")));
    await model.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Two share the port, so that a fresh token may go to the other; how many were refused on the way. */
async function untilAdmittedBy(reborn: RunningRelay, tally: ReplayTally): Promise<number> {
  const deadline = performance.now() + FRESH_WITHIN_MS;
  let refused = 0;
  while (performance.now() < deadline) {
    const ticket = await freshTicket();
    if ((await tally.knock(reborn.port, ticket)) !== 101) refused++;
    const isLogged = () => tally.wasAdmitted(ticket);
    for (let waited = 0; waited < 20 && !isLogged(); waited++) await Bun.sleep(1);
    if (reborn.lines.some(({ event, callSid }) => event === "call.admitted" && callSid === ticket.callSid))
      return refused;
  }
  throw new Error(`a relay that was started again let nobody in for ${FRESH_WITHIN_MS} ms`);
}
