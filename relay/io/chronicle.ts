/**
 * How calls ended, as it is written down. Nobody waits for that but the process's end, and what cannot be written ends no
 * call: whether anything can is for the next caller to know (health.ts).
 */
import type { Ending } from "../call/ending.ts";
import type { StreamClaims } from "../contract.ts";
import type { Health } from "./health.ts";
import type { Records } from "./records.ts";

export type ChronicleParts = { readonly records: Pick<Records, "ended">; readonly health: Health };

export class Chronicle {
  readonly #parts: ChronicleParts;
  readonly #writing = new Set<Promise<void>>();

  constructor(parts: ChronicleParts) {
    this.#parts = parts;
  }

  /** The records keep the order in which they are asked. */
  ended({ jti, sub: callSid }: StreamClaims, ending: Ending, transferTo?: string): void {
    const { records, health } = this.#parts;
    const writing = records
      .ended({ jti, callSid }, ending, transferTo)
      .catch((thrown) => health.failed(thrown))
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  /** Resolved when all that was to be written is, or cannot be. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing);
  }
}
