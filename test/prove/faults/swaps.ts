/**
 * The same calls live through swap after swap of the relay, while new callers arrive: each new process listens beside
 * the old one, and then the old one is told to end. All of it goes through the real edge, under the real twilio-run in
 * its one-process mode (some ms a webhook): the calls come back by `action`, as Twilio would bring them.
 */
import type { PlacedCall } from "../../rehearsal/carrier/carrier.ts";
import { type Proof, quantile } from "../rows.ts";
import { type Recollection, recollectionOf } from "./memory.ts";
import { ANYBODY, clockOf, PATIENCE_MS, type Stage, startStage, until } from "./stage.ts";
import { markOf, type Talker, talkingModel, talkOn } from "./talk.ts";

export type SwapsPlan = {
  readonly calls: number;
  readonly swaps: number;
  /** Before each. */
  readonly talk: Talk;
  /** What was said so shortly before a session ended need not be remembered. */
  readonly graceMs: number;
  readonly arrivalEveryMs: number;
  /** How long a new caller stays. */
  readonly arrivalStaysMs: number;
};

export type SwapsOutcome = {
  readonly swaps: number;
  /** Of the calls that were to live through all: ended before they were hung up. */
  readonly lost: readonly string[];
  readonly handedOver: number;
  /** From the end of a stream to the opening of the next. */
  readonly apartMs: readonly number[];
  /** What the carrier's own voice had to say to anybody, but for "one moment" after a reset. */
  readonly said: readonly string[];
  readonly arrivals: { readonly came: number; readonly heard: number; readonly lost: number };
  /** Handshakes that were not answered with 101, of anybody's; resets are counted apart. */
  readonly refused: readonly string[];
  /**
   * Connections that waited at the old listener when it closed, of which no process ever knew: the kernel resets them
   * unless it is told to hand them to the new one (relay/deploy/systemd/README.md). The caller comes in by a second token.
   */
  readonly reset: number;
  readonly answered: number;
  readonly unanswered: number;
  /** Asked something after the last swap, and answered. */
  readonly goOn: number;
  readonly memory: readonly Recollection[];
  readonly exitCodes: Readonly<Record<string, number>>;
};

const DRAIN_S = 1;
const PAUSE_MS = { from: 300, to: 1_500 } as const;

export async function swapUnderCalls(
  plan: SwapsPlan,
  progress: (words: string) => void,
): Promise<SwapsOutcome> {
  const stage = await startStage({
    model: talkingModel(),
    env: { DRAIN_SECONDS: String(DRAIN_S), MAX_CALLS: "200", LOG_LEVEL: "debug" },
    callers: callersWithMarks(plan.calls),
  });
  try {
    const talkers = await liveCalls(stage, plan.calls);
    const { arrivals, exitCodes } = await throughSwaps(stage, talkers, plan, progress);
    const { lost, ...after } = await aftermathOf(stage, talkers, plan.graceMs);
    const all = [...talkers.map(({ call }) => call), ...arrivals];
    return {
      swaps: plan.swaps,
      lost,
      handedOver: stage.logged.filter((line) => line.event === "call.ended" && line.ending === "handed_over")
        .length,
      apartMs: talkers.flatMap(({ call }) => apartMsOf(call)),
      said: all.flatMap((call) =>
        call.said().filter((words) => words !== ONE_MOMENT || refusalsOf(call).reset === 0),
      ),
      arrivals: welcomeOf(arrivals),
      refused: all.flatMap((call) => refusalsOf(call).refused),
      reset: all.reduce((sum, call) => sum + refusalsOf(call).reset, 0),
      ...after,
      exitCodes,
    };
  } finally {
    await stage.stop();
  }
}

/** With those who came in meanwhile, all of whom have left again. */
export async function throughSwaps(
  stage: Stage,
  talkers: readonly Talker[],
  plan: Omit<SwapsPlan, "calls" | "graceMs">,
  progress: (words: string) => void,
): Promise<{
  readonly arrivals: readonly PlacedCall[];
  readonly exitCodes: Readonly<Record<string, number>>;
}> {
  const arrivals: PlacedCall[] = [];
  const leaving: Promise<unknown>[] = [];
  const arrive = () => {
    const call = stage.dial(ANYBODY);
    arrivals.push(call);
    const stays = call.waitFor("heard-first-audio", PATIENCE_MS).catch(() => {});
    leaving.push(stays.then(() => Bun.sleep(plan.arrivalStaysMs)).then(() => call.hangUp()));
  };
  const arriving = setInterval(arrive, plan.arrivalEveryMs);
  const exitCodes: Record<string, number> = {};
  try {
    for (let swap = 1; swap <= plan.swaps; swap++) {
      progress(`swap ${swap} of ${plan.swaps}, ${arrivals.length} new callers so far`);
      await talkAWhile(talkers, plan.talk);
      const code = String(await swapOnce(stage, talkers));
      exitCodes[code] = (exitCodes[code] ?? 0) + 1;
    }
  } finally {
    clearInterval(arriving);
  }
  await Promise.all(leaving);
  await Promise.all(arrivals.map(({ ended }) => ended));
  return { arrivals, exitCodes };
}

