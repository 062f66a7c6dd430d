/**
 * The real edge: the built Functions under the real twilio-run, in a process of its own, with its log at hand.
 *
 * It runs in a folder of its own that holds what a checkout holds after `npm run build`, our .twilioserverlessrc
 * included: the folders and the env file are found by that file or not at all. Nothing of the caller's environment
 * and no .env.functions of the checkout reaches it.
 */
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { freePort } from "./relay.ts";

const ROOT = resolve(import.meta.dir, "..", "..");
const READY_WITHIN_MS = 60_000;
/** What twilio-run may take to end by itself. */
const END_WITHIN_MS = 3_000;

const EdgeLine = z.looseObject({ level: z.string(), event: z.string() });
export type EdgeLine = z.infer<typeof EdgeLine>;

export type EdgeOptions = {
  /** What `build` left: `functions/` and `assets/`. */
  readonly dist: string;
  /** The content of .env.functions. */
  readonly env: Readonly<Record<string, string>>;
  readonly onLog?: ((line: EdgeLine) => void) | undefined;
};

export type RunningEdge = {
  readonly pid: number;
  readonly port: number;
  readonly base: string;
  /** What the Functions logged so far. */
  readonly lines: readonly EdgeLine[];
  /** Everything printed so far, by twilio-run and by the Functions. */
  readonly output: () => string;
  /** Ends the process with all that it started, and removes its folder. */
  readonly stop: () => Promise<void>;
};

export async function startEdge(options: EdgeOptions): Promise<RunningEdge> {
  const folder = await mkdtemp(join(tmpdir(), "edge-"));
  const removed = () => rm(folder, { recursive: true, force: true });
  try {
    await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
    for (const name of ["package.json", ".twilioserverlessrc"]) {
      await cp(join(ROOT, name), join(folder, name));
    }
    await cp(options.dist, join(folder, "dist"), { recursive: true });
    const lines = Object.entries(options.env).map(([name, value]) => `${name}=${value}\n`);
    await Bun.write(join(folder, ".env.functions"), lines.join(""));

    // twilio-run cannot be told to take any free port, and another process may take the one that was free a moment
    // ago.
    for (let tries = 1; tries <= 3; tries++) {
      const started = await tryToStart(folder, freePort(), options.onLog);
      if (started === undefined) continue;
      const stop = async () => {
        await started.stop();
        await removed();
      };
      return { ...started, stop };
    }
  } catch (error) {
    await removed();
    throw error;
  }
  await removed();
  throw new Error("twilio-run did not start in three tries");
}

// One process for every request, as a warm one on Twilio; its default, a process for each, costs 0.2 s a time.
// Without the log of requests, which prints their addresses and with them the state.
const FLAGS = ["--no-live", "--no-fork-process", "--no-logs"];

async function tryToStart(
  folder: string,
  port: number,
  onLog: EdgeOptions["onLog"],
): Promise<RunningEdge | undefined> {
  const bin = join(ROOT, "node_modules", "twilio-run", "bin", "twilio-run.js");
  const child = Bun.spawn(["node", bin, "start", "--port", String(port), ...FLAGS], {
    cwd: folder,
    // It would ask a question and wait when the port is taken.
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    // A group of its own: what it may start is ended with it, and nothing else is.
    detached: true,
  });
  let output = "";
  const lines: EdgeLine[] = [];
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const text = decoder.decode(chunk, { stream: true });
      output += text;
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) take(part);
    }
    take(rest);
  };
  /** twilio-run prints lines of its own between those of the Functions. */
  const take = (text: string) => {
    if (!text.startsWith("{")) return;
    const line = EdgeLine.safeParse(jsonOf(text));
    if (!line.success) return;
    lines.push(line.data);
    onLog?.(line.data);
  };
  const collected = Promise.all([collect(child.stdout), collect(child.stderr)]);
  const stop = async () => {
    signalGroup(child.pid, "SIGTERM");
    const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), END_WITHIN_MS);
    await child.exited;
    clearTimeout(timer);
    signalGroup(child.pid, "SIGKILL");
    await collected;
  };

  const base = `http://localhost:${port}`;
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    if (await isServing(base)) return { pid: child.pid, port, base, lines, output: () => output, stop };
    await Bun.sleep(50);
  }
  await stop();
  return undefined;
}

/** `/voice/fallback` needs nothing but itself: if it answers, the Functions are there. */
async function isServing(base: string): Promise<boolean> {
  try {
    const response = await fetch(`${base}/voice/fallback`, { signal: AbortSignal.timeout(5000) });
    return response.ok && (await response.text()).includes("<Response>");
  } catch {
    return false;
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
