/**
 * All tools in one place: the telephone's, the owner's functions and those of MCP servers. A call takes its list from
 * here when it begins, and here each use of one finds its way home.
 */
import type { NativeServer } from "../call/native-tools.ts";
import type { Policy } from "../call/policy.ts";
import type { Toolbox } from "../call/toolbox.ts";
import type { Tool, ToolCaller, ToolOutcome, ToolRun } from "../call/tools.ts";

type Running = (run: ToolRun, signal: AbortSignal, caller: ToolCaller) => Promise<ToolOutcome>;
export type ToolHome = { readonly tools: readonly Tool[]; readonly run: Running };

export type ToolHomes = {
  readonly phone: ToolHome;
  readonly functions: ToolHome;
  readonly mcp: {
    /** As it is now. */
    readonly list: { readonly tools: readonly Tool[]; readonly unreachable: readonly string[] };
    readonly run: Running;
  };
};

export class Tools {
  readonly #policy: Policy;
  readonly #homes: ToolHomes;
  readonly #native: readonly NativeServer[];

  /** @param native MCP servers that are handed to OpenAI, which uses their tools by itself */
  constructor(policy: Policy, homes: ToolHomes, native: readonly NativeServer[] = []) {
    this.#policy = policy;
    this.#homes = homes;
    this.#native = native;
  }

  /** What a call that begins now may use. */
  get toolbox(): Toolbox {
    const { phone, functions, mcp } = this.#homes;
    const { tools, unreachable } = mcp.list;
    return {
      tools: [...phone.tools, ...functions.tools, ...tools],
      policy: this.#policy,
      unreachable,
      ...(this.#native.length > 0 && { native: this.#native }),
    };
  }

  /** Never rejects. */
  run(run: ToolRun, signal: AbortSignal, caller: ToolCaller): Promise<ToolOutcome> {
    const { phone, functions, mcp } = this.#homes;
    const { source } = run.tool;
    switch (source.is) {
      case "phone":
        return phone.run(run, signal, caller);
      case "function":
        return functions.run(run, signal, caller);
      case "mcp":
        return mcp.run(run, signal, caller);
      default:
        return source satisfies never;
    }
  }
}
