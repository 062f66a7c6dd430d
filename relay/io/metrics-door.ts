/**
 * Who may read the figures. With METRICS_TOKEN, whoever sends it; without one, only this machine itself. A proxy on this
 * machine is this machine too, but says whom it speaks for, and strangers come through it: whatever was forwarded is
 * not ours. Whoever may not learns a status.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "../secret.ts";
import type { Metrics } from "./metrics.ts";

/** Any of these: somebody passed it on. */
const FORWARDED = ["x-forwarded-for", "forwarded", "x-real-ip", "via", "x-forwarded-host"];
const LOOPBACK = /^(?:::ffff:)?127(?:\.\d{1,3}){3}$|^::1$/;

export class MetricsDoor {
  readonly #metrics: Pick<Metrics, "text" | "contentType">;
  readonly #token: Secret | undefined;

  constructor(metrics: Pick<Metrics, "text" | "contentType">, token: Secret | undefined) {
    this.#metrics = metrics;
    this.#token = token;
  }

  /** @param peer the other end of the socket */
  async answer({ headers }: Pick<Request, "headers">, peer: string): Promise<Response> {
    if (this.#token === undefined) {
      const isOurs = LOOPBACK.test(peer) && !FORWARDED.some((name) => headers.has(name));
      if (!isOurs) return new Response(null, { status: 404 });
    } else if (!isSame(headers.get("authorization") ?? "", `Bearer ${this.#token.reveal()}`)) {
      return new Response(null, { status: 401 });
    }
    const { contentType } = this.#metrics;
    return new Response(await this.#metrics.text(), { headers: { "content-type": contentType } });
  }
}

/** Hashed, so that not even the length can be learnt from how long it takes. */
const isSame = (given: string, expected: string): boolean => timingSafeEqual(hash(given), hash(expected));
const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
