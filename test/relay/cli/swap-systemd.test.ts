/**
 * `npm run relay:swap -- --systemd relay@`: two instances of a unit take turns. In systemd's place stands a systemctl that
 * starts and stops real relays as a unit would, and writes down what it was asked.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { relaysOn } from "../../../relay/presence.ts";
import { until } from "../../patience.ts";
import { ACCOUNT_SID, AUTH_TOKEN, freePort, TOKEN_SECRET } from "../../rehearsal/relay.ts";

const RELAY = join(import.meta.dir, "../../../relay");
const SYSTEMCTL = `#!/bin/sh
echo "$@" >> "$UNITS/asked"
for unit; do :; done
pid=$(cat "$UNITS/$unit.pid" 2>/dev/null || echo 0)
case "$(cut -d ' ' -f 3 "/proc/$pid/stat" 2>/dev/null)" in "" | Z) pid=0 ;; esac
case "$1 $3" in
  "show MainPID") echo "$pid" ;;
  "show ActiveState") [ "$pid" = 0 ] && echo inactive || echo active ;;
  start*)
    [ -e "$UNITS/broken" ] && export VOICE=nova
    "$BUN" --no-env-file "$MAIN" < /dev/null >> "$UNITS/$unit.log" 2>&1 &
    echo $! > "$UNITS/$unit.pid" ;;
  stop*) [ "$pid" = 0 ] || kill -TERM "$pid" ;;
esac
`;
const JOURNALCTL = `#!/bin/sh
tail -n 15 "$UNITS/$2.log"
`;

let folder: string;
let units: string;
let env: Record<string, string>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "swap-"));
  units = join(folder, "units");
  mkdirSync(units);
  for (const [name, script] of Object.entries({ systemctl: SYSTEMCTL, journalctl: JOURNALCTL })) {
    writeFileSync(join(units, name), script);
    chmodSync(join(units, name), 0o755);
  }
  const port = freePort();
  env = {
    PATH: `${units}:${process.env.PATH ?? ""}`,
    UNITS: units,
    BUN: process.execPath,
    MAIN: join(RELAY, "main.ts"),
    PORT: String(port),
    RELAY_URL: `ws://127.0.0.1:${port}`,
    STREAM_TOKEN_SECRET: TOKEN_SECRET,
    TWILIO_ACCOUNT_SID: ACCOUNT_SID,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    OPENAI_API_KEY: "sk-rehearsal",
    OPENAI_REALTIME_URL: "ws://127.0.0.1:9/v1/realtime",
    DATA_DIR: join(folder, "data"),
    REUSE_PORT: "on",
    DRAIN_SECONDS: "0",
    MAX_STALL_MS: "off",
    MIN_DISK_MB: "0",
  };
});
afterEach(async () => {
  const dataDir = join(folder, "data");
  for (const { pid } of relaysOn(dataDir)) process.kill(pid, "SIGKILL");
  await until(() => relaysOn(dataDir).length === 0);
  rmSync(folder, { recursive: true, force: true });
});

async function run(command: readonly string[]) {
  const child = Bun.spawn([...command], {
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
/** As an operator would, who knows no variable of the relay's. */
const swap = () =>
  run(
    [process.execPath, "--no-env-file", join(RELAY, "cli/swap.ts"), "--systemd", "relay@"].concat([
      "--data-dir",
      join(folder, "data"),
    ]),
  );
const asked = (): string[] =>
  readFileSync(join(units, "asked"), "utf8")
    .split("\n")
    .filter((line) => /^(?:start|stop|enable|disable)/.test(line));
const pids = () => relaysOn(join(folder, "data")).map(({ pid, is }) => [is, pid]);
const pidOf = (unit: string) => Number(readFileSync(join(units, `relay@${unit}.service.pid`), "utf8"));
async function startFirst(): Promise<void> {
  await run([join(units, "systemctl"), "start", "relay@a.service"]);
  await until(() => pids()[0]?.[0] === "ready");
}

test("the other instance is started and is to start with the machine, and the first one is stopped; and back", async () => {
  await startFirst();
  const there = await swap();
  expect([there.code, there.err]).toEqual([0, ""]);
  await until(() => pids().length === 1);
  expect(pids()).toEqual([["ready", pidOf("b")]]);
  expect(asked().slice(1)).toEqual([
    "start relay@b.service",
    "enable --quiet relay@b.service",
    "disable --quiet relay@a.service",
    "stop --no-block relay@a.service",
  ]);
  const back = await swap();
  expect([back.code, back.err]).toEqual([0, ""]);
  await until(() => pids().length === 1);
  expect(pids()).toEqual([["ready", pidOf("a")]]);
});

test("an instance that does not come up leaves the first as it was, and its journal is shown", async () => {
  await startFirst();
  writeFileSync(join(units, "broken"), "");
  const { code, err } = await swap();
  expect(code).toBe(1);
  expect(err).toContain("The new relay has ended.");
  expect(err).toContain('VOICE "nova" is not a voice');
  expect(pids()).toEqual([["ready", pidOf("a")]]);
  expect(asked()).not.toContain("stop --no-block relay@a.service");
});

test("a relay that no instance runs is left alone", async () => {
  await startFirst();
  rmSync(join(units, "relay@a.service.pid"));
  const { code, err } = await swap();
  expect(code).toBe(1);
  expect(err).toContain("is none of relay@a.service, relay@b.service");
  expect(pids()).toHaveLength(1);
});
