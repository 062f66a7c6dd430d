/** A day's budget in a running relay: who is told that it is spent, what is dialled then, and what a lost ledger stops. */
import { afterEach, expect, test } from "bun:test";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { FileLedger } from "../../../relay/io/ledger.ts";
import "../../patience.ts";
import { signatureFor } from "../../rehearsal/carrier/sabotage.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { AUTH_TOKEN, ticketFor } from "../../rehearsal/relay.ts";
import { knock } from "./knock.ts";
import { noise } from "./noise.ts";
import { Rig } from "./rig.ts";

const LIMIT_MICROS = 1_000_000;

const toStop: Array<() => unknown> = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});

/** A dollar a day, and an assistant who says a word and is silent. */
async function startRig(): Promise<Rig> {
  const rig = await Rig.start({
    model: { script: () => [{ say: noise(3, 300), words: "noise" }] },
    env: { BUDGET_PER_DAY: String(LIMIT_MICROS / 1e6), LOG_LEVEL: "debug" },
  });
  toStop.push(() => rig.stop());
  return rig;
}

/** As another process beside the relay would: until so little is left. */
async function spendBeside(rig: Rig, leftMicros: number): Promise<void> {
  const ledger = FileLedger.open(rig.dataDir);
  const day = new Date().toISOString().slice(0, 10);
  const { dayMicros } = await ledger.look(day);
  await ledger.add({ id: "beside", day, micros: LIMIT_MICROS - leftMicros - dayMicros });
  ledger.close();
}

async function endingOf(rig: Rig, callSid: string): Promise<unknown> {
  await rig.ended(callSid);
  return (await rig.ending(callSid)).body;
}
const TOLD = expect.objectContaining({ ending: "budget_spent", outcome: "finished" });

/** What the door answers to a good token. */
async function statusOf(rig: Rig): Promise<number> {
  const { url } = await ticketFor(rig.relay, newSid("CA"));
  const signature = signatureFor(AUTH_TOKEN, url, {}, undefined) ?? "";
  return (await knock(url, { "X-Twilio-Signature": signature })).status;
}

test("all who are up are told when a response spends the rest, and who comes later has no model dialled", async () => {
  const rig = await startRig();
  const quiet = await rig.call();
  await rig.linesUpTo("spend.counted", quiet.callSid);
  await spendBeside(rig, 1);
  const talker = await rig.call();
  expect(await endingOf(rig, talker.callSid)).toEqual(TOLD);
  expect(await endingOf(rig, quiet.callSid)).toEqual(TOLD);
  expect(rig.model.sessions).toHaveLength(2);
  for (const signal of [undefined, "SIGKILL", "SIGTERM"] as const) {
    if (signal !== undefined) await rig.restart(signal);
    const late = await rig.stream();
    expect(await endingOf(rig, late.callSid)).toEqual(TOLD);
    expect((await late.ended).code).toBe(1000);
    expect(rig.linesOf(late.callSid).map(({ event }) => event)).toContain("line.clip");
  }
  expect(rig.model.sessions).toHaveLength(2);
});

test("the log says once that the budget is spent, with figures and no names", async () => {
  const rig = await startRig();
  await spendBeside(rig, 1);
  const { callSid } = await rig.call();
  await rig.ended(callSid);
  const told = rig.relay.lines.filter(({ event }) => String(event).startsWith("budget."));
  expect(told).toMatchObject([
    { event: "budget.spent", level: "warn", period: "day", limitMicros: LIMIT_MICROS },
  ]);
});

test("a ledger that is gone lets nobody in and no call down, and says what to do until it is back", async () => {
  const rig = await startRig();
  const live = await rig.call();
  const file = join(rig.dataDir, "spend.sqlite");
  renameSync(file, `${file}.away`);
  expect(await statusOf(rig)).toBe(503);
  const failed = rig.relay.lines.filter(({ event }) => event === "store.failed");
  expect(failed).toMatchObject([{ mend: expect.stringContaining("spend.sqlite in DATA_DIR is gone") }]);
  expect(live.timeline.closed).toBe(false);
  renameSync(`${file}.away`, file);
  const next = await rig.call();
  live.hangUp();
  next.hangUp();
  expect(await endingOf(rig, live.callSid)).toMatchObject({ ending: "caller_hung_up" });
  expect(await endingOf(rig, next.callSid)).toMatchObject({ ending: "caller_hung_up" });
});
