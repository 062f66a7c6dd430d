/**
 * `npm run dev`: the edge and the relay together, for daily work. The edge is the real twilio-run on what the real
 * build made, with .env.functions; the relay runs as deployed, with .env. Each is restarted when what it is made of
 * changes; a build or a start that fails is shown, and the next change tries again.
 *
 * It ends what it has started and nothing else: a busy port is reported with the option that names another.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readEnvFile } from "../relay/cli/env-file.ts";
import { withVariable } from "../relay/cli/env-syntax.ts";
import { BuildError, build } from "./build.ts";
import { HELP, readArguments } from "./dev/arguments.ts";
import { type Child, PIPED, Restarted, say } from "./dev/children.ts";
import { mendAfterCrash, Outside } from "./dev/outside.ts";
import { EDGE_ENV, RELAY_ENV, watchSources } from "./dev/sources.ts";

const ROOT = resolve(import.meta.dir, "..");

const EXIT_MISTAKE = 2;

type Env = Readonly<Record<string, string | undefined>>;
/** The relay's own, wherever it was started from. */
const dataFolder = ({ DATA_DIR }: Env): string => resolve(ROOT, DATA_DIR || "data");
type Envs = { readonly relayEnv: Env; readonly edgeEnv: Env };
type Terms = Envs & { readonly port: number; readonly edgePort: number };

/** Anything that may change is read again for each start. */
const envOf = async (name: string): Promise<Env | undefined> => {
  const file = await readEnvFile(join(ROOT, name), name === RELAY_ENV ? "relay" : "edge");
  return file && Object.fromEntries(file.values);
};

/** Or which are missing. */
async function readEnvs(): Promise<Envs | string> {
  const [relayEnv, edgeEnv] = [await envOf(RELAY_ENV), await envOf(EDGE_ENV)];
  if (relayEnv !== undefined && edgeEnv !== undefined) return { relayEnv, edgeEnv };
  const missing = [...(relayEnv ? [] : [RELAY_ENV]), ...(edgeEnv ? [] : [EDGE_ENV])];
  const lines = missing.map((name) => `${name} is missing: cp ${name}.example ${name}, and fill it in.`);
  return [...lines, "Or: npm run setup"].join("\n");
}

/** Or all that is wrong, in words. */
async function readTerms(
  envs: Envs,
  relayPort: string | undefined,
  ownEdgePort: string | undefined,
): Promise<Terms | string> {
  const problems: string[] = [];
  const portOf = (text: string, option: string): number => {
    const port = Number(text);
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      problems.push(`${option} ${text} is not a port.`);
    return port;
  };
  const port = portOf(relayPort ?? (envs.relayEnv.PORT || "5050"), "--port");
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
  return problems.length > 0 ? problems.join("\n") : { port, edgePort, ...envs };
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

async function startRelay({ port }: Terms, host: string | undefined): Promise<Child> {
  const env = (await envOf(RELAY_ENV)) ?? {};
  const url = host === undefined ? relayUrl(env, port) : `wss://${host}`;
  // A restart must not wait for the call that is being tried out.
  const ours = { PORT: String(port), RELAY_URL: url, DRAIN_SECONDS: "0" };
  return Bun.spawn([process.execPath, "--no-env-file", join("relay", "main.ts")], {
    ...PIPED,
    cwd: ROOT,
    env: { ...process.env, ...env, ...ours },
  });
}

/**
 * @param folder of our own, for an env file that is not quite the owner's
 * @param host where both are reached from outside
 */
async function startEdge(
  { port, edgePort }: Terms,
  folder: string,
  host: string | undefined,
): Promise<Child | undefined> {
  try {
    await build(join(ROOT, "dist"));
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    say("edge", error.message);
    return undefined;
  }
  const env = (await envOf(EDGE_ENV)) ?? {};
  const ours: readonly (readonly [string, string])[] =
    host === undefined
      ? [["RELAY_URL", relayUrl(env, port)]]
      : [
          ["RELAY_URL", `wss://${host}`],
          ["EDGE_URL", `https://${host}`],
        ];
  let envFile = join(ROOT, EDGE_ENV);
  if (ours.some(([name, value]) => env[name] !== value)) {
    const text = await Bun.file(envFile).text();
    envFile = join(folder, EDGE_ENV);
    await Bun.write(
      envFile,
      ours.reduce((written, [name, value]) => withVariable(written, "edge", name, value), text),
    );
  }
  const bin = join(ROOT, "node_modules", "twilio-run", "bin", "twilio-run.js");
  // Without its log of requests, which prints their addresses and with them the state.
  const flags = ["--port", String(edgePort), "--env", envFile, "--no-live", "--no-fork-process", "--no-logs"];
  return Bun.spawn(["node", bin, "start", ...flags], { ...PIPED, cwd: ROOT });
}

async function main(): Promise<number> {
  const told = readArguments();
  if (typeof told === "string") {
    console.error(`${told}\n\n${HELP}`);
    return EXIT_MISTAKE;
  }
  if (told.help) {
    console.log(HELP);
    return 0;
  }
  const envs = await readEnvs();
  if (typeof envs === "string") {
    console.error(envs);
    return EXIT_MISTAKE;
  }
  const outside = told.wish && new Outside(told.wish, told.point, envs.relayEnv);
  const inTheWay = await mendAfterCrash(envs.relayEnv, dataFolder(envs.relayEnv), outside !== undefined);
  if (inTheWay !== undefined) {
    console.error(inTheWay);
    return EXIT_MISTAKE;
  }
  const terms = await readTerms(envs, told.port, told.edgePort);
  if (typeof terms === "string") {
    console.error(terms);
    return EXIT_MISTAKE;
  }
  // Before anything is started: a signal must never find something to leave behind.
  const { promise: interrupted, resolve: tell } = Promise.withResolvers<number>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => tell(0));
  return await run(terms, outside, interrupted, tell);
}

