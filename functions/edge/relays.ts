/**
 * Which relay takes a call, and where its stream goes. Whatever asks "which?" asks here.
 *
 * A token names the relay that it is for, so a relay is known by its origin, as `audienceOf` in the contract prints it.
 * No store says which relay has which call: every webhook works it out anew from the names alone.
 */
import { createHash } from "node:crypto";
import { audienceOf, MEDIA_STREAM_PATH } from "../../relay/contract.ts";

export type Relay = {
  /** Its origin, `wss://relay.example.com`: the `aud` of its tokens. */
  readonly name: string;
  /** The same machine for plain requests. */
  readonly httpOrigin: string;
};

export type ReadRelay =
  | { readonly ok: true; readonly relay: Relay }
  | { readonly ok: false; readonly wrong: string; readonly mend: string };

export type ReadRelays =
  | { readonly ok: true; readonly relays: readonly Relay[] }
  | {
      readonly ok: false;
      readonly problems: ReadonlyArray<{ readonly wrong: string; readonly mend: string }>;
    };

const EXAMPLE = "write it as in wss://relay.example.com";

/** @param list as in `RELAY_URL`: one, or several with commas between */
export function readRelays(list: string): ReadRelays {
  const entries = list.split(",").map((entry) => entry.trim());
  const relays = new Map<string, Relay>();
  const problems: Array<{ wrong: string; mend: string }> = [];
  for (const [index, entry] of entries.entries()) {
    const place = entries.length > 1 ? `entry ${index + 1} of ${entries.length} ` : "";
    const read: ReadRelay =
      entry === "" ? { ok: false, wrong: "is not set", mend: EXAMPLE } : readRelay(entry);
    if (!read.ok) problems.push({ wrong: `${place}${read.wrong}`, mend: read.mend });
    else if (relays.has(read.relay.name)) {
      problems.push({ wrong: `${place}names a relay for the second time`, mend: "keep one of them" });
    } else relays.set(read.relay.name, read.relay);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, relays: [...relays.values()] };
}

/**
 * Rendezvous hashing: each relay's name is hashed with what is to be placed, and the highest come first. Every instance
 * of a Function finds the same order with nothing shared, and a relay that joins or leaves moves only its own calls.
 */
export function inOrderFor(relays: readonly Relay[], placed: string): readonly Relay[] {
  const weighed = relays.map((relay) => ({
    relay,
    weight: createHash("sha256").update(`${relay.name}\n${placed}`).digest("hex"),
  }));
  weighed.sort((one, other) => (one.weight < other.weight ? 1 : -1));
  return weighed.map(({ relay }) => relay);
}

/** Twilio opens streams to wss on port 443 and nothing else (errors 31901, 31910); ws is for a relay next door. */
export function readRelay(text: string): ReadRelay {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return { ok: false, wrong: "is not a URL", mend: EXAMPLE };
  if (url.protocol !== "wss:" && url.protocol !== "ws:") {
    return { ok: false, wrong: "does not begin with wss://", mend: EXAMPLE };
  }
  if (url.protocol === "ws:" && !isLoopback(url.hostname)) {
    return { ok: false, wrong: "is ws, which is for localhost only", mend: EXAMPLE };
  }
  // The URL parser has already dropped a :443 that is the default.
  if (url.protocol === "wss:" && url.port !== "") {
    return { ok: false, wrong: `names port ${url.port}`, mend: "Twilio opens streams on port 443 only" };
  }
  if (url.username !== "" || url.password !== "") {
    return { ok: false, wrong: "holds a user name or a password", mend: EXAMPLE };
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    return { ok: false, wrong: "has a path, a query or a fragment", mend: EXAMPLE };
  }
  const name = audienceOf(text);
  return { ok: true, relay: { name, httpOrigin: name.replace(/^ws/, "http") } };
}

export const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);

/** The token is the last path segment: Twilio refuses a query in a stream's URL (error 31920). */
export const streamUrl = (relay: Relay, token: string): string => `${relay.name}${MEDIA_STREAM_PATH}${token}`;
