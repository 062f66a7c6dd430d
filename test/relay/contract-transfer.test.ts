/** What edge and relay agree on for putting a caller through: names that are no numbers, and a state of its own. */
import { describe, expect, test } from "bun:test";
import {
  keyFrom,
  mintEndingToken,
  mintPinState,
  mintState,
  mintTransferState,
  TransferName,
  verifyPinState,
  verifyState,
  verifyStreamToken,
  verifyTransferState,
} from "../../relay/contract.ts";
import { CLOCK_SKEW_S } from "../../relay/jwt.ts";

const NOW_S = 1_790_000_000;
const CALL = `CA${"0123456789abcdef".repeat(2)}`;
const RELAY = "wss://relay.example.com";
const key = await keyFrom("a stream token secret for the tests");

describe("a name to put a caller through to", () => {
  test("is of letters of any script, with spaces, hyphens and a few digits", () => {
    for (const name of [
      "anna",
      "Front Desk",
      "Anne-Marie",
      "Zoë",
      "Zoe\u0308",
      "王芳",
      "Δήμητρα",
      "देवी",
      "2nd floor",
      "Room 12345",
      "a".repeat(40),
    ]) {
      expect([name, TransferName.safeParse(name).success]).toEqual([name, true]);
    }
  });

  test("is never a number, nor anything that has a meaning to somebody else", () => {
    for (const name of [
      "",
      " ",
      " anna",
      "anna ",
      "-anna",
      "a".repeat(41),
      "+15551234567",
      "15551234567",
      "911",
      "anna 555123",
      "a1b2c3d4e5f6",
      "anna ５５５１２３",
      "anna=x",
      "anna,bob",
      "anna\nbob",
      "anna\tbob",
      "<Number>",
      "anna & co",
      '"anna"',
      "anna@example.com",
      "anna\u200bbob",
      "\ud83d\ude00",
    ]) {
      expect([name, TransferName.safeParse(name).success]).toEqual([name, false]);
    }
  });

  test("is judged at once, however long it is", () => {
    const text = `${"a1 -".repeat(500_000)}!`;
    expect(TransferName.safeParse(text).success).toBe(false);
  });
});

describe("the state of a call while somebody else is dialled", () => {
  const transfer = { callSid: CALL, attempt: 3, relay: RELAY, to: "Zoë" };

  test("says of which call, whose stream ended with it, and who is dialled, for a day", async () => {
    const token = await mintTransferState(key, transfer, NOW_S);
    const verified = await verifyTransferState([key], token, NOW_S + 23 * 3600);
    expect(verified.ok && verified.claims).toMatchObject({ sub: CALL, attempt: 3, relay: RELAY, to: "Zoë" });
    expect(await verifyTransferState([key], token, NOW_S + 24 * 3600 + CLOCK_SKEW_S)).toEqual({
      ok: false,
      why: "expired",
    });
  });

  test("fits into a URL at its longest", async () => {
    const longest = {
      ...transfer,
      attempt: 99,
      to: "語".repeat(40),
      relay: `wss://${"r".repeat(240)}.example.com`,
    };
    const token = await mintTransferState(key, longest, NOW_S);
    expect((await verifyTransferState([key], token, NOW_S)).ok).toBe(true);
    expect(token.length).toBeLessThan(1000);
  });

  test("is no other token, and no other token is one", async () => {
    const state = await mintTransferState(key, transfer, NOW_S);
    const others = [
      await mintState(key, { callSid: CALL, attempt: 3, remints: 0, relay: RELAY }, NOW_S),
      await mintPinState(key, { callSid: CALL, tries: 0 }, NOW_S),
      await mintEndingToken(key, { relay: RELAY, callSid: CALL }, NOW_S),
    ];
    const refused = { ok: false, why: "header not ours" } as const;
    for (const other of others) expect(await verifyTransferState([key], other, NOW_S)).toEqual(refused);
    expect(await verifyState([key], state, NOW_S)).toEqual(refused);
    expect(await verifyPinState([key], state, NOW_S)).toEqual(refused);
    expect(await verifyStreamToken([key], state, RELAY, NOW_S)).toEqual(refused);
  });

  test("with a number where the name belongs is none", async () => {
    const token = await mintTransferState(key, { ...transfer, to: "+15551234567" }, NOW_S);
    expect(await verifyTransferState([key], token, NOW_S)).toEqual({ ok: false, why: "claims not ours" });
  });
});
