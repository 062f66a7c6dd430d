/**
 * What is written down of calls, with records that answer when they are told to.
 */
import { expect, test } from "bun:test";
import { Chronicle } from "../../../relay/io/chronicle.ts";
import { Health } from "../../../relay/io/health.ts";
import { CLAIMS } from "./claims.ts";

test("an ending is written with the stream it is of, and is waited for at the process's end", async () => {
  const written: unknown[] = [];
  const disk = Promise.withResolvers<void>();
  const records = {
    ended: async (...what: unknown[]) => {
      await disk.promise;
      written.push(what);
    },
  };
  const chronicle = new Chronicle({ records, health: new Health(() => {}) });
  chronicle.ended(CLAIMS, "transferred", "anna");
  let isSettled = false;
  const settled = chronicle.settled().then(() => {
    isSettled = true;
  });
  await Promise.resolve();
  expect(isSettled).toBe(false);
  disk.resolve();
  await settled;
  expect(written).toEqual([[{ jti: CLAIMS.jti, callSid: CLAIMS.sub }, "transferred", "anna"]]);
});

test("an ending that cannot be written is told of, and is nobody's end", async () => {
  const health = new Health(() => {});
  const records = { ended: () => Promise.reject(new Error("SQLITE_FULL")) };
  const chronicle = new Chronicle({ records, health });
  chronicle.ended(CLAIMS, "caller_hung_up");
  await chronicle.settled();
  expect(health.isWell).toBe(false);
});
