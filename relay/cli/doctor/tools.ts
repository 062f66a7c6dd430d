/**
 * The MCP servers, the owner's functions, and what the rules make of their tools: by the relay's own client, which tells
 * a log what it finds; here the log is read, and told by server.
 */
import { resolve } from "node:path";
import { PHONE_TOOL_NAMES, phoneTool } from "../../call/phone-tools.ts";
import { idlePatterns } from "../../call/policy.ts";
import { timeoutMsOf } from "../../call/tool-timeouts.ts";
import type { Tool } from "../../call/tools.ts";
import type { Config } from "../../config.ts";
import { systemClock } from "../../io/clock.ts";
import { CURRENT_TIME } from "../../io/current-time.ts";
import { readFunctions } from "../../io/function-files.ts";
import { Functions } from "../../io/functions.ts";
import { Catalogue } from "../../io/mcp/catalogue.ts";
import type { McpEntry } from "../../io/mcp/entry.ts";
import { printable } from "../../wire/tool-description.ts";
import { allIll, Line, nothing, type Trouble, well, wellBut } from "./line.ts";
import { counted } from "./settings.ts";

/** A server that sleeps takes its time; a call would not wait for it. */
const OPENS_WITHIN_MS = 12_000;
const LINE_WITHIN_MS = 20_000;

type Seen = {
  readonly entries: readonly McpEntry[];
  readonly tools: readonly Tool[];
  readonly unreachable: readonly string[];
};

/** @param servers their labels, which decide how many lines there are; undefined: nobody knows */
export function toolLines(
  settings: Line<Config>,
  servers: readonly string[] | undefined,
  folder: string,
): readonly Line<unknown>[] {
  const own = new Line<readonly Tool[]>(
    { group: "tools", name: "functions", title: "your functions" },
    async ({ have }) => {
      const { functionsDir, timeZone, dataDir, toolTimeouts } = await have(settings);
      if (functionsDir === undefined) return well("off", []);
      const read = await readFunctions(resolve(folder, functionsDir), [...PHONE_TOOL_NAMES, CURRENT_TIME]);
      if (read.ok) {
        const parts = {
          now: () => new Date(),
          timeZone,
          dataDir,
          timeoutMs: toolTimeouts.usualMs,
          log: () => {},
        };
        return well(counted(read.functions.length, "function"), new Functions(read.functions, parts).tools);
      }
      return allIll(
        "your functions",
        read.problems.map(({ file, problem, mend }) => ({ says: `${file} ${problem}`, mend })),
      );
    },
  );
  const asked = new Line<Seen>(
    { group: "tools", name: "catalogue", title: "MCP servers", withinMs: LINE_WITHIN_MS },
    async ({ have }) => {
      const config = await have(settings);
      return well(
        "asked",
        await seenOf(
          config,
          (await have(own)).map(({ name }) => name),
        ),
      );
    },
  );
  const each = (servers ?? []).map((label) => serverLine(asked, label));
  const none = new Line<void>({ group: "tools", name: "servers", title: "MCP servers" }, async ({ have }) => {
    await have(settings);
    return nothing("none is set up (ZAPIER_MCP_TOKEN, or mcp.json): the assistant talks, and does nothing");
  });
  const rules = new Line<void>(
    { group: "tools", name: "rules", title: "what tools may do", withinMs: LINE_WITHIN_MS },
    async ({ have }) => {
      const { policy } = await have(settings);
      const functions = await have(own);
      const { entries, tools, unreachable } = await have(asked);
      const named = [...tools, ...functions, ...PHONE_TOOL_NAMES.map(phoneTool)];
      // Of a server that is away nobody knows what it would have.
      const idle = (unreachable.length > 0 ? [] : idlePatterns(policy, named)).map((pattern) => ({
        says: `no tool is called ${printable(pattern)}: what TOOL_POLICY or TRUSTED_READS says of it means nothing`,
        mend: `write the name as it stands in the relay's log at start ("tool.registered"), or take it out`,
      }));
      const many = entries.flatMap((entry) =>
        entry.event === "tools.many" ? [{ says: `${entry.count} tools are many`, mend: entry.mend }] : [],
      );
      return wellBut(rulesIn(entries), [...idle, ...many], undefined);
    },
  );
  return [own, ...(each.length === 0 ? [none] : each), rules];
}

