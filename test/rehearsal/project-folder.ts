/**
 * The project as a clone of it lies, in a folder of its own: its sources, with env files and an allowlist of the test's
 * and never the owner's. What a command writes, it writes there.
 */
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "..", "..");
const FOLDERS = ["functions", "relay", "scripts", "assets"];
const FILES = ["package.json", ".twilioserverlessrc", "tsconfig.json"];
/** The owner's own, which git ignores. */
const OWNERS = /\/(?:callers\.private\.json|node_modules|data)$/;

export type ProjectFolder = {
  readonly path: string;
  /** Writes a file with this content, readable for its owner alone. */
  write(name: string, content: string): Promise<void>;
  /** As an env file. */
  writeEnv(name: string, variables: Readonly<Record<string, string>>): Promise<void>;
  run(command: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  remove(): Promise<void>;
};

export type Ran = { readonly code: number; readonly out: string; readonly errors: string };

/** @param without a package that is not installed there, or that the test puts there itself */
export async function makeProjectFolder(without?: string): Promise<ProjectFolder> {
  const path = await mkdtemp(join(tmpdir(), "project-"));
  for (const name of FOLDERS) {
    await cp(join(ROOT, name), join(path, name), {
      recursive: true,
      filter: (source) => !OWNERS.test(source),
    });
  }
  for (const name of FILES) await cp(join(ROOT, name), join(path, name));
  await install(join(path, "node_modules"), without);
  const write = async (name: string, content: string) => {
    await Bun.write(join(path, name), content, { mode: 0o600 });
  };
  return {
    path,
    write,
    writeEnv: (name, variables) =>
      write(
        name,
        Object.entries(variables)
          .map(([key, value]) => `${key}=${value}\n`)
          .join(""),
      ),
    run: async (command, env = {}) => {
      const child = Bun.spawn([...command], {
        cwd: path,
        // A home of its own: nobody's settings are read or written.
        env: { PATH: process.env.PATH, HOME: path, CI: "true", ...env },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const [out, errors] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      return { code: await child.exited, out, errors };
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

async function install(at: string, without: string | undefined): Promise<void> {
  const from = join(ROOT, "node_modules");
  if (without === undefined) return symlink(from, at);
  await mkdir(at);
  const names = (await readdir(from)).filter((name) => name !== without);
  await Promise.all(names.map((name) => symlink(join(from, name), join(at, name))));
}
