/**
 * One call from the first process to the last line of the summary. It starts, stops and prints; what is expected of
 * the call stands in checks.ts. It never hangs: every wait of the caller's has an end, over all of them there is a
 * deadline, and whatever happens the stage is struck.
 */
import { join, relative } from "node:path";
import { placeCall } from "../carrier/carrier.ts";
import { isAudible } from "../carrier/mulaw.ts";
import { ticker } from "../carrier/ticker.ts";
import { ACCOUNT_SID, AUTH_TOKEN } from "../relay.ts";
import { BREAKS, type Breakage } from "./breaks.ts";
import { converse, mannerFor } from "./caller.ts";
import { checksOf, TRUNCATED_WITHIN_MS } from "./checks.ts";
import { diagnose } from "./diagnosis.ts";
import type { LiveTerms } from "./live.ts";
import type { Wanted } from "./options.ts";
import { span } from "./paint.ts";
import { writeRecording } from "./recording.ts";
import { recordedIn } from "./relay-voice.ts";
import type { Screen } from "./screen.ts";
import { Seen } from "./seen.ts";
import { CALLER, CALLER_LANGUAGE, CALLER_NAME, OUR_NUMBER, Stage } from "./stage.ts";
import {
  checkList,
  figures,
  type Kept,
  pictureOf,
  recordingLines,
  rowsLeft,
  section,
  stoodStill,
  verdict,
} from "./summary.ts";
import { Timeline } from "./timeline.ts";
import { DATABASE } from "./todo-list.ts";
import { waveform } from "./waveform.ts";

export type Outcome = "expected" | "failed" | "unnoticed";

export type RunTerms = {
  readonly wanted: Wanted;
  readonly live: LiveTerms | undefined;
  readonly screen: Screen;
  /** Rejects with {@link Interrupted}. */
  readonly stopped: Promise<never>;
};

/** Somebody pressed Ctrl-C. The message is the signal's name. */
export class Interrupted extends Error {}

const NOTHING: Breakage = { what: "nothing" };
const REDRAW_EVERY_MS = 100;
/** From here on a check in ms may fail for the machine's sake. */
const STILL_MS = TRUNCATED_WITHIN_MS / 2;
/** For the picture that grows with the call. */
const EXPECTED_MS = { rehearsed: 31_000, live: 70_000 } as const;
const DEADLINE_MS = { rehearsed: 80_000, live: 180_000 } as const;