export const welcomeOf = (arrivals: readonly PlacedCall[]): SwapsOutcome["arrivals"] => ({
  came: arrivals.length,
  heard: arrivals.filter((call) => call.timeline.all("heard-first-audio").length > 0).length,
  lost: arrivals.filter((call) => call.timeline.all("ended").some(({ by }) => by !== "caller")).length,
});

/** What became of those who were to live through all: asked a last thing, hung up, and their memories read. */
export async function aftermathOf(stage: Stage, talkers: readonly Talker[], graceMs: number) {
  await Promise.all(talkers.map((talker) => talker.silence()));
  const goOn = await Promise.all(talkers.map((talker) => talker.ask()));
  const lost = talkers.flatMap(({ call }) => (call.timeline.closed ? [storyOf(call)] : []));
  for (const { call } of talkers) call.hangUp();
  await Promise.all(talkers.map(({ call }) => call.ended));
  return {
    lost,
    answered: talkers.reduce((sum, { answered }) => sum + answered, 0),
    unanswered: talkers.reduce((sum, { unanswered }) => sum + unanswered, 0),
    goOn: goOn.filter((isAnswered) => isAnswered).length,
    memory: memoriesOf(stage, talkers, graceMs),
  };
}

/** As of now; in the order of {@link liveCalls}. */
export const memoriesOf = ({ model }: Stage, talkers: readonly Talker[], graceMs: number): Recollection[] =>
  talkers.map((_, index) => recollectionOf(model, markOf(index), graceMs));

/** The old one's exit code, once every call that was up has its stream at the new one. */
export async function swapOnce(stage: Stage, talkers: readonly Talker[]): Promise<number> {
  const old = stage.relay;
  await stage.start();
  const sinceMs = performance.now();
  const code = await old.kill("SIGTERM");
  const isBack = ({ call }: Talker) =>
    call.timeline.closed ||
    call.timeline.all("stream-opened").some(({ atMs }) => clockOf(call, atMs) > sinceMs);
  await until("every call has a stream again", () => talkers.every(isBack)).catch(() => {});
  return code;
}

// --- callers ----------------------------------------------------------------------------------------------------

const numberOf = (index: number): string => `+1555200${String(index).padStart(4, "0")}`;

export const callersWithMarks = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [numberOf(index), { instructions: markOf(index) }]),
  );

/** Calls that have begun, each of which talks on. */
export async function liveCalls(
  stage: Stage,
  count: number,
  pauseMs: () => number = () => PAUSE_MS.from + Math.random() * (PAUSE_MS.to - PAUSE_MS.from),
): Promise<Talker[]> {
  const calls = Array.from({ length: count }, (_, index) => stage.dial(numberOf(index)));
  await Promise.all(calls.map((call) => call.waitFor("heard-first-audio", PATIENCE_MS)));
  return calls.map((call) => talkOn(call, pauseMs));
}

/** Until everybody was answered so often, and then so long. */
export type Talk = { readonly ms: number; readonly answers: number };

export async function talkAWhile(talkers: readonly Talker[], { ms, answers }: Talk): Promise<void> {
  const due = talkers.map(({ answered }) => answered + answers);
  const isEnough = () =>
    talkers.every(({ answered, call }, at) => call.timeline.closed || answered >= (due[at] ?? 0));
  await until("answers to every caller", isEnough, PATIENCE_MS * 2);
  await Bun.sleep(ms);
}

const ONE_MOMENT = "One moment, please.";

/**
 * But for a handshake that the caller's own hang-up ended. `reset`: those that the kernel resets when a listener closes
 * before it has taken them (tcp_migrate_req is off); they are made again after a word.
 */
export function refusalsOf({ timeline }: PlacedCall): {
  readonly refused: readonly string[];
  readonly reset: number;
} {
  const refusals = timeline.all("stream-refused").filter(({ status, atMs }) => {
    const isLeft = timeline.all("ended").some((end) => end.by === "caller" && end.atMs - atMs < LEAVING_MS);
    return status !== undefined || !isLeft;
  });
  const isReset = ({ status, reason }: (typeof refusals)[number]) =>
    status === undefined && /ECONNRESET/.test(reason);
  return {
    refused: refusals
      .filter((refusal) => !isReset(refusal))
      // Without the URL, which holds a token.
      .map(({ status, reason }) => `${status ?? reason.replace(/'wss?:[^']*'/, "")}`),
    reset: refusals.filter(isReset).length,
  };
}
const LEAVING_MS = 500;

