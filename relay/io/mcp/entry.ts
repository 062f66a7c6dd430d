/**
 * What MCP servers and their tools give the log to tell. Labels and names come from outside: they are made printable
 * before they stand here. There is no field for an address, a key, an argument or a result.
 */
import type { Kind, Rule } from "../../call/tools.ts";
import type { Mend, Unfit } from "../../wire/tool-schema.ts";
import type { Trouble } from "./trouble.ts";

export type LeftOut =
  | Unfit
  /** No entry of a list of tools. */
  | "not_a_tool"
  /** Another of the same server's is called so already. */
  | "same_name"
  | "too_many";

type Wrong = {
  readonly level: "warn";
  readonly server: string;
  readonly why: Trouble;
  readonly mend: string;
};

export type McpEntry =
  | {
      readonly event: "mcp.connected";
      readonly level: "info";
      readonly server: string;
      readonly afterMs: number;
    }
  | ({ readonly event: "mcp.unreachable" } & Wrong)
  | ({ readonly event: "mcp.list_failed" } & Wrong)
  /** It has no tools for us. */
  | { readonly event: "mcp.empty"; readonly level: "warn"; readonly server: string; readonly mend: string }
  | {
      readonly event: "tools.registered";
      readonly level: "info";
      readonly message: `Registered tools count: ${number}`;
    }
  | {
      readonly event: "tool.registered";
      readonly level: "info";
      readonly tool: string;
      readonly server: string;
      readonly kind: Kind;
      readonly rule: Rule;
      /** policy.ts's words: the owner's pattern, or a default's. */
      readonly why: string;
    }
  | {
      readonly event: "tool.left_out";
      readonly level: "warn";
      /** As its server calls it. */
      readonly tool: string;
      readonly server: string;
      readonly why: LeftOut;
      readonly mend: string;
    }
  | {
      readonly event: "tool.mended";
      readonly level: "info";
      readonly tool: string;
      readonly server: string;
      readonly lost: readonly Mend[];
    }
  /** A meta-tool that no caller is offered. */
  | {
      readonly event: "tool.withheld";
      readonly level: "info";
      readonly tool: string;
      readonly server: string;
    }
  | {
      readonly event: "tools.many";
      readonly level: "warn";
      readonly count: number;
      readonly mend: string;
    };