export async function run({ wanted, live, screen, stopped }: RunTerms): Promise<Outcome> {
  const breakage: Breakage = wanted.breaks === undefined ? NOTHING : BREAKS[wanted.breaks];
  const course = breakage.course ?? "whole";
  const pace = live === undefined ? "rehearsed" : "live";
  const recorded = await recordedIn(CALLER_LANGUAGE);
  const stage: Stage = new Stage({
    breakage,
    live,
    onEdge: (line) => seen.edgeSaid(line),
    onRelay: (line) => seen.relaySaid(line),
    onModel: (event) => seen.modelSaid(event),
    lastWords: () => seen.lastWords,
  });
  const seen: Seen = new Seen(stage, recorded, (news) => timeline.take(news));
  const timeline = new Timeline(seen, CALLER_NAME);

  const draw = () => {
    const { width } = screen;
    screen.print(timeline.takeDone(width));
    screen.live(() => {
      if (seen.call === undefined) return STARTING;
      const picture = waveform(width, { ...pictureOf(seen), expectedMs: EXPECTED_MS[pace] });
      return [...timeline.pending(width), [], ...picture];
    });
  };
  const drawing = setInterval(draw, REDRAW_EVERY_MS);
  const tooLate = deadline(DEADLINE_MS[pace]);
  let failedToStart: string | undefined;
  let interrupted: Interrupted | undefined;
  try {
    const { edge } = await Promise.race([stage.open(), tooLate.passed, stopped]);
    ticker.resetLateness();
    const call = placeCall({
      voiceUrl: `${edge.base}/voice/incoming`,
      fallbackUrl: `${edge.base}/voice/fallback`,
      accountSid: ACCOUNT_SID,
      authToken: AUTH_TOKEN,
      from: CALLER,
      to: OUR_NUMBER,
      stirVerstat: "TN-Validation-Passed-A",
      sabotage: breakage.carrier,
      onEvent: (event) => seen.carrierSaid(event),
    });
    seen.dialled(call);
    timeline.dialled(CALLER, OUR_NUMBER);
    const manner = mannerFor(course, live !== undefined);
    await Promise.race([converse(call, seen, manner), tooLate.passed, stopped]);
  } catch (error) {
    if (error instanceof TooLate) seen.missed = error.message;
    else if (error instanceof Interrupted) interrupted = error;
    else if (seen.call !== undefined) throw error;
    else failedToStart = error instanceof Error ? error.message : String(error);
  } finally {
    clearInterval(drawing);
    tooLate.cancel();
    seen.call?.hangUp();
    seen.leftovers = { found: await stage.strike(interrupted === undefined ? wanted.outDir : undefined) };
    timeline.close();
    screen.print(timeline.takeDone(screen.width));
  }
  if (interrupted !== undefined) {
    const { found } = seen.leftovers;
    const left = found.length === 0 ? "nothing was left running" : `left behind: ${found.join(", ")}`;
    screen.print([[], [span(`  stopped by ${interrupted.message}; ${left}`, "dim")], []]);
    throw interrupted;
  }
  if (failedToStart !== undefined) {
    screen.print([[span("  ✗ could not start: ", "bad"), span(failedToStart)], []]);
    return "failed";
  }

  const kept = await keep(seen, screen, wanted.outDir);
  const input = stage.modelInput;
  const checks = checksOf(seen, { course, input, isLive: wanted.live });
  const failed = checks.some(({ state }) => state !== "ok") || seen.missed !== undefined;
  const diagnosis = failed ? diagnose(seen) : undefined;
  const { width } = screen;
  screen.print([
    ...section(width, "what had to happen"),
    ...checkList(width, checks),
    [],
    ...rowsLeft(width, seen.executions, shownPath(join(wanted.outDir, DATABASE))),
    ...section(width, "figures"),
    ...figures(width, seen, stage.usage),
    ...recordingLines(width, kept),
    ...verdict(width, checks, diagnosis, seen.missed),
    ...(failed && ticker.worstLateMs > STILL_MS ? stoodStill(width, ticker.worstLateMs) : []),
  ]);
  if (wanted.breaks === undefined) return failed ? "failed" : "expected";
  if (diagnosis?.name === wanted.breaks) return "failed";
  screen.print([[span(`  ${wanted.breaks} was broken on purpose, and was not named.`, "bad")], []]);
  return "unnoticed";
}

const STARTING = [[span("  builds the Functions, starts twilio-run and the relay …", "dim")]];

/** Leaves the recording, and shows it as a picture, if there is anything to hear in it. */
async function keep(seen: Seen, screen: Screen, outDir: string): Promise<Kept | undefined> {
  const picture = pictureOf(seen);
  const { caller, assistant } = picture;
  if (!caller.some(isAudible) && !assistant.some(isAudible)) {
    screen.print([[]]);
    return undefined;
  }
  const file = join(outDir, "call.wav");
  await writeRecording(file, caller, assistant);
  screen.print([[], ...waveform(screen.width, picture), []]);
  return { name: shownPath(file), ms: assistant.length / 8 };
}

function shownPath(file: string): string {
  const name = relative(process.cwd(), file);
  return name.startsWith("..") ? file : name;
}

class TooLate extends Error {}

function deadline(ms: number): { readonly passed: Promise<never>; cancel(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  // It may pass while nobody waits for it.
  promise.catch(() => {});
  const timer = setTimeout(
    () => reject(new TooLate(`the end of the call, until after ${ms / 1000} s the demo gave up`)),
    ms,
  );
  return { passed: promise, cancel: () => clearTimeout(timer) };
}
