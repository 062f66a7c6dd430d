/**
 * One direction of a connection through the fault proxy: what comes in goes out again, as its manner has it. It changes
 * no byte and no order; it only decides when, and whether at all.
 */
import type { Outlet } from "../tools/outlet.ts";

export type Manner =
  | { readonly is: "passed" }
  /** Nothing comes through, and nobody says that the line is dead. What was held comes when the manner changes. */
  | { readonly is: "held" }
  /** As long a way as that, for every byte. */
  | { readonly is: "delayed"; readonly byMs: number }
  /** A byte at a time. */
  | { readonly is: "trickling"; readonly byteEveryMs: number };

const PASSED: Manner = { is: "passed" };

export class Way {
  readonly #outlet: () => Outlet | undefined;
  #manner: Manner = PASSED;
  /** In order; a delayed piece leaves at its time. */
  #waiting: Array<{ readonly bytes: Uint8Array; readonly dueMs: number }> = [];
  #finish: "close" | "reset" | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param outlet undefined: the other side is not connected yet, and everything waits */
  constructor(outlet: () => Outlet | undefined) {
    this.#outlet = outlet;
  }

  set manner(manner: Manner) {
    this.#manner = manner;
    this.flush();
  }

  push(bytes: Uint8Array): void {
    const byMs = this.#manner.is === "delayed" ? this.#manner.byMs : 0;
    this.#waiting.push({ bytes: bytes.slice(), dueMs: performance.now() + byMs });
    this.flush();
  }

  /** After what was pushed. A held way does not tell of it. */
  finish(how: "close" | "reset"): void {
    this.#finish ??= how;
    this.flush();
  }

  /** At once, whatever still waits. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#manner = { is: "held" };
  }

  flush(): void {
    clearTimeout(this.#timer);
    const outlet = this.#outlet();
    if (outlet === undefined || this.#manner.is === "held") return;
    if (this.#manner.is === "trickling") return this.#trickle(outlet, this.#manner.byteEveryMs);
    const now = performance.now();
    for (let head = this.#waiting[0]; head !== undefined && head.dueMs <= now; head = this.#waiting[0]) {
      this.#waiting.shift();
      outlet.write(head.bytes);
    }
    const next = this.#waiting[0];
    if (next !== undefined) this.#timer = setTimeout(() => this.flush(), Math.ceil(next.dueMs - now));
    else if (this.#finish !== undefined) outlet.finish(this.#finish);
  }

  #trickle(outlet: Outlet, byteEveryMs: number): void {
    const head = this.#waiting.shift();
    if (head === undefined) {
      if (this.#finish !== undefined) outlet.finish(this.#finish);
      return;
    }
    outlet.write(head.bytes.subarray(0, 1));
    const rest = head.bytes.subarray(1);
    if (rest.length > 0) this.#waiting.unshift({ ...head, bytes: rest });
    this.#timer = setTimeout(() => this.flush(), byteEveryMs);
  }
}
