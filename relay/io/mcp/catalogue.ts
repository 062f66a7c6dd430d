/**
 * The tools of all MCP servers, as one list that is there at once: whoever asks for it gets what is known now, and waits
 * for no server. Here each use of a tool finds the server that it belongs to.
 */
import { type Policy, rulingFor, rulingOf } from "../../call/policy.ts";
import type { Tool, ToolOutcome, ToolRun } from "../../call/tools.ts";
import type { Clock } from "../clock.ts";
import { bugOf, type Log } from "../log.ts";
import { accountOf } from "./account.ts";
import type { McpServer } from "./address.ts";
import type { McpEntry } from "./entry.ts";
import { Link } from "./link.ts";
import { type Offer, offerOf } from "./offer.ts";
import { PACE, type Pace } from "./pace.ts";
import { useTool } from "./use.ts";

export type ToolList = {
  readonly tools: readonly Tool[];
  /** Labels of servers that cannot be reached now, or have yet to list. */
  readonly unreachable: readonly string[];
};

export type CatalogueParts = {
  readonly clock: Clock;
  readonly log: Log;
  /** For the account of what each tool got, and to know what may be asked twice. */
  readonly policy: Policy;
  /** Names that are somebody else's: the phone's own tools, the owner's functions. */
  readonly reserved: ReadonlySet<string>;
  readonly timeoutMsOf: (tool: string, server: McpServer) => number;
  readonly pace?: Partial<Pace>;
};

/** A session takes no more: https://platform.openai.com/docs/api-reference/realtime-client-events/session */
const MOST_TOOLS = 128;

export class Catalogue {
  readonly #parts: CatalogueParts;
  readonly #links: readonly Link[];
  #offers: readonly Offer[] = [];
  #list: ToolList;
  #told = "";
  #isOpening = false;

  constructor(servers: readonly McpServer[], parts: CatalogueParts) {
    this.#parts = parts;
    const pace = { ...PACE, ...parts.pace };
    const { clock, log } = parts;
    this.#links = servers.map(
      (server) => new Link(server, { clock, log, pace, changed: () => this.#changed() }),
    );
    this.#list = { tools: [], unreachable: servers.map(({ label }) => label) };
  }

  /**
   * Begins to connect to every server. Resolves when each was tried once, or when that time has passed; those that are
   * not there yet are tried on. Never rejects.
   */
  async open(withinMs: number): Promise<void> {
    if (this.#links.length === 0) return;
    this.#isOpening = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    await Promise.race([late, Promise.all(this.#links.map((link) => link.open()))]);
    clearTimeout(timer);
    this.#isOpening = false;
    this.#changed();
  }

  /** As it is known now. */
  get list(): ToolList {
    return this.#list;
  }

  /** Never rejects. */
  async run({ tool, args }: ToolRun, signal: AbortSignal): Promise<ToolOutcome> {
    const { source } = tool;
    const at = this.#links.findIndex(({ server }) => source.is === "mcp" && server.label === source.server);
    const link = this.#links[at];
    if (source.is !== "mcp" || link === undefined) return { is: "not_done", why: "gone" };
    const { remoteName: name } = source;
    const isRead = rulingOf(this.#parts.policy, tool, args, false).kind === "read";
    const needsTask = this.#offers[at]?.asTasks.has(name) === true;
    return useTool(link, { name, args, isRead, needsTask }, signal);
  }

  async close(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.close()));
  }

  /** A list that cannot even be looked at leaves the one that there was. */
  #changed(): void {
    try {
      this.#take();
    } catch (thrown) {
      this.#parts.log(bugOf(thrown));
    }
  }

  #take(): void {
    const { reserved, timeoutMsOf } = this.#parts;
    const prefixes = this.#links.flatMap(({ server }) => server.prefix ?? []);
    this.#offers = this.#links.map(({ server, listed = [] }) => {
      const naming = { prefix: server.prefix, otherPrefixes: prefixes, reserved };
      return offerOf(listed, { server, naming, timeoutMsOf });
    });
    const tools = this.#offers.flatMap((offer) => offer.tools);
    const room = Math.max(0, MOST_TOOLS - reserved.size);
    this.#list = {
      tools: tools.slice(0, room),
      unreachable: this.#links.filter((link) => !link.isReachable).map(({ server }) => server.label),
    };
    if (!this.#isOpening) this.#tell(tools.slice(room));
  }

  /** Once for each change of what there is to tell. */
  #tell(tooMany: readonly Tool[]): void {
    const { log, policy } = this.#parts;
    const servers = this.#links.map(({ server, listed }, at) => ({
      server,
      hasListed: listed !== undefined,
      offer: this.#offers[at],
    }));
    const entries: readonly McpEntry[] = accountOf(this.#list.tools, tooMany, servers, (tool) =>
      rulingFor(policy, tool),
    );
    const told = JSON.stringify(entries);
    if (told === this.#told) return;
    this.#told = told;
    for (const entry of entries) log(entry);
  }
}