export const apartMsOf = ({ timeline }: PlacedCall): number[] =>
  timeline.all("stream-closed").flatMap(({ atMs }) => {
    const next = timeline.all("stream-opened").find((opened) => opened.atMs > atMs);
    return next === undefined ? [] : [next.atMs - atMs];
  });

/** For a row that failed: how the line went. */
export const storyOf = ({ timeline }: PlacedCall): string =>
  timeline.events
    .slice(-8)
    .map((event) => {
      if (event.kind === "said") return `said "${event.text}"`;
      if (event.kind === "application-error") return `application-error ${event.code} (${event.reason})`;
      return event.kind;
    })
    .join(", ");

export const summed = (memory: readonly Recollection[]) => ({
  resumed: memory.reduce((sum, { resumed }) => sum + resumed, 0),
  known: memory.reduce((sum, { known }) => sum + known, 0),
  missing: memory.flatMap(({ missing }) => missing),
  muddled: memory.flatMap(({ muddled }) => muddled),
});

export const counted = (words: readonly string[]): string => {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => `${count} × ${word}`).join("; ");
};

// --- the proof --------------------------------------------------------------------------------------------------

const PLAN: SwapsPlan = {
  calls: 10,
  swaps: 100,
  talk: { ms: 1_500, answers: 0 },
  // What is heard in the last moment of a session crosses with its end.
  graceMs: 250,
  arrivalEveryMs: 1_000,
  arrivalStaysMs: 3_000,
};

export const swaps: Proof = {
  name: "swaps",
  run: async (progress) => {
    const outcome = await swapUnderCalls(PLAN, progress);
    const { arrivals, lost, refused, reset, said, exitCodes } = outcome;
    const migrates = await kernelMigrates();
    const { resumed, known, missing, muddled } = summed(outcome.memory);
    return [
      {
        what: `${PLAN.calls} calls through swaps of the relay, new beside old: calls lost`,
        bound: `0 in ≥ ${PLAN.swaps}`,
        measured: `${lost.length} in ${outcome.swaps} (${outcome.handedOver} hand-overs; exit codes ${JSON.stringify(exitCodes)})${lost.length > 0 ? `: ${lost[0]}` : ""}`,
        ok:
          outcome.swaps >= PLAN.swaps &&
          lost.length === 0 &&
          outcome.handedOver >= PLAN.calls * PLAN.swaps &&
          exitCodes["0"] === outcome.swaps,
      },
      {
        what: "their streams apart, from the end of one to the opening of the next",
        bound: "told",
        measured: `p50 ${quantile(outcome.apartMs, 0.5).toFixed(0)}, p99 ${quantile(outcome.apartMs, 0.99).toFixed(0)}, max ${Math.max(...outcome.apartMs).toFixed(0)} ms of ${outcome.apartMs.length}`,
        ok: outcome.apartMs.length > 0,
      },
      {
        what: "what had been said stands in what the next session is given, once and in order",
        bound: "every word",
        measured: `${known - missing.length} of ${known} words in ${resumed} sessions, ${muddled.length} muddled${listed([...missing, ...muddled])}`,
        ok: resumed >= PLAN.calls * PLAN.swaps && known > 0 && missing.length + muddled.length === 0,
      },
      {
        what: "they go on: a question after the last swap is answered",
        bound: `${PLAN.calls}`,
        measured: `${outcome.goOn}; before it ${outcome.answered} answered, ${outcome.unanswered} not`,
        ok: outcome.goOn === PLAN.calls && outcome.answered > outcome.unanswered,
      },
      {
        what: `a new caller every ${PLAN.arrivalEveryMs} ms: refused, lost, or told anything by the carrier's voice`,
        bound: migrates ? "0" : "0, but for those whose connection the kernel resets",
        measured: `${refused.length}, ${arrivals.lost}, ${said.length} of ${arrivals.came}; ${arrivals.heard} heard the assistant${listed([counted(refused), counted(said)])}; ${reset} connections reset with the old listener, made again after "one moment" (net.ipv4.tcp_migrate_req is ${migrates ? "on" : "off"})`,
        ok:
          arrivals.came > PLAN.swaps &&
          arrivals.heard === arrivals.came &&
          arrivals.lost + refused.length + said.length === 0 &&
          (!migrates || reset === 0),
      },
    ];
  },
};

/** Whether a connection that waits at a listener which closes goes to another on the same port. */
async function kernelMigrates(): Promise<boolean> {
  const setting = await Bun.file("/proc/sys/net/ipv4/tcp_migrate_req")
    .text()
    .catch(() => "");
  return setting.trim() === "1";
}

export const listed = (words: readonly string[]): string => {
  const some = words.filter((word) => word !== "").slice(0, 3);
  return some.length === 0 ? "" : `: ${some.join(" | ").slice(0, 300)}`;
};
