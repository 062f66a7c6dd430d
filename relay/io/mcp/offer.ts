/**
 * What of a server's list may be offered to a model, and under which name: Zapier's meta-tools by their allow-list, names
 * and schemas made fit, and what cannot be made fit left out with a reason. It depends on nothing but that list.
 */
import { z } from "zod";
import { withoutMeta } from "../../call/meta-actions.ts";
import type { Tool, ToolHints } from "../../call/tools.ts";
import { fitDescription, printable } from "../../wire/tool-description.ts";
import { type Naming, toolNameOf } from "../../wire/tool-name.ts";
import { type Budget, type FitSchema, fitSchema, type Mend } from "../../wire/tool-schema.ts";
import type { McpServer } from "./address.ts";
import type { LeftOut } from "./entry.ts";

export type Offer = {
  /** By name. */
  readonly tools: readonly Tool[];
  /** Names as the server has them, printable. */
  readonly leftOut: ReadonlyArray<{ readonly tool: string; readonly why: LeftOut }>;
  readonly mended: ReadonlyArray<{ readonly tool: string; readonly lost: readonly Mend[] }>;
  readonly withheld: readonly string[];
  /** Names, as the server has them, of tools that it runs only as tasks. */
  readonly asTasks: ReadonlySet<string>;
};

/** Of schemas in one list: more would keep this process from what it is there for. */
const MOST_NODES = 10_000;

const Hint = z.boolean().optional().catch(undefined);
const Listed = z.looseObject({
  name: z.string().min(1),
  title: z.string().optional().catch(undefined),
  description: z.string().optional().catch(undefined),
  inputSchema: z.unknown(),
  annotations: z
    .looseObject({
      title: z.string().optional().catch(undefined),
      readOnlyHint: Hint,
      destructiveHint: Hint,
      idempotentHint: Hint,
      openWorldHint: Hint,
    })
    .optional()
    .catch(undefined),
  execution: z.looseObject({ taskSupport: z.string() }).optional().catch(undefined),
});
type Listed = z.infer<typeof Listed>;

export type Offering = {
  readonly server: McpServer;
  readonly naming: Naming;
  /** By the name under which it is offered. */
  readonly timeoutMsOf: (name: string, server: McpServer) => number;
};

export function offerOf(listed: readonly unknown[], { server, naming, timeoutMsOf }: Offering): Offer {
  const leftOut: Array<Offer["leftOut"][number]> = [];
  const mended: Array<Offer["mended"][number]> = [];
  const readable = listed.flatMap((entry) => {
    const read = Listed.safeParse(entry);
    if (read.success) return [{ ...read.data, remoteName: read.data.name }];
    leftOut.push({ tool: "?", why: "not_a_tool" });
    return [];
  });
  const { offered, withheld } = withoutMeta(readable);
  const byName = new Map<string, Tool>();
  const budget = { nodes: MOST_NODES };
  const asTasks = new Set<string>();
  // In an order of ours: of two that get one name, the same one has it each time.
  for (const entry of [...offered].sort((a, b) => compare(a.remoteName, b.remoteName))) {
    const { remoteName } = entry;
    const told = printable(remoteName);
    const name = toolNameOf(remoteName, naming);
    const schema = fit(entry.inputSchema, budget);
    const why = schema.ok ? (byName.has(name) ? "same_name" : undefined) : schema.why;
    if (!schema.ok || why !== undefined) {
      leftOut.push({ tool: told, why: why ?? "not_a_tool" });
      continue;
    }
    const { parameters, mends } = schema;
    if (mends.length > 0) mended.push({ tool: told, lost: mends });
    if (entry.execution?.taskSupport === "required") asTasks.add(remoteName);
    const source = { is: "mcp", server: server.label, remoteName } as const;
    const timeoutMs = timeoutMsOf(name, server);
    const [description, hints] = [descriptionOf(entry), hintsOf(entry)];
    byName.set(name, { name, description, parameters, source, hints, timeoutMs });
  }
  const tools = [...byName.values()].sort((a, b) => compare(a.name, b.name));
  return { tools, leftOut, mended, withheld: withheld.map((name) => printable(name)), asTasks };
}

/** By code units: the same on every machine. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function fit(schema: unknown, budget: Budget): FitSchema {
  try {
    return fitSchema(schema, budget);
  } catch (thrown) {
    // Nested deeper than this process can follow.
    if (thrown instanceof RangeError) return { ok: false, why: "too_large" };
    throw thrown;
  }
}

/** The API wants one. */
function descriptionOf({ description, title, annotations, name }: Listed): string {
  const texts = [description, title, annotations?.title, name].map((text) => fitDescription(text ?? ""));
  return texts.find((text) => text !== "") ?? "A tool";
}

function hintsOf({ annotations = {} }: Listed): ToolHints {
  const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = annotations;
  return {
    ...(readOnlyHint !== undefined && { readOnly: readOnlyHint }),
    ...(destructiveHint !== undefined && { destructive: destructiveHint }),
    ...(idempotentHint !== undefined && { idempotent: idempotentHint }),
    ...(openWorldHint !== undefined && { openWorld: openWorldHint }),
  };
}
