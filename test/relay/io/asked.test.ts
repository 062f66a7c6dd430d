/**
 * What the relay tells the edge of a call, and nobody else: how it ended, that it is up, that it is not known; also
 * after the process has died.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { ticketFor } from "../../rehearsal/relay.ts";
import { noise } from "./noise.ts";
import { nowS, Rig } from "./rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start({ model: { script: () => [{ say: noise(6, 5_000), words: "noise" }] } });
});
afterAll(() => rig.stop());

const REFUSED = { status: 401, body: "" };

/** The sid of a call that has ended as it should. */
async function finished(attempt = 0, callSid = newSid("CA")): Promise<string> {
  const stream = await rig.call({ callSid, ticket: { attempt } });
  stream.hangUp();
  await rig.ended(callSid);
  return callSid;
}

describe("asked how a call ended, the relay", () => {
  test("says so, with the attempt that it speaks of", async () => {
    const body = { ending: "caller_hung_up", outcome: "finished", attempt: 0, started: false };
    expect(await rig.ending(await finished())).toEqual({ status: 200, body });
  });

  test("speaks of the newest attempt", async () => {
    const callSid = await finished();
    const bad = await rig.stream({ callSid, ticket: { attempt: 3 }, sabotage: { repeatStart: true } });
    await bad.ended;
    const body = { ending: "protocol_violation", outcome: "failed", attempt: 3, started: false };
    expect(await rig.ending(callSid)).toEqual({ status: 200, body });
  });

  test("says that it is up while it is", async () => {
    const stream = await rig.call();
    const body = { ending: "live", outcome: "live", attempt: 0, started: true };
    expect(await rig.ending(stream.callSid)).toEqual({ status: 200, body });
    stream.hangUp();
    await stream.ended;
  });

  test("does not know a call that never came, nor one whose handshake was refused", async () => {
    expect(await rig.ending(newSid("CA"))).toEqual({ status: 404, body: "" });
    const refused = await rig.stream({ sabotage: { streamSignature: "wrong" } });
    await refused.ended;
    expect(await rig.ending(refused.callSid)).toEqual({ status: 404, body: "" });
  });

  test("may be asked more than once", async () => {
    const callSid = await finished();
    expect(await rig.ending(callSid)).toEqual(await rig.ending(callSid));
  });
});

describe("asked with what is no token for it, the relay says nothing", () => {
  const cases: Readonly<Record<string, Parameters<Rig["ending"]>[1]>> = {
    "a token for another call": { tokenFor: newSid("CA") },
    "a token that has expired": { atS: nowS() - 60 },
    "a token signed with another secret": { secret: "not the secret that edge and relay share" },
    "a token for another relay": { relay: "wss://relay.example.com" },
    "no token": { authorization: "" },
    "another scheme": { authorization: "Basic dXNlcjpwYXNz" },
  };
  for (const [what, given] of Object.entries(cases)) {
    test(`of a call that is known: ${what}`, async () => {
      expect(await rig.ending(await finished(), given)).toEqual(REFUSED);
    });
    test(`of a call that is not known: ${what}`, async () => {
      expect(await rig.ending(newSid("CA"), given)).toEqual(REFUSED);
    });
  }

  test("a token for opening a stream, of the very call", async () => {
    const stream = await rig.call();
    const { url } = await ticketFor(rig.relay, stream.callSid);
    const authorization = `Bearer ${url.slice(url.lastIndexOf("/") + 1)}`;
    expect(await rig.ending(stream.callSid, { authorization })).toEqual(REFUSED);
    stream.hangUp();
    await stream.ended;
  });
});

describe("a relay that was killed, started again on the same data", () => {
  test("still knows how a call ended, and says of one that it left that it does not", async () => {
    const over = await finished();
    const left = await rig.call();
    await rig.restart("SIGKILL");
    expect((await left.ended).by).toBe("relay");
    expect((await rig.ending(over)).body).toMatchObject({ ending: "caller_hung_up", outcome: "finished" });
    expect((await rig.ending(left.callSid)).body).toMatchObject({
      ending: "unknown",
      outcome: "again",
      attempt: 0,
    });
  });
});

describe("asked how it is itself, the relay", () => {
  test("says that it is well and ready", async () => {
    const base = rig.relay.url.replace(/^ws/, "http");
    for (const [path, status] of [
      ["/healthz", "ok"],
      ["/readyz", "ready"],
    ]) {
      const response = await fetch(base + path);
      expect([response.status, await response.json()]).toEqual([200, { status }]);
      // As many monitors ask.
      expect((await fetch(base + path, { method: "HEAD" })).status).toBe(200);
    }
  });

  test("writes to its disk once a second for many who ask at once, for anybody may", async () => {
    const wal = join(rig.dataDir, "relay.sqlite-wal");
    const ask = async () => (await fetch(`${rig.relay.url.replace(/^ws/, "http")}/readyz`)).status;
    // The file grows by a page and more for each write, until it is carried over.
    const sizeOf = () => statSync(wal, { throwIfNoEntry: false })?.size ?? 0;
    await rig.restart("SIGTERM");
    for (;;) {
      const [before, writtenAfterMs] = [sizeOf(), performance.now()];
      expect(await ask()).toBe(200);
      const size = sizeOf();
      if (size === before) continue;
      const answers = await Promise.all(Array.from({ length: 50 }, ask));
      expect(answers).toEqual(answers.map(() => 200));
      const after = sizeOf();
      // On a machine so slow that its second is over, it may write again: that tells nothing.
      if (performance.now() - writtenAfterMs >= 1_000) continue;
      expect(after).toBe(size);
      break;
    }
  });
});
