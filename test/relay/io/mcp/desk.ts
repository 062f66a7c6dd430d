/**
 * What the tests of the MCP client share: servers and catalogues that are put away afterwards, everything that is logged,
 * and a pace at which nobody waits for long.
 */
import type { Policy } from "../../../../relay/call/policy.ts";
import type { Tool, ToolArguments, ToolOutcome } from "../../../../relay/call/tools.ts";
import { systemClock } from "../../../../relay/io/clock.ts";
import type { Log, RelayEntry } from "../../../../relay/io/log.ts";
import type { McpServer } from "../../../../relay/io/mcp/address.ts";
import { Catalogue, type CatalogueParts } from "../../../../relay/io/mcp/catalogue.ts";
import type { Pace } from "../../../../relay/io/mcp/pace.ts";
import { Secret } from "../../../../relay/secret.ts";
import { PATIENCE_MS, until } from "../../../patience.ts";
import { Scripted } from "./scripted.ts";

/** Patient with slow machines, quick where only waiting would be done. */
const PACE: Partial<Pace> = {
  connectWithinMs: PATIENCE_MS,
  listWithinMs: PATIENCE_MS,
  pingWithinMs: PATIENCE_MS,
  pingEveryMs: 60_000,
  relistEveryMs: 600_000,
  settleMs: 5,
  againAfterMs: [5, 10, 20],
  ownerAgainAfterMs: 50,
};
const NO_POLICY: Policy = { rules: [], trustedReads: [] };
export const NEVER = new AbortController().signal;

type Stoppable = { stop(): unknown };
type Entry = Parameters<Log>[0];

export function serverAt(url: string, more: Partial<McpServer> = {}): McpServer {
  return {
    label: "notes",
    url: new Secret(url),
    headers: {},
    prefix: undefined,
    keptIn: '"notes" in mcp.json',
    timeoutMs: undefined,
    ...more,
  };
}

export class Desk {
  readonly entries: Entry[] = [];
  readonly #open: Stoppable[] = [];
  readonly #catalogues: Catalogue[] = [];

  put<T extends Stoppable>(one: T): T {
    this.#open.push(one);
    return one;
  }

  async scripted(tools?: unknown[]): Promise<Scripted> {
    return this.put(await Scripted.start(tools));
  }

  catalogue(servers: readonly McpServer[], parts: Partial<CatalogueParts> = {}): Catalogue {
    const catalogue = new Catalogue(servers, {
      clock: systemClock,
      log: (entry) => this.entries.push(entry),
      policy: NO_POLICY,
      reserved: new Set(),
      timeoutMsOf: () => 20_000,
      ...parts,
      pace: { ...PACE, ...parts.pace },
    });
    this.#catalogues.push(catalogue);
    return catalogue;
  }

  /** Open, with what all of them list. */
  async opened(servers: readonly McpServer[], parts: Partial<CatalogueParts> = {}): Promise<Catalogue> {
    const catalogue = this.catalogue(servers, parts);
    await catalogue.open(PATIENCE_MS);
    return catalogue;
  }

  logged<Event extends RelayEntry["event"]>(event: Event): Extract<Entry, { event: Event }>[] {
    return this.entries.filter((entry): entry is Extract<Entry, { event: Event }> => entry.event === event);
  }

  async clear(): Promise<void> {
    for (const catalogue of this.#catalogues.splice(0)) await catalogue.close();
    for (const one of this.#open.splice(0).reverse()) await one.stop();
    this.entries.length = 0;
  }
}

export function toolIn(catalogue: Catalogue, name: string): Tool {
  const tool = catalogue.list.tools.find((each) => each.name === name);
  if (tool === undefined)
    throw new Error(`no ${name} among ${catalogue.list.tools.map((each) => each.name)}`);
  return tool;
}

export function run(
  catalogue: Catalogue,
  tool: string | Tool,
  args: ToolArguments = {},
  signal: AbortSignal = NEVER,
): Promise<ToolOutcome> {
  const which = typeof tool === "string" ? toolIn(catalogue, tool) : tool;
  return catalogue.run({ runId: "run-1", tool: which, args }, signal);
}

/** Until the list holds just these. */
export const listed = (catalogue: Catalogue, names: readonly string[]): Promise<void> =>
  until(() => catalogue.list.tools.map(({ name }) => name).join() === [...names].sort().join());
