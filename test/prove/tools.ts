/**
 * The group `tools`: that things get done over MCP, once each, told truly, and never in silence.
 */
import { ticker } from "../rehearsal/carrier/ticker.ts";
import { type Proof, quantile } from "./rows.ts";
import { type GoodbyeNetwork, sayGoodbye, sayNothing } from "./tools/goodbye.ts";
import { injection } from "./tools/injection.ts";
import { interleavings } from "./tools/interleavings.ts";
import { everything, mishaps } from "./tools/servers.ts";
import { MODEL_MS, TIMEOUT_S, type Waited, waitForTools } from "./tools/slow.ts";
import { judge } from "./tools/truth.ts";
import { cutWrites, type Write } from "./tools/writes.ts";

const SLOW = { calls: 20, lanes: 5 } as const;
const SLOW_NETWORKS = [
  { oneWayMs: 0, jitterMs: 0, seed: 1 },
  { oneWayMs: 50, jitterMs: 20, seed: 2 },
] as const;
const FILLER_ASKED_MS = { from: 1_450, to: 1_600 } as const;
const FILLER_HEARD_MS = 1_900;
const ABORTED_MS = 1_000;

const GOODBYES = { calls: 200, lanes: 20 } as const;
const GOODBYE_NETWORKS: readonly GoodbyeNetwork[] = [
  { oneWayMs: 0, jitterMs: 0, loseMarks: false },
  { oneWayMs: 50, jitterMs: 20, loseMarks: false },
  { oneWayMs: 100, jitterMs: 30, loseMarks: false },
  { oneWayMs: 200, jitterMs: 80, loseMarks: false },
  { oneWayMs: 50, jitterMs: 20, loseMarks: true },
];
const CLOSED_MS = 1_000;
/** The grace for a proof that is lost on its way (hang-up.ts), and what is given above. */
const CLOSED_UNPROVED_MS = 2_000 + CLOSED_MS;
/** What is waited for a goodbye, and the same. */
const CLOSED_UNSAID_MS = 20_000 + CLOSED_UNPROVED_MS;

const WRITES = 1_000;
const WRITES_SEED = 20_261_121;
/** Fewer of a kind would prove nothing of it. */
const LEAST_OF_A_KIND = 20;

const slow: Proof = {
  name: "slow",
  run: async (progress) => {
    const rows = [];
    for (const network of SLOW_NETWORKS) {
      const wayMs = network.oneWayMs + network.jitterMs;
      ticker.resetLateness();
      const on = `, ${network.oneWayMs} ms + ${network.jitterMs} ms jitter each way`;
      const { late, never, left, stillRunning } = await waitForTools({ ...SLOW, network }, (words) =>
        progress(words + on),
      );
      tellLateness();
      const all = [...late, ...never];
      const of = (pick: (one: Waited) => number) => all.map(pick);
      const [asked, heard] = [of((one) => one.fillerAskedMs), of((one) => one.fillerHeardMs)];
      const once = all.filter(({ fillers }) => fillers === 1).length;
      const errors = all.reduce((sum, { modelErrors }) => sum + modelErrors, 0);
      const timedOut = never.map(({ outcomeMs }) => outcomeMs);
      const aborted = left.map(({ abortedMs }) => abortedMs);
      const done = left.reduce((sum, one) => sum + one.done, 0);
      const wholly = (some: readonly Waited[]) => some.filter(({ outcomeHeard }) => outcomeHeard).length;
      rows.push(
        {
          what: `a slow tool: a word meanwhile is asked for${on}`,
          bound: `${FILLER_ASKED_MS.from} to ${FILLER_ASKED_MS.to} ms, once each`,
          measured: `${spread(asked)}; once in ${once} of ${all.length}, ${errors} errors`,
          ok:
            Math.min(...asked) >= FILLER_ASKED_MS.from &&
            Math.max(...asked) <= FILLER_ASKED_MS.to &&
            once === all.length &&
            errors === 0,
        },
        {
          what: `and heard, of a model that needs ${MODEL_MS} ms${on}`,
          bound: `≤ ${FILLER_HEARD_MS} ms${wayMs > 0 ? ` + ${wayMs} ms for the way` : ""}`,
          measured: spread(heard),
          ok: Math.max(...heard) <= FILLER_HEARD_MS + wayMs,
        },
        {
          what: `its answer, when it comes${on}`,
          bound: "heard to its end",
          measured: `${wholly(late)} of ${late.length}`,
          ok: late.length >= SLOW.calls && wholly(late) === late.length,
        },
        {
          what: `a tool that never answers, with ${TIMEOUT_S} s to do so: the caller is told${on}`,
          bound: "heard to its end",
          measured: `${wholly(never)} of ${never.length}; given up after ${spread(timedOut)}`,
          ok: never.length >= SLOW.calls && wholly(never) === never.length,
        },
        {
          what: `the caller hangs up: the tool's server sees its request end${on}`,
          bound: `≤ ${ABORTED_MS} ms, nothing done`,
          measured: `${spread(aborted)}; ${done} done, ${stillRunning} still at work`,
          ok: left.length >= SLOW.calls && Math.max(...aborted) <= ABORTED_MS && done + stillRunning === 0,
        },
      );
    }
    return rows;
  },
};

