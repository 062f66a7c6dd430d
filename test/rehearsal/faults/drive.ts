/** Brings a call to a phase and strikes there: at a moment that the parties themselves tell, and after no time. */
import { taggedAudio } from "../audio/clips.ts";
import type { PlacedCall } from "../carrier/carrier.ts";
import type { Phase } from "./expected.ts";
import { atFrame, type Fault } from "./fault.ts";
import type { Frame } from "./frames.ts";
import { textOf } from "./passage.ts";
import { LENGTH_MS, TONE, type Tone, type Wish } from "./role.ts";
import { type Stage, WRITE_TOOL } from "./stage.ts";

/** It decides only how soon a cell fails that fails anyway. */
const PATIENCE_MS = 25_000;
const BYTES_PER_MS = 8;
/** The caller's voice: a tone, for a detector hears no pauses in it. */
const CALLERS_TONE = 16;
const SPEECH_MS = { question: 700, long: 2_000 } as const;
/** So much of a sentence is its middle. */
const INTO_MS: Partial<Record<Tone, number>> = { greeting: 400, answer: 1_500, goodbye: 300 };
/** The tool has done it by then, and its answer is still on its way. */
const TOOL = { beforeMs: 200, afterMs: 1_500 } as const;

export type Struck = {
  /** On the clock of performance.now(). */
  readonly atMs: number;
  /** The caller was speaking, and stopped then. */
  readonly spokeUntilMs: Promise<number> | undefined;
};

export async function bringTo(phase: Phase, stage: Stage, fault: Fault): Promise<Struck> {
  if (phase === "handshake") return beforeIt(stage, fault);
  if (phase === "start") return atStart(stage, fault);
  const call = stage.dial();
  await heard(call, "greeting", phase === "greeting" ? undefined : LENGTH_MS.greeting);
  if (phase === "greeting") return strike(phase, stage, fault);
  await quiet(call);
  switch (phase) {
    case "caller speaks": {
      stage.role.wish = "answer";
      const said = call.say(taggedAudio(CALLERS_TONE, SPEECH_MS.long)).then(() => performance.now());
      await stage.model.waitFor(
        () => stage.model.events.some(({ what }) => what === "speech_started"),
        PATIENCE_MS,
      );
      return strike(phase, stage, fault, said);
    }
    case "assistant speaks":
      await ask(stage, "answer");
      await heard(call, "answer");
      break;
    case "tool runs":
      stage.tools.setBehaviour(WRITE_TOOL, TOOL);
      await ask(stage, "write");
      await stage.tools.waitFor(() => stage.tools.calls.some(({ done }) => done), PATIENCE_MS);
      break;
    case "hanging up":
      await ask(stage, "goodbye");
      // Its last event, which is counted when it has come: what is heard of the goodbye is on its way.
      await until("the whole goodbye", () => counted(stage) >= RESPONSES_WITH_GOODBYE);
      await heard(call, "goodbye");
      break;
    default:
      phase satisfies never;
  }
  return strike(phase, stage, fault);
}

/** The greeting's and the goodbye's. */
const RESPONSES_WITH_GOODBYE = 2;
const counted = ({ lines }: Stage): number =>
  lines.filter(({ event, isEstimated }) => event === "spend.counted" && isEstimated === false).length;

/** The caller says something, and wants this. */
export async function ask(stage: Stage, wish: Wish): Promise<void> {
  stage.role.wish = wish;
  await stage.call.say(taggedAudio(CALLERS_TONE, SPEECH_MS.question));
}

/** Nothing is to be heard, nor about to be. */
export async function quiet({ ear, timeline }: PlacedCall, forMs = 400): Promise<void> {
  const isQuiet = () => (ear.quietForMs ?? 0) >= forMs && ear.bufferedSamples() === 0;
  await until("quiet", () => timeline.closed || isQuiet());
}

async function heard({ ear, timeline }: PlacedCall, tone: Tone, ms = INTO_MS[tone] ?? 0): Promise<void> {
  await until(`${ms} ms of ${tone}`, () => ear.heardOf(TONE[tone]) >= ms * BYTES_PER_MS || timeline.closed);
  if (timeline.closed) throw new Error(`the line was closed before its ${tone}`);
}

async function strike(
  phase: Phase,
  stage: Stage,
  fault: Fault,
  spokeUntilMs?: Promise<number>,
): Promise<Struck> {
  const atMs = performance.now();
  await fault.strike(stage, phase);
  return { atMs, spokeUntilMs };
}

async function beforeIt(stage: Stage, fault: Fault): Promise<Struck> {
  let struckMs: number | undefined;
  await fault.arm(stage, () => {
    struckMs = performance.now();
  });
  const { timeline } = stage.dial();
  const { atMs } = await timeline.waitFor("answered", PATIENCE_MS);
  await until("the fault", () => struckMs !== undefined);
  return { atMs: Math.max(struckMs ?? 0, timeline.startedMs + atMs), spokeUntilMs: undefined };
}

const SIGNS: Readonly<Record<Fault["side"], string>> = {
  model: '"type":"session.update"',
  line: '"event":"start"',
};

async function atStart(stage: Stage, fault: Fault): Promise<Struck> {
  const struck = Promise.withResolvers<number>();
  const isSign = (frame: Frame, to: string): boolean =>
    to === "server" && textOf(frame)?.includes(SIGNS[fault.side]) === true;
  atFrame(fault.side === "model" ? stage.modelDoor : stage.relayDoor, isSign, () => {
    const atMs = performance.now();
    Promise.resolve(fault.strike(stage, "start")).then(() => struck.resolve(atMs), struck.reject);
  });
  const call = stage.dial();
  const never = call.ended.then(() => {
    throw new Error("the call ended before its start");
  });
  return { atMs: await Promise.race([struck.promise, never]), spokeUntilMs: undefined };
}

/** For what nobody tells: an ear. */
export async function until(what: string, isSo: () => boolean, withinMs = PATIENCE_MS): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await Bun.sleep(10);
  }
}
