/**
 * Relays that keep their records in a real Redis: two machines behind one name, and a Redis that goes away, hangs, is
 * full, forgets, or does not take our password.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { systemClock } from "../../../relay/io/clock.ts";
import { Health } from "../../../relay/io/health.ts";
import { RedisRecords } from "../../../relay/io/redis.ts";
import { Secret } from "../../../relay/secret.ts";
import { PATIENCE_MS, Stopwatch, until } from "../../patience.ts";
import { signatureFor } from "../../rehearsal/carrier/sabotage.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { AUTH_TOKEN, ticketFor } from "../../rehearsal/relay.ts";
import { knock } from "./knock.ts";
import { noise } from "./noise.ts";
import { hasRedis, RedisServer } from "./redis-server.ts";
import { Rig } from "./rig.ts";

test("a redis-server is here, or nobody has asked for one with REQUIRE_REDIS=1, as .ci/run does", () => {
  expect(hasRedis || process.env.REQUIRE_REDIS !== "1").toBe(true);
});

const toStop: Array<{ stop(): Promise<void> }> = [];
afterEach(async () => {
  for (const one of toStop.splice(0).reverse()) await one.stop();
});
async function startRedis(given?: Parameters<typeof RedisServer.start>[0]): Promise<RedisServer> {
  const redis = await RedisServer.start(given);
  toStop.push(redis);
  return redis;
}
async function startRig(given: Parameters<typeof Rig.start>[0]): Promise<Rig> {
  const rig = await Rig.start(given);
  toStop.push(rig);
  return rig;
}

const readyz = async ({ relay }: Rig) => {
  const response = await fetch(`${relay.url.replace(/^ws/, "http")}/readyz`);
  return [response.status, await response.json()];
};
const READY = [200, { status: "ready" }];
const NOT_READY = [503, { status: "cannot record" }];

/** Asks until it is so; a relay tries again by itself, and says the same for a second. */
const untilReady = (rig: Rig): Promise<void> => until(async () => (await readyz(rig))[0] === 200);

const signed = (url: string) => ({
  "X-Twilio-Signature": signatureFor(AUTH_TOKEN, url, {}, undefined) ?? "",
});
/** The answer's status at one door, for a stream's URL that names another. */
const statusAt = async (door: string, url: string) =>
  (await knock(url.replace(/^ws:\/\/[^/]+/, door), signed(url))).status;
const fresh = async (name: string, callSid = newSid("CA")) => (await ticketFor({ url: name }, callSid)).url;
/** What the log says of the store, once it says so much: it comes later than an answer that it explains. */
async function told(rig: Rig, count: number) {
  const tell = () =>
    rig.relay.lines.filter(({ event }) => event === "store.failed" || event === "store.recovered");
  await rig.relay.waitForLog(() => tell().length >= count, PATIENCE_MS);
  return tell();
}

