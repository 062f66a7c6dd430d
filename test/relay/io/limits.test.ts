/**
 * What a relay bears from those who cannot come in, and what they hear: a status. Whoever can come in does, whatever
 * others do from the same address.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { MOST_FAILURES } from "../../../relay/io/failures.ts";
import { MOST_LINES } from "../../../relay/io/refusals.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { signatureFor } from "../../rehearsal/carrier/sabotage.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { AUTH_TOKEN, ticketFor } from "../../rehearsal/relay.ts";
import { knock } from "./knock.ts";
import { Rig } from "./rig.ts";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});
async function start(given?: Parameters<typeof Rig.start>[0]): Promise<Rig> {
  rig = await Rig.start(given);
  return rig;
}
const signed = (url: string) => ({
  "X-Twilio-Signature": signatureFor(AUTH_TOKEN, url, {}, undefined) ?? "",
});

describe("failed handshakes from one address", () => {
  /** The statuses of so many, told apart by nothing but a header that anybody can send. */
  async function failures({ relay }: Rig, count: number, from: (n: number) => string): Promise<number[]> {
    const statuses: number[] = [];
    for (let n = 0; n < count; n++) {
      const answer = await knock(`${relay.url}/media-stream/x.y.z`, { "X-Forwarded-For": from(n) });
      expect([answer.body, answer.headers["content-length"]]).toEqual(["", "0"]);
      statuses.push(answer.status);
    }
    return statuses;
  }
  const good = async ({ relay }: Rig, from: string) => {
    const { url } = await ticketFor(relay, newSid("CA"));
    return (await knock(url, { ...signed(url), "X-Forwarded-For": from })).status;
  };

  test("are told to stop when they are too many, whatever they say of themselves; a good one comes in", async () => {
    const running = await start();
    const statuses = await failures(running, MOST_FAILURES + 20, (n) => `198.51.100.${n}`);
    expect(statuses.slice(0, MOST_FAILURES)).toEqual(Array.from({ length: MOST_FAILURES }, () => 401));
    expect(statuses.slice(MOST_FAILURES)).toEqual(Array.from({ length: 20 }, () => 429));
    expect(await good(running, "198.51.100.1")).toBe(101);
    const refused = () => running.relay.lines.filter(({ event }) => event === "handshake.refused");
    await running.relay.waitForLog(() => refused().length === MOST_LINES, PATIENCE_MS);
    expect(await running.relay.kill("SIGTERM")).toBe(0);
    expect(refused()).toHaveLength(MOST_LINES);
    expect(running.relay.lines.filter(({ event }) => event === "handshake.refused_more")).toMatchObject([
      { count: MOST_FAILURES + 20 - MOST_LINES },
    ]);
    expect(running.relay.output()).not.toMatch(/127\.0\.0\.1|198\.51/);
  });

  test("behind a proxy of ours are counted to whom it names", async () => {
    const running = await start({ env: { TRUSTED_PROXY: "127.0.0.0/8" } });
    const stranger = "203.0.113.9";
    const statuses = await failures(running, MOST_FAILURES + 1, (n) => `198.51.100.${n}, ${stranger}`);
    expect(statuses.at(-1)).toBe(429);
    expect(await failures(running, 1, () => "203.0.113.10")).toEqual([401]);
    expect(await failures(running, 1, () => stranger)).toEqual([429]);
    expect(await good(running, stranger)).toBe(101);
  });
});

test("sockets that are open and have not started are bounded, and make room when they go", async () => {
  const running = await start({ env: { MAX_CALLS: "100" } });
  const openSocket = async () => {
    const { url } = await ticketFor(running.relay, newSid("CA"));
    const socket = new WebSocket(url, { headers: signed(url) });
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.onopen = () => resolve(true);
      socket.onerror = () => resolve(false);
    });
    return { socket, isOpen };
  };
  const sockets = await Promise.all(Array.from({ length: 64 }, openSocket));
  expect(sockets.map(({ isOpen }) => isOpen)).toEqual(sockets.map(() => true));
  const { url } = await ticketFor(running.relay, newSid("CA"));
  expect((await knock(url, signed(url))).status).toBe(503);
  // Among the lines of the others' models, which are still coming in.
  const { why } = await running.relay.waitForLog(({ event }) => event === "handshake.refused", PATIENCE_MS);
  expect(why).toBe("too many unstarted");
  const [first] = sockets;
  first?.socket.close();
  await running.relay.waitForLog(({ event }) => event === "call.ended", PATIENCE_MS);
  // The token was not used up by having come too early.
  expect((await knock(url, signed(url))).status).toBe(101);
  for (const { socket } of sockets) socket.terminate();
});

test("a call that has started leaves its place among the unstarted", async () => {
  const running = await start({ env: { MAX_CALLS: "100" } });
  for (let n = 0; n < 70; n++) {
    const stream = await running.stream();
    expect(await stream.opening).toEqual({ opened: true });
    await running.relay.waitForLog(
      () => running.relay.lines.filter(({ event }) => event === "call.started").length > n,
      PATIENCE_MS,
    );
  }
});

describe("a request that is none of ours is answered with a status and nothing else:", () => {
  const cases: Readonly<Record<string, { request: string; status: number }>> = {
    "a header of 20 KB": {
      request: `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
      status: 431,
    },
    "an address of 30 KB": { request: `GET /${"x".repeat(30_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, status: 431 },
    "no HTTP": { request: "let me in\r\n\r\n", status: 400 },
    "no Host": { request: "GET /healthz HTTP/1.1\r\n\r\n", status: 400 },
    "a Host that is none": { request: "GET / HTTP/1.1\r\nHost: [[[\r\n\r\n", status: 400 },
    "another version": { request: "GET / HTTP/3.9\r\nHost: a\r\n\r\n", status: 505 },
    "a body that is announced": {
      request: "POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\nhello",
      status: 413,
    },
    "a small body": {
      request: "GET /media-stream/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
      status: 401,
    },
    "another method": { request: "PATCH /media-stream/x HTTP/1.1\r\nHost: a\r\n\r\n", status: 405 },
  };
  let running: Rig;
  beforeAll(async () => {
    running = await Rig.start();
  });
  afterAll(() => running.stop());
  for (const [what, { request, status }] of Object.entries(cases)) {
    test(what, async () => {
      const answer = await new Promise<string>((resolve, reject) => {
        let text = "";
        Bun.connect({
          hostname: "127.0.0.1",
          port: running.relay.port,
          socket: {
            open: (socket) => {
              socket.write(request);
            },
            data: (socket, bytes) => {
              text += bytes.toString();
              if (text.includes("\r\n\r\n")) socket.end();
            },
            close: () => resolve(text),
          },
        }).catch(reject);
      });
      expect(answer).toStartWith(`HTTP/1.1 ${status} `);
      const [head = "", body] = answer.split("\r\n\r\n");
      expect(body).toBe("");
      const names = head
        .split("\r\n")
        .slice(1)
        .map((line) => line.slice(0, line.indexOf(":")));
      expect(["Connection", "Content-Length", "Date"]).toEqual(expect.arrayContaining(names));
      expect(running.relay.errors()).toBe("");
      expect(running.relay.lines.filter(({ event }) => event === "bug")).toEqual([]);
    });
  }
});
