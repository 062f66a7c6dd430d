/** A month's budget in a running relay: who is told that it is spent, what is dialled then, and what a lost ledger stops. */
import { afterEach, expect, test } from "bun:test";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { FileLedger } from "../../../relay/io/ledger.ts";
import { TEST_MS, until } from "../../patience.ts";
import { signatureFor } from "../../rehearsal/carrier/sabotage.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { AUTH_TOKEN, ticketFor } from "../../rehearsal/relay.ts";
import { knock } from "./knock.ts";
import { noise } from "./noise.ts";
import { hasRedis, RedisServer } from "./redis-server.ts";
import { Rig } from "./rig.ts";

const LIMIT_MICROS = 1_000_000;

const toStop: Array<() => unknown> = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});

/** A dollar a month, and an assistant who says a word and is silent. */
async function startRig(env: Record<string, string> = {}): Promise<Rig> {
  const rig = await Rig.start({
    model: { script: () => [{ say: noise(3, 300), words: "noise" }] },
    env: { ...env, BUDGET_PER_MONTH: String(LIMIT_MICROS / 1e6), LOG_LEVEL: "debug" },
  });
  toStop.push(() => rig.stop());
  return rig;
}

/** As another process beside the relay would: until so little is left. */
async function spendBeside(rig: Rig, leftMicros: number): Promise<void> {
  const ledger = FileLedger.open(rig.dataDir);
  const day = new Date().toISOString().slice(0, 10);
  const { monthMicros } = await ledger.look(day);
  await ledger.add({ id: "beside", day, micros: LIMIT_MICROS - leftMicros - monthMicros });
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

test(
  "all who are up are told when a response spends the rest, and who comes later has no model dialled",
  async () => {
    const rig = await startRig();
    const quiet = await rig.call();
    await rig.linesUpTo("spend.counted", quiet.callSid);
    await spendBeside(rig, 1);
    const talker = await rig.call();
    expect(await endingOf(rig, talker.callSid)).toEqual(TOLD);
    expect(await endingOf(rig, quiet.callSid)).toEqual(TOLD);
    expect(rig.model.sessions).toHaveLength(2);
    const spent = rig.relay.lines.filter(({ event }) => String(event).startsWith("budget."));
    expect(spent).toMatchObject([{ event: "budget.spent", period: "month", limitMicros: LIMIT_MICROS }]);
    for (const isRestarted of [false, true]) {
      if (isRestarted) await rig.restart("SIGKILL");
      const late = await rig.stream();
      expect(await endingOf(rig, late.callSid)).toEqual(TOLD);
      expect((await late.ended).code).toBe(1000);
      expect(rig.linesOf(late.callSid).map(({ event }) => event)).toContain("line.clip");
    }
    expect(rig.model.sessions).toHaveLength(2);
  },
  TEST_MS,
);

test(
  "a ledger that is gone lets nobody in and no call down, and says what to do until it is back",
  async () => {
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
  },
  TEST_MS,
);

test.skipIf(!hasRedis)(
  "relays that share a Redis share one budget",
  async () => {
    const redis = await RedisServer.start();
    toStop.push(() => redis.stop());
    const [one, other] = [await startRig({ REDIS_URL: redis.url }), await startRig({ REDIS_URL: redis.url })];
    const key = `{relay}:spend:${new Date().toISOString().slice(0, 7)}`;
    const first = await one.call();
    await one.linesUpTo("spend.counted", first.callSid);
    await until(async () => Number(await redis.say("GET", key)) > 0);
    const spent = Number(await redis.say("GET", key));
    await redis.say("INCRBY", key, String(LIMIT_MICROS - spent - 1));
    const second = await other.call();
    expect(await endingOf(other, second.callSid)).toEqual(TOLD);
    const third = await one.stream();
    expect(await endingOf(one, third.callSid)).toEqual(TOLD);
    expect([one.model.sessions.length, other.model.sessions.length]).toEqual([1, 1]);
  },
  TEST_MS,
);
