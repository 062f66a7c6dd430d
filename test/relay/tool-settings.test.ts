/** What the owner says of tools, as the configuration has it. */
import { describe, expect, test } from "bun:test";
import { configFrom, type Env, printFindings } from "../../relay/config.ts";
import type { ReadFile } from "../../relay/tool-settings.ts";
import { NEEDED, TODAY } from "./configured.ts";

async function settings(env: Env, readFile?: ReadFile) {
  const read = await configFrom({ ...NEEDED, ...env }, TODAY, readFile);
  if (!read.ok) throw new Error(printFindings(read.problems));
  return read.config;
}
async function problems(env: Env, readFile?: ReadFile): Promise<string[]> {
  const read = await configFrom({ ...NEEDED, ...env }, TODAY, readFile);
  return read.ok ? [] : read.problems.map(({ variable, problem }) => `${variable} ${problem}`);
}
/** A place for a variable, as it stands in the file. */
const at = (inside: string): string => `\u{24}{${inside}}`;
const FILE = JSON.stringify({ mcpServers: { notes: { url: `https://notes.example.com/${at("PART")}` } } });

describe("the tools' settings", () => {
  test("are read as the owner wrote them", async () => {
    const config = await settings({
      MCP_MODE: "native",
      TOOL_POLICY: "todoist_*=allow, *delete*=deny",
      TRUSTED_READS: "todoist_*",
      TOOL_TIMEOUT_SECONDS: "30",
      TOOL_TIMEOUTS: "slow=60",
      ZAPIER_MCP_TOKEN: "zap-1",
    });
    expect(config).toMatchObject({
      mcpMode: "native",
      policy: {
        rules: [
          { pattern: "todoist_*", rule: "allow" },
          { pattern: "*delete*", rule: "deny" },
        ],
        trustedReads: ["todoist_*"],
      },
      toolTimeouts: { usualMs: 30_000, rules: [{ pattern: "slow", ms: 60_000 }] },
      mcpServers: [{ label: "zapier" }],
    });
  });

  test("know mcp.json where it lies, or where MCP_CONFIG says", async () => {
    const asked: string[] = [];
    const readFile: ReadFile = async (path) => {
      asked.push(path);
      return FILE;
    };
    for (const env of [{}, { MCP_CONFIG: "/etc/relay/mcp.json" }]) {
      const { mcpServers } = await settings({ ...env, PART: "mcp" }, readFile);
      expect(mcpServers.map(({ url }) => url.reveal())).toEqual(["https://notes.example.com/mcp"]);
    }
    expect(asked).toEqual(["mcp.json", "/etc/relay/mcp.json"]);
  });

  test("do without a file that nobody named, and miss one that was named", async () => {
    const none: ReadFile = async () => undefined;
    const locked: ReadFile = async () => {
      throw Object.assign(new Error("permission denied, open /secret/place"), { code: "EACCES" });
    };
    expect((await settings({}, none)).mcpServers).toEqual([]);
    expect(await problems({ MCP_CONFIG: "gone.json" }, none)).toEqual([
      "MCP_CONFIG names a file that is not there",
    ]);
    expect(await problems({}, locked)).toEqual(["MCP_CONFIG names a file that cannot be read"]);
  });

  test("say all that is wrong at once", async () => {
    const env = {
      MCP_MODE: "both",
      TOOL_POLICY: "a=b",
      TRUSTED_READS: "?",
      TOOL_TIMEOUT_SECONDS: "0",
      TOOL_TIMEOUTS: "a",
      ZAPIER_MCP_URL: "zapier",
    };
    const found = await problems(env, async () => FILE);
    expect(found.map((line) => line.slice(0, line.indexOf(" "))).sort()).toEqual(
      [...Object.keys(env), "MCP_CONFIG"].sort(),
    );
  });
});
