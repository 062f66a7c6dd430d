/** The writing side of a TCP connection that may be full: what does not fit waits its turn. */

export type Wire = Pick<Bun.Socket<unknown>, "write" | "end" | "terminate">;

export class Outlet {
  readonly #wire: Wire;
  #waiting: Uint8Array[] = [];
  /** To be done as soon as nothing waits. */
  #last: (() => void) | undefined;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  write(bytes: Uint8Array): void {
    if (this.#last !== undefined || bytes.length === 0) return;
    // The bytes are the caller's only until it returns.
    this.#waiting.push(bytes.slice());
    this.drained();
  }

  /** Room again. */
  drained(): void {
    for (let piece = this.#waiting.shift(); piece !== undefined; piece = this.#waiting.shift()) {
      const written = this.#wire.write(piece);
      if (written >= piece.length) continue;
      if (written >= 0) this.#waiting.unshift(piece.subarray(written));
      return;
    }
    this.#last?.();
  }

  /** After what was written: an orderly end, or a reset. */
  finish(how: "close" | "reset"): void {
    if (this.#last !== undefined) return;
    this.#last = () => (how === "close" ? this.#wire.end() : this.#wire.terminate());
    if (this.#waiting.length === 0) this.#last();
  }
}
