/**
 * An MCP server of which a test writes the answers, byte by byte where it wants to: it begins sessions, knows its own,
 * lists its tools and answers every call, until it is told otherwise.
 */
import type { Socket } from "node:net";
import { z } from "zod";
import { answer, type RawRequest, RawServer } from "./raw-server.ts";

const Message = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  params: z.record(z.string(), z.unknown()).optional(),
});

export type Turn = {
  readonly request: RawRequest;
  readonly message: z.infer<typeof Message>;
  readonly socket: Socket;
  /** A JSON-RPC result. */
  readonly result: (result: unknown) => void;
  readonly error: (code: number, message: string) => void;
  readonly status: (status: number, body?: string, headers?: string[]) => void;
  /** The head of a stream of events. */
  readonly stream: () => void;
};
type Act = (turn: Turn) => void;

export const textResult = (text: string) => ({ content: [{ type: "text", text }] });
export const tool = (name: string, more: object = {}) => ({
  name,
  description: `Does ${name}`,
  inputSchema: { type: "object", properties: {} },
  ...more,
});

export class Scripted {
  readonly raw: RawServer;
  tools: unknown[];
  session = "session-1";
  capabilities: object = { tools: {} };
  /** By the method of a message, or "GET". Whoever acts first and only so many times is taken off the list then. */
  readonly #acts = new Map<string, Array<{ act: Act; times: number }>>();
  readonly #streams = new Set<Socket>();

  private constructor(raw: RawServer, tools: unknown[]) {
    this.raw = raw;
    this.tools = tools;
  }

  static async start(tools: unknown[] = [tool("get_time")]): Promise<Scripted> {
    const made = Promise.withResolvers<Scripted>();
    const raw = await RawServer.start(async (request, socket) => (await made.promise).#take(request, socket));
    const scripted = new Scripted(raw, tools);
    made.resolve(scripted);
    return scripted;
  }

  get url(): string {
    return this.raw.url;
  }

  /** The next ones. */
  on(method: string, act: Act, times = Number.MAX_SAFE_INTEGER): this {
    this.#acts.set(method, [...(this.#acts.get(method) ?? []), { act, times }]);
    return this;
  }

  off(method: string): this {
    this.#acts.delete(method);
    return this;
  }

  /** What came, by its method. */
  seen(method: string): readonly z.infer<typeof Message>[] {
    return this.raw.requests
      .filter((request) => request.method === "POST")
      .map(({ body }) => Message.parse(JSON.parse(body)))
      .filter((message) => message.method === method);
  }

  get listeners(): number {
    return this.#streams.size;
  }

  /** To whoever listens. */
  tell(method: string): void {
    for (const socket of this.#streams) event(socket, { jsonrpc: "2.0", method });
  }

  /** It forgets everybody, as a server does that was started again. */
  restart(): void {
    this.session = `session-${this.raw.requests.length}-${this.raw.connections}`;
    for (const socket of this.raw.open) socket.destroy();
  }

  stop(): Promise<void> {
    return this.raw.stop();
  }

  #take(request: RawRequest, socket: Socket): void {
    const read = Message.safeParse(request.body === "" ? {} : JSON.parse(request.body));
    const message = read.success ? read.data : {};
    const name = request.method === "POST" ? (message.method ?? "answer") : request.method;
    const rpc = (rest: object) =>
      answer(socket, JSON.stringify({ jsonrpc: "2.0", id: message.id, ...rest }), {
        headers: ["content-type: application/json", `mcp-session-id: ${this.session}`],
      });
    const turn: Turn = {
      request,
      message,
      socket,
      result: (result) => rpc({ result }),
      error: (code, text) => rpc({ error: { code, message: text } }),
      status: (status, body = "", headers = []) => answer(socket, body, { status, headers }),
      stream: () =>
        socket.write(
          "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
        ),
    };
    const [first] = this.#acts.get(name) ?? [];
    if (first !== undefined) {
      first.times -= 1;
      if (first.times === 0) this.#acts.get(name)?.shift();
      return first.act(turn);
    }
    this.#usual(name, turn);
  }

  #usual(name: string, turn: Turn): void {
    const known = turn.request.headers.get("mcp-session-id");
    if (name !== "initialize" && known !== this.session) return turn.status(404, "no such session");
    switch (name) {
      case "initialize":
        return turn.result({
          protocolVersion: "2025-11-25",
          capabilities: this.capabilities,
          serverInfo: { name: "scripted", version: "1" },
        });
      case "tools/list":
        return turn.result({ tools: this.tools });
      case "tools/call":
        return turn.result(textResult("done"));
      case "ping":
        return turn.result({});
      case "GET":
        turn.stream();
        this.#streams.add(turn.socket);
        turn.socket.on("close", () => this.#streams.delete(turn.socket));
        return;
      default:
        return turn.status(202);
    }
  }
}

/** One event, in a piece of its own. */
export function event(socket: Socket, message: unknown, fields: readonly string[] = []): void {
  piece(socket, [...fields, `data: ${JSON.stringify(message)}`, "", ""].join("\n"));
}

export function piece(socket: Socket, text: string): void {
  socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}

export const endOfStream = (socket: Socket): void => void socket.end("0\r\n\r\n");
