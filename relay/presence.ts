/**
 * Which relays run on a DATA_DIR: each writes a file about itself there while it runs, so that `npm run relay:swap`
 * can start another beside it, tell the two apart, and stop the right one. A file that a killed relay has left behind is
 * known by its process, which is gone or has become another.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const FOLDER = "relays";

const Stage = z.enum(["listening", "ready", "stopping"]);
const Running = z.object({
  pid: z.number().int().positive(),
  /** Which process of this number it is; null where the system does not tell. */
  born: z.string().nullable(),
  port: z.number().int(),
  /** Others may listen beside it. */
  reusePort: z.boolean(),
  drainSeconds: z.number(),
  is: Stage,
});
export type Running = z.infer<typeof Running>;
type Stage = z.infer<typeof Stage>;

export class Presence {
  readonly #folder: string;
  readonly #about: Omit<Running, "is">;
  readonly #failed: () => void;

  /** @param failed told when it cannot be written; the relay runs on, and is not found */
  constructor(dataDir: string, about: Omit<Running, "pid" | "born" | "is">, failed: () => void) {
    this.#folder = join(dataDir, FOLDER);
    this.#about = { pid: process.pid, born: bornOf(process.pid), ...about };
    this.#failed = failed;
  }

  is(stage: Stage): void {
    const file = fileOf(this.#folder, this.#about.pid);
    const unfinished = `${file}.new`;
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      if (stage === "listening") removeStale(this.#folder);
      writeFileSync(unfinished, `${JSON.stringify({ ...this.#about, is: stage })}\n`, { mode: 0o600 });
      // Whoever reads it reads all of it, before or after.
      renameSync(unfinished, file);
    } catch {
      this.#failed();
    }
  }

  gone(): void {
    try {
      rmSync(fileOf(this.#folder, this.#about.pid), { force: true });
    } catch {
      // It is known to be stale by its process.
    }
  }
}

/** Those that run now. */
export const relaysOn = (dataDir: string): readonly Running[] =>
  entriesIn(join(dataDir, FOLDER)).flatMap(({ running }) => running ?? []);

/** That process, if it runs and is a relay on this DATA_DIR. */
export const relayOn = (dataDir: string, pid: number): Running | undefined =>
  relaysOn(dataDir).find((running) => running.pid === pid);

function removeStale(folder: string): void {
  for (const { file, running } of entriesIn(folder)) if (running === undefined) rmSync(file, { force: true });
}

/** `running` is undefined where nothing runs of which the file could tell. */
const entriesIn = (folder: string): ReadonlyArray<{ file: string; running: Running | undefined }> =>
  namesIn(folder)
    .filter((name) => /^\d+\.json$/.test(name))
    .map((name) => {
      const file = join(folder, name);
      return { file, running: runningIn(file) };
    });

function runningIn(file: string): Running | undefined {
  const running = read(file);
  if (running === undefined || !isAlive(running.pid)) return undefined;
  return running.born === bornOf(running.pid) ? running : undefined;
}

function read(file: string): Running | undefined {
  try {
    return Running.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const fileOf = (folder: string, pid: number): string => join(folder, `${pid}.json`);

/** Somebody else's process is one too. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown instanceof Error && "code" in thrown && thrown.code === "EPERM";
  }
}

/** The 22nd field of /proc/<pid>/stat, counted from behind the name, which may hold anything: proc(5). */
const START_TIME_AFTER_NAME = 19;

/** When a process began, in ticks since the machine did; null: only Linux tells. */
function bornOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Ended, and nobody has asked how.
    return fields[0] === "Z" ? null : (fields[START_TIME_AFTER_NAME] ?? null);
  } catch {
    return null;
  }
}
