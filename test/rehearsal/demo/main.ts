/**
 * `npm run demo`: one call on the real edge and the real relay, shown as it happens and judged at its end. This file
 * starts, stops and prints; what is expected stands in checks.ts. It never hangs: every wait of the caller's has an
 * end, and over all of them there is a deadline.
 */
import { join, relative, resolve } from "node:path";
import { placeCall } from "../carrier/carrier.ts";
import { ACCOUNT_SID, AUTH_TOKEN } from "../relay.ts";
import { BREAKS, type Breakage } from "./breaks.ts";
import { converse, HASTY, LIVE, USUAL } from "./caller.ts";
import { checksOf } from "./checks.ts";
import { diagnose } from "./diagnosis.ts";
import { LIVE_COSTS, liveTerms, NO_KEY } from "./live.ts";
import { askedFrom, type Wanted } from "./options.ts";
import { span } from "./paint.ts";
import { writeRecording } from "./recording.ts";
import { Screen } from "./screen.ts";
import { Seen } from "./seen.ts";
import { CALLER, CALLER_NAME, OUR_NUMBER, Stage } from "./stage.ts";
import { checkList, figures, header, picture, pictureOf, recordingLines, verdict } from "./summary.ts";
import { Timeline } from "./timeline.ts";

const EXIT = { expected: 0, failed: 1, mistake: 2, unnoticed: 3, interrupted: 130 } as const;
const ROOT = resolve(import.meta.dir, "..", "..", "..");
const REDRAW_EVERY_MS = 100;
/** Of the rehearsed call, for the picture that grows. */
const EXPECTED_MS = 22_000;
const DEADLINE_MS = { rehearsed: 75_000, live: 180_000 } as const;

class Interrupted extends Error {}

async function run(wanted: Wanted, screen: Screen, stopped: Promise<never>): Promise<number> {
  const breakage: Breakage = wanted.breaks === undefined ? NOTHING_BROKEN : BREAKS[wanted.breaks];
  const live = wanted.live ? await liveTerms(process.env) : undefined;
  if (wanted.live && live === undefined) {
    console.error(NO_KEY);
    return EXIT.mistake;
  }
  screen.print(header(screen.width, live && { costs: LIVE_COSTS }, wanted.breaks && breakage.what));

  const stage: Stage = new Stage({
    breakage,
    live,
    onEdge: (line) => seen.edgeSaid(line),
    onRelay: (line) => seen.relaySaid(line),
    onModel: (event) => seen.modelSaid(event),
  });
  const seen: Seen = new Seen(stage, (news) => timeline.take(news));
  const timeline = new Timeline(seen, CALLER_NAME);
  let struck: Promise<readonly string[]> | undefined;
  const strike = () => {
    struck ??= stage.strike();
    return struck;
  };
  const draw = () => {
    screen.print(timeline.takeDone(screen.width));
    if (seen.call === undefined)
      screen.live([[span("           building, starting edge and relay …", "dim")]]);
    else
      screen.live([
        ...timeline.pending(screen.width),
        [],
        ...picture(screen.width, seen, live ? 40_000 : EXPECTED_MS),
      ]);
  };

  const drawing = setInterval(draw, REDRAW_EVERY_MS);
  const tooLate = deadline(live === undefined ? DEADLINE_MS.rehearsed : DEADLINE_MS.live);
  try {
    const { edge } = await Promise.race([stage.open(), tooLate.passed, stopped]);
    const call = placeCall({
      voiceUrl: `${edge.base}/voice/incoming`,
      fallbackUrl: `${edge.base}/voice/fallback`,
      accountSid: ACCOUNT_SID,
      authToken: AUTH_TOKEN,
      from: CALLER,
      to: OUR_NUMBER,
      sabotage: breakage.carrier,
      onEvent: (event) => seen.carrierSaid(event),
    });
    seen.dialled(call);
    timeline.dialled(CALLER, OUR_NUMBER);
    const manner = live !== undefined ? LIVE : breakage.hasty ? HASTY : USUAL;
    try {
      await Promise.race([converse(call, seen, manner), tooLate.passed, stopped]);
    } catch (error) {
      call.hangUp();
      throw error;
    }
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    seen.missed ??= error instanceof Error ? error.message : String(error);
  } finally {
    clearInterval(drawing);
    tooLate.cancel();
    seen.leftovers = { found: await strike() };
    timeline.close();
    screen.live([]);
  }

  const { width } = screen;
  screen.print(timeline.takeDone(width));
  const sound = pictureOf(seen);
  const ms = sound.assistant.length / 8;
  const file = join(wanted.outDir, "call.wav");
  if (ms > 0) {
    await writeRecording(file, sound.caller, sound.assistant);
    screen.print([[], ...picture(width, seen), []]);
  }
  const checks = checksOf(seen, stage.modelInput, wanted.live);
  const failed = checks.some(({ state }) => state !== "ok") || seen.missed !== undefined;
  const diagnosis = failed ? diagnose(seen) : undefined;
  screen.print([
    ...checkList(width, checks),
    [],
    ...figures(width, seen),
    ...recordingLines(width, ms > 0 ? { name: relative(process.cwd(), file) || file, ms } : undefined),
    ...verdict(width, checks, diagnosis, seen.missed),
  ]);
  if (wanted.breaks === undefined) return failed ? EXIT.failed : EXIT.expected;
  if (diagnosis?.name === wanted.breaks) return EXIT.failed;
  screen.print([[span(`  ${wanted.breaks} was broken, and the rehearsal did not name it.`, "bad")], []]);
  return EXIT.unnoticed;
}

const NOTHING_BROKEN: Breakage = { what: "nothing" };

function deadline(ms: number): { readonly passed: Promise<never>; cancel(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  // Nobody may be waiting for it at the time.
  promise.catch(() => {});
  const timer = setTimeout(
    () => reject(new Error(`the end of the call, and after ${ms / 1000} s the demo gave up`)),
    ms,
  );
  return { passed: promise, cancel: () => clearTimeout(timer) };
}

const asked = askedFrom(process.argv.slice(2), join(ROOT, "demo-out"));
switch (asked.kind) {
  case "help":
    console.log(asked.text);
    break;
  case "mistake":
    console.error(asked.text);
    process.exitCode = EXIT.mistake;
    break;
  case "run": {
    const screen = new Screen();
    const stop = Promise.withResolvers<never>();
    stop.promise.catch(() => {});
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => stop.reject(new Interrupted(signal)));
    }
    try {
      process.exitCode = await run(asked.wanted, screen, stop.promise);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      console.error(`stopped by ${error.message}; nothing was left running`);
      process.exitCode = EXIT.interrupted;
    } finally {
      screen.close();
    }
    process.exit();
    break;
  }
  default:
    asked satisfies never;
}
