import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ListedProfile, Profile, packProfile, unpackProfile } from "../../relay/contract.ts";

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
      transfers: fc.uniqueArray(fc.constantFrom("anna", "Front Desk", "Zoë", "王芳", "Büro 12"), {
        minLength: 1,
      }),
      news: fc.record({
        transfer: fc.record({
          to: fc.constantFrom("anna", "王芳"),
          result: fc.constantFrom("no-answer", "busy", "failed", "canceled"),
        }),
      }),
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
      '{"transfers":[]}',
      '{"transfers":["+15551234567"]}',
      JSON.stringify({ transfers: Array.from({ length: 33 }, () => "a") }),
      '{"news":{}}',
      '{"news":{"transfer":{"to":"anna","result":"completed"}}}',
      '{"news":{"transfer":{"to":"+15551234567","result":"busy"}}}',
      '{"news":{"transfer":{"to":"anna","result":"busy","number":"+15551234567"}}}',
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

  test("within every single limit and yet too long in all is refused where it is written down, not at the relay", () => {
    const tooLong = { instructions: "語".repeat(4000), greeting: "語".repeat(500) };
    expect(ListedProfile.safeParse(tooLong).error?.issues[0]?.message).toContain("too long in all");
    expect(ListedProfile.safeParse({ instructions: "語".repeat(3800) }).success).toBe(true);
    // Six bytes of JSON for each.
    expect(() => packProfile({ instructions: "\u0001".repeat(4000) })).toThrow("too long in all");
  });

  test("that was the longest to be written down still fits with the longest names and news", () => {
    const listed = { instructions: "語".repeat(3800), name: "n".repeat(80) };
    expect(ListedProfile.safeParse({ ...listed, instructions: "語".repeat(3900) }).success).toBe(false);
    const name = (index: number) => `${String.fromCharCode(0x4e00 + index)}${"語".repeat(39)}`;
    const transfers = Array.from({ length: 32 }, (_, index) => name(index));
    const profile: Profile = {
      ...ListedProfile.parse(listed),
      transfers,
      news: { transfer: { to: name(31), result: "no-answer" } },
    };
    const { parameters, hash } = packProfile(profile);
    expect(unpackProfile(asObject(parameters))).toEqual({ ok: true, profile, hash });
    expect(
      parameters.reduce((sum, { name, value }) => sum + name.length + value.length + 40, 0),
    ).toBeLessThan(32_000);
  });

  test("as the owner writes it down holds no news, which is the edge's to tell", () => {
    const news = { transfer: { to: "anna", result: "busy" } };
    expect(Profile.safeParse({ news }).success).toBe(true);
    expect(ListedProfile.safeParse({ news }).error?.issues[0]?.code).toBe("unrecognized_keys");
    expect(ListedProfile.safeParse({ transfers: [] }).success).toBe(true);
  });
});
