/**
 * The one port before edge and relay: what goes where, over whatever connection it comes.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { type Front, startFront } from "../../../scripts/dev/front.ts";
import "../../patience.ts";
import { freePort } from "../../rehearsal/relay.ts";

let front: Front;
const server = (name: string) =>
  Bun.serve({
    hostname: "localhost",
    port: 0,
    async fetch(request, own) {
      if (own.upgrade(request)) return undefined;
      const { pathname } = new URL(request.url);
      return new Response(`${name} ${request.method} ${pathname} ${await request.text()}`);
    },
    websocket: { message: (socket, text) => void socket.send(`${name} heard ${text}`) },
  });
const edge = server("edge");
const relay = server("relay");
beforeAll(async () => {
  front = await startFront({ edge: edge.port ?? 0, relay: relay.port ?? 0 });
});
afterAll(async () => {
  front.stop();
  await Promise.all([edge.stop(true), relay.stop(true)]);
});

/** All that comes back to these bytes, until the other side ends. */
function answerTo(port: number, chunks: readonly string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = "";
  const socket = connect(port, "127.0.0.1", async () => {
    for (const chunk of chunks) {
      socket.write(chunk);
      // In packets of their own.
      await Bun.sleep(5);
    }
  });
  socket.on("data", (bytes) => {
    answer += bytes.toString();
  });
  socket.on("end", () => resolve(answer));
  socket.on("error", reject);
  return promise;
}

test("what begins with /voice/ is the edge's, all else the relay's", async () => {
  const base = `http://127.0.0.1:${front.port}`;
  const ask = async (path: string, body?: string) => {
    const init = body === undefined ? {} : { method: "POST", body };
    return (await fetch(base + path, init)).text();
  };
  expect(await ask("/voice/incoming", "From=caller")).toBe("edge POST /voice/incoming From=caller");
  expect(await ask("/voice/fallback")).toBe("edge GET /voice/fallback ");
  for (const path of ["/healthz", "/calls/CA1/ending", "/voicemail", "/x/voice/incoming"]) {
    expect(await ask(path)).toBe(`relay GET ${path} `);
  }
  const large = "x".repeat(300_000);
  expect(await ask("/voice/message", large)).toBe(`edge POST /voice/message ${large}`);
});

test("a connection carries one request, however its bytes arrive, so that the next may be the other's", async () => {
  const answer = await answerTo(front.port, [
    "GET /voice/fall",
    "back HTTP/1.1\r\nHost: x\r\nConnection: keep-ali",
    "ve\r\nKeep-Alive: timeout=5\r\n\r",
    "\n",
  ]);
  // Whoever keeps connections sends no second request on this one.
  expect(answer).toStartWith("HTTP/1.1 200 OK\r\nConnection: close\r\n");
  expect(answer).toContain("edge GET /voice/fallback");
});

test("a media stream goes through to the relay", async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${front.port}/media-stream/token`);
  const heard = new Promise((resolve) => {
    socket.onmessage = ({ data }) => resolve(data);
  });
  socket.onopen = () => socket.send("a frame");
  expect(await heard).toBe("relay heard a frame");
  socket.close();
});

test("while the one is being restarted it says so at once, and an endless head is refused", async () => {
  const alone = await startFront({ edge: freePort(), relay: relay.port ?? 0 });
  expect((await fetch(`http://127.0.0.1:${alone.port}/voice/incoming`)).status).toBe(502);
  expect((await fetch(`http://127.0.0.1:${alone.port}/healthz`)).status).toBe(200);
  const endless = `GET /${"x".repeat(70_000)}`;
  expect(await answerTo(alone.port, [endless])).toStartWith("HTTP/1.1 431 ");
  alone.stop();
});
