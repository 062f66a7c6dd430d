/** OpenAI and the tools. */
import { join } from "node:path";
import type { ModelOptions } from "../../../../rehearsal/model/options.ts";
import { startModel } from "../../../../rehearsal/model/server.ts";
import { startTools } from "../../../../rehearsal/tools/server.ts";
import type { Breakage } from "../breakage.ts";
import type { House } from "../stage.ts";
import { relayVariable } from "./settings.ts";

/** An OpenAI that is as the house's, but for this, at its first session; the next one finds it mended. */
async function onceOtherwise(house: House, faults: NonNullable<ModelOptions["faults"]>): Promise<void> {
  const model = house.put(await startModel({ key: house.model.key, faults }));
  house.relayEnv.OPENAI_REALTIME_URL = model.url;
}

const back = (house: House): void => {
  house.relayEnv.OPENAI_REALTIME_URL = house.model.url;
};

export const OPENAI: readonly Breakage[] = [
  {
    name: "a key that OpenAI does not take",
    line: "openai/model",
    says: /does not take the key \(401\)/,
    mend: /make a new one at platform\.openai\.com\/api-keys/,
    ...relayVariable("OPENAI_API_KEY", "sk-another-one"),
  },
  {
    name: "a model that there is not",
    line: "openai/session",
    says: /knows no model "gpt-realtime-9"/,
    mend: /OPENAI_MODEL=gpt-realtime-2\.1/,
    ...relayVariable("OPENAI_MODEL", "gpt-realtime-9"),
  },
  {
    name: "a key that may not open sessions",
    line: "openai/session",
    says: /may not do this \(403\)/,
    mend: /allow it "Realtime"/,
    break: (house) => onceOtherwise(house, [{ refuseStatus: 403 }]),
    apply: () => {},
  },
  {
    name: "an account without credit, told in the session",
    line: "openai/session",
    says: /no credit left \(insufficient_quota\)/,
    mend: /add credit at platform\.openai\.com/,
    break: (house) => onceOtherwise(house, [{ turnAway: "insufficient_quota" }]),
    apply: () => {},
  },
  {
    name: "too many requests",
    line: "openai/session",
    says: /refuses for now \(429\)/,
    mend: /wait a minute/,
    break: (house) => onceOtherwise(house, [{ refuseStatus: 429 }]),
    apply: back,
  },
  {
    name: "an OpenAI that is not there",
    line: "openai/model",
    says: /nobody answers at 127\.0\.0\.1:1\b/,
    mend: /OPENAI_REALTIME_URL/,
    ...relayVariable("OPENAI_REALTIME_URL", "ws://127.0.0.1:1/v1/realtime"),
  },
];

export const TOOLS: readonly Breakage[] = [
  {
    name: "a key that Zapier does not take",
    line: "tools/mcp/zapier",
    says: /does not take the key/,
    mend: /make a new one .*mcp\.zapier\.com.* ZAPIER_MCP_TOKEN/,
    ...relayVariable("ZAPIER_MCP_TOKEN", "zap-another-one"),
  },
  {
    name: "a key of Zapier's that has expired",
    line: "tools/mcp/zapier",
    says: /answers 404: the key has expired/,
    mend: /put a new key .*mcp\.zapier\.com/,
    break: (house) => house.tools.setCredentials("expired"),
    apply: (house) => house.tools.setCredentials("good"),
  },
  {
    name: "an MCP server that is down",
    line: "tools/mcp/zapier",
    says: /nobody listens there/,
    mend: /check that the server runs/,
    break: (house) => house.tools.down(),
    apply: (house) => house.tools.up(),
  },
  {
    name: "an MCP server without tools",
    line: "tools/mcp/zapier",
    says: /offers no tool that can be used/,
    mend: /add tools to it .*mcp\.zapier\.com, Configure/,
    break: async (house) => {
      const empty = house.put(
        await startTools({ dbPath: join(house.folder, "empty.sqlite"), key: house.tools.key, only: [] }),
      );
      house.relayEnv.ZAPIER_MCP_URL = empty.url;
    },
    apply: (house) => {
      house.relayEnv.ZAPIER_MCP_URL = house.tools.url;
    },
  },
  {
    name: "a rule for a tool that there is not",
    line: "tools/rules",
    is: "doubtful",
    says: /no tool is called todist_\*/,
    mend: /write the name as it stands/,
    ...relayVariable("TOOL_POLICY", "todist_*=deny"),
  },
];
