/**
 * What the owner says of tools: where they come from, what may be done with each, how long each may take, and where the
 * caller is.
 */
import { join } from "node:path";
import { z } from "zod";
import { PHONE_TOOL_NAMES } from "./call/phone-tools.ts";
import { NO_POLICY, type Policy, readPolicy } from "./call/policy.ts";
import { LEAST_S, MOST_S, readTimeouts, type ToolTimeouts } from "./call/tool-timeouts.ts";
import { isTimeZone } from "./contract.ts";
import { CURRENT_TIME, machineTimeZone } from "./io/current-time.ts";
import type { McpServer } from "./io/mcp/address.ts";
import { MCP_FILE, mcpServersFrom } from "./mcp-servers.ts";
import { type Env, Num, type Reader, unlessOff } from "./variables.ts";

/** bridged: the relay is the client of the servers. native: OpenAI is. */
export type McpMode = "bridged" | "native";

export type ToolSettings = {
  readonly mcpServers: readonly McpServer[];
  readonly mcpMode: McpMode;
  readonly policy: Policy;
  readonly toolTimeouts: ToolTimeouts;
  /** Of callers whose profile names none. */
  readonly timeZone: string;
  /** The folder of the owner's own functions; undefined: there are none. */
  readonly functionsDir: string | undefined;
};

/** undefined: there is no such file. @throws what a file system says of one that cannot be read */
export type ReadFile = (path: string) => Promise<string | undefined>;

const USUAL_S = 20;
/** Wherever the relay was started from. */
const OWN_FUNCTIONS = join(import.meta.dir, "functions");
const TimeZone = z
  .string()
  .refine(isTimeZone, 'is not the name of a time zone (a region and a city, as in "Europe/Zurich")')
  .default(machineTimeZone);

const isPhones = (name: string): boolean =>
  name === CURRENT_TIME || PHONE_TOOL_NAMES.some((phones) => phones === name);

/** All that is wrong is among the reader's problems. */
export async function toolSettingsFrom(reader: Reader, env: Env, readFile: ReadFile): Promise<ToolSettings> {
  const mcpMode = reader.read(
    "MCP_MODE",
    z.enum(["bridged", "native"]).default("bridged"),
    "MCP_MODE=bridged, or native",
  );
  const read = readPolicy(reader.text("TOOL_POLICY") ?? "", reader.text("TRUSTED_READS") ?? "");
  if (!read.ok) reader.problems.push(...read.problems);
  for (const { pattern, rule } of read.ok ? read.policy.rules : []) {
    if (!isPhones(pattern) || rule === "allow" || rule === "deny") continue;
    const problem = `asks for more than can be asked about ${pattern}, which is the telephone's own`;
    const mend = `write ${pattern}=deny to switch it off, or take it out`;
    reader.problems.push({ variable: "TOOL_POLICY", problem, mend });
  }
  const seconds = reader.read(
    "TOOL_TIMEOUT_SECONDS",
    Num(LEAST_S, MOST_S).default(USUAL_S),
    `TOOL_TIMEOUT_SECONDS=${USUAL_S}`,
  );
  const { timeouts, problems } = readTimeouts(
    reader.text("TOOL_TIMEOUTS") ?? "",
    (seconds ?? USUAL_S) * 1000,
  );
  for (const problem of problems) reader.problems.push({ variable: "TOOL_TIMEOUTS", ...problem });
  const timeZone = reader.read("TIME_ZONE", TimeZone, "TIME_ZONE=Europe/Zurich");
  const functionsDir = reader.read(
    "FUNCTIONS_DIR",
    z.string().default(OWN_FUNCTIONS).transform(unlessOff),
    "FUNCTIONS_DIR=/etc/phone-assistant/functions, or off",
  );
  return {
    timeZone: timeZone ?? "",
    functionsDir,
    mcpServers: mcpServersFrom(reader, env, await mcpFile(reader, readFile)),
    mcpMode: mcpMode ?? "bridged",
    policy: read.ok ? read.policy : NO_POLICY,
    toolTimeouts: timeouts,
  };
}

async function mcpFile(reader: Reader, readFile: ReadFile): Promise<string | undefined> {
  const variable = "MCP_CONFIG";
  const named = reader.text(variable);
  const mend = `set it to the file's path, as in ${variable}=${MCP_FILE}, or leave it out`;
  try {
    const text = await readFile(named ?? MCP_FILE);
    if (text === undefined && named !== undefined) {
      reader.problems.push({ variable, problem: "names a file that is not there", mend });
    }
    return text;
  } catch {
    reader.problems.push({ variable, problem: "names a file that cannot be read", mend });
    return undefined;
  }
}
