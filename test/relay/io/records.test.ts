/**
 * What every kind of records must do, asked of each kind there is.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import "../../patience.ts";
import { systemClock } from "../../../relay/io/clock.ts";
import { Health } from "../../../relay/io/health.ts";
import type { Records, Use } from "../../../relay/io/records.ts";
import { RedisRecords } from "../../../relay/io/redis.ts";
import { Store } from "../../../relay/io/store.ts";
import { Secret } from "../../../relay/secret.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { hasRedis, RedisServer } from "./redis-server.ts";

const NOW_S = 1_790_000_000;

const folder = mkdtempSync(join(tmpdir(), "records-"));
let redis: RedisServer | undefined;
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await redis?.stop();
});

/** Two processes' sight of the same records. */
type Pair = { readonly one: Records; readonly other: Records };
const KINDS: ReadonlyArray<{ name: string; open: () => Promise<Pair>; isHere: boolean }> = [
  {
    name: "a file",
    isHere: true,
    open: async () => ({ one: Store.open(folder), other: Store.open(folder) }),
  },
  {
    name: hasRedis ? "a Redis" : "a Redis (skipped: there is no redis-server here)",
    isHere: hasRedis,
    open: async () => {
      redis = await RedisServer.start();
      const health = new Health(() => {});
      const sight = () => RedisRecords.open(new Secret(redis?.url ?? ""), systemClock, health, () => {});
      return { one: await sight(), other: await sight() };
    },
  },
];

let made = 0;
const token = (changes: Partial<Use> = {}): Use => ({
  jti: `jti-${made++}`,
  callSid: newSid("CA"),
  attempt: 0,
  issuedS: NOW_S,
  expiresS: NOW_S + 60,
  ...changes,
});
const caller = () => `caller-${made++}`;

