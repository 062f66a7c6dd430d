/**
 * The processes that `npm run dev` starts: each in a group of its own, started again when it is told to, ended with all
 * that it has started; what they print goes on with their name before it. It ends nobody else.
 */
import type { Side } from "./sources.ts";

const END_WITHIN_MS = 5_000;
const READY_WITHIN_MS = 20_000;

export type Name = Side | "dev";
/** SGR parameters. */
const COLOURS: Readonly<Record<Name, string>> = { edge: "34", relay: "35", dev: "2" };
const colours = process.stdout.isTTY === true && (process.env.NO_COLOR ?? "") === "";

export function say(name: Name, text: string): void {
  const prefix = name.padEnd(5);
  console.log(`${colours ? `\x1b[${COLOURS[name]}m${prefix}\x1b[0m` : prefix} ${text}`);
}

export type Child = Bun.Subprocess<"ignore", "pipe", "pipe">;
/** In a group of its own, so that all of it can be ended, and nothing else is. */
export const PIPED = { stdin: "ignore", stdout: "pipe", stderr: "pipe", detached: true } as const;

/** A process that is started again and again, one at a time. */
export class Restarted {
  readonly name: Side;
  readonly #readyUrl: string;
  readonly #start: () => Promise<Child | undefined>;
  #child: Child | undefined;
  #work: Promise<void> = Promise.resolve();
  #isOver = false;
  readonly #hasStarted: (pid: number) => void;

  /** @param start undefined when there is nothing to start, and somebody has said why */
  constructor(
    name: Side,
    readyUrl: string,
    start: () => Promise<Child | undefined>,
    hasStarted: (pid: number) => void,
  ) {
    this.#hasStarted = hasStarted;
    this.name = name;
    this.#readyUrl = readyUrl;
    this.#start = start;
  }

  /** After whatever is under way. */
  restart(): Promise<void> {
    return this.#next(async () => {
      await this.#end();
      if (this.#isOver) return;
      const child = await this.#start();
      this.#child = child;
      if (child === undefined) return;
      this.#hasStarted(child.pid);
      void printLines(child.stdout, this.name);
      void printLines(child.stderr, this.name);
      void child.exited.then((code) => {
        if (this.#child !== child) return;
        this.#child = undefined;
        say("dev", `the ${this.name} has ended with ${code}; the next change starts it again`);
      });
      void this.#tellWhenReady(child);
    });
  }

  stop(): Promise<void> {
    this.#isOver = true;
    return this.#next(() => this.#end());
  }

  async #tellWhenReady(child: Child): Promise<void> {
    const deadline = performance.now() + READY_WITHIN_MS;
    while (this.#child === child && performance.now() < deadline) {
      const response = await fetch(this.#readyUrl, { signal: AbortSignal.timeout(2000) }).catch(
        () => undefined,
      );
      await response?.body?.cancel();
      if (response?.ok && this.#child === child) return say("dev", `the ${this.name} is ready`);
      await Bun.sleep(50);
    }
    if (this.#child === child) say("dev", `the ${this.name} does not answer at ${this.#readyUrl}`);
  }

  #next(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      // An env file that is being saved, say: the change that completes it comes next.
      say("dev", `the ${this.name}: ${error instanceof Error ? error.message : String(error)}`);
    });
    return this.#work;
  }

  async #end(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    await endGroup(child);
  }
}

/** With all that it has started. */
export async function endGroup(child: Child): Promise<void> {
  signalGroup(child.pid, "SIGTERM");
  const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), END_WITHIN_MS);
  await child.exited;
  clearTimeout(timer);
  signalGroup(child.pid, "SIGKILL");
}

export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}

export async function printLines(stream: ReadableStream<Uint8Array>, name: Name): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") say(name, line);
  }
  if (rest !== "") say(name, rest);
}
