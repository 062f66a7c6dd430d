/** One request over a real socket: whether it left, whether an answer came, and that nothing is ever made twice. */
import { afterEach, describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { type Asked, Http, Unanswered, Unsent } from "../../../../relay/io/mcp/http.ts";
import { until } from "../../../patience.ts";
import { freePort } from "../../../rehearsal/relay.ts";
import { answer, RawServer } from "./raw-server.ts";
import { selfSigned } from "./self-signed.ts";

const servers: RawServer[] = [];
const open: Http[] = [];
afterEach(async () => {
  for (const http of open.splice(0)) http.close();
  for (const server of servers.splice(0)) await server.stop();
});

async function serve(...given: Parameters<typeof RawServer.start>): Promise<RawServer> {
  const server = await RawServer.start(...given);
  servers.push(server);
  return server;
}
function client(url: string): Http {
  const http = new Http(url);
  open.push(http);
  return http;
}

const POST: Asked = {
  method: "POST",
  headers: { authorization: "Bearer secret" },
  body: '{"hello":1}',
  isFresh: true,
  signal: new AbortController().signal,
};
const WARM: Asked = { ...POST, isFresh: false };

/** What a test can say of how it went. */
async function how(asking: Promise<unknown>): Promise<string> {
  try {
    await asking;
    return "answered";
  } catch (thrown) {
    if (thrown instanceof Unsent) return `unsent: ${thrown.why}`;
    if (thrown instanceof Unanswered) return `unanswered: ${thrown.why}`;
    throw thrown;
  }
}
const body = async (http: Http, asked = POST): Promise<string> => (await http.ask(asked)).text();

describe("an answer", () => {
  test("comes with its status, its headers and its body", async () => {
    const server = await serve((_, socket) => answer(socket, "grüezi", { status: 418, headers: ["x-a: 1"] }));
    const got = await client(server.url).ask(POST);
    expect([got.status, got.header("x-a"), got.header("x-b"), await got.text()]).toEqual([
      418,
      "1",
      undefined,
      "grüezi",
    ]);
    expect(server.requests).toMatchObject([{ method: "POST", path: "/mcp", body: '{"hello":1}' }]);
    const { headers } = server.requests[0] ?? {};
    expect(headers?.get("authorization")).toBe("Bearer secret");
    expect(headers?.get("user-agent")).toBe("phone-assistant");
    expect(headers?.get("accept-encoding")).toBe("identity");
  });

  test("comes piece by piece, as the server writes it", async () => {
    let line: Socket | undefined;
    const server = await serve((_, socket) => {
      line = socket;
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n");
    });
    const pieces = (await client(server.url).ask(POST)).pieces();
    expect(String(Buffer.from((await pieces.next()).value ?? []))).toBe("one");
    line?.write("3\r\ntwo\r\n0\r\n\r\n");
    expect(String(Buffer.from((await pieces.next()).value ?? []))).toBe("two");
    expect((await pieces.next()).done).toBe(true);
  });

  test("that has no end is given up", async () => {
    const server = await serve((_, socket) => {
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      const more = () => {
        if (!socket.destroyed) socket.write(`10000\r\n${"x".repeat(0x10000)}\r\n`, () => more());
      };
      more();
    });
    expect(await how(body(client(server.url), { ...POST, mostBytes: 1_000_000 }))).toBe(
      "unanswered: too_long",
    );
    await until(() => server.open.length === 0);
  });
});

describe("a request never left", () => {
  test("where nobody listens", async () => {
    expect(await how(client(`http://127.0.0.1:${freePort()}/`).ask(POST))).toBe("unsent: refused");
  });

  test("where the name is nobody's", async () => {
    expect(await how(client("http://no-such-host.invalid/").ask(POST))).toMatch(/^unsent: (?:dns|timeout)$/);
  });

  test("where the server does not speak TLS, or ends the handshake", async () => {
    for (const end of ["plain", "close", "reset", "unread"] as const) {
      const server = await serve(() => {}, {
        onConnection: (socket) => {
          if (end === "unread") socket.resetAndDestroy();
          else
            socket.once("data", () => {
              if (end === "plain") socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
              else if (end === "close") socket.end();
              else socket.resetAndDestroy();
            });
        },
      });
      const url = server.url.replace("http:", "https:");
      expect(await how(client(url).ask(POST))).toMatch(/^unsent: (?:tls|broken)$/);
    }
  });

  test("where the certificate is not the host's, or nobody's we trust", async () => {
    const tls = selfSigned();
    const server = await serve((_, socket) => answer(socket), { tls });
    expect(await how(client(`https://localhost:${server.port}/`).ask(POST))).toBe("unsent: tls");
    expect(server.requests).toEqual([]);
    // The certificate itself is good: whoever trusts it is let in.
    const { status } = await fetch(`https://localhost:${server.port}/`, { tls: { ca: tls.cert } });
    expect(status).toBe(200);
  });

  test("where it was stopped before", async () => {
    const server = await serve((_, socket) => answer(socket));
    expect(await how(client(server.url).ask({ ...POST, signal: AbortSignal.abort() }))).toBe(
      "unsent: stopped",
    );
    expect(server.connections).toBe(0);
  });
});

describe("a request had left", () => {
  const endings: Readonly<Record<string, (socket: Socket) => void>> = {
    "and the connection is closed": (socket) => socket.end(),
    "and the connection is reset": (socket) => socket.resetAndDestroy(),
    "and half a head comes": (socket) => socket.end("HTTP/1.1 200 OK\r\nconte"),
    "and no HTTP comes": (socket) => socket.write("garbage\r\n\r\n"),
    "and half a body comes": (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"),
    "and half of its pieces come": (socket) =>
      socket.end("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"),
    "and a piece is none": (socket) =>
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\nhello"),
    "and half a body comes before a reset": (socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", () => socket.resetAndDestroy());
    },
  };
  for (const [name, end] of Object.entries(endings)) {
    test(name, async () => {
      const server = await serve((_, socket) => end(socket));
      expect(await how(body(client(server.url)))).toBe("unanswered: broken");
      expect(server.requests).toHaveLength(1);
    });
  }

  test("and it was stopped: the server sees the connection end", async () => {
    const stop = new AbortController();
    const server = await serve(() => stop.abort());
    expect(await how(client(server.url).ask({ ...POST, signal: stop.signal }))).toBe("unanswered: stopped");
    await until(() => server.open.length === 0);
  });

  test("and it was stopped while its answer came", async () => {
    const stop = new AbortController();
    const server = await serve((_, socket) => {
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n");
    });
    const pieces = (await client(server.url).ask({ ...POST, signal: stop.signal })).pieces();
    await pieces.next();
    stop.abort();
    expect(await how(pieces.next())).toBe("unanswered: stopped");
    await until(() => server.open.length === 0);
  });
});

describe("a connection", () => {
  test("is used again by those who do not mind, and never by those who do", async () => {
    const server = await serve((_, socket) => answer(socket, "{}"));
    const http = client(server.url);
    for (const asked of [WARM, WARM, POST, POST, WARM]) await body(http, asked);
    expect(server.requests.map(({ connection }) => connection)).toEqual([1, 1, 2, 3, 1]);
    expect(server.requests.map(({ headers }) => headers.get("connection"))).toEqual([
      "keep-alive",
      "keep-alive",
      "close",
      "close",
      "keep-alive",
    ]);
  });

  test("that turns out to be dead is not an excuse to ask twice", async () => {
    for (const end of [(socket: Socket) => socket.end(), (socket: Socket) => socket.resetAndDestroy()]) {
      const server = await serve(({ n }, socket) => (n === 1 ? answer(socket, "{}") : end(socket)));
      const http = client(server.url);
      expect(await body(http, WARM)).toBe("{}");
      expect(await how(http.ask(WARM))).toBe("unanswered: broken");
      expect(server.requests).toHaveLength(2);
    }
  });

  test("whose answer nobody wants is used again", async () => {
    const server = await serve((_, socket) => answer(socket, "x".repeat(1_000)));
    const http = client(server.url);
    await (await http.ask(WARM)).discard();
    await body(http, WARM);
    expect(server.connections).toBe(1);
  });
});

describe("a redirect", () => {
  const to = (location: string, status = 307) => ({ status, headers: [`location: ${location}`] });

  test("within the server is followed, with its body, and remembered", async () => {
    const server = await serve(({ path }, socket) => {
      if (path === "/mcp") answer(socket, "", to("/mcp/"));
      else answer(socket, "here");
    });
    const http = client(server.url);
    expect(await body(http)).toBe("here");
    expect(await body(http)).toBe("here");
    expect(server.requests.map(({ path, body }) => [path, body])).toEqual([
      ["/mcp", POST.body ?? ""],
      ["/mcp/", POST.body ?? ""],
      ["/mcp/", POST.body ?? ""],
    ]);
  });

  test("to anywhere else is the answer, and nobody there hears of us", async () => {
    const elsewhere = await serve((_, socket) => answer(socket, "got your key"));
    const there = `http://127.0.0.1:${elsewhere.port}/mcp`;
    for (const status of [301, 302, 303, 307, 308]) {
      for (const location of [there, `//127.0.0.1:${elsewhere.port}/`, "https://evil.example.com/"]) {
        const server = await serve((_, socket) => answer(socket, "", to(location, status)));
        expect((await client(server.url).ask(POST)).status).toBe(status);
      }
    }
    expect(elsewhere.connections).toBe(0);
  });

  test("that makes a GET of a POST is the answer, within the server too", async () => {
    for (const status of [301, 302, 303]) {
      const server = await serve((_, socket) => answer(socket, "", to("/elsewhere", status)));
      expect((await client(server.url).ask(POST)).status).toBe(status);
      expect(server.requests).toHaveLength(1);
    }
  });

  test("that names a user, or goes round in circles, is the answer", async () => {
    const server = await serve(({ headers }, socket) =>
      answer(socket, "", to(headers.get("x-to") ?? "/mcp")),
    );
    const ask = (location: string) => client(server.url).ask({ ...POST, headers: { "x-to": location } });
    expect((await ask("/round")).status).toBe(307);
    expect(server.requests).toHaveLength(4);
    expect((await ask(`http://user:pass@127.0.0.1:${server.port}/`)).status).toBe(307);
    expect((await ask("http://[")).status).toBe(307);
    expect(server.requests).toHaveLength(6);
  });
});