/** What of a figure may be this machine's own doing. */
const tellLateness = (): void =>
  console.log(`\nthe carrier's own clock was late by ${ticker.worstLateMs.toFixed(0)} ms at most`);

const spread = (ms: readonly number[]): string =>
  `p50 ${quantile(ms, 0.5).toFixed(0)}, max ${Math.max(...ms).toFixed(0)} ms`;

const goodbye: Proof = {
  name: "goodbye",
  run: async (progress) => {
    ticker.resetLateness();
    const all = await sayGoodbye({ ...GOODBYES, networks: GOODBYE_NETWORKS }, progress);
    tellLateness();
    const rows = GOODBYE_NETWORKS.flatMap((network) => {
      const calls = all.filter(({ case: one }) => one.network === network);
      const whole = calls.filter(({ heardWhole }) => heardWhole).length;
      const open = calls.map(({ openMs }) => openMs);
      const transfers = calls.filter(({ case: one }) => one.tool === "transfer_call").length;
      const ended = calls.filter((one) => one.isAsItShould && one.closedBy === "relay" && one.code === 1000);
      const bound = network.loseMarks ? CLOSED_UNPROVED_MS : CLOSED_MS;
      const marks = network.loseMarks ? ", all marks lost" : "";
      return {
        what: `goodbyes, ${network.oneWayMs} ms + ${network.jitterMs} ms jitter each way${marks}`,
        bound: `every chunk heard, closed ≤ ${bound} ms after`,
        measured: `${whole} of ${calls.length} whole (${transfers} transfers), ${ended.length} ended as asked; closed ${spread(open)}`,
        ok:
          calls.length >= GOODBYES.calls / GOODBYE_NETWORKS.length &&
          whole === calls.length &&
          ended.length === calls.length &&
          Math.min(...open) >= 0 &&
          Math.max(...open) <= bound,
      };
    });
    progress("and none at all");
    const unsaid = await sayNothing();
    const open = unsaid.map(({ openMs }) => openMs);
    return [
      ...rows,
      {
        what: "end_call, and a goodbye that never comes: empty, failing, silent",
        bound: `closed ≤ ${CLOSED_UNSAID_MS / 1000} s after`,
        measured: unsaid
          .map(({ failure, openMs, closedBy }) => `${failure} ${(openMs / 1000).toFixed(1)} s by ${closedBy}`)
          .join(", "),
        ok: Math.max(...open) <= CLOSED_UNSAID_MS && unsaid.every(({ closedBy }) => closedBy === "relay"),
      },
    ];
  },
};

const writes: Proof = {
  name: "writes",
  run: async (progress) => {
    const all: Write[] = [];
    let strangers = 0;
    for (const json of [false, true]) {
      const tell = (words: string) => progress(`${words}, ${json ? "as documents" : "as events"}`);
      const result = await cutWrites({ writes: WRITES / 2, seed: WRITES_SEED + Number(json), json }, tell);
      all.push(...result.writes);
      strangers += result.strangers;
    }
    const { twice, untrue, unreadElsewhere, counts, byKind } = judge(all);
    console.log();
    for (const [kind, words] of byKind) {
      console.log(`${kind}: ${[...words].map(([word, count]) => `${word} ${count}`).join("; ")}`);
    }
    for (const why of untrue) console.log(`untrue: ${why}`);
    const { answered, failed, notDone, lostDone, lostUndone, lostUnread, lostOverrun } = counts;
    const unknown = lostDone + lostUndone + lostUnread + lostOverrun;
    const least = Math.min(
      ...[...byKind.values()].map((words) => [...words.values()].reduce((a, b) => a + b)),
    );
    return [
      {
        what: `${all.length} writes, the connection cut at random: done twice`,
        bound: "0",
        measured: `${twice} twice, ${strangers} unasked`,
        ok: all.length >= WRITES && twice + strangers === 0 && least >= LEAST_OF_A_KIND,
      },
      {
        what: "their outcomes told otherwise than they were",
        bound: "0",
        measured: `${untrue.length}; ${answered} answered, ${failed} failed, ${notDone} not done, ${unknown} unknown`,
        ok: untrue.length === 0 && answered > 0 && failed > 0 && notDone > 0,
      },
      {
        what: "unknown: the request had left whole, and no answer came",
        bound: "some done, some not",
        measured: `${lostDone} done, ${lostUndone} not done`,
        ok: lostDone > 0 && lostUndone > 0,
      },
      {
        what: "unknown: the two ends of TCP know different things",
        bound: "only where it was reset unread",
        measured: `${lostUnread} reset unread, ${lostOverrun} answers overrun by a reset`,
        ok: unreadElsewhere === 0,
      },
    ];
  },
};

export const TOOLS: readonly Proof[] = [everything, slow, writes, goodbye, mishaps, interleavings, injection];
