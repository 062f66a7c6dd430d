/**
 * Conversations in a file: they outlive a kill, are gone from every byte of the folder when the call is over, and take
 * neither another process's calls with them nor wait for it.
 */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { KEPT_FOR_S } from "../../../relay/io/conversations.ts";
import { until } from "../../patience.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { aConversation } from "./a-conversation.ts";
import { Place } from "./conversations-place.ts";

let place: Place;
beforeEach(async () => {
  place = await Place.make();
});
afterEach(() => place.remove());

describe("a conversation that is over", () => {
  test("is in no byte of any file once it is swept, nor is what it was before, and others stay", async () => {
    const conversations = place.open();
    const staying = newSid("CA");
    const sealed: Buffer[] = [];
    for (let round = 0; round < 5; round++) {
      const calls = Array.from({ length: 12 }, () => newSid("CA"));
      for (let n = 0; n < 40; n++) {
        const callSid = calls[n % calls.length] ?? staying;
        await conversations.keep(callSid, aConversation(`canary ${n}`, (n * 977 * (round + 1)) % 25_000));
        sealed.push(place.sealedOf(callSid));
      }
      await conversations.keep(staying, aConversation("stays", 9_000));
      expect(place.piecesOf(sealed)).toBeGreaterThan(0);
      for (const callSid of calls) await conversations.forget(callSid);
      await conversations.sweep();
      expect(place.piecesOf(sealed)).toBe(0);
      expect(place.piecesOf([place.sealedOf(staying)])).toBeGreaterThan(0);
      expect(await conversations.recall(staying)).toEqual(aConversation("stays", 9_000));
    }
    expect(place.told).toEqual([]);
  });

  test("is gone as well while another process keeps calls in the same file all the time", async () => {
    const conversations = place.open();
    const theirs = newSid("CA");
    const child = place.child(`
      for (let n = 0; ; n++) {
        await conversations.keep(${JSON.stringify(theirs)}, aConversation("live " + n, 8_000));
        if (n === 0) console.log("keeps");
        if (n % 10 === 0) await Bun.sleep(1);
        if (n % 100 === 0) await conversations.sweep();
      }`);
    expect(await child.line()).toBe("keeps");
    for (let round = 0; round < 10; round++) {
      const callSid = newSid("CA");
      await conversations.keep(callSid, aConversation("canary", 20_000));
      const sealed = [place.sealedOf(callSid)];
      await conversations.forget(callSid);
      // While the other writes on, an emptying of the log may find it busy; it is tried at each sweep.
      await until(async () => {
        await conversations.sweep();
        return place.piecesOf(sealed) === 0;
      });
    }
    const before = await conversations.recall(theirs);
    await until(async () => !Bun.deepEquals(await conversations.recall(theirs), before));
    await child.kill();
    expect((await conversations.recall(theirs))?.lines[0]).toMatchObject({ by: "assistant" });
  });

  test("is gone also if nobody said so, after its time, and not while it is kept again", async () => {
    const conversations = place.open();
    const [left, live] = [newSid("CA"), newSid("CA")];
    for (const callSid of [left, live]) await conversations.keep(callSid, aConversation("canary", 5_000));
    const sealed = [place.sealedOf(left)];
    place.nowS += KEPT_FOR_S - 1;
    await conversations.sweep();
    expect(await conversations.recall(left)).toBeDefined();
    await conversations.keep(live, aConversation("still here"));
    place.nowS += 1;
    await conversations.sweep();
    expect(await conversations.recall(left)).toBeUndefined();
    expect(place.piecesOf(sealed)).toBe(0);
    expect(await conversations.recall(live)).toEqual(aConversation("still here"));
  });

  test("is gone at the first sweep of a relay that comes back late, and where the clock was set back", async () => {
    const [late, ahead] = [newSid("CA"), newSid("CA")];
    await place.open().keep(late, aConversation("x"));
    place.nowS += 3_600;
    const next = place.open();
    await next.sweep();
    expect(await next.recall(late)).toBeUndefined();
    await next.keep(ahead, aConversation("x"));
    place.nowS -= 3_600;
    await next.sweep();
    expect(await next.recall(ahead)).toBeUndefined();
  });
});

