/**
 * Which relay takes a call, where its stream goes, and how the call ended there.
 *
 * One relay for now, `RELAY_URL`; whatever asks "which?" asks here. A token names the relay that it is for, so a
 * relay is known by its origin, as `audienceOf` in the contract prints it.
 */
import { z } from "zod";
import {
  audienceOf,
  endingPath,
  type Key,
  MEDIA_STREAM_PATH,
  mintEndingToken,
} from "../../relay/contract.ts";

export type Relay = {
  /** Its origin, `wss://relay.example.com`: the `aud` of its tokens. */
  readonly name: string;
  /** The same machine for plain requests. */
  readonly httpOrigin: string;
};

export type ReadRelay =
  | { readonly ok: true; readonly relay: Relay }
  | { readonly ok: false; readonly wrong: string; readonly mend: string };

const EXAMPLE = "write it as in wss://relay.example.com";

/** Twilio opens streams to wss on port 443 and nothing else (errors 31901, 31910); ws is for a relay next door. */
export function readRelay(text: string): ReadRelay {
  if (text.includes(",")) return { ok: false, wrong: "names more than one relay", mend: EXAMPLE };
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

/** The relay's own answer. Its endings are a closed list over there; here only the outcome decides. */
const EndingAnswer = z.object({
  ending: z.string().regex(/^[A-Za-z][A-Za-z0-9 _-]{0,63}$/),
  outcome: z.enum(["finished", "failed", "live"]),
  attempt: z.number().int().min(0),
});

export type Ended =
  | { readonly how: "finished" | "failed" | "live"; readonly ending: string }
  /** The relay answers and knows nothing of this attempt: its stream never came about. */
  | { readonly how: "unknown" }
  /** The relay does not take our token: the two sides do not share a secret. */
  | { readonly how: "refused" }
  | { readonly how: "unreachable" | "nonsense"; readonly detail: string };

/** The caller waits in silence for this long at most; Twilio itself would wait for 15 s. */
const ANSWER_WITHIN_MS = 2000;

/** @param nowS whole seconds since 1970 */
export async function askEnding(
  key: Key,
  { relay, callSid, attempt }: { relay: Relay; callSid: string; attempt: number },
  nowS: number,
): Promise<Ended> {
  const token = await mintEndingToken(key, { relay: relay.name, callSid }, nowS);
  let status: number;
  let body: unknown;
  try {
    const response = await fetch(`${relay.httpOrigin}${endingPath(callSid)}`, {
      headers: { authorization: `Bearer ${token}`, accept: "application/json" },
      redirect: "error",
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    status = response.status;
    if (status === 200) body = await response.json();
    else await response.body?.cancel();
  } catch (error) {
    if (error instanceof SyntaxError) return { how: "nonsense", detail: "not JSON" };
    return { how: "unreachable", detail: error instanceof Error ? error.name : typeof error };
  }
  if (status === 404) return { how: "unknown" };
  if (status === 401) return { how: "refused" };
  if (status !== 200) return { how: "unreachable", detail: `HTTP ${status}` };
  const answer = EndingAnswer.safeParse(body);
  if (!answer.success) return { how: "nonsense", detail: "not an ending" };
  if (answer.data.attempt !== attempt) return { how: "unknown" };
  return { how: answer.data.outcome, ending: answer.data.ending };
}
