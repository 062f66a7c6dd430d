/**
 * One use of a server's tool: what became of it, to the letter. What may be sent again, and nothing else is: a request
 * that the server refused because it knows no such session, once; and a read, once, that was answered by nobody.
 */
import type { NotDone, ToolOutcome } from "../../call/tools.ts";
import type { Connection, ToolCall } from "./connection.ts";
import { type Fate, fateOf } from "./fate.ts";
import { type Link, NoConnection } from "./link.ts";
import { textOf } from "./result-text.ts";
import type { Line } from "./transport.ts";

const MOST_CHARS = 500;
/** The official servers answer as if it had run and failed. */
const GONE = /^MCP error -3260[12]: Tool .+ (?:not found|disabled)|^Unknown tool\b/i;

/** Never rejects. */
export async function useTool(link: Link, call: ToolCall, signal: AbortSignal): Promise<ToolOutcome> {
  for (let again: "session" | "read" | undefined; ; ) {
    // What has been called off is not begun, or begun again.
    if (signal.aborted) return { is: "not_done", why: "unreachable" };
    let connection: Connection;
    try {
      connection = await link.connected(signal);
    } catch (thrown) {
      return { is: "not_done", why: whyNot(thrown) };
    }
    // Kept connections are quicker, and may be dead without anybody knowing.
    const line = call.isRead && again !== "read" ? "kept" : "own";
    const came = await ask(connection, call, line, signal);
    switch (came.is) {
      case "answered":
        if (came.isError && GONE.test(came.text.slice(0, MOST_CHARS))) void link.relist();
        return came;
      case "failed":
        return { is: "answered", text: came.text, isError: true };
      case "session":
        link.suspect(connection);
        if (again === "session") {
          if (came.status !== 404) return { is: "not_done", why: "refused" };
          link.trouble("expired");
          return { is: "not_done", why: "unauthorized" };
        }
        again = "session";
        continue;
      case "lost":
        void link.prove(connection);
        if (!call.isRead || again !== undefined || signal.aborted) return { is: "lost" };
        again = "read";
        continue;
      case "unsent":
        if (came.why !== "stopped") link.suspect(connection);
        return { is: "not_done", why: "unreachable" };
      case "unauthorized":
        link.suspect(connection);
        return { is: "not_done", why: "unauthorized" };
      case "gone":
        void link.relist();
        return { is: "not_done", why: "gone" };
      case "refused":
        return { is: "not_done", why: "refused" };
      default:
        return came satisfies never;
    }
  }
}

type Came = Extract<ToolOutcome, { is: "answered" }> | Fate;

async function ask(connection: Connection, call: ToolCall, line: Line, signal: AbortSignal): Promise<Came> {
  try {
    const result = await connection.call(call, line, signal);
    return { is: "answered", text: textOf(result), isError: result.isError === true };
  } catch (thrown) {
    return fateOf(thrown);
  }
}

function whyNot(thrown: unknown): NotDone {
  const trouble = thrown instanceof NoConnection ? thrown.trouble : undefined;
  return trouble === "unauthorized" || trouble === "expired" ? "unauthorized" : "unreachable";
}
