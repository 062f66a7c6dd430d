/**
 * An MCP server of one's own beside the relay: the official SDK, Streamable HTTP, on this machine alone.
 * (https://modelcontextprotocol.io/specification/2025-06-18/basic/transports, "Security Warning": it listens on the
 * loopback, looks at Host, and takes nobody without the token.)
 *
 * It keeps no sessions: each request is whole in itself, so that a restart breaks nothing for who is connected. Of the
 * environment it reads nothing, and its log holds no word of what is asked or answered.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { ShoppingList } from "./shopping-list.ts";
import { shoppingListServer } from "./tools.ts";

const HELP = `bun server.ts --port 8765 --data FOLDER --token-file FILE

  --port         where it listens, on 127.0.0.1; 0 for any that is free
  --data         the folder that holds the list
  --token-file   holds the token, at least 32 characters; make one with: openssl rand -hex 32`;

const PATH = "/mcp";
const LEAST_TOKEN_CHARS = 32;
const MOST_BODY_BYTES = 64 * 1024;
/** EX_CONFIG of sysexits.h: a restart will not mend it. */
const EX_CONFIG = 78;

const stop = (why: string): never => {
  console.error(`${why}\n\n${HELP}`);
  process.exit(EX_CONFIG);
};

const { port, data, token } = settings();
const list = openList();

const server = Bun.serve({
  hostname: "127.0.0.1",
  port,
  maxRequestBodySize: MOST_BODY_BYTES,
  fetch: async (request) => {
    // A web page can make its name mean this machine, but not hide the name.
    if (!isThisMachine(request.headers.get("host"))) return status(403);
    if (!isToken(request.headers.get("authorization"))) return status(401, { "WWW-Authenticate": "Bearer" });
    if (new URL(request.url).pathname !== PATH) return status(404);
    if (request.method !== "POST") return status(405, { Allow: "POST" });
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    const mcp = shoppingListServer(list, () => new Date());
    await mcp.connect(transport);
    try {
      return await transport.handleRequest(request);
    } finally {
      await mcp.close();
    }
  },
  error: (thrown) => {
    console.error(`${thrown.name} in a request`);
    return status(500);
  },
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, async () => {
    await server.stop();
    list.close();
    process.exit(0);
  });
}
console.log(`listening on http://127.0.0.1:${server.port}${PATH}`);

// --- below: what this is made of --------------------------------------------------------------------------------

function settings(): { readonly port: number; readonly data: string; readonly token: Buffer } {
  const values = options();
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    return stop(`--port ${values.port} is not a port`);
  const data = values.data ?? stop("--data is missing");
  const file = values["token-file"] ?? stop("--token-file is missing");
  let token: string;
  try {
    token = readFileSync(file, "utf8").trim();
  } catch {
    return stop(`--token-file ${file} cannot be read`);
  }
  if (!/^[\x21-\x7e]+$/.test(token) || token.length < LEAST_TOKEN_CHARS) {
    return stop(`the token in ${file} is not ${LEAST_TOKEN_CHARS} characters long, or holds a space`);
  }
  return { port, data, token: hashOf(`Bearer ${token}`) };
}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: "8765" },
        data: { type: "string" },
        "token-file": { type: "string" },
      },
    });
    return values;
  } catch (error) {
    return stop(error instanceof Error ? error.message : String(error));
  }
}

function openList(): ShoppingList {
  try {
    return new ShoppingList(data);
  } catch (error) {
    return stop(`--data ${data} cannot be written (${error instanceof Error ? error.message : error})`);
  }
}

function isThisMachine(host: string | null): boolean {
  const name = host?.replace(/:\d+$/, "");
  return name === "127.0.0.1" || name === "localhost";
}

/** Of hashes, so that neither time nor length tells anything of the token. */
function isToken(authorization: string | null): boolean {
  return authorization !== null && timingSafeEqual(hashOf(authorization), token);
}

function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function status(code: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status: code, headers });
}
