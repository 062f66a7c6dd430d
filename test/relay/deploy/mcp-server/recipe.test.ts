/**
 * What of the recipe is not code: the unit, the compose file, the relay's entry and the instructions. Each is held to
 * what the server really takes, and the unit is judged by systemd's own tools where they are.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import "../../../patience.ts";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { ask, connect, RECIPE, startServer, TOKEN } from "./running.ts";

const ROOT = join(RECIPE, "../../..");
const PLACE = "/opt/phone-assistant";
const UNIT = "shopping-list-mcp.service";
const textOf = (name: string): string => readFileSync(join(RECIPE, name), "utf8");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "recipe-"));
  writeFileSync(join(folder, "token"), TOKEN);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Setting → its values, in the order in which they stand. */
const unit = new Map<string, string[]>();
for (const [, name = "", value = ""] of textOf(UNIT).matchAll(/^(\w+)=(.*)$/gm)) {
  unit.set(name, [...(unit.get(name) ?? []), value]);
}
const only = (name: string): string => {
  const [value, ...more] = unit.get(name) ?? [];
  if (value === undefined || more.length > 0)
    throw new Error(`${name} is there ${more.length + 1} times, or not`);
  return value;
};

const Compose = z.object({
  services: z.object({
    "shopping-list-mcp": z.looseObject({
      command: z.array(z.string()),
      environment: z.record(z.string(), z.string()),
      volumes: z.array(z.string()),
      secrets: z.array(z.string()),
    }),
  }),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
});
const compose = Compose.parse(Bun.YAML.parse(textOf("compose.yaml")));
const service = compose.services["shopping-list-mcp"];

/** The command as it stands, in our places and on a port that is free. */
async function start(command: readonly string[], places: Readonly<Record<string, string>>, data: string) {
  const [bun, noEnvFile, server, ...args] = command.map((word) => word.replace(PLACE, ROOT));
  expect([bun, noEnvFile, server]).toEqual([
    join(ROOT, "node_modules/.bin/bun"),
    "--no-env-file",
    join(RECIPE, "server.ts"),
  ]);
  const [port = "", at, ...rest] = args;
  expect([port, at]).toEqual(["--port", "8765"]);
  expect(rest).toEqual([
    "--data",
    expect.stringMatching(/^[/%]/),
    "--token-file",
    expect.stringMatching(/^[/%]/),
  ]);
  const ours = rest.map((word) => places[word] ?? word);
  expect(ours).toEqual(["--data", data, "--token-file", join(folder, "token")]);
  const running = await startServer(["--port", "0", ...ours]);
  const client = await connect(() => running.url);
  const answer = await ask(client, "read_shopping_list");
  await client.close();
  const { code } = await running.kill();
  expect([answer, code]).toEqual(["The list is empty.", 0]);
}

describe("the unit", () => {
  test("starts the server with arguments that it takes, its folder and its credential", async () => {
    const data = join(folder, "of-the-unit");
    const places = { [`%S/${only("StateDirectory")}`]: data, "%d/token": join(folder, "token") };
    await start(only("ExecStart").split(" "), places, data);
    expect(only("LoadCredential")).toBe("token:/etc/phone-assistant/shopping-list.token");
  });

  test("gives it a user, a folder and nothing else, and leaves Bun its compiler", () => {
    const expected = {
      DynamicUser: "yes",
      ProtectSystem: "strict",
      ProtectHome: "yes",
      CapabilityBoundingSet: "",
      NoNewPrivileges: "yes",
      RestrictAddressFamilies: "AF_INET",
      IPAddressDeny: "any",
      IPAddressAllow: "localhost",
      LimitCORE: "0",
    };
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, only(name)]))).toEqual(expected);
    expect(unit.get("SystemCallFilter")?.[0]).toBe("@system-service");
    expect(unit.has("MemoryDenyWriteExecute")).toBe(false);
  });

  test("is not started again and again where it cannot start", () => {
    expect([only("Restart"), only("RestartPreventExitStatus")]).toEqual(["on-failure", "78"]);
  });

  // %d and --offline came with systemd 250.
  const version = Bun.which("systemd-analyze") === null ? 0 : versionOfSystemd();
  test.skipIf(version < 250)(
    "passes systemd-analyze (where there is one), which finds it hardly exposed",
    () => {
      const copy = join(folder, UNIT);
      writeFileSync(copy, textOf(UNIT).replaceAll(PLACE, ROOT));
      const verified = analyze("verify", "--man=no", copy);
      expect(verified.output.split("\n").filter((line) => line.includes(UNIT))).toEqual([]);
      expect(verified.code).toBe(0);
      // In tenths: of 10 for no protection at all.
      const judged = analyze("security", "--no-pager", "--offline=true", "--threshold=15", copy);
      expect(judged.output).toMatch(/Overall exposure level for shopping-list-mcp\.service: [01]\.\d/);
      expect(judged.code).toBe(0);
      // What it says of one without all this, so that its word means something.
      writeFileSync(copy, "[Service]\nExecStart=/bin/true\n");
      expect(analyze("security", "--no-pager", "--offline=true", "--threshold=15", copy).code).not.toBe(0);
    },
  );
});