function serverLine(asked: Line<Seen>, label: string): Line<void> {
  const question = {
    group: "tools",
    name: `mcp/${label}`,
    title: `MCP: ${printable(label, 24)}`,
    withinMs: LINE_WITHIN_MS,
  } as const;
  return new Line<void>(question, async ({ have }) => {
    const { entries, unreachable } = await have(asked);
    const of = entries.filter((entry) => "server" in entry && entry.server === label);
    const wrong = of.flatMap((entry): Trouble[] => {
      switch (entry.event) {
        case "mcp.unreachable":
        case "mcp.list_failed":
          return [{ says: `${TROUBLES[entry.why]} (${entry.why})`, mend: entry.mend }];
        case "mcp.empty":
          return [{ says: "it offers no tool that can be used", mend: entry.mend }];
        default:
          return [];
      }
    });
    if (wrong.length > 0) return allIll(label, wrong);
    if (unreachable.includes(label)) {
      const mend = "look at the server itself; a call goes on without its tools";
      return allIll(label, [
        { says: `it has not listed its tools within ${OPENS_WITHIN_MS / 1000} s`, mend },
      ]);
    }
    const left = of.flatMap((entry) =>
      entry.event === "tool.left_out"
        ? [{ says: `${entry.tool} cannot be offered (${entry.why})`, mend: entry.mend }]
        : [],
    );
    const { length } = of.filter(({ event }) => event === "tool.registered");
    return wellBut(`${counted(length, "tool")}`, left, undefined);
  });
}

const TROUBLES = {
  refused: "nobody listens there",
  dns: "its name is not found",
  tls: "its certificate is not trusted",
  timeout: "it does not answer in time",
  broken: "the connection breaks",
  gateway: "a gateway before it says that it does not answer",
  unauthorized: "it does not take the key",
  expired: "it answers 404: the key has expired, or the address is wrong",
  redirected: "it sends us to another address",
  not_mcp: "what answers there is no MCP server",
} as const satisfies Record<Extract<McpEntry, { event: "mcp.unreachable" }>["why"], string>;

/** Each rule with the number of tools under it. */
function rulesIn(entries: readonly McpEntry[]): string {
  const rules = entries.flatMap((entry) => (entry.event === "tool.registered" ? [entry.rule] : []));
  const words = { allow: "free", confirm: "after a yes", keypad: "after a key", deny: "forbidden" } as const;
  const told = (["allow", "confirm", "keypad", "deny"] as const).flatMap((rule) => {
    const { length } = rules.filter((one) => one === rule);
    return length === 0 ? [] : [`${length} ${words[rule]}`];
  });
  return told.length === 0 ? "no tool of a server is offered" : `of the servers' tools: ${told.join(", ")}`;
}

async function seenOf(config: Config, functions: readonly string[]): Promise<Seen> {
  const { mcpServers, policy, toolTimeouts } = config;
  if (mcpServers.length === 0) return { entries: [], tools: [], unreachable: [] };
  const entries: McpEntry[] = [];
  const catalogue = new Catalogue(mcpServers, {
    clock: systemClock,
    log: (entry) => {
      if (isMcp(entry)) entries.push(entry);
    },
    policy,
    reserved: new Set([...PHONE_TOOL_NAMES, CURRENT_TIME, ...functions]),
    timeoutMsOf: (tool, server) => timeoutMsOf(toolTimeouts, tool, server.timeoutMs),
  });
  try {
    await catalogue.open(OPENS_WITHIN_MS);
    const { tools, unreachable } = catalogue.list;
    return { entries, tools, unreachable };
  } finally {
    // A server that hangs may hang at goodbye too.
    void catalogue.close().catch(() => undefined);
  }
}

const isMcp = (entry: { readonly event: string }): entry is McpEntry => /^(?:mcp|tools?)\./.test(entry.event);
