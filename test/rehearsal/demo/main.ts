/**
 * `npm run demo`: what was asked for, the signals, and the exit code. The call itself is run.ts.
 */
import { join, resolve } from "node:path";
import { LIVE_COSTS, liveTerms, NO_KEY } from "./live.ts";
import { askedFrom, type Wanted } from "./options.ts";
import type { Outcome } from "./run.ts";
import { Screen } from "./screen.ts";

const EXIT = { expected: 0, failed: 1, unnoticed: 3 } as const satisfies Record<Outcome, number>;
const EXIT_MISTAKE = 2;
/** As a shell counts them: 128 and the signal's number. */
const EXIT_SIGNALLED = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

const LINGER_MS = 2_000;

async function demo(wanted: Wanted): Promise<number> {
  const live = wanted.live ? await liveTerms(process.env) : undefined;
  if (wanted.live && live === undefined) {
    console.error(NO_KEY);
    return EXIT_MISTAKE;
  }
  // Most of what there is to load, and nothing that a mistake or --help should wait for.
  const [{ Interrupted, run }, { header }] = await Promise.all([import("./run.ts"), import("./summary.ts")]);
  const screen = new Screen();
  const stop = Promise.withResolvers<never>();
  // A signal may come while nobody waits for one.
  stop.promise.catch(() => {});
  let code: number | undefined;
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      code ??= EXIT_SIGNALLED[signal];
      stop.reject(new Interrupted(signal));
    });
  }
  // A bug must not leave processes behind either: it ends the call as a signal does, and is shown at the end.
  let bug: unknown;
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      bug ??= error;
      stop.reject(error);
    });
  }
  try {
    screen.print(header(screen.width, live && LIVE_COSTS, wanted.breaks));
    const outcome = await run({ wanted, live, screen, stopped: stop.promise });
    if (bug === undefined) return code ?? EXIT[outcome];
  } catch (error) {
    if (error instanceof Interrupted) return code ?? EXIT.failed;
    bug ??= error;
  } finally {
    screen.close();
  }
  console.error(bug);
  return EXIT.failed;
}

const outDir = join(resolve(import.meta.dir, "..", "..", ".."), "demo-out");
const asked = askedFrom(process.argv.slice(2), outDir);
switch (asked.kind) {
  case "help":
    console.log(asked.text);
    break;
  case "mistake":
    console.error(asked.text);
    process.exitCode = EXIT_MISTAKE;
    break;
  case "run":
    process.exitCode = await demo(asked.wanted);
    // All is stopped and said by now; nothing that was forgotten may keep the terminal waiting.
    setTimeout(() => process.exit(), LINGER_MS).unref();
    break;
  default:
    asked satisfies never;
}
