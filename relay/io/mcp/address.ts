/**
 * Where an MCP server is, and what opens it. The URL is a secret as a whole: Zapier's older ones hold the key in their
 * path. Whoever has to name a server names its label.
 */
import type { Secret } from "../../secret.ts";

export type McpServer = {
  /** The owner's name for it; printable, and unlike the others'. */
  readonly label: string;
  readonly url: Secret;
  readonly headers: Readonly<Record<string, Secret>>;
  /** Stands before its tools' names; undefined: they are called as the server calls them. */
  readonly prefix: string | undefined;
  /** Where the owner finds its key: "ZAPIER_MCP_TOKEN", or what it is in their mcp.json. */
  readonly keptIn: string;
  /** For all of its tools, where the owner says so. */
  readonly timeoutMs: number | undefined;
};