function analyze(...args: readonly string[]): { code: number; output: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync(["systemd-analyze", ...args], {
    stdout: "pipe",
    stderr: "pipe",
  });
  return { code: exitCode, output: `${stdout}${stderr}` };
}

function versionOfSystemd(): number {
  return Number(/^systemd (\d+)/.exec(analyze("--version").output)?.[1] ?? 0);
}

describe("the compose file", () => {
  test("starts the server with arguments that it takes, a folder and a secret that are there", async () => {
    const data = join(folder, "of-compose");
    const inside = "/var/lib/shopping-list-mcp";
    await start(service.command, { [inside]: data, "/run/secrets/token": join(folder, "token") }, data);
    expect(service.volumes).toContain(`/var/lib/shopping-list-mcp:${inside}`);
    expect(service.secrets).toEqual(["token"]);
    expect(compose.secrets).toEqual({ token: { file: only("LoadCredential").slice("token:".length) } });
  });

  test("shows it no more of the project than it needs, and that cannot be written", () => {
    const mounted = service.volumes.filter((volume) => volume.startsWith("."));
    expect(mounted.map((volume) => volume.split(":"))).toEqual([
      ["../../../node_modules", `${PLACE}/node_modules`, "ro"],
      [".", `${PLACE}/relay/deploy/mcp-server`, "ro"],
    ]);
    expect(join(RECIPE, "../../../node_modules")).toBe(join(ROOT, "node_modules"));
  });

  test("takes everything from it that a container can do without", () => {
    expect(service).toMatchObject({
      user: "65532:65532",
      network_mode: "host",
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
    });
    expect(service).not.toHaveProperty("ports");
    expect(service).not.toHaveProperty("privileged");
  });

  test("and the unit give it the same environment", () => {
    const ofUnit = (unit.get("Environment") ?? []).map((pair) => pair.split("="));
    expect(Object.entries(service.environment)).toEqual(
      ofUnit.map(([name = "", value = ""]) => [name, value]),
    );
  });
});

describe("the instructions", () => {
  const readme = textOf("README.md");

  test("and the relay's entry name the address where the unit listens, and the variable with the token", async () => {
    const port = /--port (\d+)/.exec(only("ExecStart"))?.[1];
    expect(JSON.parse(textOf("mcp.json"))).toEqual({
      mcpServers: {
        "shopping-list": {
          url: `http://127.0.0.1:${port}/mcp`,
          // As it stands: the relay puts the token in.
          headers: { Authorization: `Bearer $${"{SHOPPING_LIST_TOKEN}"}` },
        },
      },
    });
    expect(readme).toContain(`listening on http://127.0.0.1:${port}/mcp`);
    expect(readme).toContain(
      'echo "SHOPPING_LIST_TOKEN=$(sudo cat /etc/phone-assistant/shopping-list.token)"',
    );
  });

  test("tell of every file of the folder, and of none that is not there", () => {
    const told = [...readme.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(
      ([, cell = ""]) => cell.match(/[\w.-]+/g) ?? [],
    );
    expect(told.sort()).toEqual(
      readdirSync(RECIPE)
        .filter((name) => name !== "README.md")
        .sort(),
    );
    for (const [, path = ""] of readme.matchAll(/(relay\/deploy\/[\w./-]+)/g)) {
      expect(readFileSync(join(ROOT, path)).length).toBeGreaterThan(0);
    }
  });

  test("give the container the user and the folder that the compose file has", () => {
    const [uid = ""] = String(service.user).split(":");
    expect(readme).toContain(`install -d -m 0700 -o ${uid} -g ${uid} /var/lib/shopping-list-mcp`);
    expect(readme).toContain(`chown ${uid}:${uid} /etc/phone-assistant/shopping-list.token`);
  });
});
