/** What only the bare bytes of the connection can show. */

import { afterEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { PATIENCE_MS } from "../../patience.ts";
import { type OpenedStream, openStream } from "../../rehearsal/carrier/carrier.ts";
import { ACCOUNT_SID, AUTH_TOKEN } from "./small-edge.ts";

const open: Array<{ server: Server; sockets: Socket[]; lines: OpenedStream[] }> = [];
afterEach(async () => {
  for (const { server, sockets, lines } of open.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await Promise.all(lines.map(({ ended }) => ended));
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Shakes hands by hand, and then never reads another byte. */
async function connect(): Promise<{ request: string; line: OpenedStream }> {
  const asked = Promise.withResolvers<string>();
  const sockets: Socket[] = [];
  const lines: OpenedStream[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.once("data", (bytes) => {
      const request = bytes.toString("latin1");
      const key = /sec-websocket-key: (.+)\r\n/i.exec(request)?.[1] ?? "";
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      const head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade";
      socket.write(`${head}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
      socket.pause();
      asked.resolve(request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({ server, sockets, lines });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const url = `ws://127.0.0.1:${address.port}/media-stream/token`;
  const line = openStream({ url, accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN });
  lines.push(line);
  return { request: await asked.promise, line };
}

test("the signature's header is written in lower case, and no compression is offered", async () => {
  const { request } = await connect();
  expect(request).toMatch(/\r\nx-twilio-signature: [A-Za-z0-9+/]{27}=\r\n/);
  expect(request).not.toMatch(/sec-websocket-extensions/i);
});

test("a relay that does not read loses audio, and the line says so once", async () => {
  const { line } = await connect();
  await line.waitFor("stream-opened", PATIENCE_MS);
  // More than any socket buffer takes: what remains is the backlog.
  line.sendRaw(" ".repeat(16 * 1024 * 1024));
  expect(await line.waitFor("slow-reader", PATIENCE_MS)).toMatchObject({ code: 31930 });
  const fromMs = line.nowMs();
  await line.say(new Uint8Array(800).fill(0x42));
  expect(line.timeline.all("slow-reader")).toHaveLength(1);
  expect(line.nowMs()).toBeGreaterThan(fromMs);
  line.hangUp();
  const { frames } = await line.ended;
  expect(frames.sent.droppedMedia).toBeGreaterThanOrEqual(5);
});
