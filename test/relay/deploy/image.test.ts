/**
 * The image, without Docker: its Dockerfile is parsed and linted, its steps are done in plain folders, and what is there
 * in the end is started, asked for its health and stopped as Docker would. RUN is npm's, which takes a minute: here the
 * packages of the project stand in for what it would install; `npm run prove -- --only ship/recipes` lets it run.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import "../../patience.ts";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { validate } from "dockerfile-utils";
import { until } from "../../patience.ts";
import { freePort } from "../../rehearsal/relay.ts";
import { NEEDED } from "../configured.ts";
import { build, type Image, letIn } from "./image.ts";
import { isListening } from "./on-machine.ts";

const ROOT = join(import.meta.dir, "../../..");
const dockerfile = readFileSync(join(ROOT, "relay/deploy/Dockerfile"), "utf8");

let folder: string;
let image: Image;
const runs: string[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "image-"));
  image = await build(dockerfile, ROOT, folder, (command, workdir) => {
    runs.push(command);
    symlinkSync(join(ROOT, "node_modules"), join(workdir, "node_modules"));
    mkdirSync(join(workdir, "data"));
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const complaints = (text: string) => validate(text).map(({ message }) => message);

test("the Dockerfile is one, by the linter of the Docker extension, which would see what is wrong", () => {
  expect(complaints(dockerfile)).toEqual([]);
  expect(complaints("FROM debian:12-slim\nCPOY a b\n")).not.toEqual([]);
  expect(complaints(`${dockerfile}CMD ["twice"]\n`)).not.toEqual([]);
});

describe("the image", () => {
  test("is made in two stages, of which the last has neither npm nor Node, and runs as nobody's user", () => {
    expect(image.bases).toEqual(["node:22-bookworm-slim", "debian:12-slim"]);
    expect(image.user).toBe("65532:65532");
    expect(dockerfile).toContain("--chown=65532:65532 /app/data /data");
    expect(image.env.DATA_DIR).toBe("/data");
    expect(runs).toEqual([expect.stringMatching(/^npm ci --omit=dev --workspace relay .* && mkdir data$/)]);
  });

  test("holds the relay, its packages, and nothing else of the project", () => {
    expect(readdirSync(image.root).sort()).toEqual(["app", "data"]);
    const names = readdirSync(image.workdir).filter((name) => name !== "mcp.json");
    expect(names.sort()).toEqual(["node_modules", "package.json", "relay"]);
    expect(readdirSync(join(image.workdir, "relay"))).not.toContain("deploy");
  });

  test("starts, is found alive, and stops when it is told to", async () => {
    const port = await freePort();
    const env = {
      ...NEEDED,
      ...image.env,
      RELAY_URL: `ws://127.0.0.1:${port}`,
      PORT: String(port),
      DATA_DIR: join(image.root, "data"),
      MIN_DISK_MB: "0",
    };
    const ask = (command: readonly string[]) =>
      Bun.spawnSync([...command], { cwd: image.workdir, env, stdout: "pipe", stderr: "pipe" });
    const before = ask(image.healthcheck);
    expect([before.exitCode, before.stderr.toString()]).toEqual([
      1,
      expect.stringContaining(`No relay answers on port ${port}`),
    ]);
    const logFile = join(folder, "log");
    const relay = Bun.spawn([...image.command], {
      cwd: image.workdir,
      env,
      stdout: Bun.file(logFile),
      stderr: "pipe",
    });
    try {
      await until(() => relay.exitCode !== null || isListening(logFile));
      const after = ask(image.healthcheck);
      expect([after.exitCode, after.stdout.toString(), after.stderr.toString()]).toEqual([0, "alive\n", ""]);
    } finally {
      relay.kill("SIGTERM");
    }
    expect([await relay.exited, await new Response(relay.stderr).text()]).toEqual([0, ""]);
  });
});

describe(".dockerignore", () => {
  const lets = letIn(readFileSync(join(ROOT, ".dockerignore"), "utf8"));

  test("keeps every secret and every record out of what is sent to a builder", () => {
    const kept = [
      ".env",
      ".env.functions",
      ".git/config",
      "data/relay.sqlite",
      "assets/callers.private.json",
      ".twiliodeployinfo",
      "demo-out/call.wav",
      "node_modules/bun/package.json",
    ];
    for (const path of kept) expect([path, lets(path)]).toEqual([path, false]);
  });

  test("lets in what the Dockerfile copies", () => {
    for (const path of ["package.json", "package-lock.json", "mcp.json", "relay/main.ts", "relay/io/gate.ts"])
      expect([path, lets(path)]).toEqual([path, true]);
  });
});

describe("the steps that are done here", () => {
  const context = () => mkdtempSync(join(folder, "context-"));

  test("take a file that may be missing, where its name is a pattern, and complain where nothing is there", async () => {
    const from = context();
    writeFileSync(join(from, ".dockerignore"), "*\n!a\n!b\n");
    writeFileSync(join(from, "a"), "");
    const into = context();
    const made = await build("FROM x\nWORKDIR /app\nCOPY a mcp.jso[n] ./\n", from, into, () => {});
    expect(readdirSync(made.workdir)).toEqual(["a"]);
    const failing = build("FROM x\nCOPY b ./\n", from, into, () => {});
    await expect(failing).rejects.toThrow("nothing of this is in the context");
  });

  test("refuse an instruction that they do not know, and a command that a shell would run", async () => {
    const from = context();
    writeFileSync(join(from, ".dockerignore"), "");
    await expect(build("FROM x\nADD a b\n", from, context(), () => {})).rejects.toThrow("ADD is not known");
    await expect(build("FROM x\nCMD bun main.ts\n", from, context(), () => {})).rejects.toThrow();
  });
});
