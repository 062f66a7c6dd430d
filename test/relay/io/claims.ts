/** A stream's claims, as a token holds them. */
import type { StreamClaims } from "../../../relay/contract.ts";
import { ACCOUNT_SID } from "../../rehearsal/relay.ts";

export const CLAIMS: StreamClaims = {
  iss: "edge",
  aud: "wss://relay.example.com",
  sub: `CA${"1".repeat(32)}`,
  account: ACCOUNT_SID,
  attempt: 0,
  profile: "p".repeat(43),
  jti: "j".repeat(22),
  iat: 1_000,
  nbf: 1_000,
  exp: 1_060,
};
