/**
 * The store by itself, on real files; and the running relay on a disk that cannot record, which then admits nobody
 * and says so, while the calls that are up go on.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Store } from "../../../relay/io/store.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { freePort, startRelay } from "../../rehearsal/relay.ts";
import { noise } from "./noise.ts";
import { Rig } from "./rig.ts";

const NOW_S = 1_790_000_000;
const DAY_S = 24 * 3600;

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "store-"));
  store = Store.open(folder);
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

let tokens = 0;
const use = (changes: Partial<Parameters<Store["use"]>[0]> = {}, atS = NOW_S, on = store) =>
  on.use({ jti: `jti-${tokens++}`, callSid: newSid("CA"), attempt: 0, ...changes }, atS);
const reopen = () => {
  store.close();
  store = Store.open(folder);
};

describe("a token", () => {
  test("is used once, also after the file was closed", () => {
    expect(use({ jti: "once" })).toBe(true);
    expect(use({ jti: "once" })).toBe(false);
    reopen();
    expect(use({ jti: "once" })).toBe(false);
  });

  test("of a call must be of a later attempt than any before", () => {
    const callSid = newSid("CA");
    const attempts = [1, 0, 1, 2, 2, 1, 5, 4, 6];
    const admitted = attempts.filter((attempt) => use({ callSid, attempt }));
    expect(admitted).toEqual([1, 2, 5, 6]);
  });

  test("is used once by two processes on one file", () => {
    const other = Store.open(folder);
    const won = Array.from({ length: 200 }, (_, n) => {
      const token = { jti: `shared-${n}`, callSid: newSid("CA") };
      const first = n % 2 === 0 ? [store, other] : [other, store];
      return first.map((one) => use(token, NOW_S, one));
    });
    other.close();
    expect(won).toEqual(won.map(() => [true, false]));
  });

  test("is used once by eight real processes that race for 100 of them", async () => {
    const racer = `
      const { Store } = await import(${JSON.stringify(join(import.meta.dir, "../../../relay/io/store.ts"))});
      const store = Store.open(${JSON.stringify(folder)});
      const won = [];
      for (let n = 0; n < 100; n++) {
        const callSid = "CA" + String(n).padStart(32, "0");
        if (store.use({ jti: "race-" + n, callSid, attempt: 0 }, ${NOW_S})) won.push(n);
      }
      console.log(JSON.stringify(won));`;
    const all = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const child = Bun.spawn([process.execPath, "-e", racer], { stdout: "pipe", stderr: "inherit" });
        const won: unknown = JSON.parse(await new Response(child.stdout).text());
        return Array.isArray(won) ? won : [];
      }),
    );
    const won = all.flat().sort((a, b) => a - b);
    expect(won).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });
});

describe("how a call ended", () => {
  test("is kept under its newest attempt, the first ending standing, also after the file was closed", () => {
    const callSid = newSid("CA");
    use({ jti: "first", callSid });
    expect(store.lastOf(callSid)).toEqual({ jti: "first", attempt: 0, ending: undefined });
    store.ended("first", "line_lost");
    store.ended("first", "caller_hung_up");
    expect(store.lastOf(callSid)).toEqual({ jti: "first", attempt: 0, ending: "line_lost" });
    use({ jti: "second", callSid, attempt: 1 });
    expect(store.lastOf(callSid)).toEqual({ jti: "second", attempt: 1, ending: undefined });
    store.ended("second", "assistant_hung_up");
    reopen();
    expect(store.lastOf(callSid)).toEqual({ jti: "second", attempt: 1, ending: "assistant_hung_up" });
  });

  test("is not known of a call that never came, and of no token that was never used", () => {
    store.ended("never", "line_lost");
    expect(store.lastOf(newSid("CA"))).toBeUndefined();
  });
});

describe("what is old", () => {
  test("is forgotten after 30 days and not before: the token may then no longer be good by its own time", () => {
    const [old, young] = [newSid("CA"), newSid("CA")];
    use({ callSid: old, jti: "old" }, NOW_S - 30 * DAY_S - 1);
    use({ callSid: young, jti: "young" }, NOW_S - 30 * DAY_S + 1);
    store.forgetOld(NOW_S);
    expect(store.lastOf(old)).toBeUndefined();
    expect(store.lastOf(young)).toMatchObject({ jti: "young" });
    expect(use({ jti: "young" })).toBe(false);
  });

  test("does not take the time with it: the latest ever seen stays", () => {
    expect(store.latestS()).toBe(0);
    use({}, NOW_S);
    store.heartbeat(NOW_S + 5);
    expect(store.latestS()).toBe(NOW_S + 5);
    reopen();
    expect(store.latestS()).toBe(NOW_S + 5);
  });
});

describe("the file", () => {
  test("lies in a folder that is made for it, which nobody else may read", () => {
    const deep = join(folder, "a", "b");
    Store.open(deep).close();
    expect(statSync(deep).mode & 0o777).toBe(0o700);
    expect(readdirSync(deep)).toEqual(["relay.sqlite"]);
  });

  test("that is no database, or a folder that is a file, is told when it is opened", () => {
    const bad = mkdtempSync(join(folder, "bad-"));
    writeFileSync(
      join(bad, "relay.sqlite"),
      "not a database, but long enough to be looked at as one".repeat(20),
    );
    expect(() => Store.open(bad)).toThrow("file is not a database");
    expect(() => Store.open(join(bad, "relay.sqlite", "data"))).toThrow();
  });
});

/** The relay may write this many blocks of 512 bytes to any one file, as on a full disk; the signal is ignored. */
const fullAt = (blocks: number) => ["sh", "-c", `trap "" XFSZ; ulimit -f ${blocks}; exec "$@"`, "sh"];

