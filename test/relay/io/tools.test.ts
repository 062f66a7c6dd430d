/** All tools in one list, and each use of one where it belongs. */
import { expect, test } from "bun:test";
import { NO_POLICY } from "../../../relay/call/policy.ts";
import type { Tool, ToolOutcome, ToolSource } from "../../../relay/call/tools.ts";
import { Tools } from "../../../relay/io/tools.ts";
import { Secret } from "../../../relay/secret.ts";

const tool = (name: string, source: ToolSource): Tool => ({
  name,
  description: name,
  parameters: { type: "object" },
  source,
  hints: {},
  timeoutMs: 1_000,
});
const TIME = tool("current_time", { is: "phone" });
const NOTE = tool("take_note", { is: "function" });
const TASK = tool("create_task", { is: "mcp", server: "zapier", remoteName: "create_task" });

const home = (who: string, tools: readonly Tool[]) => ({
  tools,
  run: async (): Promise<ToolOutcome> => ({ is: "answered", text: who, isError: false }),
});

test("a call is handed what there is when it begins", () => {
  let tools: readonly Tool[] = [];
  let unreachable: readonly string[] = ["zapier"];
  const mcp = {
    get list() {
      return { tools, unreachable };
    },
    run: home("mcp", []).run,
  };
  const all = new Tools(NO_POLICY, { phone: home("phone", [TIME]), functions: home("file", [NOTE]), mcp });
  expect(all.toolbox).toEqual({ tools: [TIME, NOTE], policy: NO_POLICY, unreachable: ["zapier"] });
  [tools, unreachable] = [[TASK], []];
  expect(all.toolbox).toEqual({ tools: [TIME, NOTE, TASK], policy: NO_POLICY, unreachable: [] });
});

test("a call is handed the servers that OpenAI asks by itself, where there are any", () => {
  const homes = {
    phone: home("phone", [TIME]),
    functions: home("file", []),
    mcp: { list: { tools: [TASK], unreachable: [] }, run: home("mcp", []).run },
  };
  const url = new Secret("https://mcp.example.com/mcp");
  const native = [{ label: "zapier", serverLabel: "zapier", url, authorization: undefined, headers: {} }];
  expect(new Tools(NO_POLICY, homes, native).toolbox.native).toBe(native);
  expect("native" in new Tools(NO_POLICY, homes, []).toolbox).toBe(false);
});

test("each use goes to where the tool lives", async () => {
  const mcp = { list: { tools: [TASK], unreachable: [] }, run: home("mcp", []).run };
  const all = new Tools(NO_POLICY, { phone: home("phone", [TIME]), functions: home("file", [NOTE]), mcp });
  const { signal } = new AbortController();
  const answers = [TIME, NOTE, TASK].map((each) => all.run({ runId: "r", tool: each, args: {} }, signal, {}));
  expect(await Promise.all(answers)).toMatchObject([{ text: "phone" }, { text: "file" }, { text: "mcp" }]);
});
