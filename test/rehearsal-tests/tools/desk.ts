/** What the tests of the rehearsed tools share: a file of their own each, and the SDK's client with the server's key. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { z } from "zod";
import type { ToolsOptions } from "../../rehearsal/tools/options.ts";
import { startTools, type Tools } from "../../rehearsal/tools/server.ts";

type Address = Pick<Tools, "url" | "key">;
type Connected = { readonly client: Client; readonly transport: StreamableHTTPClientTransport };

export class Desk {
  readonly #folders: string[] = [];
  readonly #tools: Tools[] = [];
  readonly #clients: Client[] = [];

  dbPath(): string {
    const folder = mkdtempSync(join(tmpdir(), "rehearsed-tools-"));
    this.#folders.push(folder);
    return join(folder, "tools.sqlite");
  }

  async start(options: Omit<ToolsOptions, "dbPath"> & { dbPath?: string } = {}): Promise<Tools> {
    const tools = await startTools({ ...options, dbPath: options.dbPath ?? this.dbPath() });
    this.#tools.push(tools);
    return tools;
  }

  async connect({ url, key }: Address): Promise<Connected> {
    const client = new Client({ name: "test", version: "1.0.0" });
    const headers = { authorization: `Bearer ${key}` };
    const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
    await client.connect(transport);
    this.#clients.push(client);
    return { client, transport };
  }

  async client(address: Address): Promise<Client> {
    return (await this.connect(address)).client;
  }

  async clear(): Promise<void> {
    for (const client of this.#clients.splice(0)) await client.close();
    for (const tools of this.#tools.splice(0)) await tools.stop();
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  }
}

const Text = z.array(z.looseObject({ type: z.literal("text"), text: z.string() })).length(1);

export const textOf = (result: unknown): string =>
  Text.parse(z.looseObject({ content: z.unknown() }).parse(result).content)[0]?.text ?? "";

const Results = z.strictObject({ results: z.array(z.record(z.string(), z.unknown())) });
export const resultsOf = (result: unknown): Array<Record<string, unknown>> =>
  Results.parse(JSON.parse(textOf(result))).results;

export const isErrorOf = (result: Awaited<ReturnType<Client["callTool"]>>): boolean =>
  z.looseObject({ isError: z.boolean().default(false) }).parse(result).isError;

/** A POST as a client would make it, for what no decent client would. */
export const post = (
  { url, key }: Address,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> =>
  fetch(url, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    redirect: "manual",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers,
    },
  });

export const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "test", version: "1.0.0" },
  },
};
export const LIST = { jsonrpc: "2.0", id: 2, method: "tools/list" };
