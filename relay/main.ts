/**
 * The relay's entry: environment to configuration, wiring, signals. The only place that reads process.env.
 */
import { readFile } from "node:fs/promises";
import { PHONE_TOOL_NAMES, phoneTool } from "./call/phone-tools.ts";
import { idlePatterns } from "./call/policy.ts";
import { timeoutMsOf } from "./call/tool-timeouts.ts";
import { configFrom, printFindings } from "./config.ts";
import { type Budget, openBudget } from "./io/budget.ts";
import { takeCensus } from "./io/census.ts";
import { ClipsError, readClips } from "./io/clips.ts";
import { systemClock } from "./io/clock.ts";
import { SWEEP_EVERY_MS } from "./io/conversations.ts";
import { CURRENT_TIME, CurrentTime } from "./io/current-time.ts";
import { readFunctions } from "./io/function-files.ts";
import { Functions } from "./io/functions.ts";
import { Health } from "./io/health.ts";
import { makeLog } from "./io/log.ts";
import type { Catalogue } from "./io/mcp/catalogue.ts";
import { nativeServersOf } from "./io/mcp/native.ts";
import { memoryLimitBytes } from "./io/memory-limit.ts";
import { Metrics } from "./io/metrics.ts";
import { MetricsDoor } from "./io/metrics-door.ts";
import { openConversations } from "./io/open-conversations.ts";
import { type Records, RecordsFailure } from "./io/records.ts";
import { RedisRecords } from "./io/redis.ts";
import { RelayServer } from "./io/server.ts";
import { Store } from "./io/store.ts";
import { TokenTime } from "./io/token-time.ts";
import { Tools } from "./io/tools.ts";
import { sensesOf, Vitals } from "./io/vitals.ts";
import { Presence } from "./presence.ts";

/** EX_CONFIG of sysexits.h: what is wrong is the configuration, and a restart will not mend it. */
const EX_CONFIG = 78;
const FORGET_EVERY_MS = 24 * 3600 * 1000;
/** Tools are there before the first call, if they are there at all. */
const MCP_OPENS_WITHIN_MS = 1_000;
/** Of what the kernel lets this process have: above it, it would be killed with all its calls. */
const MEMORY_IS_FULL_AT = 0.85;
const ASK_WHETHER_READY_EVERY_MS = 250;

const now = () => new Date();
const configured = await configFrom(process.env, now(), textOf);
if (!configured.ok) {
  console.error(
    `The relay cannot start. Mend these in .env or in the environment:\n${printFindings(configured.problems)}`,
  );
  process.exit(EX_CONFIG);
}
const { config, warnings } = configured;
const metrics = new Metrics();
const log = metrics.counting(makeLog(config.logLevel, (line) => process.stdout.write(`${line}\n`)));
for (const { variable, mend } of warnings) log({ event: "relay.warning", level: "warn", variable, mend });
if (warnings.length > 0) console.error(printFindings(warnings));

const phonesOwn = [...PHONE_TOOL_NAMES, CURRENT_TIME];
const read =
  config.functionsDir === undefined
    ? ({ ok: true, functions: [] } as const)
    : await readFunctions(config.functionsDir, phonesOwn);
if (!read.ok) {
  const findings = read.problems.map(({ file, problem, mend }) => ({ variable: file, problem, mend }));
  console.error(`The relay cannot start. Mend these functions:\n${printFindings(findings)}`);
  process.exit(EX_CONFIG);
}
const { timeZone, dataDir, toolTimeouts, policy } = config;
const functions = new Functions(read.functions, {
  now,
  timeZone,
  dataDir,
  timeoutMs: toolTimeouts.usualMs,
  log,
});
const reserved = new Set([...phonesOwn, ...functions.tools.map(({ name }) => name)]);
const mcp = config.mcpServers.length === 0 ? undefined : await catalogue();
const homes = {
  phone: new CurrentTime(now, timeZone),
  functions,
  mcp: mcp ?? { list: { tools: [], unreachable: [] }, run: async () => ({ is: "not_done", why: "gone" }) },
} as const;
// Native: the lists are still read here, and the rules for them made; OpenAI uses the tools.
const native = config.mcpMode === "native" ? nativeServersOf(config.mcpServers) : [];
const tools = new Tools(policy, homes, native);

const health = new Health(log);
let records: Records;
try {
  records =
    config.redisUrl === undefined
      ? Store.open(config.dataDir)
      : await RedisRecords.open(config.redisUrl, systemClock, health, log);
} catch (thrown) {
  const why = thrown instanceof RecordsFailure ? thrown.mend : String(thrown);
  console.error(`The relay cannot start: ${why}. DATA_DIR is ${config.dataDir}.`);
  process.exit(EX_CONFIG);
}
// What the disk will not take back must not end the calls that are up.
const forget = () => records.forgetOld().catch((thrown) => health.failed(thrown));
await forget();
const redis = records instanceof RedisRecords ? records : undefined;
const kept = { dataDir, redis, keys: config.keys, clock: systemClock, log, health };
const conversations = await openConversations(kept);
await conversations.sweep();
const sweeping = setInterval(() => conversations.sweep(), SWEEP_EVERY_MS);
// A Redis that is away tells it with the first use that it records.
const latestS = await records.latestS().catch(() => 0);
const forgetting = setInterval(forget, FORGET_EVERY_MS);
const budget = budgetIfAny();

