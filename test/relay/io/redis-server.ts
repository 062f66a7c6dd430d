/**
 * A real redis-server, Debian's, in a folder of its own. Where there is none its tests are skipped, in sight of
 * everybody; with REQUIRE_REDIS=1, which .ci/run sets, that is a failure.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PATIENCE_MS } from "../../patience.ts";
import { freePort } from "../../rehearsal/relay.ts";

export const hasRedis = Bun.which("redis-server") !== null;

export class RedisServer {
  readonly port = freePort();
  /** Where it writes everything down. */
  readonly folder = mkdtempSync(join(tmpdir(), "redis-"));
  readonly #password: string | undefined;
  #child: Bun.Subprocess | undefined;

  private constructor(password?: string) {
    this.#password = password;
  }

  /** Ready, as after days of use: a new one refuses the first tokens. */
  static async start(given: { password?: string; isNew?: boolean } = {}): Promise<RedisServer> {
    const server = new RedisServer(given.password);
    await server.start();
    if (given.isNew !== true) await server.say("SET", "{relay}:known", "1");
    return server;
  }

  get url(): string {
    const password = this.#password === undefined ? "" : `:${this.#password}@`;
    return `redis://${password}127.0.0.1:${this.port}`;
  }

  /** On the same port with the same data. */
  async start(): Promise<void> {
    const options = {
      port: String(this.port),
      bind: "127.0.0.1",
      dir: this.folder,
      save: "",
      appendonly: "yes",
      // What is written outlives a kill, which is all that a test does to it; a machine's slow disk would make it late.
      appendfsync: "no",
      ...(this.#password !== undefined && { requirepass: this.#password }),
    };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    this.#child = Bun.spawn(["redis-server", ...args], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "inherit",
    });
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        await this.say("PING");
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await Bun.sleep(20);
      }
    }
  }

  async say(command: string, ...args: string[]): Promise<unknown> {
    const client = new Bun.RedisClient(this.url, { autoReconnect: false });
    try {
      await client.connect();
      return await client.send(command, args);
    } finally {
      client.close();
    }
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }

  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
