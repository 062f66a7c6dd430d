/**
 * A handshake sent by hand, byte for byte, and the answer read the same way: what a stranger at the door sees,
 * which a WebSocket client hides.
 */
import { PATIENCE_MS } from "../../patience.ts";

export type Answer = {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

const ANSWER_WITHIN_MS = PATIENCE_MS;

/** @param url as a stream's, ws://host:port/path */
export function knock(url: string, headers: Readonly<Record<string, string | undefined>>): Promise<Answer> {
  const { hostname, port, pathname, search } = new URL(url);
  const given: Record<string, string | undefined> = {
    Host: `${hostname}:${port}`,
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  };
  const lines = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  const request = [`GET ${pathname}${search} HTTP/1.1`, ...lines, "", ""].join("\r\n");
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => reject(new Error(`no answer, but: ${text}`)), ANSWER_WITHIN_MS);
    const take = (socket: Bun.Socket, answer: Answer | undefined): void => {
      if (answer === undefined) return;
      clearTimeout(timer);
      resolve(answer);
      socket.end();
    };
    Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        open: (socket) => {
          socket.write(request);
        },
        data: (socket, bytes) => {
          text += bytes.toString("latin1");
          take(socket, parsed(text));
        },
        close: (socket) => take(socket, parsed(text, true)),
      },
    }).catch(reject);
  });
}

function parsed(text: string, isAll = false): Answer | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...rest] = text.slice(0, end).split("\r\n");
  const headers = Object.fromEntries(
    rest.map((line) => [
      line.slice(0, line.indexOf(":")).toLowerCase(),
      line.slice(line.indexOf(":") + 1).trim(),
    ]),
  );
  const body = text.slice(end + 4);
  const status = Number(first.split(" ")[1]);
  if (status !== 101 && !isAll && body.length < Number(headers["content-length"] ?? Number.POSITIVE_INFINITY))
    return undefined;
  return { status, headers, body };
}
