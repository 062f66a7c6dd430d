/**
 * The tools that OpenAI uses by itself (native MCP), and what it is told of them: which it may use at all, and before
 * which uses it has to ask. Both follow from the policy, and only what no use of it could ever make stricter goes
 * unasked: once a call is OpenAI's, nothing can hold it back.
 */
import type { McpTool, Sealed } from "../wire/native-mcp.ts";
import { type Policy, rulingOf } from "./policy.ts";
import type { Tool } from "./tools.ts";

export type NativeServer = {
  /** As the sources of its tools name it. */
  readonly label: string;
  /** As OpenAI names it: {@link McpTool.server_label}. */
  readonly serverLabel: string;
  readonly url: Sealed;
  readonly authorization: Sealed | undefined;
  readonly headers: Readonly<Record<string, Sealed>>;
};

export type NativeTools = {
  /** Those that OpenAI asks about before it uses them, and those that it does not. */
  readonly asked: ReadonlySet<Tool>;
  readonly unasked: ReadonlySet<Tool>;
  /** By the server's label as OpenAI has it, and the name as the server has it. */
  readonly byServer: ReadonlyMap<string, ReadonlyMap<string, Tool>>;
  /** The labels as the owner has them, by OpenAI's. */
  readonly labels: ReadonlyMap<string, string>;
  /** As the model is told: a server of which nothing may be used is left out. */
  readonly told: readonly McpTool[];
};

export const isNative = ({ source }: Tool, servers: readonly NativeServer[]): boolean =>
  source.is === "mcp" && servers.some(({ label }) => label === source.server);

/** @param offered what of these servers' tools this caller may use */
export function nativeToolsOf(
  servers: readonly NativeServer[],
  offered: readonly Tool[],
  policy: Policy,
): NativeTools {
  const isAsked = (tool: Tool) => !isAlwaysARead(policy, tool);
  const byServer = new Map<string, ReadonlyMap<string, Tool>>();
  const told: McpTool[] = [];
  for (const { label, serverLabel, url, authorization, headers } of servers) {
    const named = new Map(offered.flatMap((tool) => nameAt(label, tool).map((name) => [name, tool])));
    if (named.size === 0) continue;
    byServer.set(serverLabel, named);
    const namesOf = (which: (tool: Tool) => boolean) => ({
      tool_names: [...named].flatMap(([name, tool]) => (which(tool) ? [name] : [])),
    });
    const [always, never] = [namesOf(isAsked), namesOf((tool) => !isAsked(tool))];
    told.push({
      type: "mcp",
      server_label: serverLabel,
      server_url: url,
      ...(authorization !== undefined && { authorization }),
      ...(Object.keys(headers).length > 0 && { headers }),
      allowed_tools: [...named.keys()],
      require_approval:
        never.tool_names.length === 0
          ? "always"
          : always.tool_names.length === 0
            ? "never"
            : { always, never },
    });
  }
  return {
    asked: new Set(offered.filter(isAsked)),
    unasked: new Set(offered.filter((tool) => !isAsked(tool))),
    byServer,
    labels: new Map(servers.map(({ label, serverLabel }) => [serverLabel, label])),
    told,
  };
}

const nameAt = (label: string, { source }: Tool): readonly string[] =>
  source.is === "mcp" && source.server === label ? [source.remoteName] : [];

/**
 * Also in a call that has read what strangers wrote, and whatever its arguments: an action that is run through a
 * meta-tool is known only when it is asked about, and here nothing is given.
 */
function isAlwaysARead(policy: Policy, tool: Tool): boolean {
  const { kind, rule } = rulingOf(policy, tool, {}, true);
  return kind === "read" && rule === "allow";
}
