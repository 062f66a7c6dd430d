/**
 * What this server offers, in MCP's terms: each tool with a description for the model, a schema, and annotations. By
 * those the relay knows what a tool does: one that says nothing counts as a write, and one that destroys is asked for
 * on the keypad. Answers are sentences, for they will be spoken.
 */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";
import type { ShoppingList } from "./shopping-list.ts";

const Things = z
  .array(z.string().trim().min(1).max(80))
  .min(1)
  .max(20)
  .describe("Each with its amount if the caller named one, as in: 2 litres of milk");

/** One for each request: it holds nothing. */
export function shoppingListServer(list: ShoppingList, now: () => Date): McpServer {
  const server = new McpServer({ name: "shopping-list", version: "1.0.0" });

  server.registerTool(
    "read_shopping_list",
    {
      description: "What is on the household's shopping list.",
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    () => {
      const { things } = list;
      return told(things.length === 0 ? "The list is empty." : `On the list: ${things.join(", ")}.`);
    },
  );

  server.registerTool(
    "add_to_shopping_list",
    {
      description: "Put things on the household's shopping list.",
      inputSchema: { things: Things },
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: false,
      },
    },
    ({ things }) => {
      const { changed, unchanged } = list.add(things, now());
      return told(
        sentences({
          "Now on the list": changed,
          "There already": unchanged.filter((thing) => list.has(thing)),
          "Not put on it, for the list is full": unchanged.filter((thing) => !list.has(thing)),
        }),
      );
    },
  );

  server.registerTool(
    "remove_from_shopping_list",
    {
      description:
        "Take things off the household's shopping list: they were bought, or are not wanted any more.",
      inputSchema: { things: Things.describe("Named as they are on the list") },
      annotations: {
        readOnlyHint: false,
        destructiveHint: true,
        idempotentHint: true,
        openWorldHint: false,
      },
    },
    ({ things }) => {
      const { changed, unchanged } = list.remove(things);
      return told(sentences({ "Taken off the list": changed, "Not on the list": unchanged }));
    },
  );
  return server;
}

const told = (text: string) => ({ content: [{ type: "text" as const, text }] });

const sentences = (said: Readonly<Record<string, readonly string[]>>): string =>
  Object.entries(said)
    .filter(([, things]) => things.length > 0)
    .map(([what, things]) => `${what}: ${things.join(", ")}.`)
    .join(" ");
