/**
 * `npm run relay:swap` where there is nothing to swap, or the new relay does not come up: the old one stays as it was, and
 * the words say what to do. (With calls and callers: test/e2e/swap.test.ts.)
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { relaysOn } from "../../../relay/presence.ts";
import { PATIENCE_MS, until } from "../../patience.ts";
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  freePort,
  type RunningRelay,
  startRelay,
  TOKEN_SECRET,
} from "../../rehearsal/relay.ts";
import { SHORT_LIVED } from "../../rehearsal/short-lived.ts";

const SWAP = join(import.meta.dir, "../../../relay/cli/swap.ts");
const MODEL_URL = "ws://127.0.0.1:9/v1/realtime";

let folder: string;
const begin = () => {
  folder = mkdtempSync(join(tmpdir(), "swap-"));
};
const end = async () => {
  for (const { pid } of relaysOn(folder)) process.kill(pid, "SIGKILL");
  await until(() => relaysOn(folder).length === 0);
  rmSync(folder, { recursive: true, force: true });
};

const envFor = (port: number) => ({
  PATH: process.env.PATH ?? "",
  ...SHORT_LIVED,
  PORT: String(port),
  RELAY_URL: `ws://127.0.0.1:${port}`,
  STREAM_TOKEN_SECRET: TOKEN_SECRET,
  TWILIO_ACCOUNT_SID: ACCOUNT_SID,
  TWILIO_AUTH_TOKEN: AUTH_TOKEN,
  OPENAI_API_KEY: "sk-rehearsal",
  OPENAI_REALTIME_URL: MODEL_URL,
  DATA_DIR: folder,
  MAX_STALL_MS: "off",
  MIN_DISK_MB: "0",
});
async function run(args: readonly string[], env: Record<string, string>) {
  const child = Bun.spawn([process.execPath, "--no-env-file", SWAP, ...args], {
    cwd: folder,
    env,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}
const log = () => join(folder, "new.log");
/** One that runs, as it was started before anybody thought of a swap. */
async function running(env: Record<string, string> = { REUSE_PORT: "on", DRAIN_SECONDS: "0" }) {
  const relay = await startRelay(freePort(), {
    modelUrl: MODEL_URL,
    modelKey: "sk-rehearsal",
    dataDir: folder,
    env,
  });
  await until(() => relaysOn(folder)[0]?.is === "ready");
  return relay;
}
const stages = () => relaysOn(folder).map(({ pid, is }) => [pid, is]);

// The same for all of these: what one does to it, the next sees.
describe("the old relay stays as it was when", () => {
  let old: RunningRelay;
  beforeAll(async () => {
    begin();
    old = await running();
  });
  afterEach(() => rmSync(log(), { force: true }));
  afterAll(end);

  test("the new one ends at once, and its last words are shown", async () => {
    const { code, err } = await run(["--log", log()], { ...envFor(old.port), VOICE: "nova" });
    expect(code).toBe(1);
    expect(err).toContain("The new relay has ended.");
    expect(err).toContain(`Relay ${old.pid} runs as before.`);
    expect(err).toContain('VOICE "nova" is not a voice');
    expect(stages()).toEqual([[old.pid, "ready"]]);
  });

  test("the new one listens elsewhere, and it is stopped", async () => {
    const { code, err } = await run(["--log", log()], { ...envFor(old.port), PORT: String(freePort()) });
    expect(code).toBe(1);
    expect(err).toContain(`and not on ${old.port} as the old one does`);
    await until(() => stages().length === 1);
    expect(stages()).toEqual([[old.pid, "ready"]]);
  });

  test("the new one is not ready in time, and it is stopped", async () => {
    // So much room is on no disk.
    const { code, err } = await run(["--log", log(), "--within", "2"], {
      ...envFor(old.port),
      MIN_DISK_MB: "1000000",
      REDIS_URL: "",
      LOG_LEVEL: "debug",
    });
    expect(code).toBe(1);
    expect(err).toContain("The new relay was not ready within 2 s.");
    await until(() => stages().length === 1);
    expect(stages()).toEqual([[old.pid, "ready"]]);
  });

  test("another swap is under way", async () => {
    writeFileSync(join(folder, "relays", "swap.lock"), String(process.pid));
    const { code, err } = await run(["--log", log()], envFor(old.port));
    expect([code, err]).toEqual([1, `Another swap is under way (process ${process.pid}). Wait for it.\n`]);
    expect(stages()).toEqual([[old.pid, "ready"]]);
    rmSync(join(folder, "relays", "swap.lock"));
  });
});

describe("each on a folder of its own", () => {
  beforeEach(begin);
  afterEach(end);

  test("the old relay stays as it was when it was started so that none can listen beside it", async () => {
    const old = await running({});
    const { code, out, err } = await run(["--log", log()], envFor(old.port));
    expect([code, out, existsSync(log())]).toEqual([1, "", false]);
    expect(err).toContain(`Relay ${old.pid} was started without REUSE_PORT=on`);
    expect(err).toContain("restart it once");
    expect(stages()).toEqual([[old.pid, "ready"]]);
  });

  test("the old one ends once the new one is ready, which outlives the command and writes to its log", async () => {
    const old = await running();
    const gone = Bun.spawn(["true"]);
    await gone.exited;
    // A swap that was killed is none that is under way.
    writeFileSync(join(folder, "relays", "swap.lock"), String(gone.pid));
    const { code, out, err } = await run(["--log", log()], envFor(old.port));
    expect([code, err]).toEqual([0, ""]);
    const [, pid = ""] = /Relay (\d+) is ready, after [\d.]+ s\./.exec(out) ?? [];
    expect(out).toStartWith(`Relay ${old.pid} runs on port ${old.port}. Starting another beside it.\n`);
    await old.waitForLog(({ event }) => event === "relay.stopped", PATIENCE_MS);
    await until(() => stages().length === 1);
    expect(stages()).toEqual([[Number(pid), "ready"]]);
    expect((await fetch(`http://127.0.0.1:${old.port}/readyz`)).status).toBe(200);
    expect(readFileSync(log(), "utf8")).toContain('"event":"relay.listening"');
    expect(existsSync(join(folder, "relays", "swap.lock"))).toBe(false);
  });

  test("where none runs it says so, and starts nothing", async () => {
    const { code, out, err } = await run([], envFor(freePort()));
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(`No relay runs on DATA_DIR ${folder}`);
    expect(relaysOn(folder)).toEqual([]);
  });

  test("an option that is wrong is a mistake, with the help", async () => {
    for (const args of [
      ["--within", "0"],
      ["--systemd", "relay"],
    ]) {
      const { code, err } = await run(args, envFor(freePort()));
      expect(code).toBe(2);
      expect(err).toContain("npm run relay:swap -- --within 60");
    }
  });
});
