/** One webhook: signed as Twilio signs, complete, and refused where Twilio would not take the answer. */

import { afterAll, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { PATIENCE_MS } from "../../patience.ts";
import { callParameters, sendWebhook, WEBHOOK_LIMIT_MS } from "../../rehearsal/carrier/webhook.ts";
import { ACCOUNT_SID, AUTH_TOKEN, FROM, response, serveEdge, TO, xml } from "./small-edge.ts";

const edge = serveEdge({
  "/ok": response("<Hangup/>"),
  "/html": () => new Response("<Response/>", { headers: { "Content-Type": "text/html; charset=utf-8" } }),
  "/json": () => Response.json({}),
  "/no-type": () => new Response(new Uint8Array(4)),
  "/empty": () => new Response(null, { status: 204 }),
  "/error": () => new Response("<Response/>", { status: 500, headers: { "Content-Type": "text/xml" } }),
  "/forbidden": () => new Response(null, { status: 403 }),
  "/not-utf8": () => new Response(new Uint8Array([0x3c, 0xff]), { headers: { "Content-Type": "text/xml" } }),
  "/huge": () => xml(response(`<!--${"a".repeat(66_000)}-->`)),
  "/never": () => new Promise<Response>(() => {}),
  "/moved": () => new Response(null, { status: 302, headers: { Location: "/ok?from=moved" } }),
  "/kept": () => new Response(null, { status: 307, headers: { Location: "/ok?from=kept" } }),
  "/round": () => new Response(null, { status: 302, headers: { Location: "/round" } }),
});
afterAll(() => edge.stop());

const callSid = `CA${"a".repeat(32)}`;
const facts = { accountSid: ACCOUNT_SID, callSid, from: FROM, to: TO, stirVerstat: undefined };
const parameters = callParameters(facts, "ringing");

const send = (path: string, options: Partial<Parameters<typeof sendWebhook>[0]> = {}) =>
  sendWebhook({
    url: edge.url + path,
    method: "POST",
    parameters,
    authToken: AUTH_TOKEN,
    sabotage: undefined,
    limitMs: PATIENCE_MS,
    wants: "TwiML",
    ...options,
  });

test("a POST is form-encoded and its signature satisfies twilio-node, query and all", async () => {
  const answer = await send("/ok?state=a.b-c_d&x=%27%20");
  const asked = edge.asked.at(-1);
  expect(answer).toMatchObject({ status: 200, failure: undefined, body: response("<Hangup/>") });
  expect(asked).toMatchObject({
    method: "POST",
    path: "/ok?state=a.b-c_d&x=%27%20",
    signatureHolds: true,
    parameters,
  });
  expect(asked?.headers.get("content-type")).toStartWith("application/x-www-form-urlencoded");
});

test("a GET carries the parameters in its query, and the signature covers them there", async () => {
  await send("/ok?state=1", { method: "GET" });
  const asked = edge.asked.at(-1);
  expect(asked?.signatureHolds).toBe(true);
  expect(asked?.parameters).toEqual({ state: "1", ...parameters });
});

test("a wrong signature does not satisfy twilio-node, and none is none", async () => {
  await send("/ok", { sabotage: "wrong" });
  expect(edge.asked.at(-1)?.headers.get("x-twilio-signature")).toMatch(/^[A-Za-z0-9+/]{27}=$/);
  expect(edge.asked.at(-1)?.signatureHolds).toBe(false);
  await send("/ok", { sabotage: "none" });
  expect(edge.asked.at(-1)?.headers.has("x-twilio-signature")).toBe(false);
});

test("the parameters are those of a call, and StirVerstat only where there is one", () => {
  expect(parameters).toMatchObject({
    AccountSid: ACCOUNT_SID,
    ApiVersion: "2010-04-01",
    CallSid: callSid,
    CallStatus: "ringing",
    Direction: "inbound",
    From: FROM,
    Caller: FROM,
    To: TO,
    Called: TO,
  });
  expect(Object.keys(parameters)).toContain("CallerCity");
  expect(parameters).not.toHaveProperty("StirVerstat");
  const stirVerstat = "TN-Validation-Passed-A";
  expect(callParameters({ ...facts, stirVerstat }, "ringing")).toHaveProperty("StirVerstat", stirVerstat);
});

test("Twilio gives an application 15 s", () => {
  expect(WEBHOOK_LIMIT_MS).toBe(15_000);
});

test.each([
  [11200, "an error status, even with TwiML", "/error", 500],
  [11200, "a refusal", "/forbidden", 403],
  [11200, "a path that is not there", "/nowhere", 404],
  [12300, "JSON", "/json", 200],
  [12300, "no Content-Type", "/no-type", 200],
  [12300, "nothing at all", "/empty", 204],
  [12100, "bytes that are no UTF-8", "/not-utf8", 200],
  [11750, "more than 64 KB", "/huge", 200],
  [11215, "redirects without end", "/round", 302],
])("%i: %s is a failure", async (code, _, path, status) => {
  expect(await send(path)).toMatchObject({ status, failure: { code }, body: undefined });
});

test("an answer that is too late is a failure, and not waited for", async () => {
  const answer = await send("/never", { limitMs: 80 });
  expect(answer).toMatchObject({ status: undefined, failure: { code: 11200 } });
  expect(answer.tookMs).toBeWithin(75, 4_000);
});

test("an application that is not there is a failure", async () => {
  const gone = serveEdge({});
  await gone.stop();
  expect(await send("/ok", { url: `${gone.url}/ok` })).toMatchObject({
    status: undefined,
    failure: { code: 11205 },
  });
});

test("text/html passes for XML, as it does at Twilio", async () => {
  expect(await send("/html")).toMatchObject({ failure: undefined, body: "<Response/>" });
});

test("a status callback may answer with nothing", async () => {
  expect(await send("/empty", { wants: "an acknowledgement" })).toMatchObject({ failure: undefined });
  expect(await send("/error", { wants: "an acknowledgement" })).toMatchObject({ failure: { code: 11200 } });
});

test("a 302 turns the POST into a bare GET, a 307 repeats it, and each is signed for where it goes", async () => {
  const moved = await send("/moved");
  expect(moved.url).toBe(`${edge.url}/ok?from=moved`);
  expect(edge.asked.at(-1)).toMatchObject({ method: "GET", path: "/ok?from=moved", signatureHolds: true });
  const kept = await send("/kept");
  expect(kept.url).toBe(`${edge.url}/ok?from=kept`);
  expect(edge.asked.at(-1)).toMatchObject({ method: "POST", signatureHolds: true, parameters });
});

test("a server that drops connections which it had kept fails no webhook", async () => {
  let connections = 0;
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    connections += 1;
    sockets.push(socket);
    socket.on("error", () => {});
    // The first request that it reads is answered; whoever sends another meets a closed door.
    socket.once("data", () => {
      const head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: keep-alive\r\nContent-Length: 11\r\n\r\n";
      socket.write(`${head}<Response/>`);
      socket.once("data", () => socket.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const url = `http://127.0.0.1:${address.port}/ok`;
  for (let number = 1; number <= 3; number++) {
    expect(await send("/ok", { url })).toMatchObject({ status: 200, failure: undefined });
  }
  expect(connections).toBe(3);
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});
