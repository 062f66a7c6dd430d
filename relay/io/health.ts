/**
 * Whether the records can be written, told in the log when it changes and not each time that somebody asks.
 */
import { type Log, storeFailure } from "./log.ts";

export class Health {
  readonly #log: Log;
  #isWell = true;

  constructor(log: Log) {
    this.#log = log;
  }

  get isWell(): boolean {
    return this.#isWell;
  }

  failed(thrown: unknown): void {
    if (!this.#isWell) return;
    this.#isWell = false;
    this.#log(storeFailure(thrown));
  }

  worked(): void {
    if (this.#isWell) return;
    this.#isWell = true;
    this.#log({ event: "store.recovered", level: "info" });
  }
}
