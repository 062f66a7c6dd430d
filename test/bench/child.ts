/**
 * A process of the bench: commands in as JSON lines, answers out as JSON lines. It is stopped by its id.
 */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { TRANSPILED } from "../rehearsal/short-lived.ts";

export type Child = {
  readonly pid: number;
  /** @throws if the process ends instead, with what it said last */
  next(): Promise<unknown>;
  tell(command: object): void;
  stop(): Promise<void>;
};

/** @param script beside this file */
export function startChild(script: string, ...args: string[]): Child {
  const child = Bun.spawn([process.execPath, fileURLToPath(new URL(script, import.meta.url)), ...args], {
    // Nothing of ours may reach it, and no .env that lies about.
    cwd: "/",
    env: { PATH: process.env.PATH ?? "", ...TRANSPILED },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  const errors = new Response(child.stderr).text();
  const lines = createInterface({ input: Readable.from(child.stdout) })[Symbol.asyncIterator]();
  return {
    pid: child.pid,
    async next() {
      const line = await lines.next();
      if (line.done === true) throw new Error(`${script} has ended: ${(await errors).slice(-2000)}`);
      return JSON.parse(line.value);
    },
    tell(command) {
      child.stdin.write(`${JSON.stringify(command)}\n`);
      child.stdin.flush();
    },
    async stop() {
      child.kill();
      await child.exited;
    },
  };
}
