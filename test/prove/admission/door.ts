/**
 * The relay's door as a stranger sees it: bytes go in on a connection of their own, and a status comes back. No client
 * library stands between that would mend a request or hide an answer.
 */
import { connect } from "node:net";
import { signatureFor } from "../../rehearsal/carrier/sabotage.ts";
import { AUTH_TOKEN } from "../../rehearsal/relay.ts";

/** The connection broke before there was an answer: nobody listens, or the process was killed. */
export const NO_ANSWER = 0;
const ANSWER_WITHIN_MS = 10_000;

export type Knock = {
  readonly port: number;
  /** As it stands in the request line. */
  readonly path: string;
  readonly signature?: string | undefined;
  /** One of 127.0.0.0/8. */
  readonly from?: string | undefined;
};

/** What Twilio would send for this URL. */
export const signatureOf = (url: string): string => signatureFor(AUTH_TOKEN, url, {}, undefined) ?? "";

export const upgradeRequest = (path: string, signature?: string): string =>
  [
    `GET ${path} HTTP/1.1`,
    "Host: relay.example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...(signature === undefined ? [] : [`X-Twilio-Signature: ${signature}`]),
    "",
    "",
  ].join("\r\n");

/** The answer's status. Whatever was opened is closed at once. */
export function knockAt({ port, path, signature, from }: Knock): Promise<number> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({
      host: "127.0.0.1",
      port,
      ...(from !== undefined && { localAddress: from }),
    });
    const timer = setTimeout(() => settle(NO_ANSWER), ANSWER_WITHIN_MS);
    const settle = (status: number) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(status);
    };
    socket.on("connect", () => socket.write(Buffer.from(upgradeRequest(path, signature), "latin1")));
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
      const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
      if (status !== undefined) settle(Number(status));
    });
    socket.on("error", () => settle(NO_ANSWER));
    socket.on("close", () => settle(NO_ANSWER));
  });
}

/** Another address of this machine for each number, for limits that count by address. */
export const addressOf = (number: number): string =>
  `127.${1 + (Math.floor(number / 62_500) % 250)}.${1 + (Math.floor(number / 250) % 250)}.${1 + (number % 250)}`;