for (const { name, open, isHere } of KINDS) {
  describe.skipIf(!isHere)(`records kept in ${name}`, () => {
    let one: Records;
    let other: Records;
    beforeAll(async () => {
      ({ one, other } = await open());
    });
    afterAll(() => {
      one.close();
      other.close();
    });
    const isFirst = async (use: Use, on = one) => (await on.use(use)).isFirst;

    test("let a token be used once, by whomever", async () => {
      const use = token();
      expect(await isFirst(use)).toBe(true);
      expect(await isFirst(use)).toBe(false);
      expect(await isFirst(use, other)).toBe(false);
      expect(await isFirst({ ...use, callSid: newSid("CA") })).toBe(false);
    });

    test("let a token of a call be used only if its attempt is later than any before", async () => {
      const callSid = newSid("CA");
      const admitted: number[] = [];
      for (const attempt of [1, 0, 1, 2, 2, 1, 5, 4, 6]) {
        if (await isFirst(token({ callSid, attempt }), attempt % 2 === 0 ? one : other))
          admitted.push(attempt);
      }
      expect(admitted).toEqual([1, 2, 5, 6]);
    });

    test("let one of 64 at once be first, of a token and of a call's attempt", async () => {
      for (let round = 0; round < 5; round++) {
        const use = token();
        const same = Array.from({ length: 64 }, (_, n) => isFirst(use, n % 2 === 0 ? one : other));
        expect((await Promise.all(same)).filter(Boolean)).toHaveLength(1);
        const callSid = newSid("CA");
        const each = Array.from({ length: 64 }, (_, n) =>
          isFirst(token({ callSid }), n % 2 === 0 ? one : other),
        );
        expect((await Promise.all(each)).filter(Boolean)).toHaveLength(1);
      }
    });

    test("refuse a token that had expired when another one was made", async () => {
      const early = token({ issuedS: NOW_S + 100, expiresS: NOW_S + 160 });
      const late = token({ issuedS: NOW_S + 161, expiresS: NOW_S + 221 });
      expect(await one.use(late)).toEqual({ isFirst: true, latestS: NOW_S + 161 });
      expect(await other.use(early)).toEqual({ isFirst: false, latestS: NOW_S + 161 });
      const inTime = token({ issuedS: NOW_S + 101, expiresS: NOW_S + 161 });
      expect(await other.use(inTime)).toEqual({ isFirst: true, latestS: NOW_S + 161 });
      expect(await one.latestS()).toBe(NOW_S + 161);
    });

    test("keep how a call ended under its newest attempt, the first ending standing", async () => {
      const now = { issuedS: NOW_S + 200, expiresS: NOW_S + 260 };
      const first = token(now);
      const { callSid } = first;
      await one.use(first);
      expect(await other.lastOf(callSid)).toEqual({ jti: first.jti, attempt: 0, ending: undefined });
      await one.ended(first, "line_lost");
      await one.ended(first, "caller_hung_up");
      expect(await other.lastOf(callSid)).toEqual({ jti: first.jti, attempt: 0, ending: "line_lost" });
      const second = token({ ...now, callSid, attempt: 1 });
      await one.use(second);
      await one.ended(first, "bug");
      expect(await other.lastOf(callSid)).toEqual({ jti: second.jti, attempt: 1, ending: undefined });
      await one.ended(second, "assistant_hung_up");
      expect(await other.lastOf(callSid)).toEqual({
        jti: second.jti,
        attempt: 1,
        ending: "assistant_hung_up",
      });
    });

    test("keep to whom a caller is handed, of the newest attempt and of the ending that stands", async () => {
      const now = { issuedS: NOW_S + 300, expiresS: NOW_S + 360 };
      const first = token(now);
      const { callSid } = first;
      await one.use(first);
      await one.ended(first, "transferred", "Zoë Front-Desk 2");
      await one.ended(first, "line_lost", "anna");
      await one.ended(first, "line_lost");
      const transferTo = "Zoë Front-Desk 2";
      const known = { jti: first.jti, attempt: 0, ending: "transferred", transferTo } as const;
      expect(await other.lastOf(callSid)).toEqual(known);
      const second = token({ ...now, callSid, attempt: 1 });
      await one.use(second);
      await one.ended(first, "transferred", "anna");
      expect(await other.lastOf(callSid)).toEqual({ jti: second.jti, attempt: 1, ending: undefined });
      await one.ended(second, "caller_hung_up");
      await one.ended(second, "transferred", "anna");
      expect(await other.lastOf(callSid)).toEqual({
        jti: second.jti,
        attempt: 1,
        ending: "caller_hung_up",
      });
    });

    test("know nothing of a call that never came, nor of the ending of a token that was never used", async () => {
      const never = token();
      await one.ended(never, "line_lost");
      expect(await one.lastOf(never.callSid)).toBeUndefined();
    });

    test("give a caller ten tries an hour and no eleventh", async () => {
      const who = caller();
      expect(await one.triesLeft(who, NOW_S)).toBe(10);
      for (let left = 9; left >= 0; left--) {
        const on = left % 2 === 0 ? one : other;
        expect(await on.spendTry(who, `try-${left}`, NOW_S)).toEqual({ allowed: true, left });
        expect(await on.triesLeft(who, NOW_S)).toBe(left);
      }
      expect(await one.spendTry(who, "eleventh", NOW_S)).toEqual({ allowed: false, left: 0 });
      expect(await one.spendTry(caller(), "eleventh", NOW_S)).toEqual({ allowed: true, left: 9 });
    });

    test("count a try that is spent again once, also when all are spent", async () => {
      const who = caller();
      for (let times = 0; times < 3; times++) {
        expect(await one.spendTry(who, "same", NOW_S)).toEqual({ allowed: true, left: 9 });
      }
      for (let n = 0; n < 9; n++) await one.spendTry(who, `try-${n}`, NOW_S);
      expect(await one.spendTry(who, "same", NOW_S)).toEqual({ allowed: true, left: 0 });
      expect(await one.spendTry(who, "another", NOW_S)).toEqual({ allowed: false, left: 0 });
    });

    test("let ten of 64 tries at once through", async () => {
      const who = caller();
      const spent = await Promise.all(
        Array.from({ length: 64 }, (_, n) => (n % 2 === 0 ? one : other).spendTry(who, `try-${n}`, NOW_S)),
      );
      expect(spent.filter(({ allowed }) => allowed)).toHaveLength(10);
    });

    test("give back what is refunded, once, and only that try of that caller", async () => {
      const [who, stranger] = [caller(), caller()];
      for (const tryId of ["a", "b"]) await one.spendTry(who, tryId, NOW_S);
      await one.spendTry(stranger, "a", NOW_S);
      expect(await other.refundTry(who, "a", NOW_S)).toBe(9);
      expect(await one.refundTry(who, "a", NOW_S)).toBe(9);
      expect(await one.refundTry(who, "never spent", NOW_S)).toBe(9);
      expect(await one.triesLeft(stranger, NOW_S)).toBe(9);
    });

    test("let each try count for an hour and not longer, by itself", async () => {
      const who = caller();
      for (let n = 0; n < 10; n++) await one.spendTry(who, `try-${n}`, NOW_S + 60 * n);
      expect(await one.spendTry(who, "no", NOW_S + 3599)).toEqual({ allowed: false, left: 0 });
      expect(await one.triesLeft(who, NOW_S + 3600)).toBe(1);
      expect(await one.spendTry(who, "yes", NOW_S + 3600)).toEqual({ allowed: true, left: 0 });
      expect(await one.spendTry(who, "no", NOW_S + 3601)).toEqual({ allowed: false, left: 0 });
      expect(await one.triesLeft(who, NOW_S + 3660)).toBe(1);
      expect(await one.triesLeft(who, NOW_S + 7200)).toBe(10);
    });

    test("are tried by a heartbeat, which nobody sees", async () => {
      const before = await one.latestS();
      await one.heartbeat();
      await other.heartbeat();
      await one.forgetOld();
      expect(await one.latestS()).toBe(before);
    });
  });
}
