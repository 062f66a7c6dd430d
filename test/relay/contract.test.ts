import { describe, expect, test } from "bun:test";
import "../patience.ts";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import {
  audienceOf,
  endingPath,
  type Key,
  keyFrom,
  mintEndingToken,
  mintState,
  mintStreamToken,
  packProfile,
  type Refusal,
  TOKEN_LIFETIME_S,
  verifyEndingToken,
  verifyState,
  verifyStreamToken,
  WeakSecretError,
} from "../../relay/contract.ts";
import { CLOCK_SKEW_S } from "../../relay/jwt.ts";

const SECRET = "a secret of thirty-two bytes or more";
const RELAY = "wss://relay.example.com";
const NOW_S = 1_800_000_000;
const CALL = `CA${"0123456789abcdef".repeat(2)}`;
const ACCOUNT = `AC${"fedcba9876543210".repeat(2)}`;
const GRANT = {
  relay: RELAY,
  callSid: CALL,
  accountSid: ACCOUNT,
  attempt: 0,
  profileHash: packProfile({ name: "Ada" }).hash,
};

const key = await keyFrom(SECRET);
const older = await keyFrom("the secret before, long enough as well");

const base64url = (text: string | Uint8Array) => Buffer.from(text).toString("base64url");
const partsOf = (token: string): [string, string, string] => {
  const [header = "", claims = "", signature = ""] = token.split(".");
  return [header, claims, signature];
};

/** A token with any header and claims, as text, truly signed: what a thief of the secret could make. */
function forge(header: string | object, claims: string | object, secret = SECRET, hash = "sha256"): string {
  const asText = (part: string | object) => (typeof part === "string" ? part : JSON.stringify(part));
  const signed = `${base64url(asText(header))}.${base64url(asText(claims))}`;
  return `${signed}.${base64url(createHmac(hash, secret).update(signed).digest())}`;
}

const HEADER = { alg: "HS256", typ: "stream+jwt", kid: key.kid };
const CLAIMS = {
  iss: "edge" as const,
  aud: RELAY,
  sub: CALL,
  account: ACCOUNT,
  attempt: 0,
  profile: GRANT.profileHash,
  jti: base64url(new Uint8Array(16).fill(7)),
  iat: NOW_S,
  nbf: NOW_S,
  exp: NOW_S + 60,
};

async function refusalOf(
  token: string,
  {
    keys = [key],
    relay = RELAY,
    nowS = NOW_S,
  }: { keys?: readonly Key[]; relay?: string; nowS?: number } = {},
): Promise<Refusal | "accepted"> {
  const verified = await verifyStreamToken(keys, token, relay, nowS);
  return verified.ok ? "accepted" : verified.why;
}

describe("a good token", () => {
  test("is accepted and gives back what it grants", async () => {
    const token = await mintStreamToken(key, GRANT, NOW_S);
    const verified = await verifyStreamToken([key], token, RELAY, NOW_S);
    expect(verified).toEqual({
      ok: true,
      claims: { ...CLAIMS, jti: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/) },
    });
  });

  test("forged by hand with the secret is accepted, so the forgeries below fail for what they change", async () => {
    expect(await refusalOf(forge(HEADER, CLAIMS))).toBe("accepted");
  });

  test("stays about 500 bytes and within what a path segment may hold", async () => {
    const token = await mintStreamToken(key, GRANT, NOW_S);
    expect(token.length).toBeLessThan(600);
    expect(token).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
  });

  test("has an identifier of its own each time", async () => {
    const tokens = await Promise.all(Array.from({ length: 100 }, () => mintStreamToken(key, GRANT, NOW_S)));
    expect(new Set(tokens).size).toBe(100);
  });

  test("is accepted by a relay that holds two secrets, whichever signed it", async () => {
    for (const signer of [key, older]) {
      expect(await refusalOf(await mintStreamToken(signer, GRANT, NOW_S), { keys: [key, older] })).toBe(
        "accepted",
      );
    }
  });

  test("is accepted from its first second to its last, with the clocks' skew on either side", async () => {
    const token = await mintStreamToken(key, GRANT, NOW_S);
    const at = (nowS: number) => refusalOf(token, { nowS });
    expect(await at(NOW_S - CLOCK_SKEW_S - 1)).toBe("not yet valid");
    expect(await at(NOW_S - CLOCK_SKEW_S)).toBe("accepted");
    expect(await at(NOW_S + TOKEN_LIFETIME_S + CLOCK_SKEW_S - 1)).toBe("accepted");
    expect(await at(NOW_S + TOKEN_LIFETIME_S + CLOCK_SKEW_S)).toBe("expired");
  });

  test("is for a relay by its origin: with :443 and a slash it is the same one", async () => {
    const token = await mintStreamToken(key, { ...GRANT, relay: `${RELAY}:443/` }, NOW_S);
    expect(await refusalOf(token, { relay: RELAY })).toBe("accepted");
    expect(audienceOf("ws://localhost:5050/")).toBe("ws://localhost:5050");
  });
});

