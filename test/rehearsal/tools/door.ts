/**
 * The HTTP door of the rehearsed tools: keys, sessions and the ways in which a connection ends. It is as strict as
 * Zapier's: no key or a wrong one is 401, credentials that have expired are 404, a session that it does not know is 404
 * and a request that should name one and does not is 400 (MCP specification, Streamable HTTP, "Session Management").
 *
 * What is asked within a session is mcp.ts; the protocol on HTTP is the SDK's own transport.
 */
import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { isInitializeRequest } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { Exchange } from "./mcp.ts";

export const PATH = "/api/v1/connect";
const HOST = "127.0.0.1";
const MAX_BODY_BYTES = 4 * 1024 * 1024;

export type Credentials = "good" | "expired";

/** A request as it was answered. */
export type RequestSeen = {
  readonly at: number;
  readonly method: string;
  /** The JSON-RPC method of a POST; null for an answer, a GET and a DELETE. */
  readonly rpc: string | null;
  readonly session: string | null;
  readonly status: number;
};

export type Manner = {
  readonly key: string;
  /** A POST is answered with one JSON document instead of a stream of events. */
  readonly json: boolean;
  /** Every request is sent elsewhere with 307. */
  readonly redirectTo: string | undefined;
};

type Session = { readonly server: Server; readonly transport: WebStandardStreamableHTTPServerTransport };
const Call = z.looseObject({ method: z.string() });

export class Door {
  credentials: Credentials = "good";
  readonly requests: RequestSeen[] = [];
  readonly #manner: Manner;
  readonly #serverFor: () => Server;
  readonly #changed: () => void;
  readonly #sessions = new Map<string, Session>();
  readonly #exchanges = new Map<string, Exchange>();
  #http: HttpServer | undefined;

  constructor(manner: Manner, serverFor: () => Server, changed: () => void) {
    this.#manner = manner;
    this.#serverFor = serverFor;
    this.#changed = changed;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  exchange(id: unknown): Exchange | undefined {
    return typeof id === "string" ? this.#exchanges.get(id) : undefined;
  }

  /** @returns the port that it listens on */
  open(port: number): Promise<number> {
    const http = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => response.destroy(asError(error)));
    });
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    http.once("error", reject);
    http.listen(port, HOST, () => {
      const address = http.address();
      if (address === null || typeof address === "string") reject(new Error("the tools listen on no port"));
      else resolve(address.port);
    });
    this.#http = http;
    return promise;
  }

  /** Cuts every connection and forgets every session, as the end of a process does. */
  async close(): Promise<void> {
    const http = this.#http;
    this.#http = undefined;
    if (http !== undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      http.close(() => resolve());
      http.closeAllConnections();
      await promise;
    }
    await this.forgetSessions();
  }

  /** What a client still believes to be its session is 404 from now on. */
  async forgetSessions(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.all(sessions.map(({ server }) => server.close()));
  }

  async tellOfNewList(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map(({ server }) => server.sendToolListChanged()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const session = headerOf(request, "mcp-session-id");
    const parsed = parse(body);
    const answer = await this.#answer(request, body, parsed, session, response);
    const call = Call.safeParse(parsed);
    this.requests.push({
      at: Date.now(),
      method: request.method ?? "",
      rpc: call.success ? call.data.method : null,
      session,
      status: answer.status,
    });
    this.#changed();
    await answer.deliver();
  }

  async #answer(
    request: IncomingMessage,
    body: string,
    parsed: unknown,
    sessionId: string | null,
    response: ServerResponse,
  ): Promise<{ readonly status: number; readonly deliver: () => Promise<void> }> {
    const line = new Line(response);
    const give = (answer: Response) => ({ status: answer.status, deliver: () => line.deliver(answer) });
    const refusal = this.#refuse(request, sessionId, parsed);
    if (refusal !== undefined) return give(refusal);

    const id = crypto.randomUUID();
    this.#exchanges.set(id, line);
    response.once("close", () => this.#exchanges.delete(id));
    const session = this.#sessions.get(sessionId ?? "") ?? (await this.#newSession());
    const method = request.method ?? "GET";
    const answer = await session.transport.handleRequest(
      new Request(`http://${HOST}${PATH}`, {
        method,
        headers: Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
          typeof value === "string" ? [[name, value]] : [],
        ),
        ...(method === "POST" ? { body } : {}),
      }),
      { authInfo: { token: this.#manner.key, clientId: "rehearsal", scopes: [], extra: { exchange: id } } },
    );
    return give(answer);
  }

  #refuse(request: IncomingMessage, sessionId: string | null, parsed: unknown): Response | undefined {
    const { key, redirectTo } = this.#manner;
    if (redirectTo !== undefined) {
      return new Response(null, { status: 307, headers: { location: redirectTo } });
    }
    if (new URL(request.url ?? "/", `http://${HOST}`).pathname !== PATH) {
      return Response.json({ error: "Not found" }, { status: 404 });
    }
    if (headerOf(request, "authorization") !== `Bearer ${key}`) {
      const headers = { "www-authenticate": "Bearer" };
      return Response.json({ error: "Unauthorized" }, { status: 401, headers });
    }
    if (this.credentials === "expired") return Response.json({ error: "Not found" }, { status: 404 });
    if (sessionId === null) {
      return isInitializeRequest(parsed)
        ? undefined
        : rpcError(400, -32000, "Bad Request: Mcp-Session-Id header is required");
    }
    return this.#sessions.has(sessionId) ? undefined : rpcError(404, -32001, "Session not found");
  }

  async #newSession(): Promise<Session> {
    const server = this.#serverFor();
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => {
        this.#sessions.set(id, { server, transport });
      },
      onsessionclosed: (id) => {
        this.#sessions.delete(id);
      },
      enableJsonResponse: this.#manner.json,
      maxRequestBodySize: MAX_BODY_BYTES,
    });
    await server.connect(transport);
    return { server, transport };
  }
}

/** One answer on its way, which may end before its time. */
class Line implements Exchange {
  readonly #response: ServerResponse;
  #roomBytes = Number.POSITIVE_INFINITY;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  readonly cut = (afterBytes: number): void => {
    this.#roomBytes = afterBytes;
    if (afterBytes === 0) this.#response.socket?.destroy();
  };

  async deliver(answer: Response): Promise<void> {
    const response = this.#response;
    if (response.destroyed) return;
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.flushHeaders();
    const reader = answer.body?.getReader();
    response.once("close", () => {
      reader?.cancel().catch(() => undefined);
    });
    for (;;) {
      const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
      if (response.destroyed) return;
      if (done || value === undefined) break;
      const piece = value.subarray(0, Math.min(value.length, this.#roomBytes));
      this.#roomBytes -= piece.length;
      await new Promise<void>((resolve) => response.write(piece, () => resolve()));
      if (this.#roomBytes <= 0) {
        response.socket?.destroy();
        return;
      }
    }
    response.end();
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString("utf8");
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function headerOf(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === "string" ? value : null;
}

const rpcError = (status: number, code: number, message: string): Response =>
  Response.json({ jsonrpc: "2.0", error: { code, message }, id: null }, { status });

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
