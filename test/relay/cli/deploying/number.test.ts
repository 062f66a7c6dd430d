import { describe, expect, test } from "bun:test";
import { chooseNumber, inTheWay, isPointedAt, pointedAt } from "../../../../relay/cli/deploying/number.ts";
import type { TwilioNumber, VoiceSide } from "../../../../relay/cli/twilio-account.ts";

const BASE = "https://phone-assistant-1234-dev.twil.io";
const UNSET: VoiceSide = {
  voiceUrl: "",
  voiceMethod: "POST",
  voiceFallbackUrl: "",
  voiceFallbackMethod: "POST",
  statusCallback: "",
  statusCallbackMethod: "POST",
  voiceApplicationSid: "",
  trunkSid: "",
};
const number = (phoneNumber: string, voice: Partial<VoiceSide> = {}, canTakeCalls = true): TwilioNumber => ({
  sid: `PN${"1".repeat(32)}`,
  phoneNumber,
  friendlyName: phoneNumber,
  canTakeCalls,
  voice: { ...UNSET, ...voice },
});
const [ONE, TWO, TEXTS] = [number("+15550000001"), number("+15550000002"), number("+15550000003", {}, false)];
const choose = (all: readonly TwilioNumber[], wanted?: string) =>
  chooseNumber({ numbers: async () => all }, wanted);

describe("the number that is to ring is", () => {
  test("the one that was named", async () => {
    expect(await choose([ONE, TWO], TWO.phoneNumber)).toEqual({ number: TWO });
  });

  test("the only one that takes calls", async () => {
    expect(await choose([TEXTS, ONE])).toEqual({ number: ONE });
  });

  test("asked for where there are several, none, or not that one", async () => {
    for (const [all, wanted, told] of [
      [[ONE, TWO], undefined, /2 numbers that take calls \(\+15550000001, \+15550000002\).*--number/],
      [[TEXTS], undefined, /no number that takes calls.*buy one.*--no-number/],
      [[ONE], "+15550009999", /\+15550009999 is no number of this account.*it has \+15550000001/],
      [[], ONE.phoneNumber, /\+15550000001 is no number of this account.*Phone Numbers/],
      [[ONE, TEXTS], TEXTS.phoneNumber, /\+15550000003 takes no calls.*name another: \+15550000001/],
    ] as const) {
      expect(JSON.stringify(await choose(all, wanted))).toMatch(told);
    }
  });
});

test("a SIP trunk or a TwiML application that holds it is named, with the way to take it away", () => {
  expect(inTheWay(ONE)).toBeUndefined();
  for (const held of [{ trunkSid: "TK1" }, { voiceApplicationSid: "AP1" }]) {
    const found = inTheWay(number("+15550000001", held));
    expect(found?.wrong).toMatch(/TK1|AP1/);
    expect(found?.mend).toContain("--take-number");
  }
});

test("it points there when every field that decides does", () => {
  const pointed = { ...UNSET, ...pointedAt(BASE, UNSET) };
  expect(isPointedAt(number("+15550000001", pointed), BASE)).toBe(true);
  for (const other of [
    { voiceUrl: `${BASE}/voice/other` },
    { voiceMethod: "GET" },
    { voiceFallbackUrl: "" },
    { voiceFallbackMethod: "GET" },
    { voiceApplicationSid: "AP1" },
    { trunkSid: "TK1" },
  ]) {
    expect(isPointedAt(number("+15550000001", { ...pointed, ...other }), BASE)).toBe(false);
  }
});

test("its status callback is the edge's where nobody else has one", () => {
  const ours = `${BASE}/voice/call-status`;
  for (const statusCallback of ["", "https://phone-assistant-9999-dev.twil.io/voice/call-status"]) {
    expect(pointedAt(BASE, { statusCallback })).toMatchObject({ statusCallback: ours });
    expect(isPointedAt(number("+15550000001", { ...pointedAt(BASE, UNSET), statusCallback }), BASE)).toBe(
      false,
    );
  }
  const statusCallback = "https://crm.example.com/calls";
  expect(pointedAt(BASE, { statusCallback })).not.toHaveProperty("statusCallback");
  const shared = { ...pointedAt(BASE, UNSET), statusCallback };
  expect(isPointedAt(number("+15550000001", shared), BASE)).toBe(true);
});
