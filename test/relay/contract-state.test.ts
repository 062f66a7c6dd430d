/** What one webhook tells the next of a call that comes back: what may stand in it, and that what stood before still may. */
import { describe, expect, test } from "bun:test";
import { SignJWT } from "jose";
import {
  keyFrom,
  LAST_ATTEMPT,
  MOST_BREAKS,
  mintState,
  mintTransferState,
  verifyState,
} from "../../relay/contract.ts";

const NOW_S = 1_790_000_000;
const CALL = `CA${"0123456789abcdef".repeat(2)}`;
const RELAY = "wss://relay.example.com";
const key = await keyFrom("a stream token secret for the tests");

/** As an edge of before would have made it. */
const OLD = { attempt: 3, remints: 1, relay: RELAY };
const FULL = {
  ...OLD,
  passed: 2,
  broke: Array.from({ length: MOST_BREAKS }, (_, index) => NOW_S - index),
  waitingSince: NOW_S - 7,
  toldAt: NOW_S - 3,
};
/** What is read of a state that says this. */
async function read(claims: Parameters<typeof mintState>[1]): Promise<unknown> {
  const verified = await verifyState([key], await mintState(key, claims, NOW_S), NOW_S);
  if (!verified.ok) return verified.why;
  const { iss, aud, iat, nbf, exp, sub, ...others } = verified.claims;
  return others;
}
/** The same of claims that no edge of ours would mint, with a good signature. */
async function readForged(changes: object): Promise<unknown> {
  const claims = { iss: "edge", aud: "edge", sub: CALL, ...OLD, ...changes };
  const timed = { ...claims, iat: NOW_S, nbf: NOW_S, exp: NOW_S + 24 * 3600 };
  const header = { alg: "HS256", typ: "state+jwt", kid: key.kid };
  const token = await new SignJWT(timed).setProtectedHeader(header).sign(key.hmac);
  const verified = await verifyState([key], token, NOW_S);
  return verified.ok ? "accepted" : verified.why;
}

describe("a state", () => {
  test("of before is read as it was: what it does not say is not there", async () => {
    expect(await read({ callSid: CALL, ...OLD })).toEqual(OLD);
    expect(await readForged({})).toBe("accepted");
  });

  test("says all that it is to say, and fits into a URL at its longest", async () => {
    expect(await read({ callSid: CALL, ...FULL })).toEqual(FULL);
    const longest = {
      callSid: CALL,
      ...FULL,
      attempt: LAST_ATTEMPT,
      passed: LAST_ATTEMPT,
      relay: `wss://${"r".repeat(240)}.example.com`,
    };
    expect((await mintState(key, longest, NOW_S)).length).toBeLessThan(1000);
    expect(await read(longest)).toMatchObject({ attempt: LAST_ATTEMPT });
  });

  test("that says anything else is refused", async () => {
    for (const changes of [
      { passed: -1 },
      { passed: LAST_ATTEMPT + 1 },
      { passed: "1" },
      { passed: null },
      { broke: [] },
      { broke: [...FULL.broke, NOW_S] },
      { broke: [NOW_S, NOW_S - 0.5] },
      { broke: NOW_S },
      { waitingSince: -1 },
      { waitingSince: NOW_S - 0.5 },
      { waitingSince: null },
      { toldAt: "now" },
      { waiting: true },
    ]) {
      expect([changes, await readForged(changes)]).toEqual([changes, "claims not ours"]);
    }
  });

  test("of a transfer is none of these", async () => {
    const transfer = await mintTransferState(
      key,
      { callSid: CALL, attempt: 3, relay: RELAY, to: "anna" },
      NOW_S,
    );
    expect(await verifyState([key], transfer, NOW_S)).toEqual({ ok: false, why: "header not ours" });
  });
});
