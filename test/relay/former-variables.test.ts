/** What somebody has set who comes from a FastAPI assistant: it is understood, or they are told what replaced it. */
import { expect, test } from "bun:test";
import { configured, good } from "./configured.ts";

/** As its README tells, with examples in place of keys. */
const THEIRS = {
  OPENAI_API_KEY: "sk-theirs",
  TWILIO_AUTH_TOKEN: "fedcba9876543210fedcba9876543210",
  ZAPIER_MCP_URL: "https://mcp.zapier.com/api/mcp/mcp",
  ZAPIER_MCP_PASSWORD: "dGhlaXIga2V5",
  ASSISTANT_INSTRUCTIONS: "You are theirs.",
  VOICE: "shimmer",
  PORT: "5050",
  TEMPERATURE: "0.8",
};

test("their .env is understood as it stands", async () => {
  const { config, warnings } = await good(THEIRS);
  expect(warnings).toEqual([]);
  expect(config).toMatchObject({
    port: 5050,
    settings: { voice: "shimmer", temperature: 0.8, instructions: "You are theirs." },
  });
  expect(config.mcpServers).toHaveLength(1);
});

test("a voice that Realtime never had is named, with those that it has", async () => {
  const read = await configured({ ...THEIRS, VOICE: "nova" });
  expect(read.ok ? [] : read.problems).toEqual([
    expect.objectContaining({ variable: "VOICE", mend: expect.stringContaining("marin") }),
  ]);
});

test("what nothing reads any more starts the relay all the same, and says what replaced it", async () => {
  const { warnings } = await good({ ...THEIRS, WEBHOOK_URL: "https://x.example.com", ALLOWED_NUMBERS: "" });
  expect(warnings.map(({ variable, mend }) => [variable, mend])).toEqual([
    ["WEBHOOK_URL", expect.stringContaining("RELAY_URL")],
    ["ALLOWED_NUMBERS", expect.stringContaining(".env.functions")],
  ]);
});
