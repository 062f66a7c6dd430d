/**
 * A TCP server on which a test says, byte by byte, what comes back for each request, and which counts what came: what
 * no decent HTTP server can be made to do. It understands requests with a content-length or without a body.
 */
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createSecureServer } from "node:tls";

export type RawRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Counted over all connections, from 1. */
  readonly n: number;
  readonly connection: number;
};

type Act = (request: RawRequest, socket: Socket) => void;
type Options = {
  /** Before anything was read. */
  readonly onConnection?: (socket: Socket, connection: number) => void;
  readonly tls?: { readonly cert: string; readonly key: string };
};

export class RawServer {
  readonly requests: RawRequest[] = [];
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(act: Act, { onConnection, tls }: Options) {
    const take = (socket: Socket) => {
      const connection = ++this.connections;
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
      onConnection?.(socket, connection);
      let rest = Buffer.alloc(0);
      socket.on("data", (bytes) => {
        rest = Buffer.concat([rest, bytes]);
        for (let found = firstOf(rest); found !== undefined; found = firstOf(rest)) {
          rest = rest.subarray(found.length);
          const request = { ...found.request, n: this.requests.length + 1, connection };
          this.requests.push(request);
          act(request, socket);
        }
      });
    };
    this.#server = tls === undefined ? createServer(take) : createSecureServer(tls, take);
    this.#server.on("tlsClientError", () => {});
  }

  static async start(act: Act, options: Options = {}): Promise<RawServer> {
    const server = new RawServer(act, options);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("it does not listen");
    return address.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/mcp`;
  }

  get open(): readonly Socket[] {
    return [...this.#sockets];
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** A whole answer, as most servers would write it. */
export function answer(socket: Socket, body = "", given: { status?: number; headers?: string[] } = {}): void {
  const { status = 200, headers = ["content-type: application/json"] } = given;
  socket.write(
    [`HTTP/1.1 ${status} Whatever`, ...headers, `content-length: ${Buffer.byteLength(body)}`, "", body].join(
      "\r\n",
    ),
  );
}

function firstOf(bytes: Buffer) {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd === -1) return undefined;
  const [first = "", ...lines] = bytes.subarray(0, headEnd).toString("latin1").split("\r\n");
  const headers = new Map(
    lines.map((line) => [
      line.slice(0, line.indexOf(":")).toLowerCase(),
      line.slice(line.indexOf(":") + 1).trim(),
    ]),
  );
  const length = headEnd + 4 + Number(headers.get("content-length") ?? 0);
  if (bytes.length < length) return undefined;
  const [method = "", path = ""] = first.split(" ");
  return { length, request: { method, path, headers, body: bytes.subarray(headEnd + 4, length).toString() } };
}
