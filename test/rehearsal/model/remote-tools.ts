/**
 * The MCP servers of one session, called as the live service calls them: by itself, over the network, with the keys that
 * the client gave it. The client is the SDK's, so what is called here is really done.
 *
 * It sends no event and knows no conversation. Only servers on this machine are reached: a rehearsal calls nobody else's.
 */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import {
  StreamableHTTPClientTransport,
  StreamableHTTPError,
} from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { McpError } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { McpTool, ToolFilter } from "./tool-shape.ts";

export type RemoteTool = {
  readonly server: string;
  readonly name: string;
  readonly description: string | null;
  readonly inputSchema: unknown;
  readonly annotations: unknown;
};

export type RemoteError =
  | { readonly type: "http_error" | "protocol_error"; readonly code: number; readonly message: string }
  | { readonly type: "tool_execution_error"; readonly message: string };
export type RemoteResult =
  | { readonly output: string; readonly error: null }
  | { readonly output: null; readonly error: RemoteError };

/** What OpenAI says of a server that it cannot reach. */
const FAILED_DEPENDENCY = 424;
const ReadOnly = z.looseObject({ readOnlyHint: z.literal(true) });
const Texts = z.looseObject({
  isError: z.boolean().default(false),
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })).default([]),
});

export class RemoteServer {
  readonly config: McpTool;
  readonly #client = new Client({ name: "rehearsed-model", version: "1.0.0" });
  /** What may be called, as soon as it has been listed. */
  tools: readonly RemoteTool[] = [];

  constructor(config: McpTool) {
    this.config = config;
  }

  /** Connects and lists; what is wrong is not told to anybody, as the live service does not either. */
  async list(): Promise<boolean> {
    try {
      await this.#connect();
      const tools: RemoteTool[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await this.#client.listTools(cursor === undefined ? {} : { cursor });
        for (const { name, description = null, inputSchema, annotations = null } of page.tools) {
          tools.push({ server: this.config.server_label, name, description, inputSchema, annotations });
        }
        cursor = page.nextCursor;
        if (cursor === undefined) break;
      }
      this.tools = tools.filter((tool) => isAllowed(this.config, tool));
      return true;
    } catch {
      return false;
    }
  }

  needsApproval(tool: RemoteTool): boolean {
    const { require_approval: rule } = this.config;
    if (typeof rule === "string") return rule === "always";
    if (rule?.never !== undefined && fits(rule.never, tool)) return false;
    // Without a word about it, everything is asked for.
    return rule?.always === undefined || rule.never !== undefined || fits(rule.always, tool);
  }

  async call(name: string, args: Record<string, unknown>): Promise<RemoteResult> {
    try {
      const result = Texts.parse(await this.#client.callTool({ name, arguments: args }));
      const text = result.content.flatMap((part) => (part.text === undefined ? [] : [part.text])).join("\n");
      return result.isError
        ? { output: null, error: { type: "tool_execution_error", message: text } }
        : { output: text, error: null };
    } catch (error) {
      return { output: null, error: remoteError(error) };
    }
  }

  async close(): Promise<void> {
    await this.#client.close().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const { server_url, authorization, headers } = this.config;
    const url = new URL(server_url ?? "");
    if (!["127.0.0.1", "localhost", "[::1]"].includes(url.hostname)) {
      throw new Error("a rehearsal reaches servers on its own machine only");
    }
    const transport = new StreamableHTTPClientTransport(url, {
      requestInit: {
        headers: {
          ...headers,
          ...(authorization === undefined ? {} : { authorization: `Bearer ${authorization}` }),
        },
      },
    });
    await this.#client.connect(transport);
  }
}

function isAllowed({ allowed_tools: allowed }: McpTool, tool: RemoteTool): boolean {
  if (allowed == null) return true;
  return Array.isArray(allowed) ? allowed.includes(tool.name) : fits(allowed, tool);
}

const fits = ({ tool_names, read_only }: ToolFilter, { name, annotations }: RemoteTool): boolean =>
  (tool_names === undefined || tool_names.includes(name)) &&
  (read_only === undefined || read_only === ReadOnly.safeParse(annotations).success);

function remoteError(error: unknown): RemoteError {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof McpError) return { type: "protocol_error", code: error.code, message };
  const code = error instanceof StreamableHTTPError ? (error.code ?? FAILED_DEPENDENCY) : FAILED_DEPENDENCY;
  return { type: "http_error", code, message };
}
