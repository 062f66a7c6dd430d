/** Tokens under attack, small; `npm run prove -- --only admission/tokens` is the same at full size. */
import { describe, expect, test } from "bun:test";
import { keyFrom, verifyStreamToken } from "../../relay/contract.ts";
import { claimsOf, forge, headerOf, hmac } from "../prove/admission/forge.ts";
import { tryTokenMutations } from "../prove/admission/token-mutations.ts";
import { knockWithHostileTokens, termsNow, verifyHostileTokens } from "../prove/admission/tokens.ts";

const SEED = 3;

describe("of tokens made by hand", () => {
  test("no hostile one is accepted, and a good one of each shape is", async () => {
    const { hostile, accepted, good, refused } = await verifyHostileTokens();
    expect({ accepted, refused }).toEqual({ accepted: [], refused: [] });
    expect(hostile).toBeGreaterThanOrEqual(150);
    expect(good).toBeGreaterThanOrEqual(5);
  });

  test("no hostile one opens a stream of the running relay or costs a session, and each good one opens one", async () => {
    const { hostile, accepted, refused, sessions, byStatus } = await knockWithHostileTokens();
    expect({ accepted, refused, sessions }).toEqual({ accepted: [], refused: [], sessions: 0 });
    expect(byStatus["401"]).toBeGreaterThan(hostile * 0.9);
  }, 30_000);
});

describe("of a good token's mutations", () => {
  test("none is accepted", async () => {
    const outcome = await tryTokenMutations(termsNow(), { count: 10_000, seed: SEED }, () => {});
    expect(outcome.accepted).toEqual([]);
    expect(Object.keys(outcome.byKind)).toHaveLength(14);
  });

  test("those that a laxer reader would accept are found", async () => {
    const terms = termsNow();
    const good = forge(await headerOf(terms), claimsOf(terms), terms.secret);
    const taken = await verifyStreamToken([await keyFrom(terms.secret)], good, terms.relay, terms.nowS);
    /** The HMAC alone, over whatever the base64 decodes to. */
    const lax: typeof verifyStreamToken = async (_, token) => {
      const [header, claims, signature = ""] = token.split(".");
      const isRight = hmac(terms.secret, `${header}.${claims}`).equals(Buffer.from(signature, "base64url"));
      return isRight ? taken : { ok: false, why: "bad signature" };
    };
    const { accepted } = await tryTokenMutations(terms, { count: 5_000, seed: SEED }, () => {}, lax);
    expect(accepted.length).toBeGreaterThan(0);
  });
});
