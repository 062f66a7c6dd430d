import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { admit, type Terms, trustsNumbersAlone } from "../../../functions/edge/admission.ts";
import type { Caller } from "../../../functions/edge/callers.ts";
import { hashPin, type Pin, readPinHash } from "../../../functions/edge/pin.ts";
import { HIDDEN, onKeypad } from "../signed.ts";

const ADA = "+15551234567";
const GRACE = "+15557654321";
const callers = new Map<string, Caller>([
  [ADA, { profile: { name: "Ada" } }],
  [GRACE, { profile: {} }],
]);
const TERMS: Terms = { callers, stirPolicy: "off", callerPin: undefined, pinPolicy: "always" };
const admitted = (from: string, changes: Partial<Terms> = {}, stirVerstat?: string) =>
  admit({ ...TERMS, ...changes }, { from, stirVerstat });
const PASSED_A = "TN-Validation-Passed-A";
/** What Twilio's own page and its users' threads name, and what somebody might try to slip through. */
const NOT_PASSED_A = [
  undefined,
  "",
  ...["B", "C", "A-Diverted", "A-Passthrough", "B-Diverted", "C-Passthrough"].map(
    (level) => `TN-Validation-Passed-${level}`,
  ),
  "TN-Validation-Failed",
  "TN-Validation-Failed-A",
  "No-TN-Validation",
  "NULL",
  `${PASSED_A} `,
  ` ${PASSED_A}`,
  PASSED_A.toLowerCase(),
  `x${PASSED_A}`,
];

describe("admission", () => {
  test("lets in a caller on the list, with the profile that stands there", () => {
    expect(admitted(ADA)).toEqual({
      admitted: true,
      caller: { profile: { name: "Ada" } },
      pinDue: undefined,
    });
    expect(admitted(GRACE)).toMatchObject({ admitted: true, caller: { profile: {} } });
  });

  test("turns away a number that is not on the list", () => {
    expect(admitted("+15551234568")).toEqual({ admitted: false, why: "not on the list" });
  });

  test("turns away whoever shows no number: hidden, empty, SIP, client", () => {
    for (const from of [
      "",
      " ",
      "anonymous",
      "Anonymous",
      "unknown",
      HIDDEN,
      onKeypad("RESTRICTED"),
      "sip:+15551234567@example.com",
      "client:+15551234567",
    ]) {
      expect([from, admitted(from)]).toEqual([from, { admitted: false, why: "no caller id" }]);
    }
  });

  test("matches whole numbers: no part, no spelling, no neighbour of one gets in", () => {
    for (const from of [
      "15551234567",
      "5551234567",
      "+1555123456",
      "+155512345678",
      "+15551234567,",
      "+15551234567 ",
      "+1 555 123 4567",
      "+15551234567\n",
      "+1５551234567",
      "＋15551234567",
      "__proto__",
      "constructor",
    ]) {
      expect([from, admitted(from).admitted]).toEqual([from, false]);
    }
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\+1555[0-9]{5,9}$/)), (from) => {
        expect(admitted(from).admitted).toBe(callers.has(from));
      }),
      { numRuns: 1000, seed: 2 },
    );
  });

  test("with an empty list lets in nobody", () => {
    expect(admitted(ADA, { callers: new Map() }).admitted).toBe(false);
    expect(admitted("", { callers: new Map([["", { profile: {} }]]) }).admitted).toBe(false);
  });
});

describe("STIR_POLICY", () => {
  test("require lets in exactly TN-Validation-Passed-A, compared as a whole", () => {
    const require = { stirPolicy: "require" } as const;
    expect(admitted(ADA, require, PASSED_A).admitted).toBe(true);
    for (const verstat of NOT_PASSED_A) {
      expect([verstat, admitted(ADA, require, verstat)]).toEqual([
        verstat,
        { admitted: false, why: "not attested" },
      ]);
    }
    expect(admitted("+15551234568", require, PASSED_A)).toEqual({ admitted: false, why: "not on the list" });
  });

  test("off asks for no attestation", () => {
    for (const verstat of [PASSED_A, ...NOT_PASSED_A]) expect(admitted(ADA, {}, verstat).admitted).toBe(true);
  });
});

describe("a PIN", () => {
  const callerPin: Pin = { kind: "digits", digits: "482913" };
  const hashed = async (digits: string) => {
    const pin = readPinHash(await hashPin(digits));
    if (pin === undefined) throw new Error("its own hash is not read");
    return pin;
  };
  const pinDue = (from: string, changes: Partial<Terms>, verstat?: string) => {
    const admission = admitted(from, changes, verstat);
    return admission.admitted ? admission.pinDue : "turned away";
  };

  test("is due where it is set, attested or not, and a caller's own comes before everybody's", async () => {
    const pin = await hashed("7777777");
    const withOwn = new Map<string, Caller>([...callers, [ADA, { profile: {}, pin }]]);
    for (const verstat of [PASSED_A, ...NOT_PASSED_A]) {
      expect(pinDue(ADA, { callerPin }, verstat)).toEqual(callerPin);
      expect(pinDue(ADA, { callers: withOwn, callerPin }, verstat)).toEqual({ kind: "hash", hash: pin });
      expect(pinDue(ADA, { callers: withOwn }, verstat)).toEqual({ kind: "hash", hash: pin });
      expect(pinDue(GRACE, { callers: withOwn }, verstat)).toBeUndefined();
    }
  });

  test("may be skipped by exactly Passed-A where PIN_POLICY is unattested, and by nothing else", () => {
    const terms = { callerPin, pinPolicy: "unattested" } as const;
    expect(pinDue(ADA, terms, PASSED_A)).toBeUndefined();
    for (const verstat of NOT_PASSED_A) {
      expect([verstat, pinDue(ADA, terms, verstat)]).toEqual([verstat, callerPin]);
    }
  });

  test("and required attestation hold together", () => {
    const terms = { callerPin, stirPolicy: "require" } as const;
    expect(pinDue(ADA, terms, PASSED_A)).toEqual(callerPin);
    expect(pinDue(ADA, terms, "TN-Validation-Passed-B")).toBe("turned away");
  });

  test("that some caller lacks, with STIR_POLICY off, leaves caller ID alone to trust", async () => {
    const pin = await hashed("7777777");
    const someOwn = new Map<string, Caller>([...callers, [ADA, { profile: {}, pin }]]);
    const allOwn = new Map([...someOwn.keys()].map((number) => [number, { profile: {}, pin }]));
    const trusts = (changes: Partial<Terms>) => trustsNumbersAlone({ ...TERMS, ...changes });
    expect(trusts({})).toBe(true);
    expect(trusts({ callers: someOwn })).toBe(true);
    expect(trusts({ callers: allOwn })).toBe(false);
    expect(trusts({ callerPin })).toBe(false);
    expect(trusts({ stirPolicy: "require" })).toBe(false);
  });
});
