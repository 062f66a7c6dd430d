/** The fault proxy between a real WebSocket client and a real server: what each fault looks like from both ends. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { PATIENCE_MS, until } from "../../patience.ts";
import { makeFrame, OPCODE } from "../../rehearsal/faults/frames.ts";
import { textOf, type Welcome } from "../../rehearsal/faults/passage.ts";
import { Door, type FaultProxy, startProxy } from "../../rehearsal/faults/proxy.ts";

let server: Bun.Server<undefined>;
let door: Door;
let proxy: FaultProxy;
/** What the server has seen. */
let heard: string[];
let closes: number[];
const clients: WebSocket[] = [];

beforeEach(() => {
  heard = [];
  closes = [];
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, bun) => (bun.upgrade(request) ? undefined : new Response("plain")),
    websocket: {
      message: (socket, message) => {
        heard.push(String(message));
        socket.send(`echo ${message}`);
      },
      close: (_, code) => void closes.push(code),
    },
  });
  door = new Door(server.port ?? 0);
  proxy = startProxy(() => door);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.terminate();
  proxy.stop();
  await server.stop(true);
});

type Client = {
  readonly socket: WebSocket;
  readonly said: unknown[];
  /** Its close code; undefined: it is open. */
  readonly closed: () => number | undefined;
};

function connect(): Client {
  const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/x`);
  clients.push(socket);
  const said: unknown[] = [];
  let closed: number | undefined;
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => said.push(typeof data === "string" ? data : "binary");
  socket.onclose = ({ code }) => {
    closed = code;
  };
  return { socket, said, closed: () => closed };
}

async function connected(): Promise<Client> {
  const client = connect();
  await until(() => client.socket.readyState === WebSocket.OPEN);
  return client;
}

async function echoed(client: Client, text: string): Promise<void> {
  client.socket.send(text);
  await until(() => client.said.includes(`echo ${text}`));
}

const passage = () => {
  const { stream } = door;
  if (stream === undefined) throw new Error("nothing came through");
  return stream;
};

describe("a WebSocket", () => {
  test("goes through as it is, whatever the length of what is said", async () => {
    const client = await connected();
    for (const length of [1, 125, 126, 65_535, 65_536, 300_000]) await echoed(client, "x".repeat(length));
    expect(heard.map(({ length }) => length)).toEqual([1, 125, 126, 65_535, 65_536, 300_000]);
  });

  test("that is reset ends for both, and the next one comes through", async () => {
    const client = await connected();
    await echoed(client, "a");
    passage().reset();
    await until(() => client.closed() !== undefined && closes.length === 1);
    expect(client.closed()).toBe(1006);
    await echoed(await connected(), "b");
  });

  test("is closed towards the client with any code", async () => {
    const client = await connected();
    passage().sayToClient("last words");
    passage().closeToClient(1011, "scripted");
    await until(() => client.closed() !== undefined && closes.length === 1);
    expect([client.closed(), client.said]).toEqual([1011, ["last words"]]);
  });

  test("that is held says nothing to either side, and all of it when it is let go", async () => {
    const client = await connected();
    passage().manner({ is: "held" });
    client.socket.send("held back");
    await echoed(await connected(), "another");
    expect([client.said, client.closed()]).toEqual([[], undefined]);
    door.passages[0]?.manner({ is: "passed" });
    await until(() => client.said.includes("echo held back"));
  });

  test("that is held tells the server all the same when the client has gone", async () => {
    const client = await connected();
    passage().manner({ is: "held" });
    client.socket.terminate();
    await until(() => closes.length === 1);
  });

  test("keeps the order of what is delayed, and comes a byte at a time where it trickles", async () => {
    const client = await connected();
    passage().manner({ is: "delayed", byMs: 5 });
    for (const text of ["1", "2", "3"]) client.socket.send(text);
    await until(() => client.said.length === 3);
    passage().manner({ is: "trickling", byteEveryMs: 1 }, "client");
    await echoed(client, "drop by drop");
    expect(client.said).toEqual(["echo 1", "echo 2", "echo 3", "echo drop by drop"]);
  });

  test("is told what nobody said, between two frames, and in both directions", async () => {
    const client = await connected();
    passage().sayToClient("{");
    passage().bytesToClient(makeFrame(OPCODE.binary, new Uint8Array(3), false));
    passage().sayToServer("forged");
    await until(() => client.said.includes("echo forged"));
    expect(client.said).toEqual(["{", "binary", "echo forged"]);
    expect(heard).toEqual(["forged"]);
  });

  test("is watched frame by frame, and loses those that the watch does not let through", async () => {
    const client = await connected();
    const seen: string[] = [];
    passage().watch((frame, to) => {
      const text = textOf(frame) ?? "";
      seen.push(`${to} ${text}`);
      return !text.includes("secret");
    });
    client.socket.send("secret");
    await echoed(client, "plain");
    expect(seen).toEqual(["server secret", "server plain", "client echo plain"]);
    expect(heard).toEqual(["plain"]);
  });
});

describe("whoever comes to the door", () => {
  const meet = async (welcome: Welcome): Promise<Client> => {
    door.next.push(welcome);
    return connect();
  };

  test("is reset, or refused with a status, once", async () => {
    for (const welcome of [{ is: "reset" }, { is: "status", status: 503 }] as const) {
      const client = await meet(welcome);
      await until(() => client.closed() !== undefined);
      expect(client.closed()).not.toBe(1000);
    }
    await echoed(await connected(), "in");
    const response = await (async () => {
      door.next.push({ is: "status", status: 429 });
      return fetch(`http://127.0.0.1:${proxy.port}/y`, { method: "POST", body: "with a body" });
    })();
    expect(response.status).toBe(429);
  });

  test("is ignored, while others are let in", async () => {
    const ignored = await meet({ is: "ignored" });
    await echoed(await connected(), "in");
    expect([ignored.socket.readyState, ignored.closed()]).toEqual([WebSocket.CONNECTING, undefined]);
  });

  test("is let in late, with all that they had said by then", async () => {
    const client = await meet({ is: "let in late", afterMs: 30 });
    client.socket.onopen = () => client.socket.send("at last");
    await until(() => client.said.includes("echo at last"), PATIENCE_MS);
  });

  test("is met by the door's welcome only where the request is one that it is about", async () => {
    door.welcome = { is: "status", status: 500 };
    door.isFor = (head) => head.startsWith("GET /x");
    expect((await fetch(`http://127.0.0.1:${proxy.port}/y`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${proxy.port}/x`)).status).toBe(500);
  });

  test("finds nobody while the proxy is down, and is let in when it is up again", async () => {
    proxy.down();
    const client = connect();
    await until(() => client.closed() !== undefined);
    await proxy.up();
    await echoed(await connected(), "back");
  });
});
