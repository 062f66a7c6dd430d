/**
 * A relay that is not well, as callers meet it: those who come are turned away, those who are there notice nothing, and it
 * finds out by itself that it is well again.
 */
import { afterEach, expect, test } from "bun:test";
import { PATIENCE_MS, until } from "../../patience.ts";
import type { LogLine } from "../../rehearsal/relay.ts";
import { noise } from "./noise.ts";
import { Rig } from "./rig.ts";
import { figureOf, samplesIn } from "./scrape.ts";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});
async function start(env: Record<string, string>): Promise<Rig> {
  rig = await Rig.start({ env, model: { script: () => [{ say: noise(21, 60_000), words: "noise" }] } });
  return rig;
}
const http = ({ relay }: Rig) => relay.url.replace(/^ws/, "http");
const readyz = async (running: Rig) => {
  const answer = await fetch(`${http(running)}/readyz`);
  return [answer.status, await answer.json()];
};
const scrape = async (running: Rig) => samplesIn(await (await fetch(`${http(running)}/metrics`)).text());

test("with too little memory left, nobody comes in, and probes and figures say why", async () => {
  // Bun alone takes more.
  const running = await start({ MAX_MEMORY_MB: "64" });
  await running.relay.waitForLog(
    ({ event, what }) => event === "vitals.bad" && what === "memory",
    PATIENCE_MS,
  );
  expect(await readyz(running)).toEqual([503, { status: "memory" }]);
  expect((await fetch(`${http(running)}/healthz`)).status).toBe(200);
  const late = await running.stream();
  expect(await late.opening).toMatchObject({ opened: false, status: 503 });
  const samples = await scrape(running);
  expect(figureOf(samples, "relay_trouble", { what: "memory" })).toBe(1);
  expect(figureOf(samples, "relay_takes_calls")).toBe(0);
  expect(figureOf(samples, "relay_handshakes_refused_total", { why: "memory" })).toBe(1);
  expect(running.relay.lines.filter(({ event }) => event === "vitals.bad")).toHaveLength(1);
});

test("with too little room on the disk, too", async () => {
  const running = await start({ MIN_DISK_MB: "1000000" });
  await running.relay.waitForLog(({ event, what }) => event === "vitals.bad" && what === "disk", PATIENCE_MS);
  expect(await readyz(running)).toEqual([503, { status: "disk" }]);
});

test("having stood still, it says so and is well again by itself; the call that is up goes on", async () => {
  const running = await start({ MAX_STALL_MS: "2000" });
  const { pid } = running.relay;
  const call = await running.call();
  process.kill(pid, "SIGSTOP");
  await Bun.sleep(3_000);
  process.kill(pid, "SIGCONT");
  const stalled = (is: string) => (line: LogLine) => line.event === is && line.what === "stalled";
  await running.relay.waitForLog(stalled("vitals.bad"), PATIENCE_MS);
  const heardMs = call.ear.audibleMs;
  await call.waitFor(() => call.ear.audibleMs > heardMs + 500, PATIENCE_MS);
  await running.relay.waitForLog(stalled("vitals.good"), PATIENCE_MS);
  await until(async () => (await readyz(running))[0] === 200);
});