describe("a disk that cannot record", () => {
  test("admits nobody, which /readyz says, and takes nothing from the calls that are up", async () => {
    const rig = await Rig.start({
      model: { script: () => [{ say: noise(8, 20_000), words: "noise" }] },
      under: fullAt(160),
    });
    try {
      const ready = async () => (await fetch(`${rig.relay.url.replace(/^ws/, "http")}/readyz`)).status;
      const first = await rig.call();
      let refused: unknown;
      for (let tries = 0; tries < 50 && refused === undefined; tries++) {
        const stream = await rig.stream();
        const opening = await stream.opening;
        if (!opening.opened) refused = opening.status;
        stream.hangUp();
        await stream.ended;
      }
      expect(refused).toBe(503);
      expect(await ready()).toBe(503);
      const failed = rig.relay.lines.filter(({ event }) => event === "store.failed");
      expect(failed.length).toBeGreaterThan(0);
      expect(failed[0]).toMatchObject({ level: "error", code: expect.stringMatching(/^SQLITE_/) });
      const heardMs = first.ear.audibleMs;
      await first.waitFor(() => first.ear.audibleMs > heardMs + 200, 2_000);
      first.hangUp();
      expect((await first.ended).code).toBe(1000);
      expect(rig.relay.errors()).toBe("");
    } finally {
      await rig.stop();
    }
  });

  test("does not stop a relay from starting that has old calls to forget", async () => {
    for (let n = 0; n < 2_000; n++) use({}, NOW_S - 31 * DAY_S);
    store.close();
    const relay = await startRelay(freePort(), {
      modelUrl: "ws://127.0.0.1:9/v1/realtime",
      modelKey: "sk-rehearsal",
      dataDir: folder,
      under: fullAt(80),
    });
    expect(relay.lines.map(({ event }) => event)).toEqual(["store.failed", "relay.listening"]);
    expect(await relay.kill("SIGTERM")).toBe(0);
    expect(relay.errors()).toBe("");
    store = Store.open(folder);
  });
});
