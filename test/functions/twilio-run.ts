/**
 * The real twilio-run, serving what the real build made, for tests that knock on its door.
 *
 * It runs in a folder of its own that holds what a checkout holds after `npm run build`, our .twilioserverlessrc
 * included: the folders and the env file are found by that file or not at all.
 */
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "../../scripts/build.ts";

const ROOT = resolve(import.meta.dir, "..", "..");
const READY_WITHIN_MS = 20_000;

export type TwilioRun = {
  readonly base: string;
  /** Everything printed so far, by twilio-run and by the Functions. */
  readonly output: () => string;
  readonly stop: () => Promise<void>;
};

/** @param callers the content of the private allowlist */
export async function startTwilioRun(
  env: Readonly<Record<string, string>>,
  callers?: string,
): Promise<TwilioRun> {
  const folder = await mkdtemp(join(tmpdir(), "edge-"));
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  for (const name of ["package.json", ".twilioserverlessrc"]) await cp(join(ROOT, name), join(folder, name));
  const file = join(folder, "callers.json");
  if (callers !== undefined) await Bun.write(file, callers);
  await build(join(folder, "dist"), file);
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
  await Bun.write(join(folder, ".env.functions"), lines.join(""));

  // twilio-run cannot be told to take any free port, and another process may take the one that was free a moment ago.
  for (let tries = 1; ; tries++) {
    const started = await tryToStart(folder, await freePort());
    if (started !== undefined) {
      const stop = async () => {
        await started.stop();
        await rm(folder, { recursive: true, force: true });
      };
      return { ...started, stop };
    }
    if (tries === 3) throw new Error("twilio-run did not start in three tries");
  }
}

// One process for every request, as a warm one on Twilio; its default, a process for each, costs 0.2 s a time and is
// what flat.test.ts runs. Without the log of requests, which prints their addresses and with them the state.
const FLAGS = ["--no-live", "--no-fork-process", "--no-logs"];

async function tryToStart(folder: string, port: number): Promise<TwilioRun | undefined> {
  const bin = join(ROOT, "node_modules", "twilio-run", "bin", "twilio-run.js");
  const child = Bun.spawn(["node", bin, "start", "--port", String(port), ...FLAGS], {
    cwd: folder,
    // It would ask a question and wait when the port is taken.
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  });
  let output = "";
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) output += decoder.decode(chunk, { stream: true });
  };
  const collected = Promise.all([collect(child.stdout), collect(child.stderr)]);
  const stop = async () => {
    child.kill();
    await child.exited;
    await collected;
  };

  const base = `http://localhost:${port}`;
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    const response = await fetch(`${base}/voice/fallback`, { signal: AbortSignal.timeout(5000) }).catch(
      () => undefined,
    );
    if (response?.ok && (await response.text()).includes("<Response>"))
      return { base, output: () => output, stop };
    await Bun.sleep(50);
  }
  await stop();
  return undefined;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
