/**
 * A DATA_DIR with conversations in it, as several processes have it open, and every byte that lies there.
 *
 * Bytes are read by a process of their own: whoever opens and closes a SQLite file takes the locks away that SQLite has on
 * it in the same process (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
import { Database } from "bun:sqlite";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { keyFrom } from "../../../relay/contract.ts";
import type { Clock } from "../../../relay/io/clock.ts";
import { ConversationsFile } from "../../../relay/io/conversations-file.ts";
import { Envelopes } from "../../../relay/io/envelopes.ts";
import type { RelayEntry } from "../../../relay/io/log.ts";
import { Seal } from "../../../relay/io/sealed.ts";

export const SECRET = "a secret of more than thirty-two bytes";
const SOURCES = join(import.meta.dir, "..", "..", "..", "relay");

export class Place {
  readonly dataDir = mkdtempSync(join(tmpdir(), "conversations-"));
  nowS = 1_790_000_000;
  readonly told: Array<RelayEntry | { event: string }> = [];
  readonly #seal: Seal;
  readonly #opened: ConversationsFile[] = [];
  readonly #children: Array<Bun.Subprocess<"ignore", "pipe", "inherit">> = [];

  private constructor(seal: Seal) {
    this.#seal = seal;
  }

  static async make(): Promise<Place> {
    return new Place(new Seal([await keyFrom(SECRET)]));
  }

  open(dataDir = this.dataDir): ConversationsFile {
    const clock: Clock = { monotonicMs: () => this.nowS * 1000, unixS: () => this.nowS };
    const log = (entry: RelayEntry | { event: string }) => this.told.push(entry);
    const envelopes = new Envelopes(this.#seal, log);
    const opened = new ConversationsFile({ dataDir, envelopes, clock, log });
    this.#opened.push(opened);
    return opened;
  }

  get events(): string[] {
    return this.told.map(({ event }) => event);
  }

  path(name = "conversations.sqlite"): string {
    return join(this.dataDir, name);
  }

  /** What lies on the disk of a call. */
  sealedOf(callSid: string, name?: string): Buffer {
    const db = new Database(this.path(name), { readonly: true });
    const row = db.query("SELECT sealed FROM conversations WHERE call_sid = ?").get(callSid);
    db.close();
    return Buffer.from(z.object({ sealed: z.instanceof(Uint8Array) }).parse(row).sealed);
  }

  bytes(): Buffer {
    const files = readdirSync(this.dataDir).map((name) => this.path(name));
    return Buffer.from(Bun.spawnSync(["cat", ...files], { stderr: "inherit" }).stdout);
  }

  /** How many pieces of these are in any byte of any file. */
  piecesOf(sealed: readonly Buffer[]): number {
    const pieces = new Set<string>();
    for (const one of sealed) {
      for (let at = 0; at + PIECE_BYTES <= one.length; at += STEP_BYTES) {
        pieces.add(one.toString("latin1", at, at + PIECE_BYTES));
      }
    }
    const text = this.bytes().toString("latin1");
    let found = 0;
    for (let at = 0; at + PIECE_BYTES <= text.length; at++) {
      if (pieces.has(text.slice(at, at + PIECE_BYTES))) found++;
    }
    return found;
  }

  /**
   * Another process that has the same conversations, as `conversations`, and does this with them.
   * @returns what it prints, by the line
   */
  child(body: string, under: readonly string[] = []): { kill(): Promise<void>; line(): Promise<string> } {
    const from = (name: string) => JSON.stringify(join(SOURCES, name));
    const source = `
      const { keyFrom } = await import(${from("contract.ts")});
      const { Health } = await import(${from("io/health.ts")});
      const { openConversations } = await import(${from("io/open-conversations.ts")});
      const { aConversation } = await import(${JSON.stringify(join(import.meta.dir, "a-conversation.ts"))});
      const clock = { monotonicMs: () => performance.now(), unixS: () => ${this.nowS} };
      const told = [];
      const log = (entry) => told.push(entry);
      const conversations = await openConversations({
        dataDir: ${JSON.stringify(this.dataDir)},
        redis: undefined, keys: [await keyFrom(${JSON.stringify(SECRET)})], clock, log, health: new Health(log),
      });
      ${body}`;
    const command = [...under, process.execPath, "-e", source];
    const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    this.#children.push(child);
    const reader = child.stdout.getReader();
    let text = "";
    return {
      line: async () => {
        while (!text.includes("\n")) {
          const { done, value } = await reader.read();
          if (done) throw new Error(`it has ended and said only: ${text}`);
          text += new TextDecoder().decode(value);
        }
        const [line = "", ...rest] = text.split("\n");
        text = rest.join("\n");
        return line;
      },
      kill: async () => {
        child.kill("SIGKILL");
        await child.exited;
      },
    };
  }

  async remove(): Promise<void> {
    for (const child of this.#children) {
      child.kill("SIGKILL");
      await child.exited;
    }
    for (const opened of this.#opened) opened.close();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** Not the same twice by chance. */
const PIECE_BYTES = 12;
const STEP_BYTES = 97;
