/** The door of the stand-in: who gets a session, and how a line may fail on purpose. */
import { afterEach, expect, test } from "bun:test";
import { PATIENCE_MS } from "../../patience.ts";
import type { ModelOptions } from "../../rehearsal/model/options.ts";
import { type Model, startModel } from "../../rehearsal/model/server.ts";
import { Client, text } from "./client.ts";

const started: Model[] = [];
async function model(options: ModelOptions = {}): Promise<Model> {
  const one = await startModel(options);
  started.push(one);
  return one;
}
afterEach(async () => {
  for (const one of started.splice(0)) await one.stop();
});

const UPGRADE = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};
const statusOf = async (url: string, headers: Record<string, string>): Promise<number> =>
  (await fetch(url.replace("ws:", "http:"), { headers: { ...UPGRADE, ...headers } })).status;

test("a session opens with session.created, and shows what it was opened with", async () => {
  const one = await model();
  const client = await Client.connect(one);
  const created = await client.next("session.created");
  expect(client.got[0]).toBe(created);
  expect(text(created, "session.model")).toBe("gpt-realtime-2.1");
  expect(text(created, "session.audio.input.format.type")).toBe("audio/pcm");
  expect(one.sessions[0]?.headers.authorization).toBe("Bearer sk-rehearsal");
  expect(one.openSockets()).toBe(1);
  client.close();
  await one.waitFor(() => one.sessions[0]?.closedAt, PATIENCE_MS);
  expect(one.openSockets()).toBe(0);
  expect(one.sessions[0]?.closeCode).toBe(1000);
});

const bearer = { Authorization: "Bearer sk-rehearsal" };
const good = "?model=gpt-realtime-2.1";
for (const [what, query, headers, status] of [
  ["a wrong key", good, { Authorization: "Bearer sk-other" }, 401],
  ["no key", good, {}, 401],
  ["the beta header", good, { ...bearer, "OpenAI-Beta": "realtime=v1" }, 400],
  ["an unknown model", "?model=gpt-7", bearer, 404],
  ["no model", "", bearer, 400],
] as const) {
  test(`${what} is refused with ${status}, and no session comes of it`, async () => {
    const one = await model();
    expect(await statusOf(one.url + query, headers)).toBe(status);
    expect(one.sessions).toBeEmpty();
    expect(one.events).toMatchObject([{ what: "refused_handshake", status }]);
  });
}

for (const status of [401, 429, 500, 503]) {
  test(`the first handshake can be refused with ${status} while the second succeeds`, async () => {
    const one = await model({ faults: [{ refuseStatus: status }] });
    expect(await statusOf(one.url + good, bearer)).toBe(status);
    const client = await Client.connect(one);
    await client.next("session.created");
  });
}

test("a handshake can be slow", async () => {
  const one = await model({ fault: { openAfterMs: 150 } });
  const askedMs = performance.now();
  const client = await Client.connect(one);
  expect(performance.now() - askedMs).toBeGreaterThanOrEqual(140);
  await client.next("session.created");
});

test("session.created can be late", async () => {
  const one = await model({ fault: { createdAfterMs: 120 } });
  const client = await Client.connect(one);
  const { atMs } = await client.next("session.created");
  // From when the server had it open: the client may hear of that late.
  const openedAt = one.events.find(({ what }) => what === "opened")?.at ?? Number.NaN;
  expect(performance.timeOrigin + atMs - openedAt).toBeGreaterThanOrEqual(110);
});

test("session.created can never come, and nothing else comes either", async () => {
  const one = await model({ fault: { createdAfterMs: "never" } });
  const client = await Client.connect(one);
  client.send({ type: "session.update", session: { type: "realtime" } });
  await one.waitFor(() => one.sessions[0]?.updates === 1, PATIENCE_MS);
  client.close();
  await client.closed;
  expect(client.got).toBeEmpty();
});

test("a bad key can also show as an error event and close 3000, as it does live", async () => {
  const one = await model({ fault: { turnAway: "invalid_api_key" } });
  const client = await Client.connect(one);
  expect(text(await client.next("error"), "error.code")).toBe("invalid_api_key");
  expect(await client.closed).toEqual({ code: 3000, reason: "invalid_request_error.invalid_api_key" });
  expect(client.types()).toEqual(["error"]);
});

test("a session can expire: an error event, then close 1001", async () => {
  const one = await model({ fault: { expireAfterMs: 50 } });
  const client = await Client.connect(one);
  expect(text(await client.next("error"), "error.code")).toBe("session_expired");
  expect((await client.closed).code).toBe(1001);
});

test("a connection can be closed with a code right after the third piece of sound", async () => {
  const drop = { on: "response.output_audio.delta", nth: 3, how: { code: 1011, reason: "scripted" } };
  const one = await model({ faults: [{ drop }], pace: 40 });
  const client = await Client.ready(one);
  client.send({ type: "response.create" });
  expect(await client.closed).toEqual({ code: 1011, reason: "scripted" });
  expect(client.all("response.output_audio.delta")).toHaveLength(3);
  expect(one.sessions[0]?.responses[0]?.status).toBe("in_progress");
});

test("a connection can be cut with no close frame at all", async () => {
  const one = await model({ faults: [{ drop: { on: "session.updated", how: "reset" } }] });
  const client = await Client.connect(one);
  client.send({ type: "session.update", session: { type: "realtime" } });
  expect((await client.closed).code).toBe(1006);
});

test("a connection can fall mute and stay open", async () => {
  const one = await model({ faults: [{ drop: { on: "session.updated", how: "mute" } }] });
  const client = await Client.ready(one);
  client.send({ type: "response.create" });
  await one.waitFor(() => one.sessions[0]?.responses[0]?.doneAt, PATIENCE_MS);
  expect(one.openSockets()).toBe(1);
  expect(client.types().at(-1)).toBe("session.updated");
});

test("a connection can be ended from outside at any moment", async () => {
  const one = await model();
  const client = await Client.ready(one);
  one.drop(0, { code: 1012, reason: "restart" });
  expect((await client.closed).code).toBe(1012);
});

test("stop closes every connection and gives the port back", async () => {
  const one = await model();
  const clients = [await Client.ready(one), await Client.ready(one)];
  await one.stop();
  for (const client of clients) await client.closed;
  expect(one.openSockets()).toBe(0);
  await expect(Client.connect(one)).rejects.toThrow("closed 1006");
});

test("two sessions know nothing of each other", async () => {
  const one = await model({ script: [{ reply: [{ tag: 7, ms: 200 }] }], pace: 20 });
  const [first, second] = [await Client.ready(one), await Client.ready(one)];
  first.send({ type: "response.create" });
  await first.next("response.done");
  second.send({ type: "response.create" });
  await second.next("response.done");
  expect(one.sessions.map(({ responses }) => responses.length)).toEqual([1, 1]);
  expect(one.sessions.map(({ responses }) => responses[0]?.soundMs)).toEqual([200, 200]);
  expect(first.all("response.done")).toHaveLength(1);
});
