/**
 * One port for edge and relay, so that one tunnel reaches both: a free plan of ngrok gives one name and no second. What
 * begins with /voice/ is the edge's, all else the relay's.
 *
 * Only the head of a request is read. A connection carries one request, since the next on it might be the other's; after
 * the head bytes go to and fro as they are, those of a media stream too.
 */
import { connect, createServer, type Socket } from "node:net";
import { Transform } from "node:stream";

export type Front = { readonly port: number; stop(): void };

/** Twilio's own limit on a request is lower. */
const MOST_HEAD_BYTES = 64 * 1024;
const LINE_ENDS = "\r\n";
const HEAD_ENDS = LINE_ENDS + LINE_ENDS;
const EDGES = /^[A-Z]+ \/voice\//;
/** One that becomes a WebSocket stays as it is. */
const UPGRADES = /^upgrade:/im;
const CLOSE = "Connection: close";

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
      const isUpgrade = UPGRADES.test(head);
      const onward = connect(port, "localhost", () => {
        onward.write(Buffer.concat([Buffer.from(isUpgrade ? head : closing(head), "latin1"), rest]));
        if (isUpgrade) onward.pipe(socket);
        else onward.pipe(closingAnswer()).pipe(socket);
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

function closing(head: string): string {
  return `${head.replaceAll(/\r\n(?:connection|keep-alive):[^\r\n]*/gi, "")}\r\n${CLOSE}`;
}

/**
 * An answer that says that no other follows. Not every server does say so: Bun's closes in silence, and whoever keeps
 * connections (a tunnel, fetch) would send its next request into one that is just being closed.
 */
function closingAnswer(): Transform {
  let begun: Buffer | undefined = Buffer.alloc(0);
  return new Transform({
    transform(bytes: Buffer, _encoding, done) {
      if (begun === undefined) return done(null, bytes);
      begun = Buffer.concat([begun, bytes]);
      const end = begun.indexOf(LINE_ENDS) + LINE_ENDS.length;
      if (end < LINE_ENDS.length) return done();
      const answer = Buffer.concat([
        begun.subarray(0, end),
        Buffer.from(CLOSE + LINE_ENDS),
        begun.subarray(end),
      ]);
      begun = undefined;
      done(null, answer);
    },
  });
}

function refuse(socket: Socket, status: string): void {
  // After the first byte of an answer there is nothing left to say.
  if (socket.bytesWritten > 0 || socket.destroyed) return void socket.destroy();
  socket.end(`HTTP/1.1 ${status}\r\n${CLOSE}\r\nContent-Length: 0${HEAD_ENDS}`);
}
