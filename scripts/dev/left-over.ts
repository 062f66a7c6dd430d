/**
 * Processes that a killed `npm run dev` has left running: ended by the journal's ids, and only those that began when it
 * says; never anything that only looks alike.
 */
import { signalGroup } from "./children.ts";
import { isAlive, type Process } from "./journal.ts";

const END_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 50;

export async function endLeftOver(children: readonly Process[], say: (words: string) => void): Promise<void> {
  const alive = children.filter(isAlive);
  if (alive.length === 0) return;
  for (const { pid } of alive) signalGroup(pid, "SIGTERM");
  const until = performance.now() + END_WITHIN_MS;
  while (alive.some(isAlive) && performance.now() < until) await Bun.sleep(LOOK_EVERY_MS);
  for (const child of alive) if (isAlive(child)) signalGroup(child.pid, "SIGKILL");
  say(
    `${alive.length === 1 ? "a process" : `${alive.length} processes`} of it were still running, and are ended`,
  );
}
