/**
 * What of the recipes for hosts is not code: held to what the relay reads and to the times that it takes, and the unit is
 * judged by systemd's own tools where they are.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import "../../patience.ts";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { until } from "../../patience.ts";
import { freePort } from "../../rehearsal/relay.ts";
import { good, NEEDED } from "../configured.ts";
import { isListening, systemd } from "./on-machine.ts";

const ROOT = join(import.meta.dir, "../../..");
const PLACE = "/opt/phone-assistant";
const UNIT = "relay@.service";
const deploy = (name: string): string => readFileSync(join(ROOT, "relay/deploy", name), "utf8");
/** relay/io/server.ts: those at the door, the hand-over, and the sockets. */
const HAND_OVER_S = 13;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hosts-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the unit", () => {
  const settings = [...deploy(`systemd/${UNIT}`).matchAll(/^(\w+)=(.*)$/gm)];
  const all = (name: string) => settings.flatMap(([, given, value = ""]) => (given === name ? [value] : []));
  const environment = Object.fromEntries(
    all("Environment").map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );

  test("starts the relay itself, with no .env, in a folder that two instances share", () => {
    expect(all("ExecStart")).toEqual([
      `${PLACE}/node_modules/.bin/bun --no-env-file --env-file=%d/relay.env ${PLACE}/relay/main.ts`,
    ]);
    expect(environment).toMatchObject({ REUSE_PORT: "on", DATA_DIR: `%S/${all("StateDirectory")[0]}` });
    expect([all("DynamicUser"), all("User")]).toEqual([[], ["phone-assistant"]]);
  });

  test("hands it a file of its own with the keys, which are then in no environment that the machine could show", async () => {
    expect([all("LoadCredential"), all("EnvironmentFile")]).toEqual([
      ["relay.env:/etc/phone-assistant/relay.env"],
      [],
    ]);
    const credentials = join(folder, "credentials");
    mkdirSync(credentials);
    const port = await freePort();
    const given = { ...NEEDED, RELAY_URL: `ws://127.0.0.1:${port}`, PORT: port, DATA_DIR: "overruled" };
    const lines = Object.entries(given).map(([name, value]) => `${name}="${value}"\n`);
    writeFileSync(join(credentials, "relay.env"), lines.join(""), { mode: 0o600 });
    // As systemd would: %d is the folder of credentials, %S that of all states.
    const logFile = join(folder, "log");
    const [, ...args] = (all("ExecStart")[0] ?? "").split(" ");
    const words = args.map((word) => word.replace("%d", credentials).replace(PLACE, ROOT));
    const relay = Bun.spawn([process.execPath, ...words], {
      cwd: folder,
      env: { ...environment, DATA_DIR: environment.DATA_DIR?.replace("%S", folder) },
      stdout: Bun.file(logFile),
      stderr: "pipe",
    });
    try {
      await until(() => relay.exitCode !== null || isListening(logFile));
      const shown = readFileSync(`/proc/${relay.pid}/environ`, "utf8");
      expect(shown).toContain("REUSE_PORT=on");
      for (const secret of [NEEDED.STREAM_TOKEN_SECRET, NEEDED.TWILIO_AUTH_TOKEN, NEEDED.OPENAI_API_KEY])
        expect(shown).not.toContain(secret);
      expect(existsSync(join(folder, "phone-assistant", "relay.sqlite"))).toBe(true);
    } finally {
      relay.kill("SIGTERM");
    }
    expect([await relay.exited, await new Response(relay.stderr).text()]).toEqual([0, ""]);
  });

  test("gives live calls the time to finish and to be handed over before it kills", async () => {
    const { config } = await good();
    expect(Number(all("TimeoutStopSec")[0])).toBeGreaterThan(config.drainMs / 1000 + HAND_OVER_S);
  });

  test("is started again when it breaks, and not where it cannot start", () => {
    expect([all("Restart"), all("RestartPreventExitStatus")]).toEqual([["on-failure"], ["78"]]);
  });

  test("takes from it what it can do without, and leaves Bun its compiler", () => {
    for (const [name, value] of [
      ["ProtectSystem", "strict"],
      ["CapabilityBoundingSet", ""],
      ["NoNewPrivileges", "yes"],
      ["LimitCORE", "0"],
      ["MemoryMax", "512M"],
    ] as const)
      expect([name, ...all(name)]).toEqual([name, value]);
    expect(all("SystemCallFilter")[0]).toBe("@system-service");
    expect(all("MemoryDenyWriteExecute")).toEqual([]);
  });

  test.skipIf(!systemd.isHere)(
    `passes systemd-analyze${systemd.orWhyNot}, which finds it hardly exposed`,
    () => {
      const copy = join(folder, "relay@a.service");
      writeFileSync(copy, deploy(`systemd/${UNIT}`).replaceAll(PLACE, ROOT));
      const verified = systemd.analyze("verify", "--man=no", copy);
      expect(verified.output.split("\n").filter((line) => line.includes("relay@a"))).toEqual([]);
      expect(verified.code).toBe(0);
      const judged = systemd.analyze("security", "--no-pager", "--offline=true", "--threshold=20", copy);
      // The threshold of 20 is an exposure of 2.0.
      expect(judged.output).toMatch(/Overall exposure level for relay@a\.service: [01]\.\d/);
      expect(judged.code).toBe(0);
    },
  );
});

