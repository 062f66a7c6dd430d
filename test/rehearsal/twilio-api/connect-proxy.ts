/**
 * The way into the stand-in: what Twilio's own clients are told by HTTP_PROXY. A CONNECT (RFC 9110, 9.3.6) to a host that
 * is known leads to the server that stands in for it; any other is refused, so that nothing reaches the real one.
 */
import { connect, createServer, type Socket } from "node:net";

export type ConnectProxy = {
  readonly url: string;
  /** Hosts that somebody asked for and nobody stands in for. */
  readonly refused: readonly string[];
  stop(): void;
};

/** @param portOf where the server of this host listens on this machine */
export async function startConnectProxy(portOf: (host: string) => number | undefined): Promise<ConnectProxy> {
  const sockets = new Set<Socket>();
  const refused: string[] = [];
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  };
  const server = createServer((socket) => {
    track(socket);
    socket.on("error", () => socket.destroy());
    let head = "";
    const take = (bytes: Buffer) => {
      head += bytes.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      socket.off("data", take);
      const host = /^CONNECT ([^\s:]+):443 HTTP\/1\.1\r\n/.exec(head)?.[1];
      const port = host === undefined ? undefined : portOf(host);
      if (port === undefined) {
        refused.push(host ?? head.split("\r\n", 1)[0] ?? "");
        socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
        return;
      }
      const onward = connect(port, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        socket.pipe(onward).pipe(socket);
      });
      track(onward);
      onward.on("error", () => socket.destroy());
      onward.on("close", () => socket.destroy());
      socket.on("close", () => onward.destroy());
    };
    socket.on("data", take);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    refused,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
