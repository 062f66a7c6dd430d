/**
 * What a deploy would upload: exactly the entries, small, with nobody else's code in them, and able to answer a call
 * where nothing but the two packages that Twilio installs can be found. Those come from the registry here, as there.
 */
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { z } from "zod";
import { build } from "../../scripts/build.ts";
import { ENTRIES } from "../functions/entries.ts";
import { ACCOUNT, AUTH_TOKEN, CALLER, incomingForm, postSigned, SECRET } from "../functions/signed.ts";
import type { Progress } from "./rows.ts";

const ROOT = join(import.meta.dir, "..", "..");
const EXPECTED = ENTRIES.map((name) => `voice/${name}.protected.js`);
/** Sentences of twilio's own files, which a bundle of them would hold. */
const TWILIO_MARKS = [
  "twilio-node/",
  "class VoiceResponse",
  "RestException",
  "function getExpectedTwilioSignature",
];
const Manifest = z.object({ dependencies: z.record(z.string(), z.string()) });
const Ready = z.object({ ready: z.array(z.string()) });

export type BuildInspection = {
  readonly entries: readonly string[];
  readonly expected: readonly string[];
  readonly largestBytes: number;
  readonly withTwilio: number;
  /** How a signed call was answered by the entries alone. */
  readonly alone: string;
};

export async function inspectBuild(progress: Progress): Promise<BuildInspection> {
  const folder = await mkdtemp(join(tmpdir(), "build-"));
  try {
    const dist = join(folder, "dist");
    await build(dist, join(folder, "no-callers.json"));
    const functions = join(dist, "functions");
    const files = await readdir(functions, { recursive: true, withFileTypes: true });
    const entries = files
      .filter((file) => file.isFile())
      .map((file) => relative(functions, join(file.parentPath, file.name)))
      .toSorted();
    const texts = await Promise.all(entries.map((entry) => Bun.file(join(functions, entry)).text()));
    progress("npm install of the two packages");
    return {
      entries,
      expected: EXPECTED,
      largestBytes: Math.max(...texts.map((text) => Buffer.byteLength(text))),
      withTwilio: texts.filter((text) => TWILIO_MARKS.some((mark) => text.includes(mark))).length,
      alone: await askAlone(functions, entries, join(folder, "deployed")),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function askAlone(functions: string, entries: readonly string[], deployed: string): Promise<string> {
  const { dependencies } = Manifest.parse(await Bun.file(join(ROOT, "package.json")).json());
  await Bun.write(join(deployed, "package.json"), JSON.stringify({ private: true, dependencies }));
  await run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], deployed);
  const flat = entries.map((entry, index) => ({
    path: `/${entry.replace(".protected.js", "")}`,
    file: `ZN${String(index).repeat(32)}.js`,
    from: join(functions, entry),
  }));
  for (const { file, from } of flat) await cp(from, join(deployed, file));
  await cp(join(ROOT, "test", "rehearsal", "twilio-api", "flat-runtime.cjs"), join(deployed, "runtime.cjs"));
  const environment = {
    ACCOUNT_SID: ACCOUNT,
    AUTH_TOKEN,
    RELAY_URL: "wss://relay.example.com",
    STREAM_TOKEN_SECRET: SECRET,
    ALLOWED_NUMBERS: CALLER,
  };
  const given = { environments: [environment], functions: flat.map(({ path, file }) => ({ path, file })) };
  await Bun.write(join(deployed, "given.json"), JSON.stringify(given));
  const child = Bun.spawn(["node", "runtime.cjs"], {
    cwd: deployed,
    env: { PATH: process.env.PATH },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  try {
    const decoder = new TextDecoder();
    let output = "";
    for await (const bytes of child.stdout) {
      output += decoder.decode(bytes, { stream: true });
      const line = output.split("\n").find((text) => text.startsWith('{"ready"'));
      if (line === undefined || !output.includes("\n")) continue;
      const [base] = Ready.parse(JSON.parse(line)).ready;
      const { status, text } = await postSigned(`${base}/voice/incoming`, incomingForm());
      return text.includes('<Stream url="wss://relay.example.com/media-stream/')
        ? "a stream"
        : `status ${status}`;
    }
    return "the runtime did not start";
  } finally {
    child.kill();
    await child.exited;
  }
}

async function run(command: readonly string[], cwd: string): Promise<void> {
  const child = Bun.spawn([...command], { cwd, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed: ${said.slice(-500)}`);
}
