/**
 * `npm run build`: the edge as Twilio takes it, into `dist/`.
 *
 * Each file of `functions/voice/` becomes one CommonJS file with everything in it but twilio. Deployed files lie flat,
 * where a relative require finds nothing, and every .js below `dist/functions` becomes a public URL: so there are
 * entries and nothing else. twilio stays outside: it is 7 MB, and the runtime brings its own. Type-checking is tsc's.
 *
 * `dist/assets` gets the allowlist and nothing else, after the same check that the edge makes when a call comes in:
 * a mistake is found here, by its line, and not by the first caller. What only the edge's variables can tell is noted,
 * where .env.functions is at hand.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs, parseEnv } from "node:util";
import { CALLERS_FILE, type CallersProblem, callersFromFile } from "../functions/edge/callers.ts";
import { unknownTransfers } from "../functions/edge/settings.ts";
import { readTransfers } from "../functions/edge/transfers.ts";
import { UNMARKED } from "../functions/edge/version.ts";

const ROOT = resolve(import.meta.dir, "..");
const EDGE_ENV = ".env.functions";
/** A cold start reads and compiles all of it. */
const MAX_ENTRY_BYTES = 300_000;

export type Built = { readonly file: string; readonly bytes: number };

/** What stops a build, in words for whoever started it. */
export class BuildError extends Error {}

/**
 * @param callersFile the allowlist to check and to ship, if it exists
 * @param bundle puts the entries into a folder, unmarked
 */
export async function build(
  outDir = join(ROOT, "dist"),
  callersFile = join(ROOT, CALLERS_FILE),
  bundle = bundleEntries,
): Promise<readonly Built[]> {
  // The allowlist first: a build that stops there has left the last good one alone.
  const callers = await checkedCallers(callersFile);
  await rm(join(outDir, "functions"), { recursive: true, force: true });
  await rm(join(outDir, "assets"), { recursive: true, force: true });

  const built = await bundle(outDir);
  await mark(outDir, built, callers ?? "");
  // Without the folder itself, twilio-run would serve `assets/`, whose files git may hold but nobody should fetch.
  await mkdir(join(outDir, "assets"), { recursive: true });
  if (callers === undefined) return built;
  const file = join("assets", "callers.private.json");
  const bytes = await Bun.write(join(outDir, file), callers);
  return [...built, { file, bytes }];
}

/** Into `functions` there; not yet marked with a version. */
export async function bundleEntries(outDir: string): Promise<readonly Built[]> {
  const [root, outdir] = [join(ROOT, "functions"), join(outDir, "functions")];
  const names = (await readdir(join(root, "voice"))).filter((name) => name.endsWith(".ts")).sort();
  const result = await Bun.build({
    entrypoints: names.map((name) => join(root, "voice", name)),
    root,
    outdir,
    target: "node",
    format: "cjs",
    external: ["twilio", "@twilio/runtime-handler"],
    // Keeps `.protected` in the name, which is what makes Twilio check the signature as well.
    naming: "[dir]/[name].[ext]",
    metafile: true,
    throw: false,
  });
  if (!result.success) throw new BuildError(result.logs.join("\n"));

  const inlined = Object.keys(result.metafile?.inputs ?? {});
  const foreign = inlined.filter((path) => /node_modules\/(@twilio|twilio)/.test(path));
  if (inlined.length === 0 || foreign.length > 0) {
    throw new BuildError(`these must stay outside the bundle, and are in it: ${foreign.join(", ")}`);
  }
  for (const output of result.outputs) {
    if (output.kind !== "entry-point") throw new BuildError(`${output.path} is not an entry`);
    if (output.size > MAX_ENTRY_BYTES) {
      throw new BuildError(`${output.path} is ${output.size} bytes and may be ${MAX_ENTRY_BYTES}`);
    }
  }
  return result.outputs.map(({ path, size }) => ({
    file: join("functions", path.slice(resolve(outdir).length + 1)),
    bytes: size,
  }));
}

const MARK = /\bedge-version-([0-9a-f]{8})\b/;

/** The same for the same code and the same allowlist, wherever it is built. As long as what it takes the place of. */
async function mark(outDir: string, built: readonly Built[], callers: string): Promise<void> {
  const files = built.map(({ file }) => file).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(outDir, file), "utf8")));
  const hash = createHash("sha256")
    .update(JSON.stringify([files, texts, callers]))
    .digest("hex");
  const version = UNMARKED.replace("unmarked", hash.slice(0, "unmarked".length));
  for (const [at, file] of files.entries()) {
    await Bun.write(join(outDir, file), (texts[at] ?? "").replaceAll(UNMARKED, version));
  }
}

/** What the Functions in a `dist/` say that they are; undefined: there are none, or they are older than marks. */
export async function builtVersion(outDir = join(ROOT, "dist")): Promise<string | undefined> {
  const file = Bun.file(join(outDir, "functions", "voice", "incoming.protected.js"));
  return (await file.exists()) ? MARK.exec(await file.text())?.[0] : undefined;
}

async function checkedCallers(path: string): Promise<string | undefined> {
  const file = Bun.file(path);
  if (!(await file.exists())) return undefined;
  const text = await file.text();
  const read = callersFromFile(text);
  if (read.ok) return text;

  const found = read.problems.toSorted((one, other) => (one.line ?? 0) - (other.line ?? 0));
  throw new BuildError(found.map((problem) => told(CALLERS_FILE, problem)).join("\n"));
}

const told = (file: string, { line, wrong, mend }: CallersProblem): string =>
  `${file}${line === undefined ? "" : `:${line}`}: ${wrong}\n    ${mend}`;

/** What the edge will log of its callers and whom they may be put through to. It stops no build, as it stops no call. */
export async function notesOn(
  callersFile = join(ROOT, CALLERS_FILE),
  envFile = join(ROOT, EDGE_ENV),
): Promise<readonly string[]> {
  const [callers, env] = [Bun.file(callersFile), Bun.file(envFile)];
  if (!(await env.exists())) return [];
  const transfers = readTransfers(parseEnv(await env.text()).TRANSFER_NUMBERS ?? "");
  if (!transfers.ok) {
    return transfers.problems.map(({ wrong, mend }) =>
      told(EDGE_ENV, { wrong: `TRANSFER_NUMBERS ${wrong}`, mend }),
    );
  }
  const read = (await callers.exists()) ? callersFromFile(await callers.text()) : undefined;
  const mentions = read?.ok === true ? read.mentions : [];
  return unknownTransfers(mentions, transfers.transfers).map((note) => told(CALLERS_FILE, note));
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: "string" } } });
  const outDir = resolve(values.out ?? join(ROOT, "dist"));
  try {
    const built = await build(outDir);
    const width = Math.max(...built.map(({ file }) => file.length));
    for (const { file, bytes } of built) {
      console.log(`${file.padEnd(width)}  ${(bytes / 1000).toFixed(1).padStart(6)} kB`);
    }
    if (!built.some(({ file }) => file.startsWith("assets"))) {
      console.log(`no ${CALLERS_FILE}: the allowlist is ALLOWED_NUMBERS alone`);
    }
    for (const note of await notesOn()) console.warn(note);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
