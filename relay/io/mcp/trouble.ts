/**
 * Why a server cannot be used now, and what its owner can do about it.
 */
import type { McpServer } from "./address.ts";
import { type Fate, fateOf } from "./fate.ts";

export type Trouble =
  /** No connection stands: nobody listens there, or no such name, or no trust, or no answer in time. */
  | "refused"
  | "dns"
  | "tls"
  | "timeout"
  /** It stood, and broke. */
  | "broken"
  /** A gateway says that the server behind it does not answer. */
  | "gateway"
  | "unauthorized"
  /** 404: Zapier's word for an expired token, and everybody's for a wrong address. */
  | "expired"
  | "redirected"
  /** Something answers, but not an MCP server. */
  | "not_mcp";

/** @param didTimeOut our own patience was at its end */
export function troubleOf(thrown: unknown, didTimeOut: boolean): Trouble {
  return didTimeOut ? "timeout" : ofFate(fateOf(thrown));
}

function ofFate(fate: Fate): Trouble {
  switch (fate.is) {
    case "unsent":
      return fate.why === "stopped" ? "timeout" : fate.why;
    case "unauthorized":
      return "unauthorized";
    case "session":
      return fate.status === 404 ? "expired" : "not_mcp";
    case "refused":
      return fate.status !== undefined && fate.status < 400 ? "redirected" : "not_mcp";
    case "lost":
      return fate.status === undefined ? "broken" : "gateway";
    case "gone":
    case "failed":
      return "not_mcp";
    default:
      return fate satisfies never;
  }
}

/** The owner has to do something; trying again soon does not help. */
export const needsOwner = (trouble: Trouble): boolean =>
  ["tls", "unauthorized", "expired", "redirected", "not_mcp"].includes(trouble);

export function mendOf(trouble: Trouble, { keptIn }: McpServer): string {
  switch (trouble) {
    case "refused":
      return `nobody listens there: check that the server runs, and its address in ${keptIn}; it is tried again by itself`;
    case "dns":
      return `its name is not found: check its address in ${keptIn}, and this machine's network; it is tried again by itself`;
    case "tls":
      return `its certificate is not trusted, or it speaks no TLS there: check its address in ${keptIn}`;
    case "timeout":
    case "broken":
    case "gateway":
      return "it does not answer as it should: look at the server itself; it is tried again by itself";
    case "unauthorized":
      return `it does not take the key: make a new one where the server is set up (for Zapier: mcp.zapier.com, Connect), put it in ${keptIn}, and restart the relay`;
    case "expired":
      return `it answers 404, which mostly means that the key has expired (Zapier), else that the address is wrong: put a new key (for Zapier: mcp.zapier.com, Connect) or the right address in ${keptIn}, and restart the relay`;
    case "redirected":
      return `it sends us to another address, which is not followed: put that address in ${keptIn}, if it is yours, and restart the relay`;
    case "not_mcp":
      return `what answers there is no MCP server with Streamable HTTP: check the address in ${keptIn} (an SSE endpoint, often /sse, is the older kind)`;
    default:
      return trouble satisfies never;
  }
}
