/**
 * A handshake as Twilio's: the request of an upgrade, byte for byte, and of the answer the status, the headers and the
 * beginning of its body. A WebSocket client tells neither the one nor the other. Whoever is let in leaves at once.
 * https://www.rfc-editor.org/rfc/rfc6455#section-4.1
 */
import { randomBytes } from "node:crypto";
import { isIP, type Socket, connect as tcp } from "node:net";
import { connect as tls } from "node:tls";

export type Knocked = {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
};

const MOST_BYTES = 32 * 1024;
/** A masked close with 1000, as a client must send it. */
const CLOSE = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);
const LEFT_WITHIN_MS = 1_000;

/** @param url ws: or wss: @throws what the socket says */
export function knock(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Knocked> {
  const { pathname, host } = new URL(url);
  const given: Readonly<Record<string, string>> = {
    Host: host,
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    ...headers,
  };
  const request = [
    `GET ${pathname} HTTP/1.1`,
    ...Object.entries(given).map(([name, value]) => `${name}: ${value}`),
  ];
  const { promise, resolve, reject } = Promise.withResolvers<Knocked>();
  const socket = socketTo(url, () => socket.write(`${request.join("\r\n")}\r\n\r\n`));
  let text = "";
  socket.on("error", reject);
  socket.on("close", () => reject(new Error("closed without an answer")));
  socket.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      if (text.length > MOST_BYTES) socket.destroy();
      return;
    }
    const knocked = headOf(text.slice(0, end));
    socket.removeAllListeners("data");
    // What it still says is read and dropped, so that the close is heard.
    socket.resume();
    if (knocked.status === 101) socket.end(CLOSE);
    else socket.end();
    setTimeout(() => socket.destroy(), LEFT_WITHIN_MS).unref();
    resolve(knocked);
  });
  signal.addEventListener("abort", () => socket.destroy());
  return promise;
}

/** Over TLS, the name and the certificate are held to what everybody trusts. */
export function socketTo(url: string, connected: () => void): Socket {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  if (protocol === "ws:") return tcp({ host, port: Number(port) || 80 }, connected);
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return tls({ host, port: Number(port) || 443, ...servername, ALPNProtocols: ["http/1.1"] }, connected);
}

function headOf(text: string): Knocked {
  const [first = "", ...rest] = text.split("\r\n");
  const headers = new Map(
    rest.map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()] as const;
    }),
  );
  return { status: Number(first.split(" ")[1]), headers };
}
