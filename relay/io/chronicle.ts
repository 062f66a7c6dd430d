/**
 * What is written down of calls: while they live the conversation, so that another process can go on with it, and in the
 * end how they ended. Nobody waits for an ending to be written but the process's own end, and what cannot be written
 * ends no call: whether anything can is for the next caller to know (health.ts).
 */
import { ENDINGS, type Ending, type Outcome } from "../call/ending.ts";
import type { Remembered } from "../call/remembered.ts";
import type { StreamClaims } from "../contract.ts";
import { type Conversations, KEEP_AGAIN_MS } from "./conversations.ts";
import type { Health } from "./health.ts";
import type { Records } from "./records.ts";

export type ChronicleParts = {
  readonly records: Pick<Records, "ended">;
  readonly conversations: Pick<Conversations, "keep" | "recall" | "forget">;
  readonly health: Health;
};

export type Ended = { readonly ending: Ending; readonly transferTo?: string };

/** Some minutes of a busy relay. */
const MOST_UNWRITTEN = 1_000;

/** Whether anybody may still want the conversation. */
const COMES_BACK: Readonly<Record<Outcome, boolean>> = {
  finished: false,
  /** What is left to do is to take a message. */
  told: false,
  /** Whoever is dialled may not answer, and the caller is then back. */
  transfer: true,
  handover: true,
  again: true,
  /** Another try would end the same way. */
  failed: false,
};

export class Chronicle {
  readonly #parts: ChronicleParts;
  /** Of each live stream what was kept last: what nobody keeps again is taken for left behind. */
  readonly #last = new Map<string, { readonly callSid: string; readonly remembered: Remembered }>();
  /** By call: what is being kept of it. */
  readonly #keeping = new Map<string, Promise<void>>();
  readonly #writing = new Set<Promise<void>>();
  /** By token: endings that could not be written down. The edge asks within seconds, and this process still knows. */
  readonly #unwritten = new Map<string, Ended>();
  readonly #again: ReturnType<typeof setInterval>;

  constructor(parts: ChronicleParts) {
    this.#parts = parts;
    this.#again = setInterval(() => this.keepAgain(), KEEP_AGAIN_MS);
  }

  /** Never rejects. */
  keep({ jti, sub: callSid }: StreamClaims, remembered: Remembered): Promise<void> {
    this.#last.set(jti, { callSid, remembered });
    return this.#keep(callSid, remembered);
  }

  /** What was kept of this call, here or in another process. */
  async recall(callSid: string): Promise<Remembered | undefined> {
    await this.#keeping.get(callSid);
    return this.#parts.conversations.recall(callSid);
  }

  /** The records keep the order in which they are asked. */
  ended({ jti, sub: callSid }: StreamClaims, ending: Ending, transferTo?: string): void {
    this.#last.delete(jti);
    const { records, health } = this.#parts;
    const written = records.ended({ jti, callSid }, ending, transferTo).catch((thrown) => {
      health.failed(thrown);
      this.#unwritten.set(jti, { ending, ...(transferTo !== undefined && { transferTo }) });
      if (this.#unwritten.size > MOST_UNWRITTEN) this.#forgetOldest();
    });
    const isOver = !COMES_BACK[ENDINGS[ending].outcome];
    this.#track(isOver ? Promise.all([written, this.#forget(callSid)]) : written);
  }

  /** How the stream that this token opened ended, where only this process knows. */
  unwritten(jti: string): Ended | undefined {
    return this.#unwritten.get(jti);
  }

  #forgetOldest(): void {
    const [oldest] = this.#unwritten.keys();
    if (oldest !== undefined) this.#unwritten.delete(oldest);
  }

  /** Also what has not changed. */
  keepAgain(): void {
    for (const { callSid, remembered } of this.#last.values()) void this.#keep(callSid, remembered);
  }

  /** Resolved when all that was to be written is, or cannot be. */
  async close(): Promise<void> {
    clearInterval(this.#again);
    await Promise.all([...this.#writing, ...this.#keeping.values()]);
  }

  #keep(callSid: string, remembered: Remembered): Promise<void> {
    const keeping = this.#parts.conversations.keep(callSid, remembered).finally(() => {
      if (this.#keeping.get(callSid) === keeping) this.#keeping.delete(callSid);
    });
    this.#keeping.set(callSid, keeping);
    return keeping;
  }

  /** Not before what is being kept is: it would come back. */
  async #forget(callSid: string): Promise<void> {
    await this.#keeping.get(callSid);
    await this.#parts.conversations.forget(callSid);
  }

  #track(work: Promise<unknown>): void {
    const writing = work.then(() => {
      this.#writing.delete(writing);
    });
    this.#writing.add(writing);
  }
}
