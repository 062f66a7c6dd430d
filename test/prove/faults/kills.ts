/**
 * SIGKILL in the middle of calls, and a relay that is back after half a second, five or fifteen: every caller is back
 * soon after it listens again, the conversation is remembered, and no token opens a second stream. Through the real edge.
 */
import { NO_ANSWER } from "../admission/door.ts";
import { type Proof, quantile } from "../rows.ts";
import type { Recollection } from "./memory.ts";
import { knockAgain, openedWith } from "./replay.ts";
import { clockOf, type Stage, startStage, until } from "./stage.ts";
import {
  aftermathOf,
  callersWithMarks,
  counted,
  listed,
  liveCalls,
  summed,
  type Talk,
  talkAWhile,
} from "./swaps.ts";
import { type Talker, talkingModel } from "./talk.ts";

export type KillsPlan = {
  readonly calls: number;
  readonly kills: number;
  /** In turn. */
  readonly downMs: readonly number[];
  /** Between a return and the next kill. */
  readonly talk: Talk;
  /** What was said so shortly before a kill may be lost with the process: it writes some 200 ms later. */
  readonly graceMs: number;
};

export type Back = {
  readonly downMs: number;
  /** From the moment at which the relay listens until the caller's stream is open, and until they hear it. */
  readonly openMs: number;
  readonly soundMs: number;
};

export type KillsOutcome = {
  readonly kills: number;
  readonly lost: readonly string[];
  readonly backs: readonly Back[];
  readonly answered: number;
  readonly unanswered: number;
  readonly goOn: number;
  readonly memory: readonly Recollection[];
  /** Tokens that had opened a stream and were tried again, by what they were answered. */
  readonly replays: Readonly<Record<string, number>>;
  /** One (call, attempt) let in twice, by the relays' own logs. */
  readonly admittedTwice: number;
  readonly said: readonly string[];
  /** As the relays log them: what a kill ends is not among them. */
  readonly endings: readonly string[];
};

/** Long enough to fail by, when a caller never comes back. */
const BACK_WITHIN_MS = 12_000;

export async function killUnderCalls(
  plan: KillsPlan,
  progress: (words: string) => void,
): Promise<KillsOutcome> {
  const stage = await startStage({
    model: talkingModel(),
    env: { DRAIN_SECONDS: "0", MAX_CALLS: "100", LOG_LEVEL: "debug" },
    callers: callersWithMarks(plan.calls),
  });
  try {
    const talkers = await liveCalls(stage, plan.calls);
    const through = await throughKills(stage, talkers, plan, progress);
    return {
      kills: plan.kills,
      ...through,
      ...(await aftermathOf(stage, talkers, plan.graceMs)),
      admittedTwice: admittedTwice(stage),
      said: talkers.flatMap(({ call }) => call.said()),
      endings: stage.logged.flatMap(({ event, ending }) => (event === "call.ended" ? [String(ending)] : [])),
    };
  } finally {
    await stage.stop();
  }
}

export async function throughKills(
  stage: Stage,
  talkers: readonly Talker[],
  plan: Omit<KillsPlan, "calls" | "graceMs">,
  progress: (words: string) => void,
): Promise<Pick<KillsOutcome, "backs" | "replays">> {
  const backs: Back[] = [];
  const replays: Record<string, number> = {};
  for (let kill = 1; kill <= plan.kills; kill++) {
    const downMs = plan.downMs[(kill - 1) % plan.downMs.length] ?? 0;
    progress(`kill ${kill} of ${plan.kills}, ${downMs} ms away`);
    await talkAWhile(talkers, plan.talk);
    backs.push(...(await killOnce(stage, talkers, downMs)));
    for (const url of talkers.flatMap(({ call }) => openedWith(call).slice(-2))) {
      const status = await knockAgain(url);
      replays[status] = (replays[status] ?? 0) + 1;
    }
  }
  return { backs, replays };
}

export function admittedTwice({ logged }: Stage): number {
  const admitted = logged.flatMap(({ event, callSid, attempt }) =>
    event === "call.admitted" ? [`${callSid} ${attempt}`] : [],
  );
  return admitted.length - new Set(admitted).size;
}

