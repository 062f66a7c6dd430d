import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Profile, packProfile, unpackProfile } from "../../relay/contract.ts";

const base64url = (text: string | Uint8Array) => Buffer.from(text).toString("base64url");

describe("a profile", () => {
  const asObject = (parameters: ReadonlyArray<{ name: string; value: string }>) =>
    Object.fromEntries(parameters.map(({ name, value }) => [name, value]));
  const long = { name: "Ada", instructions: "Schöne Grüße & <ümlaute> 😀 ".repeat(100) };

  const profiles = fc.record(
    {
      name: fc.string({ minLength: 1, maxLength: 80, unit: "binary" }),
      language: fc.constantFrom("en", "de-CH", "zh-Hant-TW"),
      greeting: fc.string({ minLength: 1, maxLength: 200 }),
      instructions: fc.string({ minLength: 1, maxLength: 1000 }),
      tools: fc.array(fc.string({ minLength: 1, maxLength: 40 }), { maxLength: 20 }),
    },
    { requiredKeys: [] },
  );

  test("comes back whole, in pieces that Twilio takes, under the hash of the token", () => {
    fc.assert(
      fc.property(profiles, (profile) => {
        const { parameters, hash } = packProfile(profile);
        for (const { name, value } of parameters) {
          expect(name.length + value.length).toBeLessThan(500);
          expect(value).toMatch(/^[A-Za-z0-9_-]+$/);
        }
        expect(hash).toHaveLength(43);
        expect(unpackProfile(asObject(parameters))).toEqual({ ok: true, profile, hash });
      }),
      { numRuns: 300, seed: 2 },
    );
  });

  test("that is empty is a profile too: one piece", () => {
    const { parameters, hash } = packProfile({});
    expect(parameters.map(({ name }) => name)).toEqual(["profile0"]);
    expect(unpackProfile(asObject(parameters))).toEqual({ ok: true, profile: {}, hash });
  });

  test("does not depend on the order in which its pieces arrive", () => {
    const { parameters, hash } = packProfile(long);
    expect(parameters.length).toBeGreaterThan(2);
    expect(unpackProfile(asObject([...parameters].reverse()))).toEqual({ ok: true, profile: long, hash });
  });

  test("with a piece missing, added, misnamed, emptied or exchanged is refused or has another hash", () => {
    const { parameters, hash } = packProfile(long);
    const whole = asObject(parameters);
    const without = asObject(parameters.slice(1));
    const shorter = asObject(parameters.slice(0, -1));
    const [first, second] = parameters;
    expect(unpackProfile({})).toEqual({ ok: false, why: "missing" });
    expect(unpackProfile(without)).toEqual({ ok: false, why: "surplus" });
    expect(unpackProfile(shorter)).toEqual({ ok: false, why: "not a profile" });
    expect(unpackProfile({ ...whole, other: "" })).toEqual({ ok: false, why: "surplus" });
    expect(unpackProfile({ ...without, Profile0: first?.value ?? "" })).toEqual({
      ok: false,
      why: "surplus",
    });
    const heir: Record<string, string> = Object.assign(
      Object.create({ profile0: first?.value ?? "" }),
      without,
    );
    expect(unpackProfile(heir)).toEqual({ ok: false, why: "surplus" });
    const exchanged = { ...whole, profile0: second?.value ?? "", profile1: first?.value ?? "" };
    expect(unpackProfile(exchanged)).toEqual({ ok: false, why: "not a profile" });
    const other = unpackProfile(asObject(packProfile({ ...long, name: "Eve" }).parameters));
    expect(other.ok && other.hash).not.toBe(hash);
  });

  test("with members that are none of a profile's, or over their limits, is refused", () => {
    for (const text of [
      '{"phone":"+15551234567"}',
      '{"name":""}',
      `{"name":"${"A".repeat(81)}"}`,
      '{"language":"English"}',
      `{"greeting":"${"A".repeat(501)}"}`,
      `{"instructions":"${"A".repeat(4001)}"}`,
      '{"tools":[""]}',
      JSON.stringify({ tools: Array.from({ length: 65 }, () => "a") }),
      "[]",
      "null",
      "not JSON",
    ]) {
      expect(unpackProfile({ profile0: base64url(text) })).toEqual({ ok: false, why: "not a profile" });
    }
    expect(unpackProfile({ profile0: base64url(new Uint8Array([0x22, 0xff, 0x22])) })).toEqual({
      ok: false,
      why: "not a profile",
    });
  });

  test("within every single limit and yet too long in all is refused where it is made, not at the relay", () => {
    const tooLong = { instructions: "語".repeat(4000), greeting: "語".repeat(500) };
    expect(Profile.safeParse(tooLong).error?.issues[0]?.message).toContain("too long in all");
    expect(() => packProfile(tooLong)).toThrow("too long in all");
    const longest = { instructions: "語".repeat(3800) };
    const { parameters, hash } = packProfile(longest);
    expect(unpackProfile(asObject(parameters))).toEqual({ ok: true, profile: longest, hash });
  });
});