/** A host that keeps nothing of a machine: the records are in Redis, and what would be kept beside it is left out. */
const REDIS_URL = "rediss://redis.example.com:6379";
async function configOf(env: Readonly<Record<string, string>>) {
  const { config } = await good({ ...env, REDIS_URL });
  expect([config.minDiskMb, config.functionsDir]).toEqual([0, undefined]);
  return config;
}

describe("fly.toml", () => {
  const Fly = z.object({
    kill_signal: z.literal("SIGTERM"),
    // fly.io/docs/reference/configuration: the most that Fly waits.
    kill_timeout: z.number().max(300),
    build: z.object({ dockerfile: z.string() }),
    deploy: z.object({ strategy: z.literal("bluegreen") }),
    env: z.record(z.string(), z.string()),
    http_service: z.object({
      internal_port: z.number(),
      auto_stop_machines: z.literal("off"),
      checks: z.array(z.object({ path: z.literal("/readyz") })).length(1),
    }),
    // Machines with a volume cannot be deployed blue-green.
    mounts: z.never().optional(),
  });
  const fly = Fly.parse(Bun.TOML.parse(deploy("fly/fly.toml")));

  test("sets what the relay reads, and it is right", async () => {
    const config = await configOf(fly.env);
    expect(config.port).toBe(fly.http_service.internal_port);
    expect(config.trustedProxies.rules).toHaveLength(2);
    expect(config.maxMemoryMb).toBe(430);
  });

  test("gives live calls the time to finish and to be handed over before it kills", () => {
    expect(fly.kill_timeout).toBeGreaterThan(Number(fly.env.DRAIN_SECONDS) + HAND_OVER_S);
  });

  test("goes with the one Dockerfile, and instructions that name Redis", () => {
    expect(existsSync(join(ROOT, "relay/deploy/fly", fly.build.dockerfile))).toBe(true);
    expect(deploy("fly/README.md")).toContain("REDIS_URL=rediss://");
    expect(deploy("fly/README.md")).toContain("--dockerfile relay/deploy/Dockerfile");
  });
});

describe("railway.json", () => {
  // docs.railway.com/config-as-code/reference; a name that is not known there is passed over without a word.
  const Railway = z.strictObject({
    $schema: z.literal("https://railway.com/railway.schema.json"),
    build: z.strictObject({ builder: z.literal("DOCKERFILE"), dockerfilePath: z.string() }),
    deploy: z.strictObject({
      healthcheckPath: z.literal("/readyz"),
      healthcheckTimeout: z.number(),
      overlapSeconds: z.number(),
      drainingSeconds: z.number(),
      restartPolicyType: z.literal("ON_FAILURE"),
    }),
  });
  const railway = Railway.parse(JSON.parse(deploy("railway.json")));

  test("builds by the one Dockerfile, and goes over to what is ready", () => {
    expect(existsSync(join(ROOT, railway.build.dockerfilePath))).toBe(true);
    expect(railway.deploy.healthcheckTimeout).toBeGreaterThan(0);
  });

  test("gives live calls the time to finish and to be handed over before it kills", async () => {
    const { config } = await good();
    expect(railway.deploy.drainingSeconds).toBeGreaterThan(config.drainMs / 1000 + HAND_OVER_S);
  });

  test("goes with variables that the relay reads", async () => {
    await configOf(assignmentsIn(section("Railway")));
  });
});

