/**
 * Two processes of the relay on one port and one file (REUSE_PORT=on): a token is good at one of them once, and one
 * can be stopped while the other takes the calls.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { PATIENCE_MS, until } from "../../patience.ts";
import { signatureFor } from "../../rehearsal/carrier/sabotage.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { AUTH_TOKEN, type RunningRelay, startRelay, ticketFor } from "../../rehearsal/relay.ts";
import { knock } from "./knock.ts";
import { noise } from "./noise.ts";
import { Rig } from "./rig.ts";

const ENV = { REUSE_PORT: "on", MAX_CALLS: "200", DRAIN_SECONDS: "30" };

let rig: Rig | undefined;
let second: RunningRelay | undefined;
afterEach(async () => {
  await second?.kill("SIGKILL");
  await rig?.stop();
});
async function startTwo(): Promise<{ rig: Rig; second: RunningRelay }> {
  rig = await Rig.start({ env: ENV, model: { script: () => [{ say: noise(13, 60_000), words: "noise" }] } });
  const { model, dataDir } = rig;
  const options = { modelUrl: model.url, modelKey: model.key, dataDir, env: ENV };
  second = await startRelay(rig.relay.port, options);
  return { rig, second };
}
const signed = (url: string) => ({
  "X-Twilio-Signature": signatureFor(AUTH_TOKEN, url, {}, undefined) ?? "",
});
const fresh = async (relay: RunningRelay) => (await ticketFor(relay, newSid("CA"))).url;
const status = async (url: string) => (await knock(url, signed(url))).status;
const heard = (relay: RunningRelay) =>
  relay.lines.filter(({ event }) => event === "call.admitted" || event === "handshake.refused").length;

/** How many sockets listen there; only Linux shows it, and only there do two share a port. */
function listenersOn(port: number): number {
  const [local, listening] = [`:${port.toString(16).toUpperCase().padStart(4, "0")}`, "0A"];
  return ["tcp", "tcp6"]
    .flatMap((name) => readFileSync(`/proc/net/${name}`, "utf8").trim().split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, address, , state]) => address?.endsWith(local) && state === listening).length;
}

describe("of two processes on one port", () => {
  test("one admits one of 64 that come with the same token at once, also when one of them is killed", async () => {
    const two = await startTwo();
    const race = async () => {
      const url = await fresh(two.rig.relay);
      const statuses = await Promise.all(Array.from({ length: 64 }, () => status(url)));
      expect(statuses.filter((one) => one === 101)).toHaveLength(1);
      expect(statuses.filter((one) => one === 401 || one === 429)).toHaveLength(63);
      return url;
    };
    const used: string[] = [];
    for (let round = 0; round < 5; round++) used.push(await race());
    for (const relay of [two.rig.relay, two.second])
      await relay.waitForLog(() => heard(relay) > 0, PATIENCE_MS);
    await two.second.kill("SIGKILL");
    for (const url of used) expect(await status(url)).not.toBe(101);
    used.push(await race());
    await two.rig.restart("SIGKILL");
    for (const url of used) expect(await status(url)).not.toBe(101);
    expect(await status(await fresh(two.rig.relay))).toBe(101);
  });

  test("one that is stopped keeps its call and leaves every new one to the other, which can tell of both", async () => {
    const two = await startTwo();
    const calls = [await two.rig.call(), await two.rig.call(), await two.rig.call(), await two.rig.call()];
    const isOf = (relay: RunningRelay) => (call: { callSid: string }) =>
      relay.lines.some(({ event, callSid }) => event === "call.admitted" && callSid === call.callSid);
    await until(() => calls.every((call) => isOf(two.rig.relay)(call) || isOf(two.second)(call)));
    const its = calls.filter(isOf(two.rig.relay));
    expect(its.length + calls.filter(isOf(two.second)).length).toBe(4);
    const exited = two.rig.relay.kill("SIGTERM");
    await two.rig.relay.waitForLog(({ event }) => event === "relay.stopping", PATIENCE_MS);
    // It says so before it does so.
    await until(() => listenersOn(two.second.port) === 1);
    const before = heard(two.rig.relay);
    for (let n = 0; n < 20; n++) expect(await status(await fresh(two.second))).toBe(101);
    expect(heard(two.rig.relay)).toBe(before);
    for (const call of its) {
      const heardMs = call.ear.audibleMs;
      await call.waitFor(() => call.ear.audibleMs > heardMs + 100, PATIENCE_MS);
      call.hangUp();
      expect((await call.ended).code).toBe(1000);
      expect((await two.rig.ending(call.callSid)).body).toMatchObject({ ending: "caller_hung_up" });
    }
    expect(await exited).toBe(0);
    expect(two.rig.relay.lines.at(-1)?.event).toBe("relay.stopped");
  });

  test("neither listens where the other has not said that it may", async () => {
    const { rig: alone } = await startTwo();
    const { model, dataDir } = alone;
    const options = { modelUrl: model.url, modelKey: model.key, dataDir, env: { REUSE_PORT: "off" } };
    await expect(startRelay(alone.relay.port, options)).rejects.toThrow("cannot listen on port");
  });
});
