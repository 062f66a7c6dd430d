/**
 * What a run of `npm run dev -- --tunnel` would leave behind if it were killed: where the number pointed before, and
 * which processes it has started. In the data folder, written before the thing is done and removed once it is undone, so
 * that the next start finds whatever is still to be undone. It holds no secret.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** A process id comes back for somebody else; with when it began, it is one process. */
const Process = z.object({ pid: z.int().positive(), began: z.string().min(1) });
const VoiceSide = z.object({
  voiceUrl: z.string(),
  voiceMethod: z.string(),
  voiceFallbackUrl: z.string(),
  voiceFallbackMethod: z.string(),
  statusCallback: z.string(),
  statusCallbackMethod: z.string(),
  voiceApplicationSid: z.string(),
  trunkSid: z.string(),
});
const Pointed = z.object({
  accountSid: z.string(),
  numberSid: z.string(),
  phoneNumber: z.string(),
  /** What was put there: if it says something else by now, that is somebody else's. */
  voiceUrl: z.string(),
  before: VoiceSide,
});
const Entry = z.object({ dev: Process, children: z.array(Process), pointed: Pointed.optional() });

export type Process = z.infer<typeof Process>;
export type Pointed = z.infer<typeof Pointed>;
export type Entry = z.infer<typeof Entry>;

const FILE = "dev-tunnel.json";

export class Journal {
  readonly path: string;
  readonly #folder: string;
  #entry: Entry | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, FILE);
  }

  /** What a run before has left. @throws what a file system says, or zod of what is no journal */
  read(): Entry | undefined {
    let text: string;
    try {
      text = readFileSync(this.path, "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
    return Entry.parse(JSON.parse(text));
  }

  /** Of this run. */
  get now(): Entry | undefined {
    return this.#entry;
  }

  begin(): void {
    const dev = processOf(process.pid);
    if (dev === undefined) throw new Error("this process cannot be found among the running ones");
    this.#write({ dev, children: [] });
  }

  started(pid: number): void {
    const child = processOf(pid);
    if (this.#entry === undefined || child === undefined) return;
    this.#write({ ...this.#entry, children: [...this.#entry.children.filter(isAlive), child] });
  }

  /** On the disk when this returns: the next step is Twilio's. */
  pointed(pointed: Pointed | undefined): void {
    if (this.#entry === undefined) return;
    const { dev, children } = this.#entry;
    this.#write({ dev, children, ...(pointed && { pointed }) });
  }

  remove(): void {
    this.#entry = undefined;
    rmSync(this.path, { force: true });
  }

  #write(entry: Entry): void {
    this.#entry = entry;
    mkdirSync(this.#folder, { recursive: true });
    const temporary = `${this.path}.new`;
    const file = openSync(temporary, "w", 0o600);
    try {
      writeFileSync(file, JSON.stringify(entry));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, this.path);
  }
}

/** When it began, in the kernel's own count (proc(5), field 22) or as ps tells it; undefined: there is no such process. */
export function processOf(pid: number): Process | undefined {
  const stat = `/proc/${pid}/stat`;
  if (existsSync("/proc/self/stat")) {
    const text = existsSync(stat) ? readFileSync(stat, "utf8") : "";
    // The name before it stands in brackets, and may hold anything.
    const [state, ...rest] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const began = rest[FIELD_OF_BEGINNING];
    return began === undefined || state === "Z" ? undefined : { pid, began };
  }
  const { stdout } = Bun.spawnSync(["ps", "-o", "lstart=", "-p", String(pid)], { env: { LC_ALL: "C" } });
  const began = stdout.toString().trim();
  return began === "" ? undefined : { pid, began };
}

/** Of what comes behind the state, which is field 3. */
const FIELD_OF_BEGINNING = 22 - 4;

export const isAlive = ({ pid, began }: Process): boolean => processOf(pid)?.began === began;
