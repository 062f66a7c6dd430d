/**
 * A file of conversations that is damaged, gone, full or not to be written stops no relay and no call: what can be kept is
 * kept again, in a new file where need be, by every process, and the log says what is wrong and what mends it.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Conversations } from "../../../relay/io/conversations.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { aConversation } from "./a-conversation.ts";
import { Place } from "./conversations-place.ts";
import { type Damage, damage } from "./damage.ts";
import { fullAt } from "./full-disk.ts";

let place: Place;
beforeEach(async () => {
  place = await Place.make();
});
afterEach(() => place.remove());

const KINDS: readonly Damage[] = ["overwritten", "cut", "inside"];
const MADE_ANEW = {
  event: "conversations.made_anew",
  level: "error",
  code: expect.stringMatching(/^SQLITE_(CORRUPT|NOTADB)/),
  mend: expect.stringMatching(
    /^conversations\.sqlite in DATA_DIR was damaged and is deleted; .*check the disk$/,
  ),
};
const databases = () => readdirSync(place.dataDir).filter((name) => name.endsWith(".sqlite"));

/** Each knows what the other keeps. */
async function areShared(...all: readonly Conversations[]): Promise<void> {
  for (const [n, one] of all.entries()) {
    const callSid = newSid("CA");
    await one.keep(callSid, aConversation(`of ${n}`, 9_000));
    for (const other of all) expect(await other.recall(callSid)).toEqual(aConversation(`of ${n}`, 9_000));
  }
}

describe("a file that is damaged", () => {
  test("while no relay runs is deleted at the start, and a new one is used, by all who come", async () => {
    const first = place.open();
    for (let n = 0; n < 20; n++) await first.keep(newSid("CA"), aConversation("x", 9_000));
    first.close();
    damage(place.path(), "overwritten");
    const [one, other] = [place.open(), place.open()];
    expect(place.told).toEqual([MADE_ANEW]);
    expect(databases()).toEqual(["conversations-1.sqlite"]);
    await areShared(one, other);
    expect(place.told).toHaveLength(1);
  });

  for (const kind of KINDS) {
    test(`under two processes (${kind}) is left by both for one new one, in which the live calls are kept`, async () => {
      const [one, other] = [place.open(), place.open()];
      for (let n = 0; n < 20; n++) await one.keep(newSid("CA"), aConversation("x", 9_000));
      await areShared(one, other);
      await one.sweep();
      damage(place.path(), kind);
      for (const each of [one, other]) await each.sweep();
      expect(place.told).toEqual([MADE_ANEW]);
      expect(databases()).toEqual(["conversations-1.sqlite"]);
      await areShared(one, other, place.open());
      expect(place.told).toHaveLength(1);
    });
  }

  test("and left by one process is left at once by another, whatever it asks of it", async () => {
    const asks: ReadonlyArray<(one: Conversations, callSid: string) => Promise<unknown>> = [
      (one, callSid) => one.recall(callSid),
      (one, callSid) => one.forget(callSid),
      (one, callSid) => one.keep(callSid, aConversation("x")),
    ];
    for (const ask of asks) {
      const each = await Place.make();
      const writer = each.open();
      const callSid = newSid("CA");
      await writer.keep(callSid, aConversation("x"));
      const one = each.open();
      await writer.sweep();
      damage(each.path(), "overwritten");
      await writer.sweep();
      expect(each.events).toEqual(["conversations.made_anew"]);
      await ask(one, callSid);
      await areShared(one, writer);
      expect(each.events).toEqual(["conversations.made_anew"]);
      await each.remove();
    }
  });

  test("again and again is left again and again", async () => {
    const one = place.open();
    for (let n = 0; n < 5; n++) {
      await one.keep(newSid("CA"), aConversation("x", 9_000));
      await one.sweep();
      damage(place.path(databases()[0]), "overwritten");
      await one.sweep();
      expect(place.told).toHaveLength(n + 1);
      expect(databases()).toEqual([`conversations-${n + 1}.sqlite`]);
    }
    await areShared(one, place.open());
  });
});

test("a file that somebody deletes under two processes is made again by both", async () => {
  const [one, other] = [place.open(), place.open()];
  await areShared(one, other);
  for (const name of readdirSync(place.dataDir)) rmSync(place.path(name));
  await areShared(one, other, place.open());
  expect(place.told).toEqual([]);
});

test("of two files, as two who both make one may leave them, the newer is everybody's from the next sweep on", async () => {
  const one = place.open();
  await one.keep(newSid("CA"), aConversation("x"));
  const elsewhere = await Place.make();
  elsewhere.open().close();
  copyFileSync(elsewhere.path(), place.path("conversations-1.sqlite"));
  await elsewhere.remove();
  await one.sweep();
  expect(databases()).toEqual(["conversations-1.sqlite"]);
  await areShared(one, place.open());
  expect(place.told).toEqual([]);
});

test("a folder that cannot be written costs no call, is told once, and is used as soon as it can be", async () => {
  const dataDir = join(place.dataDir, "data");
  writeFileSync(dataDir, "a file where the folder should be");
  const one = place.open(dataDir);
  const callSid = newSid("CA");
  for (let n = 0; n < 3; n++) {
    await one.keep(callSid, aConversation("x"));
    await one.sweep();
    await one.forget(newSid("CA"));
    expect(await one.recall(callSid)).toBeUndefined();
  }
  expect(place.told).toMatchObject([{ event: "conversations.failed", level: "error" }]);
  rmSync(dataDir);
  await one.keep(callSid, aConversation("x"));
  await one.sweep();
  await one.sweep();
  expect(place.events).toEqual(["conversations.failed", "conversations.recovered"]);
  expect(await one.recall(callSid)).toEqual(aConversation("x"));
});

test("a full disk costs no call, which is told, and takes nothing that was kept before", async () => {
  const callSid = newSid("CA");
  const child = place.child(
    `
    await conversations.keep(${JSON.stringify(callSid)}, aConversation("kept"));
    await conversations.sweep();
    for (let n = 0; n < 40; n++) {
      await conversations.keep("CA" + String(n).padStart(32, "0"), aConversation("x", 20_000));
      await conversations.sweep();
    }
    const recalled = await conversations.recall(${JSON.stringify(callSid)});
    await conversations.forget(${JSON.stringify(callSid)});
    console.log(JSON.stringify({ told: told.slice(0, 1), recalled }));`,
    fullAt(400),
  );
  const said = z
    .object({ told: z.array(z.unknown()), recalled: z.unknown() })
    .parse(JSON.parse(await child.line()));
  expect(said.told).toEqual([
    {
      event: "conversations.failed",
      level: "error",
      code: expect.stringMatching(/^SQLITE_(FULL|IOERR)/),
      mend: expect.stringMatching(/conversations\.sqlite.* room.*; calls go on/),
    },
  ]);
  expect(said.recalled).toEqual(aConversation("kept"));
});
