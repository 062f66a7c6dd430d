/**
 * A conversation as bytes that may leave this process, and back. What cannot be read is as good as none, for its call
 * and for the log, which says so once: after a change of what is remembered, or of the secret, there may be many.
 */
import type { Remembered } from "../call/remembered.ts";
import { rememberedIn, textOf } from "./conversations.ts";
import type { Log } from "./log.ts";
import type { Seal } from "./sealed.ts";

export class Envelopes {
  readonly #seal: Seal;
  readonly #log: Log;
  #isTold = false;

  constructor(seal: Seal, log: Log) {
    this.#seal = seal;
    this.#log = log;
  }

  close(callSid: string, remembered: Remembered): Buffer {
    return this.#seal.close(callSid, textOf(remembered));
  }

  open(callSid: string, sealed: Uint8Array): Remembered | undefined {
    const text = this.#seal.open(callSid, sealed);
    const remembered = text === undefined ? undefined : rememberedIn(text);
    if (remembered === undefined && !this.#isTold) {
      this.#isTold = true;
      const why = text === undefined ? "not sealed by us" : "not as we write it";
      this.#log({ event: "conversations.unreadable", level: "warn", why });
    }
    return remembered;
  }
}
