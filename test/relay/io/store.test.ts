/**
 * The store as a file, what records.test.ts cannot ask of it; and the running relay on a disk that cannot record, which then admits nobody
 * and says so, while the calls that are up go on.
 */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Store } from "../../../relay/io/store.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { freePort, startRelay } from "../../rehearsal/relay.ts";
import { fullAt } from "./full-disk.ts";
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

const use = (jti: string, issuedS = NOW_S, on: Store = store) =>
  on.use({ jti, callSid: newSid("CA"), attempt: 0, issuedS, expiresS: issuedS + 60 });
const reopen = () => {
  store.close();
  store = Store.open(folder);
};

describe("a file that is closed and opened again", () => {
  test("holds what it held: uses, endings, tries, and the time", async () => {
    const callSid = newSid("CA");
    const token = { jti: "once", callSid, attempt: 0, issuedS: NOW_S, expiresS: NOW_S + 60 };
    await store.use(token);
    await store.ended(token, "line_lost");
    await store.spendTry("a caller", "a try", NOW_S);
    reopen();
    expect(await store.use(token)).toEqual({ isFirst: false, latestS: NOW_S });
    expect(await store.lastOf(callSid)).toEqual({ jti: "once", attempt: 0, ending: "line_lost" });
    expect(await store.triesLeft("a caller", NOW_S)).toBe(9);
    expect(await store.latestS()).toBe(NOW_S);
  });
});

describe("a file of an earlier relay, which knew of no transfers", () => {
  const CALL = newSid("CA");
  const old = () => {
    const folder = mkdtempSync(join(tmpdir(), "old-"));
    const file = new Database(join(folder, "relay.sqlite"), { create: true });
    file.exec(`
      PRAGMA journal_mode = WAL;
      CREATE TABLE streams (
        jti TEXT PRIMARY KEY,
        call_sid TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        used_at INTEGER NOT NULL,
        ending TEXT,
        UNIQUE (call_sid, attempt)
      ) STRICT;
      CREATE INDEX streams_by_age ON streams (used_at);
      CREATE TABLE tries (caller TEXT NOT NULL, jti TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (caller, jti)) STRICT;
      CREATE TABLE latest (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL) STRICT;
      INSERT INTO latest (one, at) VALUES (1, ${NOW_S});
      INSERT INTO streams VALUES ('old', '${CALL}', 0, ${NOW_S}, 'line_lost');
    `);
    return { folder, file };
  };

  test("is opened with all that it holds, and takes transfers from then on", async () => {
    const { folder, file } = old();
    file.close();
    const opened = Store.open(folder, NOW_S + 30);
    expect(await opened.lastOf(CALL)).toEqual({ jti: "old", attempt: 0, ending: "line_lost" });
    const token = { jti: "new", callSid: CALL, attempt: 1, issuedS: NOW_S, expiresS: NOW_S + 60 };
    expect(await opened.use(token)).toEqual({ isFirst: true, latestS: NOW_S });
    await opened.ended(token, "transferred", "anna");
    opened.close();
    const again = Store.open(folder);
    expect(await again.lastOf(CALL)).toEqual({
      jti: "new",
      attempt: 1,
      ending: "transferred",
      transferTo: "anna",
    });
    again.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("is opened by eight processes at once, while that relay still writes", async () => {
    const { folder, file } = old();
    const source = `
      const { Store } = await import(${JSON.stringify(join(import.meta.dir, "../../../relay/io/store.ts"))});
      const store = Store.open(${JSON.stringify(folder)});
      console.log(JSON.stringify((await store.lastOf(${JSON.stringify(CALL)})).jti));`;
    const opened = Array.from({ length: 8 }, async () => {
      const child = Bun.spawn([process.execPath, "-e", source], { stdout: "pipe", stderr: "inherit" });
      return (await new Response(child.stdout).text()).trim();
    });
    const said = await Promise.all(opened);
    expect(said).toEqual(said.map(() => '"old"'));
    file.query("UPDATE streams SET ending = 'bug' WHERE jti = 'old'").run();
    file.exec("INSERT OR IGNORE INTO streams (jti, call_sid, attempt, used_at) VALUES ('by-old', 'x', 0, 0)");
    file.close();
    const store = Store.open(folder);
    expect(await store.lastOf("x")).toEqual({ jti: "by-old", attempt: 0, ending: undefined });
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });
});

describe("one file under two processes", () => {
  test("lets a token be used once", async () => {
    const other = Store.open(folder);
    const won: boolean[][] = [];
    for (let n = 0; n < 200; n++) {
      const token = {
        jti: `shared-${n}`,
        callSid: newSid("CA"),
        attempt: 0,
        issuedS: NOW_S,
        expiresS: NOW_S,
      };
      const order = n % 2 === 0 ? [store, other] : [other, store];
      won.push((await Promise.all(order.map((one) => one.use(token)))).map(({ isFirst }) => isFirst));
    }
    other.close();
    expect(won).toEqual(won.map(() => [true, false]));
  });

  test("lets each of 100 tokens be used once by eight real processes that race, and ten of 80 tries", async () => {
    const racer = `
      const { Store } = await import(${JSON.stringify(join(import.meta.dir, "../../../relay/io/store.ts"))});
      const store = Store.open(${JSON.stringify(folder)});
      const won = [];
      // Whoever has waited two seconds for the others is told so, and has recorded nothing.
      const known = async (work) => {
        for (;;) {
          try {
            return await work();
          } catch (thrown) {
            if (thrown.code !== "SQLITE_BUSY") throw thrown;
          }
        }
      };
      for (let n = 0; n < 100; n++) {
        const callSid = "CA" + String(n).padStart(32, "0");
        const token = { jti: "race-" + n, callSid, attempt: 0, issuedS: ${NOW_S}, expiresS: ${NOW_S} };
        if ((await known(() => store.use(token))).isFirst) won.push(n);
        const tryId = process.pid + "-" + n;
        if (n < 10 && (await known(() => store.spendTry("a caller", tryId, ${NOW_S}))).allowed) won.push("try");
      }
      console.log(JSON.stringify(won));`;
    const all = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const child = Bun.spawn([process.execPath, "-e", racer], { stdout: "pipe", stderr: "inherit" });
        const won: unknown = JSON.parse(await new Response(child.stdout).text());
        return Array.isArray(won) ? won : [];
      }),
    );
    const won = all.flat();
    expect(won.filter((one) => one === "try")).toHaveLength(10);
    const tokens = won.filter((one) => one !== "try").sort((a, b) => a - b);
    expect(tokens).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });
});

