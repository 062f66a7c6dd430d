/**
 * Which MCP servers there are: Zapier's from the environment, others from an `mcp.json` with `mcpServers`, as people
 * already have one. Streamable HTTP only, https only but on this machine. An address may hold a key (Zapier's older ones
 * do), so no word of a finding holds any of it.
 */
import { z } from "zod";
import type { McpServer } from "./io/mcp/address.ts";
import { Secret } from "./secret.ts";
import { type Env, HeaderSecret, isLoopback, type Reader } from "./variables.ts";
import { printable } from "./wire/tool-description.ts";
import { prefixOf } from "./wire/tool-name.ts";

/** https://docs.zapier.com/mcp/get-started/authentication */
const ZAPIER_URL = "https://mcp.zapier.com/api/v1/connect";
/** Of those whose key is an older one, in base64. */
const OLDER_ZAPIER_URL = "https://mcp.zapier.com/api/mcp/mcp";
const ZAPIER = "zapier";
const MCP_CONFIG = "MCP_CONFIG";

export const MCP_FILE = "mcp.json";

/** @param file the text of mcp.json; undefined: there is none */
export function mcpServersFrom(reader: Reader, env: Env, file: string | undefined): readonly McpServer[] {
  const found = [zapierFrom(reader), ...(file === undefined ? [] : inFile(reader, env, file))].filter(
    (server) => server !== undefined,
  );
  const prefixes = new Map<string, string>();
  for (const { label } of found) {
    const prefix = (prefixOf(label) ?? "").toLowerCase();
    const other = prefixes.get(prefix);
    if (other !== undefined) {
      const problem = `has servers that could not be told apart: ${JSON.stringify(other)} and ${JSON.stringify(label)}`;
      const mend =
        label === ZAPIER
          ? `leave out one of the two, or the variables ZAPIER_MCP_…`
          : "give them names that differ in their first letters";
      reader.problems.push({ variable: MCP_CONFIG, problem, mend });
    }
    prefixes.set(prefix, label);
  }
  // The names of Zapier's tools say themselves where they belong, as do those of the only server.
  const isAlone = found.length === 1;
  return found.map(({ label, ...server }) => ({
    ...server,
    label,
    prefix:
      isAlone || (label === ZAPIER && server.keptIn !== keptInFile(label)) ? undefined : prefixOf(label),
  }));
}

type Found = Omit<McpServer, "prefix">;

const keptInFile = (label: string): string => `${JSON.stringify(label)} in mcp.json`;

// --- Zapier's, from the environment -------------------------------------------------------------------------

function zapierFrom(reader: Reader): Found | undefined {
  const token = reader.read(
    "ZAPIER_MCP_TOKEN",
    HeaderSecret.optional(),
    "ZAPIER_MCP_TOKEN=<made at mcp.zapier.com, Connect, Generate token>",
  );
  const password = reader.read(
    "ZAPIER_MCP_PASSWORD",
    HeaderSecret.optional(),
    "ZAPIER_MCP_PASSWORD=<the key in base64>; newer ones go into ZAPIER_MCP_TOKEN",
  );
  const given = reader.text("ZAPIER_MCP_URL");
  if (token !== undefined && password !== undefined) {
    const problem = "is not used, for there is a ZAPIER_MCP_TOKEN";
    reader.warnings.push({ variable: "ZAPIER_MCP_PASSWORD", problem, mend: "take it out" });
  }
  const key = token ?? password;
  const text =
    given ?? (token !== undefined ? ZAPIER_URL : password !== undefined ? OLDER_ZAPIER_URL : undefined);
  if (text === undefined) return undefined;
  const url = addressFrom(text);
  if (typeof url === "string") {
    const mend = `set it like this: ZAPIER_MCP_URL=${ZAPIER_URL}`;
    reader.problems.push({ variable: "ZAPIER_MCP_URL", problem: url, mend });
    return undefined;
  }
  if (key === undefined && /\/(?:connect|mcp\/mcp)\/?$/.test(url.pathname) && url.search === "") {
    const problem = "has no key in it, and there is no ZAPIER_MCP_TOKEN";
    const mend = "make a token at mcp.zapier.com (Connect, Generate token) and set ZAPIER_MCP_TOKEN";
    reader.warnings.push({ variable: "ZAPIER_MCP_URL", problem, mend });
  }
  const keptIn =
    token !== undefined
      ? "ZAPIER_MCP_TOKEN"
      : password !== undefined
        ? "ZAPIER_MCP_PASSWORD"
        : "ZAPIER_MCP_URL";
  const headers = key === undefined ? {} : { authorization: new Secret(`Bearer ${key.reveal()}`) };
  return { label: ZAPIER, url: new Secret(url.href), headers, keptIn, timeoutMs: undefined };
}

/** Or what is wrong with it. */
function addressFrom(text: string): URL | string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return "is not a URL";
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url))) {
    return "does not begin with https:// (http:// is for this machine alone)";
  }
  if (url.username !== "" || url.password !== "") return "has a user or a password in front of its host";
  if (/\/sse\/?$/.test(url.pathname)) {
    return "is an SSE endpoint, and only Streamable HTTP is spoken here (mostly the same address with /mcp at its end)";
  }
  url.hash = "";
  return url;
}

// --- others, from mcp.json ----------------------------------------------------------------------------------

const NOT_STARTED =
  'is a program to be started ("command"), and only servers over Streamable HTTP are used here: run it behind a bridge that speaks it (mcp-proxy, supergateway) and give its "url", or take it out';
/** What other programs keep there for themselves. */
const KNOWN = ["url", "headers", "type", "timeout", "timeoutMs", "disabled"];
const TYPES = ["http", "streamable-http", "streamable_http", "streamableHttp"];
const LONGEST_LABEL = 64;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Ours to set. */
const OUR_HEADERS =
  /^(?:host|connection|content-length|content-type|transfer-encoding|accept|mcp-.*|last-event-id)$/i;