describe("a conversation that was kept", () => {
  test("is recalled after a kill at any moment, as it was last known to be kept or newer", async () => {
    for (let round = 0; round < 8; round++) {
      const callSid = newSid("CA");
      const child = place.child(`
        for (let n = 0; ; n++) {
          await conversations.keep(${JSON.stringify(callSid)}, { ...aConversation("canary", 10_000), elapsedMs: n });
          process.stdout.write(n + "\\n");
          if (n % 7 === 0) await conversations.sweep();
          await Bun.sleep(0);
        }`);
      for (let n = 0; n < 5 + round * 3; n++) expect(await child.line()).toBe(String(n));
      await child.kill();
      const recalled = await place.open().recall(callSid);
      const elapsedMs = recalled?.elapsedMs ?? Number.NaN;
      expect(elapsedMs).toBeGreaterThanOrEqual(4 + round * 3);
      expect(recalled).toEqual({ ...aConversation("canary", 10_000), elapsedMs });
    }
    expect(place.told).toEqual([]);
  });
});

describe("a sweep", () => {
  test("writes nothing where there is nothing to take away", async () => {
    const conversations = place.open();
    await conversations.keep(newSid("CA"), aConversation("x"));
    await conversations.sweep();
    const seen = () =>
      readdirSync(place.dataDir).map((name) => {
        const { size, mtimeMs } = statSync(place.path(name));
        return [name, size, mtimeMs];
      });
    const before = seen();
    expect(before.map(([name]) => name)).toContain("conversations.sqlite");
    for (let n = 0; n < 5; n++) await conversations.sweep();
    expect(seen()).toEqual(before);
  });

  test("that is asked while one is under way is that one", async () => {
    const conversations = place.open();
    const holder = hold();
    void conversations.forget(newSid("CA"));
    const [one, other] = [conversations.sweep(), conversations.sweep()];
    expect(one).toBe(other);
    release(holder);
    await one;
  });
});

/** As a process that is in the middle of a write. */
function hold(): Database {
  const db = new Database(place.path());
  db.exec("BEGIN IMMEDIATE");
  return db;
}
const release = (db: Database): void => {
  db.exec("ROLLBACK");
  db.close();
};

describe("while another process writes", () => {
  test("what is to be kept waits for it, the newest alone", async () => {
    const conversations = place.open();
    const callSid = newSid("CA");
    const holder = hold();
    const waiting = [1, 2, 3].map((n) => conversations.keep(callSid, aConversation(`canary ${n}`)));
    expect(await conversations.recall(callSid)).toBeUndefined();
    release(holder);
    await Promise.all(waiting);
    expect(await conversations.recall(callSid)).toEqual(aConversation("canary 3"));
    expect(place.told).toEqual([]);
  });

  test("what is forgotten meanwhile is not kept any more", async () => {
    const conversations = place.open();
    const callSid = newSid("CA");
    const holder = hold();
    const waiting = [conversations.keep(callSid, aConversation("x")), conversations.forget(callSid)];
    release(holder);
    await Promise.all(waiting);
    expect(await conversations.recall(callSid)).toBeUndefined();
  });

  test("for too long, it is told, once, and what was to be forgotten is at the next sweep", async () => {
    const conversations = place.open();
    const [callSid, over] = [newSid("CA"), newSid("CA")];
    await conversations.keep(over, aConversation("canary", 5_000));
    const sealed = [place.sealedOf(over)];
    const holder = hold();
    await Promise.all([conversations.keep(callSid, aConversation("x")), conversations.forget(over)]);
    expect(place.told).toEqual([
      {
        event: "conversations.failed",
        level: "error",
        code: "SQLITE_BUSY",
        mend: expect.stringMatching(
          /^another process holds conversations\.sqlite in DATA_DIR: .*calls go on/,
        ),
      },
    ]);
    expect(await conversations.recall(over)).toBeUndefined();
    release(holder);
    await conversations.sweep();
    expect(await place.open().recall(over)).toBeUndefined();
    expect(place.piecesOf(sealed)).toBe(0);
    await conversations.keep(callSid, aConversation("x"));
    await conversations.sweep();
    expect(place.events).toEqual(["conversations.failed", "conversations.recovered"]);
  });
});

test("once they are closed nothing is kept, and nobody is told", async () => {
  const conversations = place.open();
  conversations.close();
  const callSid = newSid("CA");
  await conversations.keep(callSid, aConversation("x"));
  await conversations.sweep();
  expect(await conversations.recall(callSid)).toBeUndefined();
  expect(await place.open().recall(callSid)).toBeUndefined();
  expect(place.told).toEqual([]);
});
