/**
 * Commands run as a person runs them, for the tests of the demo and of `npm run dev`: what was printed, how it ended,
 * and which processes came of it. A process is stopped by its own pid, and nothing else is touched.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { until } from "../../patience.ts";

export const ROOT = resolve(import.meta.dir, "..", "..", "..");

export type Started = {
  readonly pid: number;
  output(): string;
  /** Resolves when the text has been printed so often. */
  whenPrinted(text: string, withinMs: number, times?: number): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Its exit code, when all of its output is there. */
  readonly ended: Promise<number>;
};

export function start(
  script: string,
  args: readonly string[],
  { cwd = ROOT, env = {} }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Started {
  const child = Bun.spawn([process.execPath, "--no-env-file", script, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let output = "";
  const waiting = new Set<() => void>();
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      output += decoder.decode(bytes, { stream: true });
      for (const ask of waiting) ask();
    }
  };
  const collected = Promise.all([collect(child.stdout), collect(child.stderr)]);
  return {
    pid: child.pid,
    output: () => output,
    whenPrinted: (text, withinMs, times = 1) =>
      new Promise((done, failed) => {
        const settle = (how: () => void) => {
          clearTimeout(timer);
          waiting.delete(ask);
          how();
        };
        const ask = () => {
          if (output.split(text).length > times) settle(done);
        };
        const timer = setTimeout(
          () =>
            settle(() =>
              failed(new Error(`"${text}" was not printed ${times} times in ${withinMs} ms:\n${output}`)),
            ),
          withinMs,
        );
        waiting.add(ask);
        ask();
      }),
    signal: (signal) => child.kill(signal),
    ended: child.exited.then(async (code) => {
      await collected;
      return code;
    }),
  };
}

export type Run = { readonly code: number; readonly output: string };

const MOST_RUNS = 3;

/** Runs the demo to its end, as often as {@link unlessStalled} wants. */
export const runUntil = (isGood: (run: Run) => boolean, begin: () => Promise<Started>): Promise<Run> =>
  unlessStalled(isGood, async () => {
    const started = await begin();
    return { code: await started.ended, output: started.output() };
  });

/**
 * A run of the demo; another where it did not go as it should and says itself that the machine stood still in the middle
 * of it. What is wrong with the call is wrong each time.
 */
export async function unlessStalled<Of extends Run>(
  isGood: (run: Of) => boolean,
  runOnce: () => Promise<Of>,
): Promise<Of> {
  for (let runs = 1; ; runs++) {
    const run = await runOnce();
    if (isGood(run) || runs === MOST_RUNS || !/stood still for [\d,]+ ms/.test(run.output)) return run;
  }
}

/** Everything that was started by a process, by what it started, and so on. */
export function descendantsOf(pid: number): number[] {
  const parents = allParents();
  const found = [pid];
  for (const parent of found) for (const [child, its] of parents) if (its === parent) found.push(child);
  return found.slice(1);
}

/** None of them is left: whoever was ended may take a moment to go, and those whose parents went first, another. */
export const allGone = (pids: readonly number[]): Promise<void> => until(() => !pids.some(isAlive));

/** One that has ended and that nobody has asked about is not alive. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    return !existsSync("/proc/self/stat");
  }
}

/** Each process with its parent: from /proc, and where there is none from ps. */
function allParents(): Map<number, number> {
  const parents = new Map<number, number>();
  if (existsSync("/proc/self/stat")) {
    for (const name of readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      try {
        // "pid (name) state ppid …", and the name may hold anything.
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
      } catch {
        // It has ended since the folder was read.
      }
    }
    return parents;
  }
  for (const line of Bun.spawnSync(["ps", "-A", "-o", "pid=,ppid="]).stdout.toString().split("\n")) {
    const [pid, parent] = line.trim().split(/\s+/).map(Number);
    if (pid !== undefined && parent !== undefined) parents.set(pid, parent);
  }
  return parents;
}
