/**
 * One session with an MCP server: the SDK's client over our transport. It is begun once and used until it is dead; who
 * begins the next is link.ts. Whatever goes wrong is thrown as it came (fate.ts says what it means).
 */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { McpServer } from "./address.ts";
import { Unanswered } from "./http.ts";
import { CallResult } from "./result-text.ts";
import { runTask } from "./task.ts";
import { type Line, StreamableHttp } from "./transport.ts";

/** A server that pages for ever has no list. */
const MOST_PAGES = 100;
export const MOST_LISTED = 1_000;
/** setTimeout's longest: the SDK would give up after a minute by itself, and time is the call's affair. */
const NEVER_MS = 2 ** 31 - 1;

const Page = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.string().nullish() });

export type ToolCall = {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Nothing changes by it, so that it may be asked twice. */
  readonly isRead: boolean;
  /** The server runs it only as a task. */
  readonly needsTask: boolean;
};

export class Connection {
  readonly #client: Client;
  readonly #transport: StreamableHttp;
  #inUse = 0;
  #isRetired = false;
  onListChanged: () => void = () => {};

  private constructor(server: McpServer) {
    this.#client = new Client({ name: "phone-assistant", version: "1" }, { capabilities: {} });
    this.#transport = new StreamableHttp(server);
    this.#client.setNotificationHandler(ToolListChangedNotificationSchema, () => this.onListChanged());
    // What cannot be told to anybody who asked: a message that is none, an answer that comes too late.
    this.#client.onerror = () => {};
  }

  static async open(server: McpServer, signal: AbortSignal): Promise<Connection> {
    const connection = new Connection(server);
    try {
      await connection.#client.connect(connection.#transport, { signal, timeout: NEVER_MS });
      return connection;
    } catch (thrown) {
      await connection.#transport.close();
      throw thrown;
    }
  }

  /** Whether the server says when its list changes. */
  get tellsOfChanges(): boolean {
    return this.#client.getServerCapabilities()?.tools?.listChanged === true;
  }

  /** Everything that it lists, as it stands. */
  async list(signal: AbortSignal): Promise<readonly unknown[]> {
    if (this.#client.getServerCapabilities()?.tools === undefined) return [];
    const tools: unknown[] = [];
    const seen = new Set<string>();
    let cursor: string | undefined;
    do {
      const params = cursor === undefined ? {} : { cursor };
      const page = await this.#ask({ method: "tools/list", params }, Page, signal);
      tools.push(...page.tools);
      cursor = page.nextCursor ?? undefined;
      if (cursor === undefined || seen.has(cursor)) break;
      seen.add(cursor);
    } while (seen.size < MOST_PAGES && tools.length < MOST_LISTED);
    return tools.slice(0, MOST_LISTED);
  }

  async ping(signal: AbortSignal): Promise<void> {
    await this.#ask({ method: "ping", params: {} }, z.looseObject({}), signal);
  }

  /** Once, whatever happens. */
  async call({ name, args, needsTask }: ToolCall, line: Line, signal: AbortSignal): Promise<CallResult> {
    this.#inUse += 1;
    try {
      const params = { name, arguments: args };
      this.#transport.over(line, params);
      if (needsTask) return await runTask(this.#client, params, signal);
      return await this.#client.request({ method: "tools/call", params }, CallResult, {
        signal,
        timeout: NEVER_MS,
      });
    } finally {
      this.#inUse -= 1;
      if (this.#isRetired && this.#inUse === 0) void this.close();
    }
  }

  /** Hears what the server says unasked, until it ends. False: the server does not speak unasked. */
  listen(): Promise<boolean> {
    return this.#transport.listen();
  }

  /** Nobody begins anything with it any more; what was begun may end. */
  retire(): void {
    this.#isRetired = true;
    if (this.#inUse === 0) void this.close();
  }

  goodbye(): Promise<void> {
    return this.#transport.goodbye();
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  /** What can be asked twice is asked twice where a kept connection turns out to be dead. */
  async #ask<T extends z.ZodType>(
    request: { readonly method: string; readonly params: Record<string, unknown> },
    schema: T,
    signal: AbortSignal,
  ): Promise<z.infer<T>> {
    const once = (line: Line) => {
      const params = { ...request.params };
      this.#transport.over(line, params);
      return this.#client.request({ ...request, params }, schema, { signal, timeout: NEVER_MS });
    };
    try {
      return await once("kept");
    } catch (thrown) {
      if (!(thrown instanceof Unanswered) || signal.aborted) throw thrown;
      return await once("own");
    }
  }
}
