/**
 * A stranger's machine: a Debian made by debootstrap in a folder, with nothing on it, and the README's commands in order,
 * taken out of the README itself. What a person would answer is given by flags, and what would run on is stopped; a
 * command of the README of which nothing is said here is a failure.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../patience.ts";
import type { Progress, Proof, Row } from "../rows.ts";
import { FLAGS, OWNER } from "./setting-up.ts";

const ROOT = join(import.meta.dir, "../../..");
/** Its Node is 20. */
const DEBIAN = "trixie";
const PARTS = ["The first five minutes, with no account", "Ten minutes to the phone"] as const;
const CLONE = "/srv/phone-assistant";
/** The relay's, by default. The network is this machine's: it must be free. */
const PORT = "5050";

type Cells = Omit<Row, "group">;
type Way =
  | { readonly is: "run"; readonly more?: string }
  /** Until it says this. */
  | { readonly is: "served"; readonly in: string; readonly env: Readonly<Record<string, string>> }
  | { readonly is: "elsewhere"; readonly where: string };

const WAYS: Readonly<Record<string, Way>> = {
  "sudo apt-get install -y --no-install-recommends nodejs npm git ca-certificates": { is: "run" },
  "npm ci": { is: "run" },
  "npm run demo": { is: "run" },
  "npm test": { is: "run" },
  "npm run setup": { is: "run", more: `-- --no-input --offline --new-secret ${FLAGS.join(" ")}` },
  "npm run dev -- --tunnel --point +15557654321": { is: "elsewhere", where: "ship/tunnel" },
  // Another machine, so another clone.
  "npm ci --omit=dev && npm run relay": {
    is: "served",
    in: "/srv/on-the-vm",
    env: {
      RELAY_URL: `ws://localhost:${PORT}`,
      STREAM_TOKEN_SECRET: "a secret of a machine that is thrown away",
      TWILIO_ACCOUNT_SID: OWNER.accountSid,
      TWILIO_AUTH_TOKEN: OWNER.authToken,
      OPENAI_API_KEY: OWNER.openaiKey,
      MIN_DISK_MB: "0",
    },
  },
  "npm run deploy": { is: "elsewhere", where: "ship/deploy" },
  "npm run doctor": { is: "run", more: "-- --only settings,records" },
};

export const CLEAN: Proof = {
  name: "clean",
  run: async (progress) => {
    const missing = ["debootstrap", "unshare", "chroot"].filter((name) => Bun.which(name) === null);
    if (process.getuid?.() !== 0 || missing.length > 0) {
      const measured = missing.length > 0 ? `there is no ${missing.join(", no ")}` : "not root";
      return [{ what: "a clean Debian in a folder", bound: "root, debootstrap", measured, ok: false }];
    }
    const root = mkdtempSync(join(tmpdir(), "clean-"));
    try {
      return await onCleanMachine(root, progress);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  },
};

/** @param root a folder that is empty */
export async function onCleanMachine(
  root: string,
  progress: Progress,
  commands = commandsOf(readFileSync(join(ROOT, "README.md"), "utf8")),
): Promise<readonly Cells[]> {
  progress("debootstrap");
  const made = await outcomeOf(["debootstrap", "--variant=minbase", DEBIAN, root]);
  if (made.code !== 0) throw new Error(`debootstrap failed: ${made.said.slice(-600)}`);
  await settle(root);

  const rows: Cells[] = [];
  for (const command of commands) {
    const what = `README: ${command}`;
    const way = WAYS[command];
    if (way === undefined) {
      rows.push({ what, bound: "this proof runs it", measured: "nobody has said how", ok: false });
      continue;
    }
    if (way.is === "elsewhere") {
      rows.push({ what, bound: `run by ${way.where}`, measured: "left to it", ok: true });
      continue;
    }
    progress(command);
    const at = performance.now();
    const { code, said } = await (way.is === "run"
      ? inside(root, `${withoutSudo(command)} ${way.more ?? ""}`, CLONE)
      : served(root, command, way));
    const seconds = ((performance.now() - at) / 1000).toFixed(0);
    // Why, in its own last words.
    const why = code === 0 ? "" : `: ${said.trim().slice(-300).replaceAll(/\s+/g, " ")}`;
    if (code !== 0) console.log(`\n${command}\n${failuresIn(said)}`);
    rows.push({ what, bound: "exit 0", measured: `exit ${code}, ${seconds} s${why}`, ok: code === 0 });
    if (command.startsWith("sudo apt-get")) await clone(root);
  }
  return rows.length > 0
    ? rows
    : [{ what: "the README's commands", bound: "some", measured: "none", ok: false }];
}

/** Every line of every `sh` block of these parts, in order. */
export function commandsOf(readme: string): readonly string[] {
  return PARTS.flatMap((part) => {
    const [, text = ""] = readme.split(`\n## ${part}\n`);
    const [untilNext = ""] = text.split("\n## ");
    return [...untilNext.matchAll(/^( *)```sh\n([\s\S]*?)^ *```$/gm)].flatMap(([, , block = ""]) =>
      block
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== ""),
    );
  });
}

