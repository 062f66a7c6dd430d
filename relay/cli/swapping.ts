/**
 * One relay for another on the same machine, while calls go on: the new one listens beside the old one, is ready, and
 * only then the old one is told to end. Whatever goes wrong before that leaves the old one as it was.
 *
 * A relay is known by what it says of itself in DATA_DIR (presence.ts), since on a shared port nobody can tell which of
 * two answers.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive, type Running, relayOn, relaysOn } from "../presence.ts";

/** The new one, by whoever starts it. */
export type Started = {
  /** undefined: it has not come so far, or is gone. */
  readonly pid: () => number | undefined;
  /** It will not come any more. */
  readonly hasFailed: () => boolean;
  readonly stop: () => void;
  /** What it has written last; undefined: it has been seen already. */
  readonly lastLines: () => string | undefined;
};

export type SwapTerms = {
  readonly dataDir: string;
  readonly withinMs: number;
  readonly start: (old: readonly Running[]) => Started;
  /** Tells it to end, once. */
  readonly end: (old: Running) => void;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
};

/** Why there was no swap, and the way out of it. */
export class NoSwap extends Error {}

const LOOK_EVERY_MS = 50;
const ENDS_WITHIN_MS = 10_000;

/** @throws NoSwap */
export async function swap(terms: SwapTerms): Promise<void> {
  const { dataDir, say, start } = terms;
  const free = lock(dataDir);
  try {
    const old = relaysOn(dataDir).filter(({ is }) => is !== "stopping");
    mustBeReplaceable(old, dataDir);
    say(`${named(old)} on port ${old[0]?.port}. Starting another beside it.`);
    const began = performance.now();
    const fresh = await readyOf(start(old), old, terms);
    say(`Relay ${fresh.pid} is ready, after ${((performance.now() - began) / 1000).toFixed(1)} s.`);
    for (const relay of old) await endOf(relay, terms);
  } finally {
    free();
  }
}

function mustBeReplaceable(old: readonly Running[], dataDir: string): void {
  if (old.length === 0) {
    throw new NoSwap(
      `No relay runs on DATA_DIR ${dataDir}: there is nothing to swap. Start one with REUSE_PORT=on npm run relay, or name another folder with --data-dir.`,
    );
  }
  const alone = old.find(({ reusePort }) => !reusePort);
  if (alone !== undefined) {
    throw new NoSwap(
      `Relay ${alone.pid} was started without REUSE_PORT=on, so that none can listen beside it. Set REUSE_PORT=on in .env, restart it once while no call is up, and from then on it can be swapped.`,
    );
  }
}

async function readyOf(started: Started, old: readonly Running[], terms: SwapTerms): Promise<Running> {
  const { dataDir, withinMs, signal } = terms;
  const deadline = performance.now() + withinMs;
  const fail = (what: string): never => {
    started.stop();
    const lines = started.lastLines();
    const told = lines === undefined ? "" : `\nThe last that it wrote:\n${lines}`;
    throw new NoSwap(`${what} It was stopped, and ${named(old)} as before.${told}`);
  };
  while (performance.now() < deadline) {
    if (signal.aborted) fail("Interrupted before the new relay was ready.");
    const pid = started.pid();
    const fresh = pid === undefined ? undefined : relayOn(dataDir, pid);
    if (fresh !== undefined && !old.some(({ port }) => port === fresh.port)) {
      fail(`The new relay listens on port ${fresh.port}, and not on ${old[0]?.port} as the old one does.`);
    }
    if (fresh?.is === "ready") return fresh;
    if (started.hasFailed()) fail("The new relay has ended.");
    await Bun.sleep(LOOK_EVERY_MS);
  }
  return fail(`The new relay was not ready within ${withinMs / 1000} s.`);
}

async function endOf(relay: Running, { dataDir, end, say }: SwapTerms): Promise<void> {
  const { pid, drainSeconds } = relay;
  const isStopping = (): boolean => (relayOn(dataDir, pid)?.is ?? "stopping") === "stopping";
  // Somebody else may have told it meanwhile, and to be told twice is to end at once.
  if (!isStopping()) end(relay);
  const deadline = performance.now() + ENDS_WITHIN_MS;
  while (!isStopping()) {
    if (performance.now() > deadline) {
      throw new NoSwap(
        `Relay ${pid} was told to end and does not: both run. Look at its log; kill ${pid} once more ends it with its calls.`,
      );
    }
    await Bun.sleep(LOOK_EVERY_MS);
  }
  say(
    relayOn(dataDir, pid) === undefined
      ? `Relay ${pid} has ended.`
      : `Relay ${pid} takes no new calls. Those that it has may go on for ${drainSeconds} s, and are then handed over.`,
  );
}

const named = (old: readonly Running[]): string =>
  old.length === 1 ? `Relay ${old[0]?.pid} runs` : `Relays ${old.map(({ pid }) => pid).join(" and ")} run`;

/** One swap at a time. */
function lock(dataDir: string): () => void {
  const folder = join(dataDir, "relays");
  const file = join(folder, "swap.lock");
  for (let tries = 0; ; tries++) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(file, String(process.pid), { flag: "wx", mode: 0o600 });
      return () => rmSync(file, { force: true });
    } catch (thrown) {
      const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown";
      if (code !== "EEXIST") {
        throw new NoSwap(`DATA_DIR ${dataDir} cannot be written (${code}): be the user whose relay runs.`);
      }
      const holder = Number(textOf(file));
      if (tries > 0 || isAlive(holder)) {
        throw new NoSwap(`Another swap is under way (process ${holder}). Wait for it.`);
      }
      rmSync(file, { force: true });
    }
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
