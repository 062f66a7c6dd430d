/** Tools, and the owner's rules, for the tests of what may be done with them. */
import { type Policy, readPolicy } from "../../../relay/call/policy.ts";
import type { Declared, Tool, ToolHints } from "../../../relay/call/tools.ts";

export function policyOf(rules: string, trusted = ""): Policy {
  const read = readPolicy(rules, trusted);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.policy;
}

const BARE = {
  description: "",
  parameters: { type: "object", properties: {} },
  timeoutMs: 20_000,
} as const;

/** As an MCP server lists it. */
export const mcpTool = (remoteName: string, hints: ToolHints = {}, name = remoteName): Tool => ({
  ...BARE,
  name,
  hints,
  source: { is: "mcp", server: "zapier", remoteName },
});

export const functionTool = (name: string, declared: Declared): Tool => ({
  ...BARE,
  name,
  declared,
  hints: {},
  source: { is: "function" },
});

export const phoneTool = (name: string, hints: ToolHints = {}): Tool => ({
  ...BARE,
  name,
  hints,
  source: { is: "phone" },
});

/** The two of Zapier's that run what their arguments name, with the hints that it gives them. */
export const READ_ACTION = mcpTool("execute_zapier_read_action", { readOnly: true });
export const WRITE_ACTION = mcpTool("execute_zapier_write_action", { readOnly: false, destructive: true });
