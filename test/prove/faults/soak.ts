/**
 * An hour of calls that come and go, and what is left of them: frames are counted at both ends, the relay's memory and
 * files are read from outside in short breaks, when nobody is on the line, and what is alive in its heap is counted at
 * the very end: a heap that was once counted (io/census.ts) is collected more slowly ever after. It is compared with
 * that of a relay which had a few calls.
 *
 * Calls are short, so that an hour holds as many as some weeks do; each is whole, from the handshake to the hang-up.
 */
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChild } from "../../bench/child.ts";
import { Listening } from "../../bench/load.ts";
import { residentBytes } from "../../bench/usage.ts";
import { freePort, type LogLine, type RunningRelay, startRelay } from "../../rehearsal/relay.ts";
import { Census, censusOf } from "../census.ts";
import type { Proof } from "../rows.ts";
import { Round } from "./soak-round.ts";

export type SoakPlan = {
  readonly minutes: number;
  readonly lanes: number;
  /** Of another relay, whose heap is what a relay's is that has no calls; 0: none is compared with. */
  readonly warmUpCalls: number;
  /** How often each heap is counted. */
  readonly counts: number;
  /** Between two breaks. */
  readonly roundCalls: number;
  readonly talkMs: readonly [number, number];
  /** Of a break: what was let go is given back to the system in the background. */
  readonly restMs: number;
};

/** In a break. */
export type Sample = {
  readonly calls: number;
  readonly residentMb: number;
  readonly files: number;
  readonly sockets: number;
  /** The engine's own helpers among them, which come and go. */
  readonly threads: number;
};

export type SoakOutcome = {
  readonly minutes: number;
  readonly rounds: readonly Round[];
  readonly samples: readonly Sample[];
  readonly before: Census | undefined;
  readonly after: Census;
  /** How the relay says that calls ended. */
  readonly endings: Readonly<Record<string, number>>;
  /** Lines that a relay writes only of what is wrong, by their event. */
  readonly wrongs: Readonly<Record<string, number>>;
};

export async function soak(plan: SoakPlan, progress: (words: string) => void): Promise<SoakOutcome> {
  const load = startChild("../prove/faults/soak-load.ts");
  try {
    const { modelUrl } = Listening.parse(await load.next());
    const round = async (relay: RunningRelay, calls: number): Promise<Round> => {
      load.tell({ relayUrl: relay.url, lanes: plan.lanes, calls, talkMs: plan.talkMs });
      return Round.parse(await load.next());
    };
    const before =
      plan.warmUpCalls === 0
        ? undefined
        : await withRelay(modelUrl, plan.lanes, undefined, async (relay) => {
            await round(relay, plan.warmUpCalls);
            await Bun.sleep(plan.restMs);
            return censusOf(relay, plan.counts);
          });
    const endings: Record<string, number> = {};
    const wrongs: Record<string, number> = {};
    const count = (counts: Record<string, number>, name: string) => {
      counts[name] = (counts[name] ?? 0) + 1;
    };
    const read = ({ event, level, ending }: LogLine) => {
      if (event === "call.ended") count(endings, String(ending));
      else if (level !== "info" && level !== "debug") count(wrongs, event);
    };
    return await withRelay(modelUrl, plan.lanes, read, async (relay) => {
      const startedAt = performance.now();
      const minutesGone = () => (performance.now() - startedAt) / 60_000;
      const rounds: Round[] = [];
      const samples: Sample[] = [];
      let calls = 0;
      while (minutesGone() < plan.minutes) {
        rounds.push(await round(relay, plan.roundCalls));
        calls += rounds.at(-1)?.calls ?? 0;
        await Bun.sleep(plan.restMs);
        const sample = sampleOf(relay.pid, calls);
        samples.push(sample);
        progress(`${minutesGone().toFixed(1)} of ${plan.minutes} minutes, ${JSON.stringify(sample)}`);
      }
      const minutes = minutesGone();
      const after = await censusOf(relay, plan.counts);
      return { minutes, rounds, samples, before, after, endings, wrongs };
    });
  } finally {
    await load.stop();
  }
}

