/**
 * What of the recipes for hosts is not code: held to what the relay reads and to the times that it takes, and the unit is
 * judged by systemd's own tools where they are.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import "../../patience.ts";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { good } from "../configured.ts";

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
    expect(all("ExecStart")).toEqual([`${PLACE}/node_modules/.bin/bun --no-env-file ${PLACE}/relay/main.ts`]);
    expect(environment).toMatchObject({ REUSE_PORT: "on", DATA_DIR: `%S/${all("StateDirectory")[0]}` });
    expect([all("DynamicUser"), all("User")]).toEqual([[], ["phone-assistant"]]);
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

  const analyze = (...args: readonly string[]) => {
    const { exitCode, stdout, stderr } = Bun.spawnSync(["systemd-analyze", ...args], {
      stdout: "pipe",
      stderr: "pipe",
    });
    return { code: exitCode, output: `${stdout}${stderr}` };
  };
  // --offline came with systemd 250.
  const version =
    Bun.which("systemd-analyze") === null
      ? 0
      : Number(/^systemd (\d+)/.exec(analyze("--version").output)?.[1] ?? 0);
  test.skipIf(version < 250)("passes systemd-analyze, which finds it hardly exposed", () => {
    const copy = join(folder, "relay@a.service");
    writeFileSync(copy, deploy(`systemd/${UNIT}`).replaceAll(PLACE, ROOT));
    const verified = analyze("verify", "--man=no", copy);
    expect(verified.output.split("\n").filter((line) => line.includes("relay@a"))).toEqual([]);
    expect(verified.code).toBe(0);
    const judged = analyze("security", "--no-pager", "--offline=true", "--threshold=20", copy);
    expect(judged.output).toMatch(/Overall exposure level for relay@a\.service: [01]\.\d/);
    expect(judged.code).toBe(0);
  });
});

describe("fly.toml", () => {
  const Fly = z.object({
    kill_signal: z.literal("SIGTERM"),
    kill_timeout: z.number().max(300),
    deploy: z.object({ strategy: z.literal("bluegreen") }),
    env: z.record(z.string(), z.string()),
    http_service: z.object({
      internal_port: z.number(),
      auto_stop_machines: z.literal("off"),
      checks: z.array(z.object({ path: z.literal("/readyz") })).length(1),
    }),
    mounts: z.never().optional(),
  });
  const fly = Fly.parse(Bun.TOML.parse(deploy("fly/fly.toml")));

  test("sets what the relay reads, and it is right", async () => {
    const { config } = await good({ ...fly.env, REDIS_URL: "rediss://redis.example.com:6379" });
    expect(config.port).toBe(fly.http_service.internal_port);
    expect(config.trustedProxies.rules).toHaveLength(2);
    expect([config.maxMemoryMb, config.minDiskMb]).toEqual([430, 0]);
  });

  test("gives live calls the time to finish and to be handed over before it kills", () => {
    expect(fly.kill_timeout).toBeGreaterThan(Number(fly.env.DRAIN_SECONDS) + HAND_OVER_S);
  });

  test("goes with an image that starts the relay itself, and instructions that name Redis", () => {
    expect(deploy("fly/Dockerfile")).toContain(
      'CMD ["node_modules/.bin/bun", "--no-env-file", "relay/main.ts"]',
    );
    expect(deploy("fly/README.md")).toContain("REDIS_URL=rediss://");
  });
});
