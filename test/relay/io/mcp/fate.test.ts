/** What an error means for a write: a table, for this is what a caller is told. */
import { expect, test } from "bun:test";
import { McpError } from "@modelcontextprotocol/sdk/types.js";
import { type Fate, fateOf } from "../../../../relay/io/mcp/fate.ts";
import { Unanswered, Unsent } from "../../../../relay/io/mcp/http.ts";
import { Refusal } from "../../../../relay/io/mcp/refusal.ts";

const refusal = (status: number, body = "") =>
  Refusal.from({
    status,
    header: () => undefined,
    pieces: async function* () {},
    text: async () => body,
    discard: async () => {},
  });
const LOST: Fate = { is: "lost", status: undefined };

test("what never left was not done; what left without an answer is lost", () => {
  expect(fateOf(new Unsent("refused"))).toEqual({ is: "unsent", why: "refused" });
  for (const why of ["broken", "too_long", "stopped", "garbled"] as const) {
    expect(fateOf(new Unanswered(why))).toEqual(LOST);
  }
  expect(fateOf(new TypeError("a bug of ours"))).toEqual(LOST);
  expect(fateOf("thrown")).toEqual(LOST);
});

test("an answer over HTTP that is no answer of MCP's", async () => {
  const fates: ReadonlyArray<[number, string, Fate]> = [
    [401, "", { is: "unauthorized" }],
    [403, "", { is: "unauthorized" }],
    [404, "", { is: "session", status: 404 }],
    [400, "Bad Request: No valid session ID provided", { is: "session", status: 400 }],
    [400, "Bad Request: Server not initialized", { is: "session", status: 400 }],
    [400, "Bad Request: Unsupported protocol version", { is: "refused", status: 400 }],
    [405, "", { is: "refused", status: 405 }],
    [413, "", { is: "refused", status: 413 }],
    [429, "", { is: "refused", status: 429 }],
    [307, "", { is: "refused", status: 307 }],
    [408, "", { is: "lost", status: 408 }],
    [500, "", { is: "lost", status: 500 }],
    [502, "", { is: "lost", status: 502 }],
    [503, "", { is: "lost", status: 503 }],
    [504, "", { is: "lost", status: 504 }],
    [529, "", { is: "lost", status: 529 }],
  ];
  for (const [status, body, fate] of fates) expect(fateOf(await refusal(status, body))).toEqual(fate);
});

test("an error's words have an end, and cost no time", () => {
  const fate = fateOf(new McpError(-32603, "x".repeat(1_000_000)));
  expect(fate.is === "failed" && fate.text.length).toBeLessThan(300_000);
  expect(fateOf(new McpError(-32602, "tool ".repeat(1_000_000)))).toEqual({
    is: "refused",
    status: undefined,
  });
});

test("an error of JSON-RPC's", () => {
  const fates: ReadonlyArray<[number, string, Fate]> = [
    [-32700, "Parse error", { is: "refused", status: undefined }],
    [-32600, "Invalid request", { is: "refused", status: undefined }],
    [-32601, "Method not found", { is: "gone" }],
    [-32602, "Unknown tool: x", { is: "gone" }],
    [-32602, "Tool x not found", { is: "gone" }],
    [-32602, "Invalid arguments", { is: "refused", status: undefined }],
    [-32603, "upstream is down", { is: "failed", text: "upstream is down" }],
    [-32042, "Go to a page", { is: "failed", text: "Go to a page" }],
    [7, "Out of paper", { is: "failed", text: "Out of paper" }],
    [-32001, "Request timed out", LOST],
    [-32000, "Connection closed", LOST],
  ];
  for (const [code, message, fate] of fates) expect(fateOf(new McpError(code, message))).toEqual(fate);
});
