/**
 * The real Twilio CLI with its serverless plugin, installed as its documentation says, under a home of its own. It is
 * half a gigabyte and takes minutes, so it is kept where npm keeps such things, and no dependency of this project.
 */
import { mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Progress } from "../rows.ts";

export const CLI = "6.2.4";
export const PLUGIN = "3.1.3";
const KEPT = resolve(import.meta.dir, `../../../node_modules/.cache/twilio-cli-${CLI}-${PLUGIN}`);

export type TwilioCli = {
  /** To go first in PATH. */
  readonly bin: string;
  readonly home: string;
};

export async function twilioCli(progress: Progress): Promise<TwilioCli> {
  const at = (folder: string): TwilioCli => ({
    bin: join(folder, "cli", "node_modules", ".bin"),
    home: join(folder, "home"),
  });
  if (await Bun.file(join(KEPT, "home", ".twilio-cli", "package.json")).exists()) return at(KEPT);

  // Under its own name only when all of it is there.
  const folder = `${KEPT}.${process.pid}`;
  try {
    const { bin, home } = at(folder);
    await mkdir(home, { recursive: true });
    // Where packages come from is the machine's business.
    const settings = Bun.file(join(homedir(), ".npmrc"));
    if (await settings.exists()) await Bun.write(join(home, ".npmrc"), settings);
    await Bun.write(join(folder, "cli", "package.json"), '{"private":true}\n');
    progress("npm install twilio-cli (minutes)");
    await must(["npm", "install", "--no-audit", "--no-fund", `twilio-cli@${CLI}`], join(folder, "cli"), home);
    progress("twilio plugins:install (minutes)");
    const plugin = `@twilio-labs/plugin-serverless@${PLUGIN}`;
    await must([join(bin, "twilio"), "plugins:install", plugin], home, home);
    await rm(KEPT, { recursive: true, force: true });
    await rename(folder, KEPT);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return at(KEPT);
}

async function must(command: readonly string[], cwd: string, home: string): Promise<void> {
  const child = Bun.spawn([...command], {
    cwd,
    env: { ...process.env, HOME: home },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0)
    throw new Error(`${command.join(" ")} failed: ${(out + errors).slice(-800)}`);
}
