/**
 * The relay's entry: environment to configuration, wiring, signals. The only place that reads process.env.
 */
import { NO_POLICY } from "./call/policy.ts";
import { configFrom, printFindings } from "./config.ts";
import { takeCensus } from "./io/census.ts";
import { systemClock } from "./io/clock.ts";
import { CurrentTime } from "./io/current-time.ts";
import { Health } from "./io/health.ts";
import { makeLog } from "./io/log.ts";
import type { Records } from "./io/records.ts";
import { RedisRecords } from "./io/redis.ts";
import { RelayServer } from "./io/server.ts";
import { Store } from "./io/store.ts";
import { TokenTime } from "./io/token-time.ts";
import { Tools } from "./io/tools.ts";

/** EX_CONFIG of sysexits.h: what is wrong is the configuration, and a restart will not mend it. */
const EX_CONFIG = 78;
const FORGET_EVERY_MS = 24 * 3600 * 1000;

const configured = await configFrom(process.env, new Date());
if (!configured.ok) {
  console.error(
    `The relay cannot start. Mend these in .env or in the environment:\n${printFindings(configured.problems)}`,
  );
  process.exit(EX_CONFIG);
}
const { config, warnings } = configured;
const log = makeLog(config.logLevel, (line) => process.stdout.write(`${line}\n`));
for (const { variable, mend } of warnings) log({ event: "relay.warning", level: "warn", variable, mend });
if (warnings.length > 0) console.error(printFindings(warnings));

const health = new Health(log);
let records: Records;
try {
  records =
    config.redisUrl === undefined
      ? Store.open(config.dataDir)
      : await RedisRecords.open(config.redisUrl, systemClock, health, log);
} catch (thrown) {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  console.error(
    `The relay cannot start: DATA_DIR (${config.dataDir}) cannot be written (${why}). Mend its permissions, or set another folder.`,
  );
  process.exit(EX_CONFIG);
}
// What the disk will not take back must not end the calls that are up.
const forget = () => records.forgetOld().catch((thrown) => health.failed(thrown));
await forget();
// A Redis that is away tells it with the first use that it records.
const latestS = await records.latestS().catch(() => 0);
const forgetting = setInterval(forget, FORGET_EVERY_MS);

const gone = () => Promise.resolve({ is: "not_done", why: "gone" } as const);
const tools = new Tools(NO_POLICY, {
  phone: new CurrentTime(() => new Date(), Intl.DateTimeFormat().resolvedOptions().timeZone),
  functions: { tools: [], run: gone },
  mcp: { list: { tools: [], unreachable: [] }, run: gone },
});

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
    },
    {
      records,
      health,
      time: new TokenTime(systemClock, latestS, log),
      clock: systemClock,
      log,
      tools,
    },
  );
} catch (thrown) {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  console.error(`The relay cannot listen on port ${config.port} (${why}). Set PORT to a free one.`);
  process.exit(EX_CONFIG);
}

let isStopping = false;
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, async () => {
    // A second signal means: now.
    if (isStopping) process.exit(1);
    isStopping = true;
    log({ event: "relay.stopping", level: "info", signal, calls: server.liveCalls });
    await server.stop(config.drainMs);
    clearInterval(forgetting);
    records.close();
    log({ event: "relay.stopped", level: "info" });
    process.exit(0);
  });
}

process.on("SIGUSR2", () => log({ event: "relay.census", level: "info", ...takeCensus() }));

// Last: whoever reads this line may send signals.
log({ event: "relay.listening", level: "info", port: server.port, model: config.settings.model });
