/**
 * The conversations of live calls in the Redis that has the records, for several machines behind one name. Redis itself
 * takes away what nobody has kept again. Its append-only file holds what was kept until Redis rewrites it, sealed.
 */
import { z } from "zod";
import type { Remembered } from "../call/remembered.ts";
import { type Conversations, KEPT_FOR_S } from "./conversations.ts";
import type { Envelopes } from "./envelopes.ts";
import type { Health } from "./health.ts";
import type { RedisConnection } from "./redis-connection.ts";

/** In braces: what Redis keeps together, should it ever be spread over several. */
const keyOf = (callSid: string): string => `{relay}:conversation:${callSid}`;

const Answer = z.string().nullable();

export class ConversationsRedis implements Conversations {
  readonly #connection: RedisConnection;
  readonly #envelopes: Envelopes;
  readonly #health: Health;

  constructor(connection: RedisConnection, envelopes: Envelopes, health: Health) {
    this.#connection = connection;
    this.#envelopes = envelopes;
    this.#health = health;
  }

  async keep(callSid: string, remembered: Remembered): Promise<void> {
    const sealed = this.#envelopes.close(callSid, remembered).toString("base64");
    await this.#ask("SET", [keyOf(callSid), sealed, "EX", String(KEPT_FOR_S)]);
  }

  async recall(callSid: string): Promise<Remembered | undefined> {
    const sealed = Answer.safeParse(await this.#ask("GET", [keyOf(callSid)])).data ?? undefined;
    return sealed === undefined ? undefined : this.#envelopes.open(callSid, Buffer.from(sealed, "base64"));
  }

  async forget(callSid: string): Promise<void> {
    await this.#ask("UNLINK", [keyOf(callSid)]);
  }

  /** Redis does, by itself. */
  async sweep(): Promise<void> {}

  /** The connection is the records'. */
  close(): void {}

  /** Undefined: no answer, of which the records' own next question tells whether it is over. */
  async #ask(command: string, args: string[]): Promise<unknown> {
    try {
      return await this.#connection.ask(command, args);
    } catch (thrown) {
      this.#health.failed(thrown);
      return undefined;
    }
  }
}
