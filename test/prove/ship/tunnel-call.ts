/**
 * A call as Twilio would make it, through a tunnel's public side: a signed webhook to the edge, and a handshake with the
 * stream's URL that came back, at the relay. Both sign for the public name, which nobody here can reach by it.
 */
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { incomingForm, signatureOf } from "../../functions/signed.ts";
import { ACCOUNT, AUTH_TOKEN, CALLER, NUMBER } from "./tunnelling.ts";

export type Called = {
  readonly status: number;
  readonly streamUrl: string | undefined;
  /** Of the relay's answer to the handshake, as in "HTTP/1.1 101 Switching Protocols". */
  readonly handshake: string;
};

const ANSWER_WITHIN_MS = 20_000;

export async function callThrough({ host, port }: { host: string; port: number }): Promise<Called> {
  const form = incomingForm({
    AccountSid: ACCOUNT,
    CallSid: `CA${randomBytes(16).toString("hex")}`,
    From: CALLER,
    Caller: CALLER,
    To: NUMBER,
    Called: NUMBER,
  });
  const body = new URLSearchParams(form).toString();
  const answered = await speak(port, [
    "POST /voice/incoming HTTP/1.1",
    `Host: ${host}`,
    "Content-Type: application/x-www-form-urlencoded",
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Twilio-Signature: ${signatureOf(`https://${host}/voice/incoming`, form, AUTH_TOKEN)}`,
    "",
    body,
  ]);
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answered)?.[1]);
  const streamUrl = /<Stream[^>]* url="([^"]+)"/.exec(answered)?.[1];
  if (streamUrl === undefined) return { status, streamUrl, handshake: "" };
  const head = await speak(
    port,
    [
      `GET ${new URL(streamUrl).pathname} HTTP/1.1`,
      `Host: ${host}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
      `x-twilio-signature: ${signatureOf(streamUrl, {}, AUTH_TOKEN)}`,
      "",
      "",
    ],
    true,
  );
  return { status, streamUrl, handshake: head.split("\r\n", 1)[0] ?? "" };
}

/** All that is answered; or with `headOnly` the head, after which the connection is given up. */
function speak(port: number, lines: readonly string[], headOnly = false): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = "";
  const socket = connect(port, "127.0.0.1", () => socket.write(lines.join("\r\n")));
  const timer = setTimeout(() => socket.destroy(new Error(`no answer:\n${answer}`)), ANSWER_WITHIN_MS);
  const done = () => {
    clearTimeout(timer);
    socket.destroy();
    resolve(answer);
  };
  socket.on("data", (bytes) => {
    answer += bytes.toString("latin1");
    if (headOnly && answer.includes("\r\n\r\n")) done();
  });
  socket.on("end", done);
  socket.on("error", (error) => {
    clearTimeout(timer);
    reject(error);
  });
  return promise;
}