// A server that is down is tried on, and delays no call for longer than this.
await mcp?.open(MCP_OPENS_WITHIN_MS);
const { tools: all, unreachable } = tools.toolbox;
const named = [...all, ...PHONE_TOOL_NAMES.map(phoneTool)];
metrics.knowTools(named.map(({ name }) => name));
// Of a server that is away nobody knows what it would have.
for (const pattern of unreachable.length > 0 ? [] : idlePatterns(policy, named)) {
  const mend = `no tool is called ${pattern}, and what is said of it means nothing: the names are in the lines before`;
  log({ event: "relay.warning", level: "warn", variable: "TOOL_POLICY or TRUSTED_READS", mend });
}

const clips = await readClips().catch((thrown) => {
  if (!(thrown instanceof ClipsError)) throw thrown;
  console.error(`The relay cannot start: what it says by itself is not there (${thrown.message}).`);
  process.exit(EX_CONFIG);
});

const vitals = new Vitals(
  {
    maxStallMs: config.maxStallMs,
    maxResidentBytes: maxResidentBytes(),
    // What is on the disk where Redis has the records is nothing that a call needs.
    minFreeBytes: config.redisUrl === undefined ? config.minDiskMb * 2 ** 20 : undefined,
  },
  { senses: sensesOf(dataDir), log, seen: (reading) => metrics.saw(reading) },
);

let server: RelayServer;
try {
  server = new RelayServer(
    {
      port: config.port,
      reusePort: config.reusePort,
      gate: {
        relayUrl: config.relayUrl,
        keys: config.keys,
        accountSid: config.accountSid,
        authToken: config.authToken,
      },
      maxCalls: config.maxCalls,
      trustedProxies: config.trustedProxies,
      model: { url: config.realtimeUrl, model: config.settings.model, apiKey: config.apiKey },
      settings: config.settings,
      brakes: {
        limits: config.limits,
        rates: config.rates,
        perCallMicros: config.budgets.perCallMicros,
      },
    },
    {
      records,
      conversations,
      health,
      time: new TokenTime(systemClock, latestS, log),
      clock: systemClock,
      log,
      tools,
      vitals,
      metricsDoor: new MetricsDoor(metrics, config.metricsToken),
      refused: (why) => metrics.refused(why),
      clips,
      budget,
    },
  );
} catch (thrown) {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  console.error(`The relay cannot listen on port ${config.port} (${why}). Set PORT to a free one.`);
  process.exit(EX_CONFIG);
}

metrics.watch({
  liveCalls: () => server.liveCalls,
  isReady: () => server.isReady,
  isBad: (what) => vitals.isBad(what),
  residentBytes: () => process.memoryUsage.rss(),
});
await vitals.watch();

const { reusePort } = config;
const about = { port: server.port, reusePort, drainSeconds: config.drainMs / 1000 };
const presence = new Presence(dataDir, about, () => {
  const mend = "it cannot be written, and npm run relay:swap will not find this relay";
  log({ event: "relay.warning", level: "warn", variable: "DATA_DIR", mend });
});

let isStopping = false;
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, async () => {
    // A second signal means: now.
    if (isStopping) {
      presence.gone();
      process.exit(1);
    }
    isStopping = true;
    presence.is("stopping");
    log({ event: "relay.stopping", level: "info", signal, calls: server.liveCalls });
    await server.stop(config.drainMs);
    await mcp?.close();
    vitals.stop();
    for (const timer of [forgetting, sweeping]) clearInterval(timer);
    // What was forgotten is to be gone from the disk though nobody may be left to see to it.
    await conversations.sweep();
    conversations.close();
    await budget?.close();
    records.close();
    presence.gone();
    log({ event: "relay.stopped", level: "info" });
    process.exit(0);
  });
}

process.on("SIGUSR2", () => log({ event: "relay.census", level: "info", ...takeCensus() }));

presence.is("listening");
void tellWhenReady();
// Last: whoever reads this line may send signals.
log({ event: "relay.listening", level: "info", port: server.port, model: config.settings.model });

/** A swap waits for this. */
async function tellWhenReady(): Promise<void> {
  while (!isStopping && !server.isReady) await Bun.sleep(ASK_WHETHER_READY_EVERY_MS);
  if (!isStopping) presence.is("ready");
}

function maxResidentBytes(): number | undefined {
  if (config.maxMemoryMb !== undefined) return config.maxMemoryMb * 2 ** 20;
  const mostBytes = memoryLimitBytes();
  return mostBytes === undefined ? undefined : mostBytes * MEMORY_IS_FULL_AT;
}

function budgetIfAny(): Budget | undefined {
  const place = { dataDir, redis: redis?.connection, clock: systemClock, health, log };
  try {
    return openBudget(config.budgets, place);
  } catch (thrown) {
    const why = thrown instanceof RecordsFailure ? thrown.mend : String(thrown);
    console.error(`The relay cannot start: ${why}. DATA_DIR is ${dataDir}.`);
    process.exit(EX_CONFIG);
  }
}

/** Loaded only where there are servers: the SDK takes as long to load as all the rest of the relay. */
async function catalogue(): Promise<Catalogue> {
  const { Catalogue } = await import("./io/mcp/catalogue.ts");
  return new Catalogue(config.mcpServers, {
    clock: systemClock,
    log,
    policy,
    reserved,
    timeoutMsOf: (tool, server) => timeoutMsOf(toolTimeouts, tool, server.timeoutMs),
  });
}

/** undefined: there is no such file. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined;
    throw thrown;
  }
}
