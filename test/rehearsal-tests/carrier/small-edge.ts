/**
 * An edge small enough to see through, for the carrier's own tests: each path answers as a test wrote it, and every
 * request is recorded with what Twilio's own validator makes of its signature.
 */

import { validateRequest } from "twilio/lib/webhooks/webhooks.js";
import "../../patience.ts";

export const AUTH_TOKEN = "rehearsal-auth-token";
export const ACCOUNT_SID = `AC${"0123456789abcdef".repeat(2)}`;
export const FROM = "+15551234567";
export const TO = "+15557654321";

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers: Headers;
  /** By twilio-node. */
  readonly signatureHolds: boolean;
};

/** Of a path: TwiML, or what makes the answer. */
export type Answer = string | ((asked: Asked) => string | Response | Promise<string | Response>);

export type SmallEdge = {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** What was asked of one path, query left out. */
  askedOf(path: string): Asked[];
  stop(): Promise<void>;
};

/** A path that is not there is a 404. */
export function serveEdge(answers: Readonly<Record<string, Answer>>): SmallEdge {
  const asked: Asked[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const url = new URL(request.url);
      const parameters = Object.fromEntries(new URLSearchParams(await request.text()));
      const signature = request.headers.get("x-twilio-signature") ?? "";
      const one: Asked = {
        method: request.method,
        path: url.pathname + url.search,
        parameters: request.method === "GET" ? Object.fromEntries(url.searchParams) : parameters,
        headers: request.headers,
        signatureHolds: validateRequest(AUTH_TOKEN, signature, request.url, parameters),
      };
      asked.push(one);
      const answer = answers[url.pathname];
      if (answer === undefined) return new Response(null, { status: 404 });
      const given = typeof answer === "function" ? await answer(one) : answer;
      return typeof given === "string" ? xml(given) : given;
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    asked,
    askedOf: (path) => asked.filter((one) => one.path.split("?")[0] === path),
    async stop() {
      await server.stop(true);
    },
  };
}

export const xml = (inner: string): Response =>
  new Response(inner, { headers: { "Content-Type": "text/xml" } });

export const response = (verbs: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>`;
