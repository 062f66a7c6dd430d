/**
 * The account of all tools that an owner reads at start, and again when something of it changes: how many there are, what
 * each may do and why, and what was left out, with what they can do about it.
 */
import type { Ruling } from "../../call/policy.ts";
import type { Tool } from "../../call/tools.ts";
import { printable } from "../../wire/tool-description.ts";
import type { McpServer } from "./address.ts";
import type { LeftOut, McpEntry } from "./entry.ts";
import type { Offer } from "./offer.ts";

/** Above this, a voice model begins to choose the wrong one. */
const GOOD_BY_VOICE = 20;

export type ServerAccount = {
  readonly server: McpServer;
  /** An empty list is one too. */
  readonly hasListed: boolean;
  readonly offer: Offer | undefined;
};

export function accountOf(
  tools: readonly Tool[],
  tooMany: readonly Tool[],
  servers: readonly ServerAccount[],
  rulingFor: (tool: Tool) => Ruling,
): readonly McpEntry[] {
  const entries: McpEntry[] = [
    { event: "tools.registered", level: "info", message: `Registered tools count: ${tools.length}` },
    ...tools.map((tool) => registered(tool, rulingFor(tool))),
  ];
  for (const { server, hasListed, offer } of servers) {
    if (offer === undefined || !hasListed) continue;
    const of = { server: server.label };
    for (const { tool, why } of offer.leftOut) entries.push(leftOut(tool, server.label, why));
    for (const { tool, lost } of offer.mended) {
      entries.push({ event: "tool.mended", level: "info", tool, ...of, lost });
    }
    for (const tool of offer.withheld) entries.push({ event: "tool.withheld", level: "info", tool, ...of });
    if (offer.tools.length === 0) {
      const mend = `it offers nothing that can be used: add tools to it where it is set up (for Zapier: mcp.zapier.com, Configure), or take it out of ${server.keptIn}`;
      entries.push({ event: "mcp.empty", level: "warn", ...of, mend });
    }
  }
  for (const { name, source } of tooMany) {
    entries.push(leftOut(name, source.is === "mcp" ? source.server : "", "too_many"));
  }
  if (tools.length > GOOD_BY_VOICE) {
    const mend = `a voice model chooses best among about ${GOOD_BY_VOICE}: take tools off your servers, or forbid what no caller needs, as in TOOL_POLICY=some_tool_*=deny`;
    entries.push({ event: "tools.many", level: "warn", count: tools.length + tooMany.length, mend });
  }
  return entries;
}

function registered(tool: Tool, { kind, rule, why }: Ruling): McpEntry {
  const server = tool.source.is === "mcp" ? tool.source.server : "";
  return {
    event: "tool.registered",
    level: "info",
    tool: tool.name,
    server,
    kind,
    rule,
    why: printable(why, 200),
  };
}

function leftOut(tool: string, server: string, why: LeftOut): McpEntry {
  return { event: "tool.left_out", level: "warn", tool, server, why, mend: MENDS[why] };
}

const MENDS: Readonly<Record<LeftOut, string>> = {
  not_an_object:
    "its arguments are no JSON object, which the Realtime API demands: mend its inputSchema on the server",
  remote_reference: "its schema refers to another document: put all of it into its inputSchema on the server",
  impossible: "it demands an argument that cannot be given: mend its inputSchema on the server",
  too_large: "its schema is too large for a model to read: shorten its inputSchema on the server",
  not_a_tool: "its entry in the server's list is no tool: mend the server",
  same_name: "another tool of the same server has this name: rename one of them on the server",
  too_many: "a session takes 128 tools: take tools off your servers",
};