export async function killOnce(stage: Stage, talkers: readonly Talker[], downMs: number): Promise<Back[]> {
  await stage.relay.kill("SIGKILL");
  await Bun.sleep(downMs);
  const starting = stage.start();
  const watches = talkers.map((talker) => ({ talker, playedBefore: talker.call.ear.playedSamples }));
  await starting;
  const listensAtMs = performance.now();
  return Promise.all(
    watches.map(async ({ talker: { call }, playedBefore }): Promise<Back> => {
      const opened = () =>
        call.timeline.all("stream-opened").findLast(({ atMs }) => clockOf(call, atMs) > listensAtMs - 50);
      const isHeard = () => call.ear.playedSamples > playedBefore;
      const never = { downMs, openMs: Number.POSITIVE_INFINITY, soundMs: Number.POSITIVE_INFINITY };
      const isOver = () => call.timeline.closed;
      await until("a stream", () => isOver() || opened() !== undefined, BACK_WITHIN_MS).catch(() => {});
      const back = opened();
      if (back === undefined) return never;
      const openMs = clockOf(call, back.atMs) - listensAtMs;
      await until("a sound", () => isOver() || isHeard(), BACK_WITHIN_MS).catch(() => {});
      return { downMs, openMs, soundMs: isHeard() ? performance.now() - listensAtMs : never.soundMs };
    }),
  );
}

// --- the proof --------------------------------------------------------------------------------------------------

const PLAN: KillsPlan = {
  calls: 10,
  kills: 50,
  downMs: [500, 5_000, 15_000],
  talk: { ms: 4_000, answers: 0 },
  graceMs: 1_000,
};
const BACK_MS = 3_000;

export const kills: Proof = {
  name: "kills",
  run: async (progress) => {
    const outcome = await killUnderCalls(PLAN, progress);
    const { backs, lost, replays, said } = outcome;
    const { resumed, known, missing, muddled } = summed(outcome.memory);
    const open = PLAN.downMs.map((downMs) => {
      const of = backs.filter((back) => back.downMs === downMs);
      const [opens, sounds] = [of.map(({ openMs }) => openMs), of.map(({ soundMs }) => soundMs)];
      return `after ${downMs / 1000} s: open p50 ${quantile(opens, 0.5).toFixed(0)}, max ${Math.max(...opens).toFixed(0)} ms, heard p50 ${quantile(sounds, 0.5).toFixed(0)}, max ${Math.max(...sounds).toFixed(0)} ms`;
    });
    const tried = Object.values(replays).reduce((sum, count) => sum + count, 0);
    const answered = tried - (replays[NO_ANSWER] ?? 0);
    return [
      {
        what: `SIGKILL under ${PLAN.calls} calls: callers back once the relay listens again`,
        bound: `all, in ≤ ${BACK_MS} ms`,
        measured: `${backs.filter(({ openMs }) => openMs <= BACK_MS).length} of ${backs.length} in ${outcome.kills} kills; ${open.join("; ")}`,
        ok:
          outcome.kills >= PLAN.kills &&
          backs.length === PLAN.calls * PLAN.kills &&
          backs.every(({ openMs }) => openMs <= BACK_MS),
      },
      {
        what: "of these: calls lost",
        bound: "0",
        measured: `${lost.length}${listed(lost)}; meanwhile the carrier's voice said ${counted(said) || "nothing"}; endings by the log ${counted(outcome.endings)}`,
        ok: lost.length === 0,
      },
      {
        what: "what had been said up to a second before stands in what the next session is given, once and in order",
        bound: "every word",
        measured: `${known - missing.length} of ${known} words in ${resumed} sessions, ${muddled.length} muddled${listed([...missing, ...muddled])}`,
        ok: resumed >= PLAN.calls * PLAN.kills && known > 0 && missing.length + muddled.length === 0,
      },
      {
        what: "they go on: a question after the last kill is answered",
        bound: `${PLAN.calls}`,
        measured: `${outcome.goOn}; before it ${outcome.answered} answered, ${outcome.unanswered} not`,
        ok: outcome.goOn === PLAN.calls,
      },
      {
        what: "tokens that had opened a stream, sent again with Twilio's signature after each kill: accepted",
        bound: "0; none let in twice by the log",
        measured: `${replays["101"] ?? 0} of ${answered} (${JSON.stringify(replays)}), ${outcome.admittedTwice} by the log`,
        ok: answered >= PLAN.calls * PLAN.kills && (replays["101"] ?? 0) === 0 && outcome.admittedTwice === 0,
      },
    ];
  },
};