async function run(
  terms: Terms,
  outside: Outside | undefined,
  over: Promise<number>,
  tell: (code: number) => void,
): Promise<number> {
  const { port, edgePort, relayEnv } = terms;
  const folder = await mkdtemp(join(tmpdir(), "dev-"));
  const opened = outside?.open({ edge: edgePort, relay: port }, dataFolder(relayEnv), folder);
  const host = opened === undefined ? undefined : await Promise.race([opened, over]);
  if (typeof host === "number" || host?.ok === false) {
    if (typeof host !== "number") console.error(host.problem);
    await outside?.close();
    await rm(folder, { recursive: true, force: true });
    return typeof host === "number" ? host : 1;
  }
  if (host === undefined) for (const warning of warnings(terms)) say("dev", `! ${warning}`);
  const started = (pid: number) => outside?.started(pid);
  const relay = new Restarted(
    "relay",
    `http://localhost:${port}/healthz`,
    () => startRelay(terms, host?.host),
    started,
  );
  const edge = new Restarted(
    "edge",
    `http://localhost:${edgePort}/voice/fallback`,
    () => startEdge(terms, folder, host?.host),
    started,
  );
  const stopWatching = watchSources(ROOT, (sides) => {
    say("dev", `restarting ${[...sides].sort().join(" and ")}`);
    for (const each of [edge, relay]) if (sides.has(each.name)) void each.restart();
  });
  const shown = host === undefined ? relayUrl(relayEnv, port) : `wss://${host.host}`;
  say("dev", `relay ${shown}, listening on port ${port}`);
  say(
    "dev",
    `edge  ${host === undefined ? `http://localhost:${edgePort}` : `https://${host.host}`}/voice/incoming`,
  );
  void relay.restart();
  void edge.restart();
  void outside?.ended.then((code) => {
    say("dev", `! the tunnel has ended with ${code}, and with it everything here: start again`);
    tell(1);
  });
  const pointed = outside === undefined ? undefined : await outside.point();
  if (pointed !== undefined) {
    console.error(pointed);
    tell(1);
  }

  const code = await over;
  stopWatching();
  // The number first: whoever calls now should not come here any more.
  await outside?.putBack();
  await Promise.all([edge.stop(), relay.stop()]);
  await outside?.close();
  await rm(folder, { recursive: true, force: true });
  say("dev", "both have ended");
  return code;
}

process.exit(await main());
