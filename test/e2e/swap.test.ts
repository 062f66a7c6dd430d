/**
 * `npm run relay:swap` with a caller on the line and others who keep calling: real relays, the real edge, and a carrier that
 * brings a call back as Twilio would. Nobody is refused and nobody is lost, and the caller who stays hears no voice but
 * the assistant's.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Running, relaysOn } from "../../relay/presence.ts";
import { PATIENCE_MS, until } from "../patience.ts";
import { refusalsOf } from "../prove/faults/swaps.ts";
import { buildForTest } from "../rehearsal/built.ts";
import { type PlacedCall, placeCall } from "../rehearsal/carrier/carrier.ts";
import { type RunningEdge, startEdge } from "../rehearsal/edge.ts";
import { type Model, startModel } from "../rehearsal/model/server.ts";
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  freePort,
  type RunningRelay,
  startRelay,
  TOKEN_SECRET,
} from "../rehearsal/relay.ts";
import { SHORT_LIVED } from "../rehearsal/short-lived.ts";
import { noise } from "../relay/io/noise.ts";
import { figureOf, samplesIn } from "../relay/io/scrape.ts";

const ADA = "+15551234567";
const OUR_NUMBER = "+15557654321";
const ROOT = join(import.meta.dir, "../..");
const ENV = { REUSE_PORT: "on", DRAIN_SECONDS: "1", MAX_CALLS: "1000" };

let folder: string;
let model: Model;
let old: RunningRelay;
let edge: RunningEdge;
const data = () => join(folder, "data");

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "swap-"));
  model = await startModel({ script: () => [{ say: noise(7, 600), words: "Hello." }] });
  old = await startRelay(freePort(), {
    modelUrl: model.url,
    modelKey: model.key,
    dataDir: folder,
    env: { ...ENV, DATA_DIR: data() },
  });
  await buildForTest(join(folder, "dist"), join(folder, "no-callers.json"));
  edge = await startEdge({
    dist: join(folder, "dist"),
    env: {
      ACCOUNT_SID,
      AUTH_TOKEN,
      RELAY_URL: old.url,
      STREAM_TOKEN_SECRET: TOKEN_SECRET,
      ALLOWED_NUMBERS: ADA,
    },
  });
});
afterAll(async () => {
  for (const { pid } of relaysOn(data())) process.kill(pid, "SIGKILL");
  await old?.kill("SIGKILL");
  await edge?.stop();
  await model?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const dial = (): PlacedCall =>
  placeCall({
    voiceUrl: `${edge.base}/voice/incoming`,
    fallbackUrl: `${edge.base}/voice/fallback`,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    from: ADA,
    to: OUR_NUMBER,
  });

function startSwap() {
  const child = Bun.spawn(
    [process.execPath, "--no-env-file", join(ROOT, "relay/cli/swap.ts"), "--log", join(folder, "new.log")],
    {
      cwd: folder,
      env: {
        PATH: process.env.PATH ?? "",
        ...SHORT_LIVED,
        ...ENV,
        PORT: String(old.port),
        RELAY_URL: old.url,
        STREAM_TOKEN_SECRET: TOKEN_SECRET,
        TWILIO_ACCOUNT_SID: ACCOUNT_SID,
        TWILIO_AUTH_TOKEN: AUTH_TOKEN,
        OPENAI_API_KEY: model.key,
        OPENAI_REALTIME_URL: model.url,
        DATA_DIR: data(),
        MAX_STALL_MS: "off",
        MIN_DISK_MB: "0",
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const said = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { exited: child.exited, said };
}

test("through a swap nobody is refused and nobody is lost, and the figures go on with the new one", async () => {
  await until(() => relaysOn(data())[0]?.is === "ready");
  const stays = dial();
  await stays.waitFor("heard-first-audio", PATIENCE_MS);

  const swap = startSwap();
  const others: PlacedCall[] = [];
  let isOver = false;
  void swap.exited.then(() => {
    isOver = true;
  });
  // One after the other, before, while and after the two take turns.
  while (!isOver || others.length < 3) {
    const other = dial();
    others.push(other);
    await other.waitFor("heard-first-audio", PATIENCE_MS);
  }
  const [[out, err], code] = [await swap.said, await swap.exited];
  expect([code, err]).toEqual([0, ""]);
  expect(out).toContain("takes no new calls");

  // The caller who stays is on the new one: one more stream, and the assistant goes on.
  await until(() => stays.timeline.all("stream-opened").length === 2, 3 * PATIENCE_MS);
  const exited = old.waitForLog(({ event }) => event === "relay.stopped", 3 * PATIENCE_MS);
  await exited;
  const [now] = relaysOn(data());
  expect(now satisfies Running | undefined).toMatchObject({ is: "ready", port: old.port });
  expect(now?.pid).not.toBe(old.pid);

  const all = [stays, ...others];
  const metrics = `${old.url.replace("ws", "http")}/metrics`;
  const scrape = async () => (await fetch(metrics)).text();
  const figure = async (name: string, labels?: Record<string, string>) =>
    figureOf(samplesIn(await scrape()), name, labels);
  // Those who were handed over last are on their way.
  await until(async () => (await figure("relay_calls_live")) === all.length);
  expect(all.flatMap((call) => refusalsOf(call).refused)).toEqual([]);
  const resets = all.reduce((sum, call) => sum + refusalsOf(call).reset, 0);
  // Whom the kernel has reset with the old listener hears that it takes a moment, and comes in.
  expect(all.filter((call) => refusalsOf(call).reset === 0).flatMap((call) => call.said())).toEqual([]);
  expect(all.filter((call) => call.timeline.closed)).toEqual([]);
  const endings = old.lines.flatMap(({ event, ending }) => (event === "call.ended" ? [ending] : []));
  expect(endings).not.toEqual([]);
  expect(endings.filter((ending) => ending !== "handed_over")).toEqual([]);
  expect(await figure("relay_calls_admitted_total", { attempt: "again" })).toBe(endings.length + resets);

  const text = await scrape();
  for (const secret of [ADA, OUR_NUMBER, ADA.slice(1), stays.callSid, TOKEN_SECRET, AUTH_TOKEN, model.key])
    expect(text).not.toContain(secret);

  for (const call of all) call.hangUp();
  await Promise.all(all.map((call) => call.ended));
  const hungUp = () => figure("relay_calls_ended_total", { ending: "caller_hung_up" });
  await until(async () => (await hungUp()) === all.length);
});
