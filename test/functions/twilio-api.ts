/**
 * Twilio's REST API, as much of it as sends a text message, behind a proxy: twilio's own client goes to
 * api.twilio.com by HTTP_PROXY and TLS, and finds this. It refuses what Twilio refuses, with Twilio's codes.
 * https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
 */
import { connect, createServer, type Socket } from "node:net";
import { certificateOf } from "../rehearsal/certificate.ts";

const HOST = "api.twilio.com";

export type Message = { readonly From: string; readonly To: string; readonly Body: string };

export type TwilioApi = {
  /** What the client has to be told in its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Those that it has taken, in order. */
  readonly messages: readonly Message[];
  /** From now on nothing is answered any more; the promise of an answer is kept open. */
  hang(isHanging: boolean): void;
  stop(): Promise<void>;
};

/** @param senders the account's numbers that can send text messages */
export async function startTwilioApi(given: {
  accountSid: string;
  authToken: string;
  senders: readonly string[];
}): Promise<TwilioApi> {
  const messages: Message[] = [];
  let isHanging = false;
  const refused = (status: number, code: number) =>
    Response.json({ code, message: "refused", more_info: "", status }, { status });
  const api = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: certificateOf(HOST),
    async fetch(request) {
      const { accountSid, authToken, senders } = given;
      const form = Object.fromEntries(new URLSearchParams(await request.text()));
      if (isHanging) return new Promise<Response>(() => {});
      const credentials = Buffer.from(`${accountSid}:${authToken}`).toString("base64");
      if (request.headers.get("authorization") !== `Basic ${credentials}`) return refused(401, 20003);
      const path = `/2010-04-01/Accounts/${accountSid}/Messages.json`;
      if (new URL(request.url).pathname !== path || request.method !== "POST") return refused(404, 20404);
      const { From = "", To = "", Body = "", ...others } = form;
      if (Object.keys(others).length > 0) return refused(400, 20001);
      if (!/^\+[1-9]\d{6,14}$/.test(To)) return refused(400, 21211);
      if (!senders.includes(From)) return refused(400, 21606);
      if (Body === "" || Body.length > 1600) return refused(400, Body === "" ? 21602 : 21617);
      messages.push({ From, To, Body });
      const sid = `SM${"0123456789abcdef".repeat(2)}`;
      return Response.json(
        { sid, account_sid: accountSid, from: From, to: To, status: "queued" },
        { status: 201 },
      );
    },
  });

  const sockets = new Set<Socket>();
  const proxy = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    let head = "";
    const take = (bytes: Buffer) => {
      head += bytes.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      socket.off("data", take);
      if (!head.startsWith(`CONNECT ${HOST}:443 HTTP/1.1\r\n`)) {
        socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
        return;
      }
      const onward = connect(api.port ?? 0, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        socket.pipe(onward).pipe(socket);
      });
      sockets.add(onward);
      onward.on("close", () => sockets.delete(onward));
      onward.on("error", () => socket.destroy());
    };
    socket.on("data", take);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  return {
    // The certificate is nobody's that Node would know.
    env: { HTTP_PROXY: `http://127.0.0.1:${port}`, NODE_TLS_REJECT_UNAUTHORIZED: "0" },
    messages,
    hang: (is) => {
      isHanging = is;
    },
    stop: async () => {
      proxy.close();
      for (const socket of sockets) socket.destroy();
      await api.stop(true);
    },
  };
}
