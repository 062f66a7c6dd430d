/**
 * `npm run relay:swap`: a new relay in place of the one that runs, on the same machine, with no call lost and no caller
 * refused. It starts the new one as this very command was started: in this folder, with its .env and this environment.
 */
import { spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemdUnits } from "./swap-systemd.ts";
import { NoSwap, type Started, type SwapTerms, swap } from "./swapping.ts";

const HELP = `npm run relay:swap: a new relay in place of the one that runs on this machine

  npm run relay:swap                            the new one writes where this command writes
  npm run relay:swap -- --log relay.log         the new one's log goes to the end of this file
  npm run relay:swap -- --within 60             how many seconds it may take to be ready (by default 30)
  npm run relay:swap -- --data-dir DIR          another DATA_DIR than the environment's
  npm run relay:swap -- --systemd relay@ --data-dir /var/lib/phone-assistant
                                                two instances of a unit take turns: relay@a and relay@b

The running relay must have been started with REUSE_PORT=on. It takes no new calls once the new one is ready, lets its
calls go on for DRAIN_SECONDS, and hands over those that are left, each with its conversation.`;

const EXIT_NO_SWAP = 1;
const EXIT_MISTAKE = 2;
const TOLD_LINES = 15;
const MAIN = join(import.meta.dir, "..", "main.ts");

type Given = { log?: string; within: string; "data-dir"?: string; systemd?: string; help?: boolean };

async function main(): Promise<number> {
  let values: Given;
  try {
    const options = {
      log: { type: "string" },
      within: { type: "string", default: "30" },
      "data-dir": { type: "string" },
      systemd: { type: "string" },
      help: { type: "boolean", short: "h" },
    } as const;
    ({ values } = parseArgs({ options }));
  } catch (error) {
    return mistake(error instanceof Error ? error.message : String(error));
  }
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const within = Number(values.within);
  if (!(within >= 1 && within <= 3600)) return mistake("--within is a number of seconds, from 1 to 3600.");
  const { systemd, log } = values;
  if (systemd !== undefined && log !== undefined) return mistake("Under --systemd the journal has the log.");
  if (systemd !== undefined && !/^[\w.-]+@$/.test(systemd)) return mistake("--systemd is a template: relay@");

  const dataDir = values["data-dir"] ?? (process.env.DATA_DIR?.trim() || "data");
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.abort());
  const by: Pick<SwapTerms, "start" | "end"> =
    systemd === undefined
      ? { start: () => startProcess(log), end: ({ pid }) => tell(pid) }
      : systemdUnits(systemd);
  try {
    const say = (line: string) => console.log(line);
    await swap({ dataDir, withinMs: within * 1000, say, signal: interrupted.signal, ...by });
    return 0;
  } catch (error) {
    if (!(error instanceof NoSwap)) throw error;
    console.error(error.message);
    return EXIT_NO_SWAP;
  }
}

/** A session of its own: it outlives this command and its terminal. */
function startProcess(log: string | undefined): Started {
  const file = log === undefined ? undefined : openLog(log);
  const before = file === undefined ? 0 : fstatSync(file).size;
  const out = file ?? "inherit";
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, REUSE_PORT: "on" },
    stdio: ["ignore", out, out],
    detached: true,
  });
  if (file !== undefined) closeSync(file);
  let hasEnded = false;
  for (const event of ["exit", "error"]) child.on(event, () => (hasEnded = true));
  child.unref();
  return {
    pid: () => (hasEnded ? undefined : child.pid),
    hasFailed: () => hasEnded,
    stop: () => void (hasEnded || child.kill("SIGTERM")),
    lastLines: () => (log === undefined ? undefined : linesFrom(log, before)),
  };
}

/** Unless it has just ended by itself. */
function tell(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (thrown) {
    const isGone = thrown instanceof Error && "code" in thrown && thrown.code === "ESRCH";
    if (!isGone)
      throw new NoSwap(`Relay ${pid} cannot be told to end: be the user whose relay runs. Both run now.`);
  }
}

function openLog(path: string): number {
  try {
    return openSync(path, "a", 0o600);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new NoSwap(`The log cannot be written (${why}). Name another file with --log.`);
  }
}

function linesFrom(path: string, offset: number): string {
  const written = readFileSync(path).subarray(offset).toString("utf8").trimEnd();
  return written === "" ? "(nothing)" : written.split("\n").slice(-TOLD_LINES).join("\n");
}

function mistake(what: string): number {
  console.error(`${what}\n\n${HELP}`);
  return EXIT_MISTAKE;
}

process.exit(await main());
