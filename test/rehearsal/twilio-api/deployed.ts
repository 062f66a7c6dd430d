/**
 * What was deployed, as Twilio runs it: exactly the uploaded bytes, laid flat in an empty folder under names of Twilio's
 * own, with the dependencies that were asked for and nothing else, under Node and Twilio's own runtime.
 */
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, extname, join, resolve } from "node:path";
import { z } from "zod";
import type { Live } from "./api.ts";

const ROOT = resolve(import.meta.dir, "..", "..", "..");
const READY_WITHIN_MS = 60_000;
const Ready = z.object({
  ready: z.array(z.string()),
  bun: z.null(),
  found: z.array(z.string()),
  handlers: z.number(),
});

export type Deployed = {
  /** Where it listens on this machine; it takes itself for https://<domainName>. */
  readonly base: string;
  /** Of the packages that our sources import, those that can be found there. */
  readonly found: readonly string[];
  /** How many files have a handler. */
  readonly handlers: number;
  /** Everything printed so far. */
  readonly output: () => string;
  readonly stop: () => Promise<void>;
};

/** @returns the files, by their path in the folder */
export async function layFlat(
  live: Live,
  folder: string,
): Promise<{ functions: readonly Route[]; assets: readonly Route[] }> {
  const lay = (room: "functions" | "assets") =>
    Promise.all(
      live.build[room].map(async ({ sid, path, visibility, bytes }) => {
        const file = `${sid}${room === "functions" ? ".js" : extname(path)}`;
        await Bun.write(join(folder, file), bytes);
        return { path, file, access: visibility };
      }),
    );
  const [functions, assets] = await Promise.all([lay("functions"), lay("assets")]);
  for (const { name } of live.build.dependencies) {
    // What npm would install there, at the version that this project is pinned to.
    const target = join(folder, "node_modules", name);
    await mkdir(dirname(target), { recursive: true });
    await symlink(join(ROOT, "node_modules", name), target);
  }
  return { functions, assets };
}
type Route = { readonly path: string; readonly file: string; readonly access: string };

export async function runDeployed(live: Live): Promise<Deployed> {
  const folder = await mkdtemp(join(tmpdir(), "deployed-"));
  const { functions, assets } = await layFlat(live, folder);
  const environments = [{ ...live.variables, DOMAIN_NAME: live.domainName }];
  const given = { environments, functions, assets };
  await Bun.write(join(folder, "given.json"), JSON.stringify(given));
  await Bun.write(join(folder, "runtime.cjs"), Bun.file(join(import.meta.dir, "flat-runtime.cjs")));

  const child = Bun.spawn(["node", "runtime.cjs"], {
    cwd: folder,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env.PATH },
    // A group of its own: what it may start is ended with it.
    detached: true,
  });
  const { promise: isReady, resolve: tell } = Promise.withResolvers<void>();
  let output = "";
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      output += decoder.decode(bytes, { stream: true });
      if (/^\{"ready".*\n/m.test(output)) tell();
    }
  };
  const collected = Promise.all([collect(child.stdout), collect(child.stderr)]);
  const stop = async () => {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // Nobody of the group is left.
    }
    await child.exited;
    await collected;
    await rm(folder, { recursive: true, force: true });
  };
  await Promise.race([isReady, child.exited, Bun.sleep(READY_WITHIN_MS)]);
  const line = output.split("\n").find((text) => text.startsWith('{"ready"'));
  if (line === undefined) {
    await stop();
    throw new Error(`the runtime did not start: ${output}`);
  }
  const { ready, found, handlers } = Ready.parse(JSON.parse(line));
  return { base: ready[0] ?? "", found, handlers, output: () => output, stop };
}