describe("a token is refused", () => {
  test("when it is for another relay", async () => {
    const token = await mintStreamToken(key, GRANT, NOW_S);
    for (const relay of [
      "wss://other.example.com",
      "ws://relay.example.com",
      "wss://relay.example.com:8443",
    ]) {
      expect(await refusalOf(token, { relay })).toBe("for another audience");
    }
  });

  test("when another secret signed it", async () => {
    expect(await refusalOf(await mintStreamToken(older, GRANT, NOW_S))).toBe("unknown key");
    expect(await refusalOf(forge(HEADER, CLAIMS, "another secret under the right name"))).toBe(
      "bad signature",
    );
  });

  test("when it is unsigned, however `none` is spelled", async () => {
    for (const alg of ["none", "None", "NONE", "nOnE", "", "none ", null, 0, undefined]) {
      const [header, claims, signature] = partsOf(forge({ ...HEADER, alg }, CLAIMS));
      expect(await refusalOf(`${header}.${claims}.${signature}`)).toBe("header not ours");
      expect(await refusalOf(`${header}.${claims}.`)).toBe("not canonical");
      expect(await refusalOf(`${header}.${claims}`)).toBe("not canonical");
    }
  });

  test("when it is signed with another algorithm, even with the right secret", async () => {
    for (const [alg, hash] of [
      ["HS384", "sha384"],
      ["HS512", "sha512"],
      ["hs256", "sha256"],
      ["RS256", "sha256"],
    ] as const) {
      expect(await refusalOf(forge({ ...HEADER, alg }, CLAIMS, SECRET, hash))).toBe("header not ours");
    }
  });

  test("when it is a token of another kind", async () => {
    const ending = await mintEndingToken(key, { relay: RELAY, callSid: CALL }, NOW_S);
    const state = await mintState(key, { callSid: CALL, attempt: 0, remints: 0, relay: RELAY }, NOW_S);
    const stream = await mintStreamToken(key, GRANT, NOW_S);
    expect(await refusalOf(ending)).toBe("header not ours");
    expect(await refusalOf(state)).toBe("header not ours");
    expect(await verifyEndingToken([key], stream, RELAY, NOW_S)).toEqual({
      ok: false,
      why: "header not ours",
    });
    expect(await verifyEndingToken([key], state, RELAY, NOW_S)).toEqual({
      ok: false,
      why: "header not ours",
    });
    expect(await verifyState([key], stream, NOW_S)).toEqual({ ok: false, why: "header not ours" });
    expect(await verifyState([key], ending, NOW_S)).toEqual({ ok: false, why: "header not ours" });
  });

  test("when its typ is spelled in any other way", async () => {
    for (const typ of ["JWT", "application/stream+jwt", "STREAM+JWT", "stream+jwt ", undefined]) {
      expect(await refusalOf(forge({ ...HEADER, typ }, CLAIMS))).toBe("header not ours");
    }
  });

  test("when its header has a member that we do not write", async () => {
    for (const extra of [
      { jwk: { kty: "oct", k: base64url(SECRET) } },
      { jku: "https://evil.example.com/keys" },
      { x5u: "https://evil.example.com/cert" },
      { x5c: ["MIIB"] },
      { crit: ["exp"] },
      { crit: ["b64"], b64: false },
      { b64: true },
      { cty: "JWT" },
      { x: 1 },
    ]) {
      expect(await refusalOf(forge({ ...HEADER, ...extra }, CLAIMS))).toBe("header not ours");
    }
  });

  test("when its header says a thing twice, in another order, or with white space", async () => {
    const { alg, typ, kid } = HEADER;
    for (const header of [
      `{"alg":"none","alg":"HS256","typ":"${typ}","kid":"${kid}"}`,
      `{"alg":"HS256","typ":"${typ}","kid":"${kid}","kid":"${kid}"}`,
      JSON.stringify({ kid, typ, alg }),
      JSON.stringify(HEADER, null, 1),
      `{"\\u0061lg":"HS256","typ":"${typ}","kid":"${kid}"}`,
      `{"alg":"HS256","typ":"${typ}","kid":"${kid}","__proto__":{}}`,
      "[]",
      "null",
      "not JSON",
    ]) {
      expect(await refusalOf(forge(header, CLAIMS))).toBe("header not ours");
    }
  });

  test("when its claims say a thing twice, in odd spelling, or with white space", async () => {
    const text = JSON.stringify(CLAIMS);
    for (const claims of [
      text.replace(`"sub":"${CALL}"`, `"sub":"CA${"0".repeat(32)}","sub":"${CALL}"`),
      text.replace('"sub"', '"\\u0073ub"'),
      JSON.stringify(CLAIMS, null, 1),
      text.replace(`"exp":${NOW_S + 60}`, `"exp":${NOW_S + 60}.0`),
      text.replace(`"exp":${NOW_S + 60}`, '"exp":1.80000006e9'),
      text.replace("{", '{"__proto__":{"a":1},'),
    ]) {
      expect(claims).not.toBe(text);
      expect(await refusalOf(forge(HEADER, claims))).toBe("claims not ours");
    }
  });

  test("when a claim is missing, surplus, or not of its form", async () => {
    for (const name of Object.keys(CLAIMS)) {
      const without = Object.fromEntries(Object.entries(CLAIMS).filter(([other]) => other !== name));
      expect(await refusalOf(forge(HEADER, without))).toBe("claims not ours");
    }
    for (const change of [
      { phone: "+15551234567" },
      { iss: "relay" },
      { aud: [RELAY] },
      { aud: [RELAY, "wss://other.example.com"] },
      { aud: "" },
      { sub: CALL.toUpperCase() },
      { sub: `${CALL}\n` },
      { sub: CALL.slice(0, -1) },
      { account: CALL },
      { attempt: -1 },
      { attempt: 0.5 },
      { attempt: 1000 },
      { attempt: "0" },
      { profile: "" },
      { profile: " ".repeat(43) },
      { jti: "short" },
      { jti: "\0".repeat(22) },
      { jti: "\ud800".repeat(22) },
      { exp: String(NOW_S + 60) },
      { exp: NOW_S + 59.5 },
      { iat: String(NOW_S) },
      { iat: NOW_S - 0.5 },
      { nbf: NOW_S - 0.5 },
      { nbf: null },
      { exp: null },
    ]) {
      expect([change, await refusalOf(forge(HEADER, { ...CLAIMS, ...change }))]).toEqual([
        change,
        "claims not ours",
      ]);
    }
    for (const claims of ["[]", "null", '"text"', "not JSON"]) {
      expect(await refusalOf(forge(HEADER, claims))).toBe("claims not ours");
    }
  });

  test("when it lives longer than its kind may, or is not valid from the moment it was made", async () => {
    for (const change of [
      { exp: NOW_S + 61 },
      { exp: NOW_S + 86_400 },
      { iat: NOW_S - 30, nbf: NOW_S - 30, exp: NOW_S + 31 },
      { nbf: NOW_S - 1 },
    ]) {
      expect(await refusalOf(forge(HEADER, { ...CLAIMS, ...change }))).toBe("lives too long");
    }
    for (const exp of [NOW_S, NOW_S - 1]) {
      expect(await refusalOf(forge(HEADER, { ...CLAIMS, exp }))).toBe("never lives");
    }
    const ahead = { iat: NOW_S + 6, nbf: NOW_S + 6, exp: NOW_S + 60 };
    expect(await refusalOf(forge(HEADER, { ...CLAIMS, ...ahead }))).toBe("not yet valid");
  });

  test("when a byte of it is spelled in a second way", async () => {
    const [header, claims, signature] = partsOf(await mintStreamToken(key, GRANT, NOW_S));
    // 32 bytes leave two unused bits in the last character: three more spellings of the same signature.
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const last = alphabet.indexOf(signature.slice(-1));
    for (const bits of [1, 2, 3]) {
      const twin = signature.slice(0, -1) + alphabet.charAt(last ^ bits);
      expect(Buffer.from(twin, "base64url").equals(Buffer.from(signature, "base64url"))).toBe(true);
      expect(await refusalOf(`${header}.${claims}.${twin}`)).toBe("not canonical");
    }
    for (const token of [
      `${header}.${claims}.${signature}=`,
      `${header}=.${claims}.${signature}`,
      `${header}.${claims}. ${signature}`,
      `${header}.${claims}.${signature}\n`,
      `${header}.${claims}.${signature}.`,
      `${header}.${claims}.${signature}.${signature}`,
      `.${claims}.${signature}`,
      `${header}..${signature}`,
      `${header}.${claims}.${signature.slice(0, -2)}`.replace(/-|_/g, "+"),
      `${header}.${claims}.${signature}AA`,
      "",
      ".",
      "..",
      "%00",
    ]) {
      expect([token, await refusalOf(token)]).toEqual([token, "not canonical"]);
    }
  });

  test("when it is longer than any of ours could be, before anything else is looked at", async () => {
    expect(await refusalOf("A".repeat(2049))).toBe("too long");
    expect(await refusalOf(forge(HEADER, { ...CLAIMS, padding: "A".repeat(2048) }))).toBe("too long");
    expect(await refusalOf("A".repeat(1_000_000))).toBe("too long");
  });

  test("when any one character of it is changed", async () => {
    const token = await mintStreamToken(key, GRANT, NOW_S);
    const characters = [..."AZaz09-_.="];
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...characters), async (at, character) => {
        fc.pre(token.charAt(at) !== character);
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        expect(await refusalOf(changed)).not.toBe("accepted");
      }),
      { numRuns: 500, seed: 2 },
    );
  });

  test("and never throws, whatever text it is", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.tuple(fc.json(), fc.json()).map(([header, claims]) => forge(header, claims)),
        ),
        async (token) => {
          expect(await refusalOf(token)).not.toBe("accepted");
        },
      ),
      { numRuns: 500, seed: 2 },
    );
  });
});

