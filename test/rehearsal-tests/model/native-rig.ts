/** What the tests of native MCP share: tools that really run, a model that calls them, and what its session is told. */
import type { ModelOptions } from "../../rehearsal/model/options.ts";
import type { Occasion, Reply } from "../../rehearsal/model/script.ts";
import { type Model, startModel } from "../../rehearsal/model/server.ts";
import type { Tools } from "../../rehearsal/tools/server.ts";
import { Desk } from "../tools/desk.ts";
import { Client, field, type Got, SETTINGS } from "./client.ts";

export const CREATE = { mcp: "todoist_create_task", server: "zapier", arguments: { content: "Buy milk" } };

export const serverOf = ({ url, key }: Tools, rest: object = {}) => ({
  type: "mcp",
  server_label: "zapier",
  server_url: url,
  authorization: key,
  require_approval: "never",
  ...rest,
});

export class NativeRig {
  readonly desk = new Desk();
  model: Model | undefined;

  async ready(tools: Tools, options: ModelOptions, rest: object = {}): Promise<Client> {
    this.model = await startModel({ pace: 40, thinkMs: 10, announceMs: 0, ...options });
    const client = await Client.ready(this.model, { ...SETTINGS, tools: [serverOf(tools, rest)] });
    await client.next("mcp_list_tools.completed");
    return client;
  }

  async clear(): Promise<void> {
    await this.model?.stop();
    this.model = undefined;
    await this.desk.clear();
  }
}

/** Calls once, and talks from then on. */
export const once =
  (reply: Reply, seen: Occasion[] = []) =>
  (occasion: Occasion): Reply => {
    seen.push(occasion);
    return occasion.response === 1 ? reply : [{ tag: 1, ms: 40 }];
  };

/** The first item of a kind that is done, as soon as it is. */
export async function itemDone(client: Client, type: string): Promise<Got> {
  for (let nth = 1; ; nth += 1) {
    const got = await client.next("conversation.item.done", nth);
    if (field(got, "item.type") === type) return got;
  }
}