describe("render.yaml", () => {
  // render.com/docs/blueprint-spec
  const Variable = z.union([
    z.strictObject({ key: z.string(), value: z.string() }),
    z.strictObject({ key: z.string(), sync: z.literal(false) }),
    z.strictObject({
      key: z.literal("REDIS_URL"),
      fromService: z.strictObject({
        type: z.literal("keyvalue"),
        name: z.string(),
        property: z.literal("connectionString"),
      }),
    }),
  ]);
  const Web = z.strictObject({
    type: z.literal("web"),
    name: z.string(),
    runtime: z.literal("docker"),
    plan: z.string(),
    region: z.string(),
    dockerfilePath: z.string(),
    dockerContext: z.literal("."),
    numInstances: z.number(),
    healthCheckPath: z.literal("/healthz"),
    maxShutdownDelaySeconds: z.number().min(1).max(300),
    envVars: z.array(Variable),
  });
  const KeyValue = z.strictObject({
    type: z.literal("keyvalue"),
    name: z.string(),
    plan: z.string().refine((plan) => plan !== "free", "a free one keeps nothing on a disk"),
    region: z.string(),
    maxmemoryPolicy: z.literal("noeviction"),
    ipAllowList: z.array(z.never()),
  });
  const [web, store] = z
    .strictObject({ services: z.tuple([Web, KeyValue]) })
    .parse(Bun.YAML.parse(deploy("render.yaml"))).services;
  const set = Object.fromEntries(
    web.envVars.flatMap((one) => ("value" in one ? [[one.key, one.value]] : [])),
  );

  test("sets what the relay reads, and asks for what only the owner knows", async () => {
    await configOf(set);
    const asked = web.envVars.flatMap((one) => ("sync" in one ? [one.key] : []));
    expect(asked.sort()).toEqual(Object.keys(NEEDED).sort());
  });

  test("keeps the records in the store beside it, in the same region", () => {
    expect(web.envVars).toContainEqual({
      key: "REDIS_URL",
      fromService: { type: "keyvalue", name: store.name, property: "connectionString" },
    });
    expect(store.region).toBe(web.region);
  });

  test("gives live calls the time to finish and to be handed over before it kills", () => {
    expect(web.maxShutdownDelaySeconds).toBeGreaterThan(Number(set.DRAIN_SECONDS) + HAND_OVER_S);
    expect(existsSync(join(ROOT, web.dockerfilePath))).toBe(true);
  });
});

describe("Heroku", () => {
  // devcenter.heroku.com/articles/dyno-shutdown-behavior: SIGKILL comes 30 s after SIGTERM, and nobody can change it.
  const KILLED_AFTER_S = 30;

  test("has variables that the relay reads, and calls are handed over before it kills", async () => {
    const config = await configOf(assignmentsIn(section("Heroku")));
    expect(config.drainMs / 1000 + HAND_OVER_S).toBeLessThan(KILLED_AFTER_S);
  });
});

/** A part of the folder's README, by its heading. */
function section(heading: string): string {
  const [, text] = deploy("README.md").split(`\n## ${heading}\n`);
  if (text === undefined) throw new Error(`relay/deploy/README.md says nothing of ${heading}`);
  return text.split("\n## ")[0] ?? "";
}

/** What it sets, NAME=value, of that which is the same for everybody. */
const assignmentsIn = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/\b([A-Z]{2,}(?:_[A-Z]+)+)=([\w./]+)/g)].flatMap(([, name = "", value = ""]) =>
      Object.hasOwn(NEEDED, name) || name === "REDIS_URL" ? [] : [[name, value]],
    ),
  );
