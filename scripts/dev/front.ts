/**
 * One port for edge and relay, so that one tunnel reaches both: a free plan of ngrok gives one name and no second. What
 * begins with /voice/ is the edge's, all else the relay's.
 *
 * Only the head of a request is read. A connection carries one request, since the next on it might be the other's; after
 * the head bytes go to and fro as they are, those of a media stream too.
 */
import { connect, createServer, type Socket } from "node:net";

export type Front = { readonly port: number; stop(): void };

/** Twilio's own limit on a request is lower. */
const MOST_HEAD_BYTES = 64 * 1024;
const HEAD_ENDS = "\r\n\r\n";
const EDGES = /^[A-Z]+ \/voice\//;

export async function startFront(ports: { readonly edge: number; readonly relay: number }): Promise<Front> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  };
  const server = createServer((socket) => {
    keep(socket);
    socket.on("error", () => socket.destroy());
    let begun = Buffer.alloc(0);
    const read = (bytes: Buffer): void => {
      begun = Buffer.concat([begun, bytes]);
      const end = begun.indexOf(HEAD_ENDS);
      if (end < 0 && begun.length < MOST_HEAD_BYTES) return;
      socket.off("data", read);
      socket.pause();
      if (end < 0) return refuse(socket, "431 Request Header Fields Too Large");
      const head = begun.subarray(0, end).toString("latin1");
      const rest = begun.subarray(end);
      const port = EDGES.test(head) ? ports.edge : ports.relay;
      const onward = connect(port, "localhost", () => {
        onward.write(Buffer.concat([Buffer.from(closing(head), "latin1"), rest]));
        onward.pipe(socket);
        socket.pipe(onward);
      });
      keep(onward);
      onward.on("error", () => refuse(socket, "502 Bad Gateway"));
      onward.on("close", () => socket.end());
      socket.on("close", () => onward.destroy());
    };
    socket.on("data", read);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** One that becomes a WebSocket stays as it is. */
function closing(head: string): string {
  if (/^upgrade:/im.test(head)) return head;
  return `${head.replaceAll(/\r\n(?:connection|keep-alive):[^\r\n]*/gi, "")}\r\nConnection: close`;
}

function refuse(socket: Socket, status: string): void {
  // After the first byte of an answer there is nothing left to say.
  if (socket.bytesWritten > 0 || socket.destroyed) return void socket.destroy();
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0${HEAD_ENDS}`);
}
