/**
 * The file of token uses is what makes a token good once, so where it is damaged, or gone from under a relay, nobody comes
 * in; and it is thrown away by nobody but whoever runs the relay, who is told how and what it costs.
 */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RecordsFailure } from "../../../relay/io/records.ts";
import { Store } from "../../../relay/io/store.ts";
import { PATIENCE_MS, until } from "../../patience.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { freePort, startRelay } from "../../rehearsal/relay.ts";
import { damage } from "./damage.ts";
import { noise } from "./noise.ts";
import { Rig } from "./rig.ts";

const NOW_S = 1_790_000_000;

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

/** What opening it throws. */
function whyNot(dataDir: string): unknown {
  try {
    Store.open(dataDir).close();
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

describe("a file that is damaged", () => {
  const fill = async () => {
    for (let n = 0; n < 50; n++) await use(`token-${n}`);
    await store.forgetOld();
  };

  for (const kind of ["overwritten", "cut", "inside"] as const) {
    test(`(${kind}) is not opened, is left as it is, and the way on is said, with what it costs`, async () => {
      await fill();
      store.close();
      damage(join(folder, "relay.sqlite"), kind);
      const before = readFileSync(join(folder, "relay.sqlite"));
      const thrown = whyNot(folder);
      expect(thrown).toBeInstanceOf(RecordsFailure);
      expect(thrown).toMatchObject({
        code: expect.stringMatching(/^SQLITE_(CORRUPT|NOTADB)$/),
        mend: expect.stringMatching(
          /^relay\.sqlite in DATA_DIR is damaged .*which tokens were used.*move relay\.sqlite, relay\.sqlite-wal and relay\.sqlite-shm away, and start it again; what is lost.*wrong PINs/,
        ),
      });
      expect(readFileSync(join(folder, "relay.sqlite"))).toEqual(before);
      for (const name of readdirSync(folder)) renameSync(join(folder, name), join(folder, `${name}.away`));
      store = Store.open(folder);
      expect((await use("after")).isFirst).toBe(true);
    });

    test(`(${kind}) while it is open takes no use and no heartbeat any more, and says so`, async () => {
      await fill();
      // All is in the file itself, as after hours.
      const other = Store.open(folder);
      other.close();
      const file = new Database(join(folder, "relay.sqlite"));
      file.query("PRAGMA wal_checkpoint(TRUNCATE)").get();
      file.close();
      damage(join(folder, "relay.sqlite"), kind);
      for (const asked of [() => use("new"), () => store.heartbeat()]) {
        const thrown = await asked().catch((error) => error);
        expect(thrown).toBeInstanceOf(RecordsFailure);
        expect(thrown).toMatchObject({
          mend: expect.stringMatching(
            /^relay\.sqlite in DATA_DIR is damaged: .*move .* away.*nobody is admitted/,
          ),
        });
      }
    });
  }

  test("that is moved away under a relay takes no use: it would be lost with the process", async () => {
    await use("before");
    renameSync(join(folder, "relay.sqlite"), join(folder, "away"));
    const failed = {
      code: "moved",
      mend: "relay.sqlite in DATA_DIR was moved or replaced: restart the relay; nobody is admitted until then",
    };
    expect(await use("lost").catch((error) => error)).toMatchObject(failed);
    expect(await store.heartbeat().catch((error) => error)).toMatchObject(failed);
    const next = Store.open(folder);
    expect(await use("lost").catch((error) => error)).toMatchObject(failed);
    expect((await use("next", NOW_S, next)).isFirst).toBe(true);
    next.close();
  });
});

describe("a new file", () => {
  const at = (nowS: number) => {
    const folder = mkdtempSync(join(tmpdir(), "new-"));
    return { folder, store: Store.open(folder, nowS) };
  };

  test("takes no token that was made before it, for an old one that is lost may have known it as used", async () => {
    const { folder, store } = at(NOW_S);
    for (const ago of [1, 30, 60, 70]) {
      expect((await use(`ago ${ago}`, NOW_S - ago, store)).isFirst).toBe(false);
    }
    store.close();
    const later = Store.open(folder, NOW_S + 20);
    expect((await use("before", NOW_S - 1, later)).isFirst).toBe(false);
    expect((await use("at once", NOW_S, later)).isFirst).toBe(true);
    expect((await use("later", NOW_S + 10, later)).isFirst).toBe(true);
    later.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("made by a clock that was ahead locks nobody out", async () => {
    const { folder, store } = at(NOW_S + 3_600);
    expect((await use("token", NOW_S, store)).isFirst).toBe(true);
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });
});

describe("a running relay whose file of token uses", () => {
  test("is damaged admits nobody, says so at /readyz and in its log, and takes nothing from the calls that are up", async () => {
    const rig = await Rig.start({ model: { script: () => [{ say: noise(8, 60_000), words: "noise" }] } });
    try {
      const ready = async () => (await fetch(`${rig.relay.url.replace(/^ws/, "http")}/readyz`)).status;
      const first = await rig.call();
      expect(await ready()).toBe(200);
      for (const name of readdirSync(rig.dataDir)) {
        if (/^relay\.sqlite(-wal)?$/.test(name)) damage(join(rig.dataDir, name), "overwritten");
      }
      const stream = await rig.stream();
      expect(await stream.opening).toMatchObject({ opened: false, status: 503 });
      await until(async () => (await ready()) === 503);
      const failed = await rig.relay.waitForLog(({ event }) => event === "store.failed", PATIENCE_MS);
      expect(failed).toMatchObject({
        level: "error",
        mend: expect.stringMatching(/^relay\.sqlite in DATA_DIR is damaged: stop the relay, move .* away/),
      });
      const heardMs = first.ear.audibleMs;
      await first.waitFor(() => first.ear.audibleMs > heardMs + 200, PATIENCE_MS);
      first.hangUp();
      expect((await first.ended).code).toBe(1000);
    } finally {
      await rig.stop();
    }
  });

  test("is damaged when it starts does not start, and says what to do", async () => {
    store.close();
    writeFileSync(join(folder, "relay.sqlite"), "not a database, but as long as one".repeat(300));
    const options = { modelUrl: "ws://127.0.0.1:9/v1/realtime", modelKey: "sk-rehearsal", dataDir: folder };
    await expect(startRelay(freePort(), options)).rejects.toThrow(
      /cannot start: relay\.sqlite in DATA_DIR is damaged.*move relay\.sqlite/,
    );
    rmSync(join(folder, "relay.sqlite"));
    store = Store.open(folder);
  });
});
