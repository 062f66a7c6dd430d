/**
 * One question to a relay over HTTPS: for two seconds at most, no redirects (the token is for this relay and for nobody
 * else), and whatever goes wrong is a value.
 */
import type { Relay } from "./relays.ts";

export type RelayAnswer =
  | { readonly kind: "answer"; readonly status: number; readonly body: unknown }
  | { readonly kind: "none"; readonly how: "unreachable" | "nonsense"; readonly detail: string };

/** The caller waits in silence for this long at most; Twilio itself would wait for 15 s. */
const ANSWER_WITHIN_MS = 2000;

export type Question = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly token: string;
  readonly withinMs?: number;
};

export async function askRelay(
  relay: Relay,
  { method, path, token, withinMs = ANSWER_WITHIN_MS }: Question,
): Promise<RelayAnswer> {
  try {
    const response = await fetch(`${relay.httpOrigin}${path}`, {
      method,
      // On a connection of its own. One that was kept is dead when the relay has been replaced, or the machine under
      // this Function was frozen between two webhooks; what then looks like a relay that is away is none.
      headers: { authorization: `Bearer ${token}`, accept: "application/json", connection: "close" },
      redirect: "error",
      signal: AbortSignal.timeout(withinMs),
    });
    const { status } = response;
    if (status === 200) return { kind: "answer", status, body: await response.json() };
    await response.body?.cancel();
    return { kind: "answer", status, body: undefined };
  } catch (error) {
    if (error instanceof SyntaxError) return { kind: "none", how: "nonsense", detail: "not JSON" };
    return { kind: "none", how: "unreachable", detail: nameOf(error) };
  }
}

/** Node's fetch says "TypeError" of everything, and why only in its cause: ECONNREFUSED, CERT_HAS_EXPIRED … */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  for (const each of [error.cause, error]) {
    const code = each instanceof Error && "code" in each ? String(each.code) : "";
    if (/^[A-Za-z]\w{2,40}$/.test(code)) return code;
  }
  return error.name;
}
