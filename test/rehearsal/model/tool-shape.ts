/**
 * The tools of a session and of a response, to the letter: functions, and MCP servers that the live service calls by
 * itself; and which of them must be used.
 *
 * Source: RealtimeToolsConfigUnion and RealtimeToolChoiceConfig in npm's openai package.
 */
import { z } from "zod";

/** "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level" */
const NOT_AT_THE_TOP = ["oneOf", "anyOf", "allOf", "enum", "not"] as const;

/** Exactly these four keys, and a JSON Schema whose top is an object. */
const FunctionTool = z.strictObject({
  type: z.literal("function"),
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, "Expected a string that matches '^[a-zA-Z0-9_-]{1,64}$'."),
  description: z.string().max(1024, "Expected a string with maximum length 1024.").optional(),
  parameters: z
    .looseObject({ type: z.literal("object") })
    .refine(
      (schema) => !NOT_AT_THE_TOP.some((key) => Object.hasOwn(schema, key)),
      `Schema must not have ${NOT_AT_THE_TOP.map((key) => `'${key}'`).join("/")} at the top level.`,
    )
    .optional(),
});

const ToolFilter = z.strictObject({
  tool_names: z.array(z.string()).optional(),
  read_only: z.boolean().optional(),
});
export type ToolFilter = z.infer<typeof ToolFilter>;

const McpTool = z
  .strictObject({
    type: z.literal("mcp"),
    server_label: z
      .string()
      .regex(/^[a-zA-Z][a-zA-Z0-9_-]*$/, "Expected a string that matches '^[a-zA-Z][a-zA-Z0-9_-]*$'."),
    server_url: z.url().optional(),
    connector_id: z.string().startsWith("connector_").optional(),
    tunnel_id: z.string().optional(),
    server_description: z.string().optional(),
    authorization: z.string().optional(),
    headers: z.record(z.string(), z.string()).nullish(),
    allowed_tools: z.union([z.array(z.string()), ToolFilter]).nullish(),
    require_approval: z
      .union([
        z.enum(["always", "never"]),
        z.strictObject({ always: ToolFilter.optional(), never: ToolFilter.optional() }),
      ])
      .nullish(),
    allowed_callers: z.array(z.enum(["direct", "programmatic"])).nullish(),
    defer_loading: z.boolean().optional(),
  })
  .refine(
    ({ server_url, connector_id, tunnel_id }) =>
      [server_url, connector_id, tunnel_id].filter((way) => way !== undefined).length === 1,
    "One of 'server_url', 'connector_id' and 'tunnel_id' must be provided.",
  );
export type McpTool = z.infer<typeof McpTool>;

const Tool = z.discriminatedUnion("type", [FunctionTool, McpTool]);
export type Tool = z.infer<typeof Tool>;

const nameOf = (tool: Tool): string =>
  tool.type === "mcp" ? `server ${tool.server_label}` : `function ${tool.name}`;

/** Two tools of one name could not be told apart. */
export const Tools = z
  .array(Tool)
  .max(128)
  .refine((tools) => new Set(tools.map(nameOf)).size === tools.length, "Names and labels must be unique.");

export const ToolChoice = z.union([
  z.enum(["none", "auto", "required"]),
  z.strictObject({ type: z.literal("function"), name: z.string() }),
  z.strictObject({ type: z.literal("mcp"), server_label: z.string(), name: z.string().nullish() }),
]);
export type ToolChoice = z.infer<typeof ToolChoice>;

export const functionNames = (tools: readonly Tool[]): readonly string[] =>
  tools.flatMap((tool) => (tool.type === "function" ? [tool.name] : []));
export const serversIn = (tools: readonly Tool[]): readonly McpTool[] =>
  tools.flatMap((tool) => (tool.type === "mcp" ? [tool] : []));

/** What a tool's owner would not have shown again: the server's keys. */
export function shownTool(tool: Tool): Record<string, unknown> {
  if (tool.type === "function") return tool;
  const { authorization: _, headers: __, ...shown } = tool;
  return shown;
}
