/**
 * This process's one connection to Redis, for all that is kept there. Nothing is queued for later and nothing is sent
 * twice: whoever asks gets an answer within a second, or a failure. It goes on connecting by itself, and tells the
 * health how that goes.
 */
import type { Secret } from "../secret.ts";
import type { Health } from "./health.ts";
import { RecordsFailure } from "./records.ts";

const ANSWER_WITHIN_MS = 1_000;
const CONNECT_AGAIN_MS = 500;

export class RedisConnection {
  readonly #url: Secret;
  readonly #health: Health;
  readonly #greet: (connection: RedisConnection) => Promise<void>;
  #client: Bun.RedisClient | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  private constructor(url: Secret, health: Health, greet: (connection: RedisConnection) => Promise<void>) {
    this.#url = url;
    this.#health = health;
    this.#greet = greet;
  }

  /**
   * Resolves when it was tried once to connect.
   * @param greet what is asked first of each new connection; if it fails, so has the connection
   */
  static async open(
    url: Secret,
    health: Health,
    greet: (connection: RedisConnection) => Promise<void>,
  ): Promise<RedisConnection> {
    const connection = new RedisConnection(url, health, greet);
    await connection.#connect();
    return connection;
  }

  /** Runs a script, with nothing of anybody's in between. */
  run(script: string, keys: readonly string[], values: ReadonlyArray<string | number>): Promise<unknown> {
    return this.ask("EVAL", [script, String(keys.length), ...keys, ...values.map(String)]);
  }

  /** @throws {RecordsFailure} where there is no answer, or one that says no */
  async ask(command: string, args: string[]): Promise<unknown> {
    const client = this.#client;
    if (client === undefined) throw failure("away");
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(failure("no answer"));
      // Whatever it answers now comes too late, and what is asked next would wait behind it.
      client.close();
    }, ANSWER_WITHIN_MS);
    try {
      return await Promise.race([client.send(command, args), late.promise]);
    } catch (thrown) {
      if (thrown instanceof RecordsFailure) throw thrown;
      throw failure(codeOf(thrown));
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#client?.close();
  }

  /** A client each time: one that has failed is not asked to mend itself. */
  async #connect(): Promise<void> {
    const client = new Bun.RedisClient(this.#url.reveal(), {
      autoReconnect: false,
      enableOfflineQueue: false,
      connectionTimeout: ANSWER_WITHIN_MS,
    });
    this.#client = client;
    client.onclose = () => this.#lost(client);
    try {
      await client.connect();
      await this.#greet(this);
    } catch (thrown) {
      this.#health.failed(thrown instanceof RecordsFailure ? thrown : failure(codeOf(thrown)));
      // Otherwise it is there but takes no writes, and is asked again by whoever comes.
      if (!client.connected) this.#lost(client);
    }
  }

  #lost(client: Bun.RedisClient): void {
    if (this.#client !== client || this.#isClosed) return;
    this.#client = undefined;
    this.#health.failed(failure("away"));
    this.#retry = setTimeout(() => this.#connect(), CONNECT_AGAIN_MS);
  }
}

const failure = (code: string): RecordsFailure =>
  new RecordsFailure(
    code,
    "REDIS_URL: check that Redis runs, is reached from here, takes this password and has room; nobody is admitted until then",
  );

/** The first word of a server's error is its kind, as in "OOM command not allowed"; the rest may hold anything. */
function codeOf(thrown: unknown): string {
  const kind = thrown instanceof Error ? /^[A-Z]{2,}(?= )/.exec(thrown.message)?.[0] : undefined;
  if (kind !== undefined) return kind;
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown";
}
