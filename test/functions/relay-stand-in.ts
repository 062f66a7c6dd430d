/**
 * What the edge may ask of a relay, answered as the relay answers it: how a call ended, and how many wrong PINs a
 * caller has left. It takes only the tokens of the contract, each for its own act, call or caller. And it can be told
 * to be out of order.
 */
import { CallSid, type Key, verifyEndingToken, verifyTriesToken } from "../../relay/contract.ts";

/** What the real one allows in an hour. */
export const TRIES = 10;

export type StandIn = {
  /** As RELAY_URL and tokens name it. */
  readonly url: string;
  /** Of each call that it has had; it gives that to whoever shows the token for it. A number is a status instead. */
  readonly endings: Map<string, unknown>;
  /** What it was asked, in order: `spend`, `ending`, or `refused` for a token that is not good for it. */
  readonly asked: string[];
  /** The tries that a caller has used, by their ids. */
  readonly usedBy: (caller: string) => ReadonlySet<string>;
  /** What it answers instead, until it is told to be itself again. */
  answerWith(instead: (() => Response) | undefined): void;
  stop(): Promise<void>;
};

const METHODS = { GET: "ask", POST: "spend", DELETE: "refund" } as const;

export function startStandIn(key: Key): StandIn {
  const endings = new Map<string, unknown>();
  const used = new Map<string, Set<string>>();
  const asked: string[] = [];
  let instead: (() => Response) | undefined;

  const refused = () => {
    asked.push("refused");
    return new Response(null, { status: 401 });
  };
  const answer = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const token = /^Bearer (\S+)$/.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    const nowS = Math.floor(Date.now() / 1000);
    const callSid = CallSid.safeParse(/^\/calls\/([^/]+)\/ending$/.exec(pathname)?.[1]);
    if (callSid.success && request.method === "GET") {
      const verified = await verifyEndingToken([key], token, url, nowS);
      if (!verified.ok || verified.claims.sub !== callSid.data) return refused();
      asked.push("ending");
      const ending = endings.get(callSid.data);
      if (ending === undefined || typeof ending === "number")
        return new Response(null, { status: ending ?? 404 });
      return Response.json(ending);
    }
    const caller = /^\/callers\/([^/]+)\/tries$/.exec(pathname)?.[1];
    const act = Object.entries(METHODS).find(([method]) => method === request.method)?.[1];
    if (caller === undefined || act === undefined) return new Response(null, { status: 404 });
    const verified = await verifyTriesToken([key], token, url, nowS);
    if (!verified.ok || verified.claims.sub !== caller || verified.claims.act !== act) {
      return refused();
    }
    asked.push(act);
    if (instead !== undefined) return instead();
    const tries = used.get(caller) ?? new Set();
    used.set(caller, tries);
    const { jti } = verified.claims;
    if (act === "refund") tries.delete(jti);
    const allowed = tries.has(jti) || tries.size < TRIES;
    if (act === "spend" && allowed) tries.add(jti);
    const left = TRIES - tries.size;
    return Response.json(act === "spend" ? { allowed, left } : { left });
  };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: answer,
  });
  const url = `ws://127.0.0.1:${server.port}`;
  return {
    url,
    endings,
    asked,
    usedBy: (caller) => used.get(caller) ?? new Set(),
    answerWith: (response) => {
      instead = response;
    },
    stop: () => server.stop(true),
  };
}
