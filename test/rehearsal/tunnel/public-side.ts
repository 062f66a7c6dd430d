/**
 * What both stand-ins for a tunnel have in common: a name that looks public, a port of this machine in its place, and
 * every byte that comes in there carried on to the local server, with the headers that a tunnel adds.
 */
import { randomBytes } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";

/** Where whoever rehearses finds the public side: {"host": …, "port": …, "pid": …}. */
export const SEEN_FILE = "TUNNEL_STAND_IN_SEEN";
/** How it is to go: "up" (not set), "silent" (never up), "refused". */
export const MOOD = "TUNNEL_STAND_IN_MOOD";

export const someWords = (): string => `rehearsal-${randomBytes(6).toString("hex")}`;

/** @param addressHeaders those of the caller's address, as this tunnel calls them */
export async function openPublicSide(
  host: string,
  target: URL,
  addressHeaders: Readonly<Record<string, string>>,
): Promise<void> {
  const added = Object.entries({ ...addressHeaders, "X-Forwarded-Proto": "https" })
    .map(([name, value]) => `\r\n${name}: ${value}`)
    .join("");
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    let head = "";
    const read = (bytes: Buffer): void => {
      head += bytes.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      socket.off("data", read);
      socket.pause();
      const onward = connect(Number(target.port), target.hostname, () => {
        onward.write(Buffer.from(head.slice(0, end) + added + head.slice(end), "latin1"));
        onward.pipe(socket);
        socket.pipe(onward);
      });
      onward.on("error", () => socket.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"));
      onward.on("close", () => socket.end());
      socket.on("close", () => onward.destroy());
    };
    socket.on("data", read);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const file = process.env[SEEN_FILE];
  if (file === undefined) return;
  writeFileSync(`${file}.new`, JSON.stringify({ host, port, pid: process.pid }));
  renameSync(`${file}.new`, file);
}
