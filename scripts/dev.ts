/**
 * `npm run dev`: the edge and the relay together, for daily work. The edge is the real twilio-run on what the real
 * build made, with .env.functions; the relay runs as deployed, with .env. Each is restarted when what it is made of
 * changes; a build or a start that fails is shown, and the next change tries again.
 *
 * It ends what it has started and nothing else: a busy port is reported with the option that names another.
 */
import { type FSWatcher, watch } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs, parseEnv } from "node:util";
import { BuildError, build } from "./build.ts";

const ROOT = resolve(import.meta.dir, "..");
const RELAY_ENV = ".env";
const EDGE_ENV = ".env.functions";
/** An editor writes a file in several steps, and a checkout writes many. */
const SETTLED_AFTER_MS = 200;
const BUNDLED_WITH_THE_EDGE: ReadonlySet<string> = new Set(["contract.ts", "jwt.ts"]);
const END_WITHIN_MS = 5_000;
const READY_WITHIN_MS = 20_000;

const HELP = `npm run dev: the edge (twilio-run) and the relay, restarted on change.

  npm run dev -- --port 5050         the relay's port (by default PORT in ${RELAY_ENV}, or 5050)
  npm run dev -- --edge-port 3000    the edge's port (by default 3000)

The relay reads ${RELAY_ENV}, the edge ${EDGE_ENV}. Where RELAY_URL names this machine, both follow --port.
Twilio reaches the edge and the relay through tunnels: EDGE_URL in ${EDGE_ENV}, RELAY_URL in both.`;

const EXIT_MISTAKE = 2;

type Name = "edge" | "relay" | "dev";
/** SGR parameters. */
const COLOURS: Readonly<Record<Name, string>> = { edge: "34", relay: "35", dev: "2" };
const colours = process.stdout.isTTY === true && (process.env.NO_COLOR ?? "") === "";

function say(name: Name, text: string): void {
  const prefix = name.padEnd(5);
  console.log(`${colours ? `\x1b[${COLOURS[name]}m${prefix}\x1b[0m` : prefix} ${text}`);
}

type Child = Bun.Subprocess<"ignore", "pipe", "pipe">;
/** In a group of its own, so that all of it can be ended, and nothing else is. */
const PIPED = { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "pipe", detached: true } as const;

/** A process that is started again and again, one at a time. */
class Restarted {
  readonly name: "edge" | "relay";
  readonly #readyUrl: string;
  readonly #start: () => Promise<Child | undefined>;
  #child: Child | undefined;
  #work: Promise<void> = Promise.resolve();
  #isOver = false;

  /** @param start undefined when there is nothing to start, and somebody has said why */
  constructor(name: "edge" | "relay", readyUrl: string, start: () => Promise<Child | undefined>) {
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
    signalGroup(child.pid, "SIGTERM");
    const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), END_WITHIN_MS);
    await child.exited;
    clearTimeout(timer);
    signalGroup(child.pid, "SIGKILL");
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}

async function printLines(stream: ReadableStream<Uint8Array>, name: Name): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") say(name, line);
  }
  if (rest !== "") say(name, rest);
}

type Env = Readonly<Record<string, string | undefined>>;
type Terms = {
  readonly port: number;
  readonly edgePort: number;
  readonly relayEnv: Env;
  readonly edgeEnv: Env;
};

/** Or all that is wrong, in words. */
async function readTerms(
  relayPort: string | undefined,
  ownEdgePort: string | undefined,
): Promise<Terms | string> {
  const problems: string[] = [];
  const read = async (name: string): Promise<Env> => {
    const file = Bun.file(join(ROOT, name));
    if (await file.exists()) return parseEnv(await file.text());
    problems.push(`${name} is missing: cp ${name}.example ${name}, and fill it in.`);
    return {};
  };
  const relayEnv = await read(RELAY_ENV);
  const edgeEnv = await read(EDGE_ENV);
  const portOf = (text: string, option: string): number => {
    const port = Number(text);
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      problems.push(`${option} ${text} is not a port.`);
    return port;
  };
  const port = portOf(relayPort ?? (relayEnv.PORT || "5050"), "--port");
  const edgePort = portOf(ownEdgePort ?? "3000", "--edge-port");
  if (problems.length === 0) {
    for (const [number, option] of [
      [port, "--port"],
      [edgePort, "--edge-port"],
    ] as const) {
      if (await isTaken(number))
        problems.push(`Port ${number} is taken by another process: choose one with ${option}.`);
    }
  }
  return problems.length > 0 ? problems.join("\n") : { port, edgePort, relayEnv, edgeEnv };
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const server = createServer();
    server.once("error", () => answer(true));
    server.listen(port, () => server.close(() => answer(false)));
  });
}

/** What differs where it must be the same, found before the first call fails of it. */
function warnings({ relayEnv, edgeEnv }: Terms): string[] {
  const found: string[] = [];
  const listed = (list: string | undefined) => (list ?? "").split(",").map((each) => each.trim());
  // The edge signs with its newest secret, which the relay must know; and one of its relays must be this one.
  const [newest = ""] = listed(edgeEnv.STREAM_TOKEN_SECRET);
  const pairs = [
    ["STREAM_TOKEN_SECRET", "STREAM_TOKEN_SECRET", listed(relayEnv.STREAM_TOKEN_SECRET).includes(newest)],
    ["RELAY_URL", "RELAY_URL", listed(edgeEnv.RELAY_URL).includes(relayEnv.RELAY_URL ?? "")],
    ["TWILIO_ACCOUNT_SID", "ACCOUNT_SID", relayEnv.TWILIO_ACCOUNT_SID === edgeEnv.ACCOUNT_SID],
    ["TWILIO_AUTH_TOKEN", "AUTH_TOKEN", (relayEnv.TWILIO_AUTH_TOKEN ?? "") === (edgeEnv.AUTH_TOKEN ?? "")],
  ] as const;
  for (const [ours, theirs, isSame] of pairs) {
    if (!isSame)
      found.push(`${ours} in ${RELAY_ENV} and ${theirs} in ${EDGE_ENV} differ: calls will be refused`);
  }
  return found;
}