describe("the other two kinds", () => {
  test("an ending token lets one call be asked about at one relay, for 30 s", async () => {
    const token = await mintEndingToken(key, { relay: RELAY, callSid: CALL }, NOW_S);
    const verified = await verifyEndingToken([key], token, RELAY, NOW_S);
    expect(verified.ok && verified.claims.sub).toBe(CALL);
    expect(await verifyEndingToken([key], token, "wss://other.example.com", NOW_S)).toEqual({
      ok: false,
      why: "for another audience",
    });
    expect(await verifyEndingToken([key], token, RELAY, NOW_S + 35)).toEqual({ ok: false, why: "expired" });
    expect(endingPath(CALL)).toBe(`/calls/${CALL}/ending`);
  });

  test("a state is still good when the call was long, and ends after a day", async () => {
    const token = await mintState(key, { callSid: CALL, attempt: 3, remints: 1, relay: RELAY }, NOW_S);
    const verified = await verifyState([key], token, NOW_S + 23 * 3600);
    expect(verified.ok && verified.claims).toMatchObject({ sub: CALL, attempt: 3, remints: 1, relay: RELAY });
    expect(await verifyState([key], token, NOW_S + 24 * 3600 + CLOCK_SKEW_S)).toEqual({
      ok: false,
      why: "expired",
    });
  });
});

describe("a secret", () => {
  test("under 32 bytes is refused, with its length and what to do, and without itself", async () => {
    for (const secret of ["", "x", "s3cr3t-".repeat(4), "x".repeat(31)]) {
      const error = await keyFrom(secret).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(WeakSecretError);
      const message = error instanceof Error ? error.message : "";
      expect(message).toContain(`${secret.length} bytes`);
      expect(message).toContain("openssl rand -hex 32");
      if (secret.length > 1) expect(message).not.toContain(secret);
    }
    // Bytes, not characters: sixteen of these are thirty-two.
    expect((await keyFrom("é".repeat(16))).kid).toHaveLength(12);
  });

  test("is named alike on both sides, unlike any other, and its name does not hold it", async () => {
    expect((await keyFrom(SECRET)).kid).toBe(key.kid);
    expect(older.kid).not.toBe(key.kid);
    expect(SECRET).not.toContain(key.kid);
  });
});
