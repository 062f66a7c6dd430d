/**
 * What a tool is to a call: what the model is told of it, where it lives, and what may come of using it. The relay finds
 * the tools (io) and hands a call its own list when the call begins; what a call may do with each is policy.ts.
 */
import type { Profile } from "../contract.ts";
import type { FunctionTool } from "../wire/realtime.ts";

/** Where a tool lives, and the name under which it is known there. */
export type ToolSource =
  | { readonly is: "mcp"; readonly server: string; readonly remoteName: string }
  /** One of the owner's own TypeScript files. */
  | { readonly is: "function" }
  /** The telephone's own: phone-tools.ts. */
  | { readonly is: "phone" };

/**
 * What an MCP server says of its tool, true or not (ToolAnnotations of the MCP specification, without "Hint"). A function
 * of the owner's says it of itself.
 */
export type ToolHints = {
  readonly readOnly?: boolean;
  readonly destructive?: boolean;
  readonly idempotent?: boolean;
  readonly openWorld?: boolean;
};

export type Kind = "read" | "write";
/** What has to be asked of the caller before a tool is used; each is stricter than the one before it. */
export type Rule = "allow" | "confirm" | "keypad" | "deny";

/** What the owner's file says of its function. They wrote it, so it is believed. */
export type Declared = {
  readonly kind: Kind;
  readonly rule?: Rule;
  /** Its answers may hold words that strangers wrote. */
  readonly untrusted?: boolean;
};

export type Tool = {
  /** As the model calls it and as the owner's rules name it: ^[a-zA-Z0-9_-]{1,64}$, one of its kind in the list. */
  readonly name: string;
  readonly description: string;
  readonly parameters: FunctionTool["parameters"];
  readonly source: ToolSource;
  readonly hints: ToolHints;
  /** Of functions alone. */
  readonly declared?: Declared;
  /** After this it has not answered. */
  readonly timeoutMs: number;
};

/** Not yet parsed as the tool wants it: that is the tool's own affair. */
export type ToolArguments = Readonly<Record<string, unknown>>;

/** What of the caller a tool may know: the phone's own and the owner's functions, never a server's. */
export type ToolCaller = Pick<Profile, "name" | "language" | "timeZone">;

/** What is to be done: a tool, and what it is given. */
export type ToolRequest = { readonly tool: Tool; readonly args: ToolArguments };
/** The same, now. */
export type ToolRun = ToolRequest & { readonly runId: string };

/** What came of it. Whether a tool did its work is never guessed: only `lost` means that nobody knows. */
export type ToolOutcome =
  /** It answered. `isError`: it says itself that it failed. */
  | { readonly is: "answered"; readonly text: string; readonly isError: boolean }
  /** It was certainly not done: the request never left, or was refused before anything was done about it. */
  | { readonly is: "not_done"; readonly why: NotDone }
  /** The request had left, and no answer came. */
  | { readonly is: "lost" };

export type NotDone =
  /** No connection to its server. */
  | "unreachable"
  /** Its server does not take the owner's key. */
  | "unauthorized"
  /** Its server has no such tool any more. */
  | "gone"
  /** Its server does not accept these arguments, or refuses for a reason of its own. */
  | "refused";

export const functionToolOf = ({ name, description, parameters }: Tool): FunctionTool => ({
  type: "function",
  name,
  description,
  parameters,
});
