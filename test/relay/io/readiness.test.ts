/**
 * Why a process takes no new calls, with the disk, the time and its vital signs given by hand.
 */
import { beforeEach, expect, test } from "bun:test";
import { Health } from "../../../relay/io/health.ts";
import { Readiness } from "../../../relay/io/readiness.ts";
import type { Vital } from "../../../relay/io/vitals.ts";

let at: number;
let trouble: Vital | undefined;
let isDiskFull: boolean;
let beats: number;
let readiness: Readiness;
beforeEach(() => {
  [at, trouble, isDiskFull, beats] = [0, undefined, false, 0];
  readiness = new Readiness({
    records: {
      heartbeat: async () => {
        beats++;
        if (isDiskFull) throw new Error("SQLITE_FULL");
      },
    },
    health: new Health(() => {}),
    vitals: {
      get trouble() {
        return trouble;
      },
    },
    clock: { monotonicMs: () => at, unixS: () => 0 },
  });
});

test("it is ready where nothing speaks against it, and tries the disk once a second, however many ask", async () => {
  for (let n = 0; n < 50; n++) expect(await readiness.ask()).toBeUndefined();
  expect(beats).toBe(1);
  at += 1_000;
  expect(await readiness.ask()).toBeUndefined();
  expect([beats, readiness.isReady, readiness.obstacle]).toEqual([2, true, undefined]);
});

test("a disk that cannot record is found by asking, and so is that it can again", async () => {
  isDiskFull = true;
  expect(readiness.isReady).toBe(true);
  expect(await readiness.ask()).toBe("cannot record");
  expect(readiness.isReady).toBe(false);
  // A caller is let try: whether it is written is then seen.
  expect(readiness.obstacle).toBeUndefined();
  isDiskFull = false;
  at += 1_000;
  expect(await readiness.ask()).toBeUndefined();
});

test("what is not well turns callers away at once, without a word to the disk", async () => {
  trouble = "memory";
  expect([await readiness.ask(), readiness.obstacle, readiness.isReady]).toEqual(["memory", "memory", false]);
  expect(beats).toBe(0);
  trouble = undefined;
  expect(await readiness.ask()).toBeUndefined();
});

test("one that is stopping says so whatever else is wrong, and never takes anybody again", async () => {
  trouble = "disk";
  readiness.stop();
  expect([await readiness.ask(), readiness.obstacle, readiness.isStopping]).toEqual([
    "stopping",
    "stopping",
    true,
  ]);
});
