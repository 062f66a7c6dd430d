/** What a stranger copies and reads must name what the relay reads: .env.example and the README's table. */
import { describe, expect, test } from "bun:test";
import { configFrom } from "../../relay/config.ts";

const TODAY = new Date("2026-11-21T00:00:00Z");
const read = (name: string): Promise<string> => Bun.file(new URL(`../../${name}`, import.meta.url)).text();
const example = await read(".env.example");
const readme = await read("README.md");

const FILLED_IN = {
  STREAM_TOKEN_SECRET: "0123456789abcdef0123456789abcdef",
  TWILIO_ACCOUNT_SID: "AC0123456789abcdef0123456789abcdef",
  TWILIO_AUTH_TOKEN: "0123456789abcdef0123456789abcdef",
  OPENAI_API_KEY: "rehearsal",
};

/** Offered as an example, where the usual is that there is none. */
const EXAMPLES = [
  "ASSISTANT_INSTRUCTIONS",
  "REDIS_URL",
  "TEMPERATURE",
  "ZAPIER_MCP_URL",
  "MCP_CONFIG",
].concat(
  ["TOOL_POLICY", "TRUSTED_READS", "TOOL_TIMEOUTS", "MAX_MEMORY_MB"],
  ["BUDGET_PER_CALL", "BUDGET_PER_DAY", "BUDGET_PER_MONTH", "PRICES_FILE"],
);

/** `NAME=value` lines, also those that are commented out. */
const assignments = (pattern: RegExp): Array<[string, string]> =>
  [...example.matchAll(pattern)].map(([, name = "", value = ""]) => [name, value]);
const SET = assignments(/^([A-Z_]+)=(.*)$/gm);
const OFFERED = assignments(/^# ([A-Z_]+)=(.*)$/gm);

/** For the commands alone: the relay does without. */
const OF_COMMANDS = ["PHONE_NUMBER"];

/** Every name that is asked for, with nothing there to find: the configuration stops at no problem. */
async function namesRead(): Promise<string[]> {
  const names = new Set<string>();
  const nothing: Record<string, string | undefined> = {};
  const watched = new Proxy(nothing, {
    get: (_, name) => {
      if (typeof name === "string") names.add(name);
      return undefined;
    },
  });
  await configFrom(watched, TODAY);
  return [...names].sort();
}

describe(".env.example", () => {
  test("names every variable that the relay and its commands read, and no other", async () => {
    const names = new Set([...SET, ...OFFERED].map(([name]) => name));
    expect([...names].sort()).toEqual([...(await namesRead()), ...OF_COMMANDS].sort());
  });

  test("sets what has no default, and is right once the empty places are filled in", async () => {
    const env = Object.fromEntries(SET);
    expect(SET.flatMap(([name, value]) => (value === "" ? [name] : [])).sort()).toEqual(
      Object.keys(FILLED_IN).sort(),
    );
    const configured = await configFrom({ ...env, ...FILLED_IN }, TODAY);
    expect(configured).toMatchObject({ ok: true, warnings: [] });
  });

  test("offers the values that hold where nothing is set", async () => {
    const env = { ...Object.fromEntries(SET), ...FILLED_IN };
    const usual = await configFrom(env, TODAY);
    // What the first offer of a variable says; these are examples and not the usual value.
    const offers = OFFERED.filter(
      ([name], at) => OFFERED.findIndex(([first]) => first === name) === at,
    ).filter(([name]) => !EXAMPLES.includes(name));
    expect(offers.length).toBeGreaterThan(10);
    for (const [name, value] of offers) {
      const configured = await configFrom({ ...env, [name]: value }, TODAY);
      expect(settled(configured), name).toEqual(settled(usual));
    }
  });
});

/** Keys are new objects each time. */
function settled(configured: Awaited<ReturnType<typeof configFrom>>) {
  if (!configured.ok) throw new Error(JSON.stringify(configured.problems));
  const { keys, ...rest } = configured.config;
  return { ...rest, keys: keys.map(({ kid }) => kid) };
}

test("the README's table of the relay's variables names every one that it reads, and no other", async () => {
  const from = readme.indexOf("**Relay**");
  const table = readme.slice(from, readme.indexOf("**Edge**"));
  expect(from).toBeGreaterThan(0);
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  const names = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([A-Z_]+)`/g)]);
  const relays = names.map(([, name = ""]) => name).filter((name) => !OF_COMMANDS.includes(name));
  expect(relays.sort()).toEqual(await namesRead());
});