describe.skipIf(!hasRedis)(hasRedis ? "with a Redis" : "with a Redis (skipped: no redis-server here)", () => {
  test("two machines behind one name admit one of 64 at once, and know of each other's calls how they ended", async () => {
    const redis = await startRedis();
    const env = { REDIS_URL: redis.url, MAX_CALLS: "200" };
    const one = await startRig({ env });
    const name = one.relay.url;
    const other = await startRig({ env: { ...env, RELAY_URL: name } });
    for (let round = 0; round < 4; round++) {
      const url = await fresh(name);
      const statuses = await Promise.all(
        Array.from({ length: 64 }, (_, n) => statusAt(n % 2 === 0 ? one.relay.url : other.relay.url, url)),
      );
      expect(statuses.filter((status) => status === 101)).toHaveLength(1);
      expect(statuses.filter((status) => status === 401 || status === 429)).toHaveLength(63);
    }
    const stream = await one.call();
    stream.hangUp();
    await stream.ended;
    const asked = () => other.ending(stream.callSid, { relay: name });
    // It is written down while the line is being closed, and the edge asks again as long as nobody knows.
    await until(async () => !Bun.deepMatch({ body: { ending: "unknown" } }, await asked()));
    expect(await asked()).toMatchObject({ status: 200, body: { ending: "caller_hung_up", attempt: 0 } });
  });

  test("that is killed, nobody is admitted, the call that is up goes on, and all is well when it is back", async () => {
    const redis = await startRedis();
    const rig = await startRig({
      env: { REDIS_URL: redis.url },
      model: { script: () => [{ say: noise(12, 60_000), words: "noise" }] },
    });
    const { url: door } = rig.relay;
    expect(await readyz(rig)).toEqual(READY);
    const live = await rig.call();
    const used = await fresh(door);
    expect(await statusAt(door, used)).toBe(101);
    await redis.kill();
    await rig.relay.waitForLog(({ event }) => event === "store.failed", PATIENCE_MS);
    const during = await fresh(door);
    for (let times = 0; times < 3; times++) {
      expect(await statusAt(door, during)).toBe(503);
      expect(await readyz(rig)).toEqual(NOT_READY);
    }
    const heardMs = live.ear.audibleMs;
    await live.waitFor(() => live.ear.audibleMs > heardMs + 200, PATIENCE_MS);
    await redis.start();
    await untilReady(rig);
    expect(await statusAt(door, used)).toBe(401);
    expect(await statusAt(door, during)).toBe(101);
    expect(await told(rig, 2)).toMatchObject([
      { event: "store.failed", mend: expect.stringContaining("REDIS_URL") },
      { event: "store.recovered" },
    ]);
    live.hangUp();
    expect((await live.ended).code).toBe(1000);
    expect((await rig.ending(live.callSid)).body).toMatchObject({ ending: "caller_hung_up" });
    expect(rig.relay.errors()).toBe("");
  });

  test("that answers nothing, a handshake is answered 503 within two seconds, and a fresh one 101 when it wakes", async () => {
    const redis = await startRedis();
    const rig = await startRig({ env: { REDIS_URL: redis.url } });
    const { url: door } = rig.relay;
    redis.signal("SIGSTOP");
    try {
      const watch = new Stopwatch();
      expect(await statusAt(door, await fresh(door))).toBe(503);
      expect(watch.stop()).toBeLessThan(2_000);
    } finally {
      redis.signal("SIGCONT");
    }
    await untilReady(rig);
    expect(await statusAt(door, await fresh(door))).toBe(101);
    expect((await told(rig, 2)).map(({ event }) => event)).toEqual(["store.failed", "store.recovered"]);
  });

  test("that takes no writes, nobody is admitted until it does", async () => {
    const redis = await startRedis();
    const rig = await startRig({ env: { REDIS_URL: redis.url } });
    const { url: door } = rig.relay;
    await redis.say("CONFIG", "SET", "maxmemory", "1");
    expect(await statusAt(door, await fresh(door))).toBe(503);
    expect(await readyz(rig)).toEqual(NOT_READY);
    expect(await told(rig, 1)).toMatchObject([{ event: "store.failed", code: "OOM" }]);
    await redis.say("CONFIG", "SET", "maxmemory", "0");
    await untilReady(rig);
    expect(await statusAt(door, await fresh(door))).toBe(101);
  });

  test("that is away when the relay starts, it starts, is not ready, and is when Redis comes", async () => {
    const redis = await startRedis();
    await redis.kill();
    const rig = await startRig({ env: { REDIS_URL: redis.url } });
    expect(await readyz(rig)).toEqual(NOT_READY);
    await redis.start();
    await untilReady(rig);
    expect(await statusAt(rig.relay.url, await fresh(rig.relay.url))).toBe(101);
  });

  test("whose password is another, nobody is admitted, and neither password is in the log", async () => {
    const redis = await startRedis({ password: "canary-right" });
    const wrong = await startRig({ env: { REDIS_URL: redis.url.replace("right", "wrong") } });
    expect(await readyz(wrong)).toEqual(NOT_READY);
    const right = await startRig({ env: { REDIS_URL: redis.url, LOG_LEVEL: "debug" } });
    expect(await readyz(right)).toEqual(READY);
    for (const { relay } of [wrong, right]) {
      expect(await relay.kill("SIGTERM")).toBe(0);
      expect(relay.output() + relay.errors()).not.toContain("canary");
    }
  });

  test("that has forgotten everything, what was made before is refused, and what is made later is not", async () => {
    const redis = await startRedis();
    const told: string[] = [];
    let nowS = 1_790_000_000;
    const records = await RedisRecords.open(
      new Secret(redis.url),
      { ...systemClock, unixS: () => nowS },
      new Health(() => {}),
      (entry) => told.push(`${entry.event} ${"mend" in entry ? entry.mend : ""}`),
    );
    const use = (jti: string, issuedS: number) =>
      records.use({ jti, callSid: newSid("CA"), attempt: 0, issuedS, expiresS: issuedS + 60 });
    expect((await use("used", nowS)).isFirst).toBe(true);
    expect(told).toEqual([]);
    nowS += 10;
    await redis.say("FLUSHALL");
    expect((await use("used", nowS - 10)).isFirst).toBe(false);
    // The edge's clock may be a little ahead of this one.
    expect((await use("before, by another clock", nowS + 5)).isFirst).toBe(false);
    expect((await use("after", nowS + 6)).isFirst).toBe(true);
    await redis.say("FLUSHALL");
    await records.heartbeat();
    expect(told).toEqual([expect.stringContaining("it has lost them")]);
    records.close();
  });

  test("keeps uses and endings for 30 days, tries for an hour, and warns of what would throw them away", async () => {
    const redis = await startRedis();
    await redis.say("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    await redis.say("CONFIG", "SET", "appendonly", "no");
    const told: string[] = [];
    const records = await RedisRecords.open(
      new Secret(redis.url),
      systemClock,
      new Health(() => {}),
      (entry) => told.push(`${entry.event} ${"mend" in entry ? entry.mend : ""}`),
    );
    expect(told).toEqual([expect.stringContaining("noeviction"), expect.stringContaining("appendonly yes")]);
    const nowS = systemClock.unixS();
    const use = { jti: "used", callSid: newSid("CA"), attempt: 0, issuedS: nowS, expiresS: nowS + 60 };
    await records.use(use);
    await records.ended(use, "line_lost");
    await records.spendTry("caller", "a try", nowS);
    const ttl = async (key: string) => Number(await redis.say("TTL", key));
    const month = 30 * 24 * 3600;
    expect(await ttl("{relay}:used:used")).toBeWithin(month - 60, month + 1);
    expect(await ttl(`{relay}:call:${use.callSid}`)).toBeWithin(month - 60, month + 1);
    expect(await ttl("{relay}:tries:caller")).toBeWithin(3540, 3601);
    // Without these it would take itself for new, or time for earlier than it is.
    expect(await ttl("{relay}:known")).toBe(-1);
    expect(await ttl("{relay}:latest")).toBe(-1);
    records.close();
  });
});
