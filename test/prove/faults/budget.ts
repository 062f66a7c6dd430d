/**
 * A day's budget, driven to its end by calls that talk: over a kill of the relay in the middle, to a polite end of
 * every call that is up, and to a next caller who is told so and costs nothing. What was spent is reckoned from what
 * the stand-in reported, by the dated prices and not by the relay's own arithmetic.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import prices from "../../../relay/prices.json";
import type { CallReport, PlacedCall } from "../../rehearsal/carrier/carrier.ts";
import { nowAt, type ResponseRecord } from "../../rehearsal/model/records.ts";
import type { Proof } from "../rows.ts";
import { ANYBODY, PATIENCE_MS, type Stage, startStage, until } from "./stage.ts";
import { callersWithMarks, listed, liveCalls, storyOf } from "./swaps.ts";
import { talkingModel } from "./talk.ts";

export type BudgetPlan = {
  readonly calls: number;
  readonly dollars: number;
  /** The relay is killed when so much of it is spent. */
  readonly killAtShare: number;
  readonly withinMs: number;
  /** How often the relay is started again after the end, for a next caller each. */
  readonly restarts: number;
};

export type BudgetOutcome = {
  readonly budget: number;
  readonly spent: number;
  readonly spentAtKill: number;
  /** Of that, reported in the last instant, which nobody may have read any more. */
  readonly unreadAtKill: number;
  /** The dearest response there was. */
  readonly dearest: number;
  readonly responses: number;
  /** Cut off by the kill: nobody reported what they cost. */
  readonly unreported: number;
  /** Of the calls that were up at the end. */
  readonly live: number;
  readonly toldAndEnded: number;
  readonly stories: readonly string[];
  /** Callers after it, each after another restart: told, and at what cost in sessions. */
  readonly next: ReadonlyArray<{ readonly told: boolean; readonly sessions: number; readonly how: string }>;
  /** Lines of the log: at four fifths, and at the end. */
  readonly warned: number;
  readonly told: number;
};

const LATEST_KILL_MS = 1_000;
const UNREAD_MS = 150;
const MODEL = "gpt-realtime-2.1";
const CLIP = fileURLToPath(new URL("../../../relay/clips/en/budget_spent.ulaw", import.meta.url));

export async function spendBudget(
  plan: BudgetPlan,
  progress: (words: string) => void,
): Promise<BudgetOutcome> {
  const stage = await startStage({
    model: talkingModel(),
    env: {
      OPENAI_MODEL: MODEL,
      BUDGET_PER_DAY: String(plan.dollars),
      // Billed apart and estimated where it is not reported: it would blur what is measured.
      TRANSCRIPTION_MODEL: "off",
      DRAIN_SECONDS: "0",
      LOG_LEVEL: "debug",
    },
    callers: callersWithMarks(plan.calls),
  });
  try {
    const talkers = await liveCalls(stage, plan.calls);
    const calls = talkers.map(({ call }) => call);
    const tell = () => progress(`${spentIn(stage).toFixed(4)} of ${plan.dollars} dollars`);
    await until(
      "the first part of the budget",
      () => {
        tell();
        return spentIn(stage) >= plan.dollars * plan.killAtShare;
      },
      plan.withinMs,
    );
    // At a moment that has nothing to do with what is reported.
    await Bun.sleep(Math.random() * LATEST_KILL_MS);
    const spentAtKill = spentIn(stage);
    const unreadAtKill = responsesOf(stage)
      .filter(({ doneAt }) => doneAt !== undefined && doneAt > nowAt() - UNREAD_MS)
      .reduce((sum, response) => sum + dollarsOf(response), 0);
    await stage.relay.kill("SIGKILL");
    await stage.start();
    const live = calls.filter(({ timeline }) => !timeline.closed).length;
    await until(
      "the end of every call",
      () => {
        tell();
        return calls.every(({ timeline }) => timeline.closed);
      },
      plan.withinMs,
    ).catch(() => {});
    const stillUp = calls.filter(({ timeline }) => !timeline.closed);
    for (const call of stillUp) call.hangUp();
    const reports = await Promise.all(calls.map(({ ended }) => ended));
    const polite = reports.filter((report) => report.endedBy === "twiml" && isClipIn(report));
    const next = [await nextCaller(stage)];
    for (let restart = 1; restart <= plan.restarts; restart++) {
      await stage.relay.kill("SIGTERM");
      await stage.start();
      next.push(await nextCaller(stage));
    }
    const responses = responsesOf(stage);
    return {
      budget: plan.dollars,
      spent: spentIn(stage),
      spentAtKill,
      unreadAtKill,
      dearest: Math.max(...responses.map(dollarsOf)),
      responses: responses.length,
      unreported: responses.filter(({ usage }) => usage === undefined).length,
      live,
      toldAndEnded: polite.length,
      stories: calls.filter((_, index) => !polite.some((one) => one === reports[index])).map(storyOf),
      next,
      warned: stage.logged.filter(({ event }) => event === "budget.warned").length,
      told: stage.logged.filter(({ event }) => event === "budget.spent").length,
    };
  } finally {
    await stage.stop();
  }
}

