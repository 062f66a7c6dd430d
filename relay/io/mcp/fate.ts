/**
 * What came of one request to a server, from what was thrown instead of an answer. Whether a tool may have done its work
 * is decided here, in one place, and never guessed: where it is not certain that it did not, the request is lost.
 */
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import { Unanswered, Unsent } from "./http.ts";
import { Refusal } from "./refusal.ts";
import { bounded } from "./result-text.ts";

export type Fate =
  /** It never left. */
  | { readonly is: "unsent"; readonly why: Unsent["why"] }
  /** The server does not take our key. */
  | { readonly is: "unauthorized" }
  /** The server knows no such session: whoever begins a new one may ask again. */
  | { readonly is: "session"; readonly status: number }
  /** The server would not even begin. */
  | { readonly is: "refused"; readonly status: number | undefined }
  /** The server has no such tool. */
  | { readonly is: "gone" }
  /** It had left, and what came of it nobody knows. */
  | { readonly is: "lost"; readonly status: number | undefined }
  /** The server says that it failed. */
  | { readonly is: "failed"; readonly text: string };

export function fateOf(thrown: unknown): Fate {
  if (thrown instanceof Unsent) return { is: "unsent", why: thrown.why };
  if (thrown instanceof Unanswered) return { is: "lost", status: undefined };
  if (thrown instanceof Refusal) return ofRefusal(thrown);
  if (thrown instanceof McpError) return ofError(thrown);
  // Not foreseen, so nothing is known.
  return { is: "lost", status: undefined };
}

function ofRefusal({ status, isOfSession, isDoubtful }: Refusal): Fate {
  if (status === 401 || status === 403) return { is: "unauthorized" };
  if (isOfSession) return { is: "session", status };
  return isDoubtful ? { is: "lost", status } : { is: "refused", status };
}

const MOST_CHARS = 500;
const UNKNOWN_TOOL = /unknown tool|tool\b.*\bnot found|no such tool/i;

/** A JSON-RPC error: https://www.jsonrpc.org/specification#error_object */
function ofError({ code, message }: McpError): Fate {
  const said = message.slice(0, MOST_CHARS);
  switch (code) {
    case ErrorCode.ParseError:
    case ErrorCode.InvalidRequest:
      return { is: "refused", status: undefined };
    case ErrorCode.MethodNotFound:
      return { is: "gone" };
    case ErrorCode.InvalidParams:
      return UNKNOWN_TOOL.test(said) ? { is: "gone" } : { is: "refused", status: undefined };
    // A gateway's, or our own client's: whoever says it does not know what the tool has done.
    case ErrorCode.ConnectionClosed:
    case ErrorCode.RequestTimeout:
      return { is: "lost", status: undefined };
    default:
      return { is: "failed", text: bounded(message.replace(/^MCP error -?\d+: /, "")) };
  }
}
