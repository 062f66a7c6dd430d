/**
 * All hostile tokens by name, and one good token of each shape: without the good ones, a gate that is shut for everybody
 * would pass for a safe one.
 */
import { keyFrom, mintStreamToken, packProfile } from "../../../../relay/contract.ts";
import { CLOCK_SKEW_S } from "../../../../relay/jwt.ts";
import { claimsOf, forge, headerOf, type Named, type Terms } from "../forge.ts";
import { hostileClaimSpellings, hostileNames, hostileTimes } from "./claims.ts";
import { hostileAlgorithms, hostileHeaderSpellings, hostileKids, hostileMembers } from "./header.ts";
import { hostileSignatures, hostileSpellings, otherKinds } from "./outside.ts";

export async function hostileTokens(terms: Terms): Promise<ReadonlyMap<string, string>> {
  const families = await Promise.all(
    [
      hostileAlgorithms,
      hostileKids,
      hostileMembers,
      hostileHeaderSpellings,
      hostileTimes,
      hostileNames,
      hostileClaimSpellings,
      hostileSpellings,
      hostileSignatures,
      otherKinds,
    ].map((family) => family(terms)),
  );
  const all = new Map<string, string>();
  for (const [name, token] of families.flatMap((family) => Object.entries(family))) {
    if (all.has(name)) throw new Error(`two hostile tokens are called "${name}"`);
    all.set(name, token);
  }
  return all;
}

/** @param older the relay's second secret, while one is being replaced */
export async function goodTokens(terms: Terms, older: string): Promise<Named> {
  const header = await headerOf(terms);
  const { secret, nowS, relay, accountSid, callSid } = terms;
  const claims = () => claimsOf(terms);
  const of = (changes: object) => forge(header, { ...claims(), ...changes }, secret);
  const grant = { relay, accountSid, callSid, attempt: 0, profileHash: packProfile({ name: "Ada" }).hash };
  return {
    "made by the edge": await mintStreamToken(await keyFrom(secret), grant, nowS),
    "made by hand, as the hostile ones are": of({}),
    "signed with the older secret": await mintStreamToken(await keyFrom(older), grant, nowS),
    "of a later attempt": of({ attempt: 99 }),
    "about to expire": of({ iat: nowS - 55, nbf: nowS - 55, exp: nowS + 5 }),
    "from an edge whose clock is ahead": of({
      iat: nowS + CLOCK_SKEW_S,
      nbf: nowS + CLOCK_SKEW_S,
      exp: nowS + CLOCK_SKEW_S + 60,
    }),
    "shorter-lived than it may be": of({ exp: nowS + 10 }),
  };
}
