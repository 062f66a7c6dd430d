/**
 * What the recipe's server offers, asked by the SDK's own client, with no network between them.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import "../../../patience.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { MOST_THINGS, ShoppingList } from "../../../../relay/deploy/mcp-server/shopping-list.ts";
import { shoppingListServer } from "../../../../relay/deploy/mcp-server/tools.ts";
import { ask } from "./running.ts";

let folder: string;
let list: ShoppingList;
let client: Client;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "mcp-tools-"));
  list = new ShoppingList(folder);
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await shoppingListServer(list, () => new Date("2026-11-21T13:05:09Z")).connect(theirs);
  client = new Client({ name: "test", version: "1.0.0" });
  await client.connect(ours);
});
afterEach(async () => {
  await client.close();
  list.close();
  rmSync(folder, { recursive: true, force: true });
});

const say = (name: string, things?: unknown) => ask(client, `${name}_shopping_list`, things);

describe("its tools", () => {
  test("are three, told with schemas and with annotations that a policy can be built on", async () => {
    const { tools } = await client.listTools();
    const told = Object.fromEntries(tools.map(({ name, annotations }) => [name, annotations]));
    expect(told).toEqual({
      read_shopping_list: { readOnlyHint: true, openWorldHint: false },
      add_to_shopping_list: expect.objectContaining({ readOnlyHint: false, destructiveHint: false }),
      remove_from_shopping_list: expect.objectContaining({ readOnlyHint: false, destructiveHint: true }),
    });
    for (const { name, description, inputSchema } of tools) {
      expect(description?.length).toBeGreaterThan(10);
      expect(inputSchema.type).toBe("object");
      expect(inputSchema.required ?? []).toEqual(name === "read_shopping_list" ? [] : ["things"]);
    }
  });

  test("change the list and tell what they did, in sentences", async () => {
    expect(await say("read")).toBe("The list is empty.");
    expect(await say("add_to", ["Milk", " 6 eggs "])).toBe("Now on the list: Milk, 6 eggs.");
    expect(await say("add_to", ["bread", "MILK"])).toBe("Now on the list: bread. There already: MILK.");
    expect(await say("read")).toBe("On the list: Milk, 6 eggs, bread.");
    expect(await say("remove_from", ["milk", "salt"])).toBe(
      "Taken off the list: milk. Not on the list: salt.",
    );
    expect(await say("read")).toBe("On the list: 6 eggs, bread.");
    expect(list.things).toEqual(["6 eggs", "bread"]);
  });

  test("take no arguments but good ones, and nothing is changed by others", async () => {
    for (const things of [undefined, 7, [], [""], ["a".repeat(81)], Array(21).fill("a"), { a: 1 }]) {
      expect(await say("add_to", things)).toStartWith("error: ");
      expect(await say("remove_from", things)).toStartWith("error: ");
    }
    expect(list.things).toEqual([]);
  });

  test("keep the list short enough to be read out, and say so", async () => {
    for (let n = 0; n < MOST_THINGS; n += 20) {
      await say(
        "add_to",
        Array.from({ length: 20 }, (_, m) => `thing ${n + m}`),
      );
    }
    expect(await say("add_to", ["thing 7", "one more"])).toBe(
      "There already: thing 7. Not put on it, for the list is full: one more.",
    );
    expect(list.things).toHaveLength(MOST_THINGS);
  });
});
