/** The model's socket when the peer does not behave: it vanishes without a word, or is merely quiet. */
import { afterEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { dialModel, type ModelLine } from "../../../relay/io/model.ts";
import { Secret } from "../../../relay/secret.ts";
import "../../patience.ts";

const SHORT = { pingEveryMs: 40, silentForMs: 200 };
/** A machine may stand still for longer than the short one, and then whoever is alive cannot show it. */
const LONG = { pingEveryMs: 50, silentForMs: 3_000 };
const stops: Array<() => void> = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function dial(port: number, patience: typeof SHORT) {
  const closed = Promise.withResolvers<number>();
  const deaf = Promise.withResolvers<number>();
  const ears = {
    modelOpened: () => {},
    modelSaid: () => {},
    modelClosed: (_line: ModelLine, code: number, _status: number | undefined, deafMs: number) => {
      closed.resolve(code);
      deaf.resolve(deafMs);
    },
  };
  const address = {
    url: `ws://127.0.0.1:${port}/v1/realtime`,
    model: "gpt-realtime-2.1",
    apiKey: new Secret("sk-x"),
  };
  const line = dialModel(address, ears, patience);
  return { closed: closed.promise, deafMs: deaf.promise, close: () => line.close() };
}

test("a peer that has vanished is given up: it answers no ping", async () => {
  // The handshake and then nothing, not even what a WebSocket answers by itself.
  const peer = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, bytes) {
        const key = /sec-websocket-key: (\S+)/i.exec(bytes.toString())?.[1];
        if (key === undefined) return;
        const accept = createHash("sha1")
          .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
          .digest("base64");
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        );
      },
    },
  });
  stops.push(() => peer.stop(true));
  const startedAt = performance.now();
  const line = dial(peer.port, SHORT);
  expect(await line.closed).toBe(1006);
  const lastedMs = performance.now() - startedAt;
  expect(lastedMs).toBeGreaterThanOrEqual(SHORT.silentForMs);
  // Nothing ever came, and it is told so, but for the time that it takes to open.
  expect(await line.deafMs).toBeGreaterThanOrEqual(SHORT.silentForMs);
  expect(await line.deafMs).toBeLessThanOrEqual(lastedMs + SHORT.pingEveryMs);
});

test("a peer that is quiet and alive is not", async () => {
  let pings = 0;
  const pinged = Promise.withResolvers<string>();
  const peer = Bun.serve({
    port: 0,
    fetch: (request, server) => (server.upgrade(request) ? undefined : new Response(null, { status: 400 })),
    websocket: {
      message: () => {},
      ping: () => {
        pings += 1;
        if (pings * LONG.pingEveryMs > LONG.silentForMs) pinged.resolve("still open");
      },
    },
  });
  stops.push(() => void peer.stop(true));
  const line = dial(peer.port ?? 0, LONG);
  expect(await Promise.race([line.closed, pinged.promise])).toBe("still open");
  line.close();
  expect(await line.closed).toBe(1000);
  expect(await line.deafMs).toBeLessThan(LONG.silentForMs);
});