async function nextCaller(stage: Stage): Promise<BudgetOutcome["next"][number]> {
  const before = stage.model.sessions.length;
  const call: PlacedCall = stage.dial(ANYBODY);
  await until("the end of the next call", () => call.timeline.closed, PATIENCE_MS).catch(() => call.hangUp());
  const report = await call.ended;
  const saidSo = report.said.some((words) => /budget/i.test(words));
  const heardSo = isClipIn(report);
  return {
    told: (saidSo || heardSo) && report.endedBy === "twiml",
    sessions: stage.model.sessions.length - before,
    how: heardSo ? "by the relay's clip" : saidSo ? "by the carrier's voice" : storyOf(call),
  };
}

const responsesOf = ({ model }: Stage): ResponseRecord[] =>
  model.sessions.flatMap(({ responses }) => responses);

const spentIn = (stage: Stage): number =>
  responsesOf(stage).reduce((sum, response) => sum + dollarsOf(response), 0);

const RATES = z
  .object({ in: z.number(), cached: z.number(), out: z.number() })
  .array()
  .parse([prices.models[MODEL].text, prices.models[MODEL].audio]);

function dollarsOf({ usage }: ResponseRecord): number {
  const [text, audio] = RATES;
  if (usage === undefined || text === undefined || audio === undefined) return 0;
  const { input_token_details: read, output_token_details: said } = usage;
  const cached = read.cached_tokens_details;
  const millionths =
    (read.text_tokens - cached.text_tokens) * text.in +
    cached.text_tokens * text.cached +
    said.text_tokens * text.out +
    (read.audio_tokens - cached.audio_tokens) * audio.in +
    cached.audio_tokens * audio.cached +
    said.audio_tokens * audio.out;
  return millionths / 1e6;
}

/** Every sample of it, one after the other. */
const isClipIn = ({ ear }: CallReport): boolean => Buffer.from(ear.bytes()).includes(readFileSync(CLIP));

// --- the proof --------------------------------------------------------------------------------------------------

const PLAN: BudgetPlan = { calls: 5, dollars: 0.3, killAtShare: 0.5, withinMs: 300_000, restarts: 1 };

/** What is not reported is estimated upward: the end may come a little early. */
const SPENT_SHARE = 0.8;

export const budget: Proof = {
  name: "budget",
  run: async (progress) => {
    const outcome = await spendBudget(PLAN, progress);
    const { spent, spentAtKill, unreadAtKill, dearest, live, next, toldAndEnded } = outcome;
    const over = spent - outcome.budget;
    const dollars = (amount: number) => `$${amount.toFixed(4)}`;
    return [
      {
        what: "a day's budget, spent by live calls over a SIGKILL of the relay: over it",
        bound: "≤ one response for each live call, and what was reported in the instant of the kill",
        measured: `${dollars(over)} over ${dollars(outcome.budget)} (${dollars(spentAtKill)} before the kill) with ${live} live calls; the dearest of ${outcome.responses} responses ${dollars(dearest)}, ${dollars(unreadAtKill)} in the instant of the kill, ${outcome.unreported} cut off unreported`,
        ok: spentAtKill > 0 && spent >= SPENT_SHARE * outcome.budget && over <= live * dearest + unreadAtKill,
      },
      {
        what: "the calls that were up: told by the clip, heard to its end, then hung up",
        bound: `${PLAN.calls}`,
        measured: `${toldAndEnded} of ${live}${listed(outcome.stories)}`,
        ok: live === PLAN.calls && toldAndEnded === live,
      },
      {
        what: "the next caller, and the next after another restart: told so, at no cost",
        bound: "told, 0 sessions",
        measured: next.map(({ how, sessions }) => `${how}, ${sessions} sessions`).join("; "),
        ok: next.length === 2 && next.every(({ told, sessions }) => told && sessions === 0),
      },
      {
        what: "the owner is warned in the log at four fifths, and told at the end",
        bound: "once each",
        measured: `${outcome.warned}, ${outcome.told}`,
        ok: outcome.warned === 1 && outcome.told === 1,
      },
    ];
  },
};
