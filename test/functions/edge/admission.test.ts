import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { admit } from "../../../functions/edge/admission.ts";
import { HIDDEN, onKeypad } from "../signed.ts";

const callers = new Map([
  ["+15551234567", { name: "Ada" }],
  ["+15557654321", {}],
]);

describe("admission", () => {
  test("lets in a caller on the list, with the profile that stands there", () => {
    expect(admit(callers, "+15551234567")).toEqual({ admitted: true, profile: { name: "Ada" } });
    expect(admit(callers, "+15557654321")).toEqual({ admitted: true, profile: {} });
  });

  test("turns away a number that is not on the list", () => {
    expect(admit(callers, "+15551234568")).toEqual({ admitted: false, why: "not on the list" });
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
      expect([from, admit(callers, from)]).toEqual([from, { admitted: false, why: "no caller id" }]);
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
      expect([from, admit(callers, from).admitted]).toEqual([from, false]);
    }
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\+1555[0-9]{5,9}$/)), (from) => {
        expect(admit(callers, from).admitted).toBe(callers.has(from));
      }),
      { numRuns: 1000, seed: 2 },
    );
  });

  test("with an empty list lets in nobody", () => {
    expect(admit(new Map(), "+15551234567").admitted).toBe(false);
    expect(admit(new Map([["", {}]]), "").admitted).toBe(false);
  });
});