describe("what is old", () => {
  test("is forgotten after 30 days and not before, counted from the newest token and from no clock", async () => {
    await use("old", NOW_S - 30 * DAY_S - 1);
    await use("young", NOW_S - 30 * DAY_S + 1);
    await store.spendTry("a caller", "old", NOW_S - 3600);
    await store.spendTry("a caller", "young", NOW_S - 3599);
    const rows = () => {
      const file = new Database(join(folder, "relay.sqlite"), { readonly: true });
      const jtis = file.query("SELECT jti FROM streams UNION ALL SELECT jti FROM tries").values().flat();
      file.close();
      return jtis.sort();
    };
    await store.forgetOld();
    expect(rows()).toEqual(["old", "old", "young", "young"]);
    await use("new", NOW_S);
    await store.forgetOld();
    expect(rows()).toEqual(["new", "young", "young"]);
  });

  test("does not take the time with it, and a heartbeat tells none", async () => {
    expect(await store.latestS()).toBe(0);
    await use("token", NOW_S);
    await store.heartbeat();
    await store.forgetOld();
    reopen();
    expect(await store.latestS()).toBe(NOW_S);
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
    expect(() => Store.open(bad)).toThrow("SQLITE_NOTADB");
    expect(() => Store.open(join(bad, "relay.sqlite", "data"))).toThrow("ENOTDIR");
  });
});

describe("a disk that cannot record", () => {
  test("admits nobody, which /readyz says, and takes nothing from the calls that are up", async () => {
    const rig = await Rig.start({
      model: { script: () => [{ say: noise(8, 60_000), words: "noise" }] },
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
      await rig.relay.waitForLog(({ event }) => event === "store.failed", PATIENCE_MS);
      const failed = rig.relay.lines.filter(({ event }) => event === "store.failed");
      expect(failed[0]).toMatchObject({ level: "error", code: expect.stringMatching(/^SQLITE_/) });
      const heardMs = first.ear.audibleMs;
      await first.waitFor(() => first.ear.audibleMs > heardMs + 200, PATIENCE_MS);
      first.hangUp();
      expect((await first.ended).code).toBe(1000);
      expect(rig.relay.errors()).toBe("");
    } finally {
      await rig.stop();
    }
  });

  test("does not stop a relay from starting that has old calls to forget", async () => {
    await use("new");
    store.close();
    // At once, for each by itself waits for the disk.
    const file = new Database(join(folder, "relay.sqlite"));
    const old = file.query("INSERT INTO streams (jti, call_sid, attempt, used_at) VALUES (?, ?, 0, ?)");
    file.transaction(() => {
      for (let n = 0; n < 2_000; n++) old.run(`old-${n}`, newSid("CA"), NOW_S - 31 * DAY_S);
    })();
    file.close();
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
