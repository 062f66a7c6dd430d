/**
 * What the edge asks, each with a token that is good for that one question: how a call ended, and how many wrong PINs
 * a caller has left. Whoever has no such token learns nothing, not even whether there is anything to learn.
 */
import { ENDINGS, type Ending } from "../call/ending.ts";
import { CallSid, type TriesClaims, verifyEndingToken, verifyTriesToken } from "../contract.ts";
import type { Ended } from "./chronicle.ts";
import type { GateTerms } from "./gate.ts";
import type { Health } from "./health.ts";
import type { Records } from "./records.ts";
import type { TokenTime } from "./token-time.ts";

/** How the edge hears of a call that is still up, and of one whose relay died. */
type Known = {
  ending: Ending | "live" | "unknown";
  outcome: (typeof ENDINGS)[Ending]["outcome"] | "live";
  attempt: number;
  /** Whether that stream, or one of this call before it whose conversation is still here, reached `start`. */
  started: boolean;
  /** The name of whom to dial: only of a transfer. */
  to?: string;
};

const ACTS: Readonly<Record<string, TriesClaims["act"]>> = { GET: "ask", POST: "spend", DELETE: "refund" };

export type EdgeDoorParts = {
  readonly terms: Pick<GateTerms, "keys" | "relayUrl">;
  readonly records: Records;
  readonly time: TokenTime;
  readonly health: Health;
  /** Whether the stream that this token opened is up. */
  readonly isLive: (jti: string) => boolean;
  /** How that stream ended, where it could not be written down. */
  readonly unwritten: (jti: string) => Ended | undefined;
  /** Whether there is anything of this call to go on with: a conversation, or a live stream that has begun. */
  readonly hasStarted: (callSid: string) => Promise<boolean>;
};

export class EdgeDoor {
  readonly #parts: EdgeDoorParts;

  constructor(parts: EdgeDoorParts) {
    this.#parts = parts;
  }

  /** The answer; undefined: the path is none of this door's. */
  answer(request: Request, pathname: string): Promise<Response> | undefined {
    const callSid = /^\/calls\/([^/]+)\/ending$/.exec(pathname)?.[1];
    if (callSid !== undefined) return this.#ending(request, callSid);
    const caller = /^\/callers\/([^/]+)\/tries$/.exec(pathname)?.[1];
    if (caller !== undefined) return this.#tries(request, caller);
    return undefined;
  }

  async #ending(request: Request, callSid: string): Promise<Response> {
    if (request.method !== "GET") return status(405);
    if (!CallSid.safeParse(callSid).success) return status(404);
    const { terms, time } = this.#parts;
    const token = bearerOf(request);
    if (token === undefined) return status(401);
    const verified = await verifyEndingToken(terms.keys, token, terms.relayUrl, time.nowS());
    if (!verified.ok || verified.claims.sub !== callSid) return status(401);
    return this.#recorded(async () => {
      const known = await this.#lastOf(callSid);
      return known === undefined ? status(404) : Response.json(known);
    });
  }

  async #lastOf(callSid: string): Promise<Known | undefined> {
    const last = await this.#parts.records.lastOf(callSid);
    if (last === undefined) return undefined;
    const { attempt, jti } = last;
    const { ending, transferTo } =
      last.ending === undefined ? { ...last, ...this.#parts.unwritten(jti) } : last;
    const started = await this.#parts.hasStarted(callSid);
    if (ending !== undefined) {
      const { outcome } = ENDINGS[ending];
      const isTransfer = outcome === "transfer" && transferTo !== undefined;
      return { ending, outcome, attempt, started, ...(isTransfer && { to: transferTo }) };
    }
    if (this.#parts.isLive(jti)) return { ending: "live", outcome: "live", attempt, started };
    return { ending: "unknown", outcome: "again", attempt, started };
  }

  async #tries(request: Request, caller: string): Promise<Response> {
    const act = Object.hasOwn(ACTS, request.method) ? ACTS[request.method] : undefined;
    if (act === undefined) return status(405);
    const { terms, time, records } = this.#parts;
    const token = bearerOf(request);
    if (token === undefined) return status(401);
    const verified = await verifyTriesToken(terms.keys, token, terms.relayUrl, time.nowS());
    if (!verified.ok || verified.claims.sub !== caller || verified.claims.act !== act) return status(401);
    const { jti } = verified.claims;
    return this.#recorded(async () => {
      switch (act) {
        case "ask":
          return Response.json({ left: await records.triesLeft(caller, time.nowS()) });
        case "spend":
          return Response.json(await records.spendTry(caller, jti, time.nowS()));
        case "refund":
          return Response.json({ left: await records.refundTry(caller, jti, time.nowS()) });
        default:
          return act satisfies never;
      }
    });
  }

  async #recorded(body: () => Promise<Response>): Promise<Response> {
    try {
      return await body();
    } catch (thrown) {
      this.#parts.health.failed(thrown);
      return status(503);
    }
  }
}

const bearerOf = (request: Request): string | undefined =>
  /^Bearer ([\w.-]+)$/.exec(request.headers.get("authorization") ?? "")?.[1];

const status = (code: number): Response => new Response(null, { status: code });
