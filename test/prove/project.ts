/**
 * What holds of the project as a whole: that a stranger's clone works with the two commands of the README, that each
 * thing broken on purpose is named, and that nothing of ours or anybody's lies in the tree.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BREAKS as BREAKAGES } from "../rehearsal/demo/breaks.ts";
import { unlessStalled } from "../rehearsal-tests/demo/processes.ts";
import type { Progress } from "./rows.ts";

const ROOT = join(import.meta.dir, "..", "..");
export const BREAKS = Object.keys(BREAKAGES);

export type Outcome = {
  readonly code: number;
  readonly seconds: number;
  readonly lastLine: string;
  readonly output: string;
};
export type Clone = {
  readonly demo: Outcome;
  readonly test: Outcome;
  readonly breaks: Readonly<Record<string, { readonly code: number; readonly named: boolean }>>;
  /** Without its tools the call goes on to its goodbye, and only what needed them is missing. */
  readonly goesOnWithoutTools: boolean;
  /** A caller whom the model never answers hears the relay itself, and no voice besides. */
  readonly isHeardWithoutModel: boolean;
};

/** Clones what is committed into an empty folder, with an empty home, and does what the README says. */
export async function inFreshClone(progress: Progress): Promise<Clone> {
  const folder = mkdtempSync(join(tmpdir(), "clone-"));
  try {
    const home = join(folder, "home");
    const clone = join(folder, "clone");
    await Bun.write(join(home, ".npmrc"), await registrySettings());
    await must(["git", "clone", "--quiet", ROOT, clone], folder, home);
    progress("npm ci");
    await must(["npm", "ci", "--no-audit", "--no-fund"], clone, home);
    progress("npm run demo");
    const demo = await unlessStalled(
      ({ code }) => code === 0,
      () => outcomeOf(["npm", "run", "demo"], clone, home),
    );
    const breaks: Record<string, { code: number; named: boolean }> = {};
    let goesOnWithoutTools = false;
    let isHeardWithoutModel = false;
    for (const name of BREAKS) {
      progress(`npm run demo -- --break ${name}`);
      const isNamed = ({ output }: Outcome) => output.includes(`✗ broken: ${name}\n`);
      const broken = await unlessStalled(isNamed, () =>
        outcomeOf(["npm", "run", "demo", "--", "--break", name], clone, home),
      );
      breaks[name] = { code: broken.code, named: isNamed(broken) };
      if (name === "tools") goesOnWithoutTools = lacksToolsAlone(broken.output);
      if (name === "model") isHeardWithoutModel = hearsRelayAlone(broken.output);
    }
    progress("npm test");
    const test = await outcomeOf(["npm", "test"], clone, home);
    return { demo, test, breaks, goesOnWithoutTools, isHeardWithoutModel };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param text of a demo whose MCP server refuses the relay */
const lacksToolsAlone = (text: string): boolean =>
  [
    /noticed by +The relay, before the call: zapier: unauthorized\./,
    /“I am sorry, I cannot/,
    /✗ the day was looked up +zapier is unauthorized/,
    /✓ the assistant said that it cannot/,
    /✓ the assistant hung up/,
    /✓ nothing was left open/,
  ].every((line) => line.test(text)) &&
  text.match(/^ +✗ (?!broken)/gm)?.length === 1 &&
  !/^ +· /m.test(text);

/** @param text of a demo whose model refuses the relay */
const hearsRelayAlone = (text: string): boolean =>
  [
    /noticed by +The relay: it apologised to the caller itself, the call ended as model_refused/,
    /heard +“One moment, please\.” \(the relay's own voice\); then “I am sorry, I cannot go on/,
    /^ +\d+\.\d\d +relay +“One moment, please\.”$/m,
    /^ +\d+\.\d\d +relay +“I am sorry, .+ Please call back later\.”$/m,
    /The model refused\s+the\s+relay's\s+handshake\s+with\s+HTTP\s+503,\s+\d+\s+times\./,
    /and\s+hung\s+up\s+without\s+an\s+apology\s+of\s+its\s+own\./,
    /✓ nothing was left open/,
  ].every((line) => line.test(text)) && !/Twilio's voice|Silence, for|^ +\d+\.\d\d +twilio +“/m.test(text);

/** As the gate runs them, but for what is said to the contrary in `env`. */
export const runTests = (
  paths: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> => outcomeOf(["npm", "test", "--", ...paths], ROOT, process.env.HOME ?? ROOT, env);

/** What must not lie in a public repository, by name, with the lines where it does. */
export async function searchTree(): Promise<Readonly<Record<string, readonly string[]>>> {
  const grep = async (pattern: string, ...except: readonly string[]) => {
    const files = ["--", ".", ":!package-lock.json", ...except.map((path) => `:!${path}`)];
    const { output } = await outcomeOf(
      ["git", "grep", "-nIP", pattern, ...files],
      ROOT,
      process.env.HOME ?? ROOT,
    );
    return output.split("\n").filter((line) => line !== "");
  };
  return {
    // Assembled, or this very file would be found.
    "a path of a machine": await grep(`(^|[^\\w.])/(${["work", "root", "home", "Users"].join("|")})/\\w`),
    "a number that is not of the reserved 555 kind": await grep(
      "\\+(?!1555|1\\d{3}555|4420794609|447700900)[1-9]\\d{9,14}\\b",
    ),
    "a key": await grep("\\b(sk-[A-Za-z0-9]{20,}|SK[0-9a-f]{32}|xox[bp]-|ghp_[A-Za-z0-9]{20,})"),
    "a private key": await grep(`BEGIN [A-Z ]*${"PRIVATE"} KEY`),
  };
}

/** Where packages come from is the machine's business; nothing else of its settings goes along. */
async function registrySettings(): Promise<string> {
  const file = Bun.file(join(process.env.HOME ?? "", ".npmrc"));
  return (await file.exists()) ? file.text() : "";
}

async function must(command: readonly string[], cwd: string, home: string): Promise<void> {
  const { code, output } = await outcomeOf(command, cwd, home);
  if (code !== 0) throw new Error(`${command.join(" ")} failed: ${output.slice(-800)}`);
}

async function outcomeOf(
  command: readonly string[],
  cwd: string,
  home: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const startedAt = performance.now();
  const kept = Object.entries(process.env).filter(([name]) =>
    /^(npm_config_registry|NODE_EXTRA_CA_CERTS|SSL_CERT_|https?_proxy|no_proxy)/i.test(name),
  );
  const child = Bun.spawn([...command], {
    cwd,
    env: {
      PATH: process.env.PATH ?? "",
      HOME: home,
      LANG: "C.UTF-8",
      TERM: "dumb",
      ...Object.fromEntries(kept),
      ...env,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const code = await child.exited;
  const output = out + err;
  const lastLine = out.trimEnd().split("\n").at(-1) ?? "";
  return { code, seconds: Math.round((performance.now() - startedAt) / 1000), lastLine, output };
}
