/**
 * MCP servers as they are handed to OpenAI, which then asks them by itself. What opens them stays a secret until the
 * line to OpenAI writes it.
 */
import type { NativeServer } from "../../call/native-tools.ts";
import { Secret } from "../../secret.ts";
import { prefixOf } from "../../wire/tool-name.ts";
import type { McpServer } from "./address.ts";

export function nativeServersOf(servers: readonly McpServer[]): readonly NativeServer[] {
  const taken = new Set<string>();
  return servers.map(({ label, url, headers }) => {
    const serverLabel = labelFor(label, taken);
    taken.add(serverLabel);
    return { label, serverLabel, url, ...keysOf(headers) };
  });
}

/** OpenAI wants a letter first, and each label only once. */
function labelFor(label: string, taken: ReadonlySet<string>): string {
  const prefix = prefixOf(label) ?? "";
  const fit = /^[a-zA-Z]/.test(prefix) ? prefix : `mcp_${prefix}`;
  for (let nth = 1; ; nth++) {
    const wanted = nth === 1 ? fit : `${fit}_${nth}`;
    if (!taken.has(wanted)) return wanted;
  }
}

/** OpenAI keeps a token by itself better than a header, and refuses both at once. */
function keysOf(headers: McpServer["headers"]): Pick<NativeServer, "authorization" | "headers"> {
  const bearer = Object.entries(headers).flatMap(([name, value]) => {
    const token = /^bearer +(\S+)$/i.exec(value.reveal())?.[1];
    return /^authorization$/i.test(name) && token !== undefined ? [{ name, token }] : [];
  })[0];
  if (bearer === undefined) return { authorization: undefined, headers };
  const others = Object.entries(headers).filter(([name]) => name !== bearer.name);
  return { authorization: new Secret(bearer.token), headers: Object.fromEntries(others) };
}
