/**
 * An HTTP answer that is not 2xx: what it says of the request. Source of the two that mean a dead session:
 * https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#session-management
 */
import type { HttpAnswer } from "./http.ts";

const MOST_CHARS = 4_096;

export class Refusal extends Error {
  readonly status: number;
  /**
   * The server knows no such session, so that whoever begins a new one may ask again: nothing was done. 404 by the
   * specification; the official servers say 400 with words.
   */
  readonly isOfSession: boolean;

  private constructor(status: number, isOfSession: boolean) {
    super(`the server answered ${status}`);
    this.status = status;
    this.isOfSession = isOfSession;
  }

  static async from(answer: HttpAnswer): Promise<Refusal> {
    const { status } = answer;
    if (status !== 400) {
      void answer.discard();
      return new Refusal(status, status === 404);
    }
    const text = await answer.text().catch(() => "");
    return new Refusal(status, /session|not initiali[sz]ed/i.test(text.slice(0, MOST_CHARS)));
  }

  /** Whether the request may have been acted upon: gateways say 5xx of servers that are still at it. */
  get isDoubtful(): boolean {
    return this.status >= 500 || this.status === 408 || this.status < 200;
  }
}