/** What stands before each test that failed, or all that was said last. */
function failuresIn(said: string): string {
  const failed = [...said.matchAll(/^\(fail\) .*$/gm)];
  if (failed.length === 0) return said.slice(-8_000);
  return failed
    .map(({ index, 0: line }) => said.slice(Math.max(0, index - 4_000), index + line.length))
    .join("\n");
}

/** Root needs none, and a bare Debian has none. */
const withoutSudo = (command: string): string => command.replace(/^sudo /, "");

/** The network's names, and from where this machine takes its packages: that is the machine's business. */
async function settle(root: string): Promise<void> {
  for (const file of ["/etc/resolv.conf", "/etc/hosts"]) {
    if (existsSync(file)) cpSync(file, join(root, file), { dereference: true });
  }
  const settings = join(process.env.HOME ?? "", ".npmrc");
  if (existsSync(settings)) cpSync(settings, join(root, "root/.npmrc"));
  const authorities = process.env.NODE_EXTRA_CA_CERTS;
  if (authorities !== undefined && existsSync(authorities)) {
    mkdirSync(join(root, "etc/ssl"), { recursive: true });
    cpSync(authorities, join(root, "etc/ssl/of-this-machine.pem"), { dereference: true });
  }
  mkdirSync(join(root, CLONE), { recursive: true });
  const { code, said } = await inside(root, "apt-get update -qq", "/");
  if (code !== 0) throw new Error(`apt-get update failed: ${said.slice(-600)}`);
}

/** What is committed, as from where the repository lies. */
async function clone(root: string): Promise<void> {
  const bundle = join(root, "srv/project.bundle");
  const made = await outcomeOf(["git", "-C", ROOT, "bundle", "create", "--quiet", bundle, "HEAD"]);
  if (made.code !== 0) throw new Error(`git bundle failed: ${made.said}`);
  for (const place of [CLONE, "/srv/on-the-vm"]) {
    const cloned = await inside(root, `git clone --quiet /srv/project.bundle ${place}`, "/");
    if (cloned.code !== 0) throw new Error(`git clone failed: ${cloned.said}`);
  }
}

async function served(root: string, command: string, way: Extract<Way, { is: "served" }>) {
  const child = start(root, command, way.in, way.env);
  const said = new Response(child.stderr).text();
  const isReady = async () => {
    const answer = await fetch(`http://127.0.0.1:${PORT}/readyz`).catch(() => undefined);
    return answer?.ok ?? false;
  };
  try {
    await until(async () => child.exitCode !== null || (await isReady()), 600_000);
    return { code: child.exitCode ?? 0, said: child.exitCode === null ? "" : await said };
  } finally {
    // unshare waits for its child and holds other signals back; with it goes all that runs in there.
    child.kill("SIGKILL");
    await child.exited;
  }
}

async function inside(root: string, command: string, cwd: string) {
  const child = start(root, command, cwd);
  const [out, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, said: `${out}${errors}` };
}

/** Processes and mounts of its own, which are gone with it; the network is this machine's. */
function start(root: string, command: string, cwd: string, env: Readonly<Record<string, string>> = {}) {
  const enter = [
    `mount -t proc proc "${root}/proc"`,
    `mount --rbind /dev "${root}/dev"`,
    `exec chroot "${root}" bash -c 'cd "$0" && eval "$1"' "$1" "$2"`,
  ].join(" && ");
  const ca = existsSync(join(root, "etc/ssl/of-this-machine.pem"))
    ? { NODE_EXTRA_CA_CERTS: "/etc/ssl/of-this-machine.pem" }
    : {};
  return Bun.spawn(
    ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", enter, "sh", cwd, command],
    {
      env: {
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        HOME: "/root",
        LANG: "C.UTF-8",
        TERM: "dumb",
        DEBIAN_FRONTEND: "noninteractive",
        ...ca,
        ...env,
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    },
  );
}

async function outcomeOf(command: readonly string[]) {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, said: `${out}${errors}` };
}
