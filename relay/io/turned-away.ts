/**
 * What those hear who may not come in: a status and nothing else. The log and the figures hear why, and whoever's
 * handshakes are wrong too often is told to stop.
 */
import type { BlockList } from "node:net";
import { clientOf } from "./address.ts";
import type { Clock } from "./clock.ts";
import { Failures } from "./failures.ts";
import type { Log } from "./log.ts";
import { Refusals } from "./refusals.ts";

export type TurnedAwayParts = {
  readonly trustedProxies: BlockList;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each. */
  readonly refused: (why: string) => void;
};

export class TurnedAway {
  readonly #parts: TurnedAwayParts;
  /** Undefined: there are none. */
  readonly #proxies: BlockList | undefined;
  readonly #failures = new Failures();
  readonly #refusals: Refusals;

  constructor(parts: TurnedAwayParts) {
    const { trustedProxies, clock, log } = parts;
    this.#parts = parts;
    this.#proxies = trustedProxies.rules.length > 0 ? trustedProxies : undefined;
    this.#refusals = new Refusals(clock, log);
  }

  refuse(code: number, why: string): Response {
    this.#parts.refused(why);
    this.#refusals.add(why);
    return new Response(null, { status: code });
  }

  /**
   * For what is wrong with the handshake itself.
   * @param peer the other end of the socket
   */
  fail({ headers }: Request, peer: string, why: string): Response {
    const forwardedFor = this.#proxies === undefined ? null : headers.get("x-forwarded-for");
    const client = clientOf(peer, forwardedFor, this.#proxies);
    const isTooOften = this.#failures.add(client, this.#parts.clock.monotonicMs());
    return this.refuse(isTooOften ? 429 : 401, why);
  }

  /** When the process ends: what is still to be told of them. */
  sumUp(): void {
    this.#refusals.sumUp();
  }
}