const Timeout = z.number().min(1_000).max(300_000).optional();

function inFile(reader: Reader, env: Env, text: string): readonly Found[] {
  const wrong = (problem: string, mend: string): readonly Found[] => {
    reader.problems.push({ variable: MCP_CONFIG, problem, mend });
    return [];
  };
  const example = 'make it like this: {"mcpServers": {"notes": {"url": "https://notes.example.com/mcp"}}}';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's words hold some of the text, which may be a key.
    return wrong("is not JSON", "mend it: no comments, and no comma after the last of a list");
  }
  if (!isRecord(value)) return wrong("holds no JSON object", example);
  const { mcpServers, ...others } = value;
  if (!isRecord(mcpServers)) {
    return wrong('has no "mcpServers"', "servers" in others ? 'call its "servers" "mcpServers"' : example);
  }
  unknownKeys(reader, Object.keys(others), "at its top");
  return Object.entries(mcpServers).flatMap(([label, entry]) => {
    const problems: string[] = [];
    const server = oneServer(label, entry, env, problems, reader);
    const name = JSON.stringify(printable(label));
    const mend = `mend ${name} in it, or take it out`;
    for (const problem of problems)
      reader.problems.push({ variable: MCP_CONFIG, problem: `${name} ${problem}`, mend });
    return server === undefined || problems.length > 0 ? [] : [server];
  });
}

function oneServer(
  label: string,
  entry: unknown,
  env: Env,
  problems: string[],
  reader: Reader,
): Found | undefined {
  if (prefixOf(label) === undefined || printable(label) !== label || label.length > LONGEST_LABEL) {
    problems.push(`is no name for a server: letters and digits, at most ${LONGEST_LABEL}`);
  }
  if (!isRecord(entry)) return void problems.push("is not an object");
  if (entry.disabled === true) return undefined;
  if (entry.command !== undefined || entry.type === "stdio") return void problems.push(NOT_STARTED);
  const unknown = Object.keys(entry).filter((key) => !KNOWN.includes(key));
  unknownKeys(reader, unknown, `for ${JSON.stringify(printable(label))}`);
  if (entry.type !== undefined && !TYPES.some((type) => type === entry.type)) {
    problems.push('has a "type" other than "http": only Streamable HTTP is spoken here');
  }
  const timeout = Timeout.safeParse(entry.timeoutMs ?? entry.timeout);
  if (!timeout.success) problems.push('has a "timeout" that is not 1000 to 300000 milliseconds');
  if (typeof entry.url !== "string") problems.push('has no "url"');
  const text = typeof entry.url === "string" ? filledIn(entry.url, '"url"', env, problems) : undefined;
  const url = text === undefined ? undefined : addressFrom(text.trim());
  if (typeof url === "string") problems.push(`has a "url" that ${url}`);
  const headers = headersFrom(entry.headers, env, problems);
  if (!(url instanceof URL)) return undefined;
  const keptIn = keptInFile(label);
  return { label, url: new Secret(url.href), headers, keptIn, timeoutMs: timeout.data };
}

function headersFrom(given: unknown, env: Env, problems: string[]): Readonly<Record<string, Secret>> {
  if (given === undefined) return {};
  if (!isRecord(given)) {
    problems.push('has "headers" that are not an object');
    return {};
  }
  const headers: Array<[string, Secret]> = [];
  for (const [name, value] of Object.entries(given)) {
    const shown = `header ${JSON.stringify(printable(name))}`;
    const text = typeof value === "string" ? filledIn(value, shown, env, problems) : undefined;
    if (!HEADER_NAME.test(name)) problems.push(`has a ${shown}, which is no name for one`);
    else if (OUR_HEADERS.test(name)) problems.push(`has a ${shown}, which the relay sets itself`);
    else if (typeof value !== "string") problems.push(`has a ${shown} that is not a text`);
    else if (text !== undefined && !/^[\x20-\x7e]+$/.test(text.trim())) {
      problems.push(`has a ${shown} that is empty, or holds a character that no header has`);
    } else if (text !== undefined) headers.push([name.toLowerCase(), new Secret(text.trim())]);
  }
  return Object.fromEntries(headers);
}

/** `${NAME}`, `${NAME:-otherwise}`, and `${env:NAME}` as some editors have it. */
const PLACE = /\$\{([^}]*)\}/g;
const VARIABLE = /^(?:env:)?([A-Za-z_]\w*)(?::-([\s\S]*))?$/;

/** undefined: something that it needs is missing, and named. */
function filledIn(text: string, where: string, env: Env, problems: string[]): string | undefined {
  let isWhole = true;
  const filled = text.replace(PLACE, (_, inside: string) => {
    const [, name, otherwise] = VARIABLE.exec(inside) ?? [];
    const value = name === undefined ? undefined : env[name]?.trim() || otherwise;
    if (value !== undefined) return value;
    isWhole = false;
    problems.push(
      name === undefined
        ? `has a \${…} in its ${where} that is not the name of a variable`
        : `needs the variable ${name} in its ${where}, and it is not set`,
    );
    return "";
  });
  return isWhole ? filled : undefined;
}

function unknownKeys(reader: Reader, keys: readonly string[], where: string): void {
  if (keys.length === 0) return;
  const named = keys.map((key) => JSON.stringify(printable(key))).join(", ");
  const problem = `has what is not read here, ${where}: ${named}`;
  reader.warnings.push({
    variable: MCP_CONFIG,
    problem,
    mend: `known are ${KNOWN.join(", ")}; take out the rest`,
  });
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