async function withRelay<T>(
  modelUrl: string,
  lanes: number,
  onLog: ((line: LogLine) => void) | undefined,
  body: (relay: RunningRelay) => Promise<T>,
): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), "soak-"));
  try {
    const relay = await startRelay(freePort(), {
      modelUrl,
      modelKey: "sk-soak",
      dataDir,
      env: {
        // Those who vanished are there until the line says so.
        MAX_CALLS: String(lanes * 3),
        DRAIN_SECONDS: "0",
        FUNCTIONS_DIR: "off",
        TRANSCRIPTION_MODEL: "gpt-transcribe",
      },
      ...(onLog !== undefined && { onLog }),
    });
    try {
      return await body(relay);
    } finally {
      await relay.kill("SIGKILL");
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function sampleOf(pid: number, calls: number): Sample {
  const files = readdirSync(`/proc/${pid}/fd`).flatMap((name) => targetOf(`/proc/${pid}/fd/${name}`));
  return {
    calls,
    residentMb: Math.round((residentBytes(pid) / 2 ** 20) * 10) / 10,
    files: files.length,
    sockets: files.filter((target) => target.startsWith("socket:")).length,
    threads: readdirSync(`/proc/${pid}/task`).length,
  };
}

/** It may be closed between being listed and being read. */
function targetOf(link: string): string[] {
  try {
    return [readlinkSync(link)];
  } catch {
    return [];
  }
}

/**
 * MB for every 1,000 calls: the median of the slopes between all pairs of samples (Theil and Sen), which a heap that
 * was collected early or late now and then does not move.
 */
export function slopeOf(samples: readonly Sample[]): number {
  const slopes = samples.flatMap((one, at) =>
    samples
      .slice(at + 1)
      .map((other) => (other.residentMb - one.residentMb) / ((other.calls - one.calls) / 1_000)),
  );
  const sorted = slopes.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 1 ? middle : middle - 1], sorted[middle]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

// --- the proof --------------------------------------------------------------------------------------------------

const PLAN: SoakPlan = {
  minutes: Number(process.env.SOAK_MINUTES ?? 60),
  lanes: 50,
  warmUpCalls: 100,
  counts: 4,
  roundCalls: 250,
  talkMs: [1_000, 3_000],
  restMs: 3_000,
};
/** What exists once, caches and compiled code, is there after so many. */
const SETTLED_AFTER_CALLS = 1_000;
const SLOPE_MB = 1;
const CLOSED_MS = 1_000;
/** It is the load that sees the sockets close: where it stood still, it saw them late. */
const LOAD_LATE_MS = 100;

export const soaked: Proof = {
  name: "soak",
  run: async (progress) => {
    const { minutes, rounds, samples, before, after, endings, wrongs } = await soak(PLAN, progress);
    const sum = (of: (round: Round) => number) => rounds.reduce((total, round) => total + of(round), 0);
    const [calls, lost, wrong] = [
      sum((round) => round.calls),
      sum((round) => round.lost),
      sum((round) => round.wrong),
    ];
    const broken = rounds.flatMap((round) => round.broken);
    const vanished = sum((round) => round.vanished);
    const settled = samples.filter((sample) => sample.calls >= SETTLED_AFTER_CALLS);
    const slope = slopeOf(settled);
    const [first, last] = [settled[0], settled.at(-1)];
    const ofCensus = Census.keyof().options;
    const inTime = rounds.filter(({ loadLateMs }) => loadLateMs <= LOAD_LATE_MS);
    const closedMs = Math.max(...inTime.map(({ closedMaxMs }) => closedMaxMs));
    return [
      {
        what: `${PLAN.lanes} calls at a time, coming and going for ${minutes.toFixed(0)} minutes: frames lost, out of order or altered`,
        bound: "0",
        measured: `${lost} lost, ${wrong} wrong of ${sum((round) => round.frames)} in ${calls} whole calls of ${PLAN.talkMs.map((ms) => ms / 1_000).join(" to ")} s; ${broken.length} broken${broken.length > 0 ? `: ${broken[0]}` : ""}; the load's own lateness ${Math.max(...rounds.map(({ loadLateMs }) => loadLateMs)).toFixed(0)} ms`,
        ok: lost + wrong + broken.length === 0 && calls > SETTLED_AFTER_CALLS && minutes >= PLAN.minutes,
      },
      {
        what: "and as many ended as they were hung up, by the log; nothing else to complain of",
        bound: `${vanished} lost lines, all others hung up`,
        measured: `${JSON.stringify(endings)}, ${JSON.stringify(wrongs)}`,
        ok:
          endings.caller_hung_up === calls - vanished &&
          (endings.line_lost ?? 0) === vanished &&
          Object.keys(wrongs).length === 0,
      },
      {
        what: "from a hang-up to the end of the model's socket",
        bound: `≤ ${CLOSED_MS} ms`,
        measured: `at most ${closedMs.toFixed(0)} ms in the ${inTime.length} of ${rounds.length} rounds in which the load was in time itself`,
        ok: closedMs <= CLOSED_MS && inTime.length > rounds.length / 2,
      },
      {
        what: `resident memory after the first ${SETTLED_AFTER_CALLS} calls`,
        bound: `≤ ${SLOPE_MB} MB per 1,000 calls`,
        measured: `${slope.toFixed(2)} MB, of ${settled.length} samples over ${(last?.calls ?? 0) - (first?.calls ?? 0)} calls: from ${first?.residentMb} to ${last?.residentMb} MB`,
        ok: settled.length > 2 && slope <= SLOPE_MB,
      },
      {
        what: "file handles and sockets in the breaks",
        bound: "at the end no more than after the first 1,000 calls",
        measured: `${first?.files}, ${first?.sockets} → ${last?.files}, ${last?.sockets}; threads ${first?.threads} → ${last?.threads}`,
        ok:
          first !== undefined &&
          last !== undefined &&
          last.files <= first.files &&
          last.sockets <= first.sockets,
      },
      {
        what: `calls, sockets and timers in the heap, against a relay that had ${PLAN.warmUpCalls} calls`,
        bound: "no more",
        measured: `${JSON.stringify(before)} → ${JSON.stringify(after)}`,
        ok: before !== undefined && ofCensus.every((kind) => after[kind] <= before[kind]),
      },
    ];
  },
};