/** Where RELAY_URL is this machine, it is wherever the relay listens. */
function relayUrl({ RELAY_URL: url = "" }: Env, port: number): string {
  return /^ws:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?\/?$/.test(url)
    ? `ws://localhost:${port}`
    : url;
}

/** Anything that may change is read again for each start. */
const envOf = async (name: string): Promise<Env> => parseEnv(await Bun.file(join(ROOT, name)).text());

async function startRelay({ port }: Terms): Promise<Child> {
  const env = await envOf(RELAY_ENV);
  // A restart must not wait for the call that is being tried out.
  const ours = { PORT: String(port), RELAY_URL: relayUrl(env, port), DRAIN_SECONDS: "0" };
  return Bun.spawn([process.execPath, "--no-env-file", join("relay", "main.ts")], {
    ...PIPED,
    env: { ...process.env, ...env, ...ours },
  });
}

/** @param folder of our own, for an env file that is not quite the owner's */
async function startEdge({ port, edgePort }: Terms, folder: string): Promise<Child | undefined> {
  try {
    await build(join(ROOT, "dist"));
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    say("edge", error.message);
    return undefined;
  }
  const env = await envOf(EDGE_ENV);
  const url = relayUrl(env, port);
  let envFile = join(ROOT, EDGE_ENV);
  if (url !== env.RELAY_URL) {
    const text = await Bun.file(envFile).text();
    envFile = join(folder, EDGE_ENV);
    await Bun.write(envFile, text.replaceAll(/^\s*RELAY_URL\s*=.*$/gm, `RELAY_URL=${url}`));
  }
  const bin = join(ROOT, "node_modules", "twilio-run", "bin", "twilio-run.js");
  // Without its log of requests, which prints their addresses and with them the state.
  const flags = ["--port", String(edgePort), "--env", envFile, "--no-live", "--no-fork-process", "--no-logs"];
  return Bun.spawn(["node", bin, "start", ...flags], PIPED);
}

/** @param affected says which of the two a changed file is part of */
function watchAll(affected: (names: ReadonlySet<"edge" | "relay">) => void): () => void {
  const changed = new Set<"edge" | "relay">();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const note = (name: "edge" | "relay") => {
    changed.add(name);
    clearTimeout(timer);
    timer = setTimeout(() => {
      affected(new Set(changed));
      changed.clear();
    }, SETTLED_AFTER_MS);
  };
  const isSource = (file: string | null): file is string => file !== null && /^[^.].*\.(ts|json)$/.test(file);
  const watchers: FSWatcher[] = [
    watch(join(ROOT, "relay"), { recursive: true }, (_, file) => {
      if (!isSource(file)) return;
      note("relay");
      if (BUNDLED_WITH_THE_EDGE.has(file)) note("edge");
    }),
    ...["functions", "assets"].map((folder) =>
      watch(join(ROOT, folder), { recursive: true }, (_, file) => {
        if (isSource(file)) note("edge");
      }),
    ),
    watch(ROOT, (_, file) => {
      if (file === RELAY_ENV) note("relay");
      if (file === EDGE_ENV) note("edge");
    }),
  ];
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

async function main(): Promise<number> {
  let given: { port?: string; "edge-port"?: string; help?: boolean };
  try {
    const options = {
      port: { type: "string" },
      "edge-port": { type: "string" },
      help: { type: "boolean", short: "h" },
    } as const;
    ({ values: given } = parseArgs({ options }));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return EXIT_MISTAKE;
  }
  if (given.help) {
    console.log(HELP);
    return 0;
  }
  const terms = await readTerms(given.port, given["edge-port"]);
  if (typeof terms === "string") {
    console.error(terms);
    return EXIT_MISTAKE;
  }
  // Before anything is started: a signal must never find something to leave behind.
  const { promise: told, resolve: tell } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => tell());

  for (const warning of warnings(terms)) say("dev", `! ${warning}`);

  const folder = await mkdtemp(join(tmpdir(), "dev-"));
  const { port, edgePort } = terms;
  const relay = new Restarted("relay", `http://localhost:${port}/healthz`, () => startRelay(terms));
  const edge = new Restarted("edge", `http://localhost:${edgePort}/voice/fallback`, () =>
    startEdge(terms, folder),
  );
  const stopWatching = watchAll((names) => {
    say("dev", `restarting ${[...names].sort().join(" and ")}`);
    for (const each of [edge, relay]) if (names.has(each.name)) void each.restart();
  });
  say("dev", `relay ${relayUrl(terms.relayEnv, port)}, listening on port ${port}`);
  say("dev", `edge  http://localhost:${edgePort}/voice/incoming`);
  void relay.restart();
  void edge.restart();

  await told;
  stopWatching();
  await Promise.all([edge.stop(), relay.stop()]);
  await rm(folder, { recursive: true, force: true });
  say("dev", "both have ended");
  return 0;
}

process.exit(await main());
