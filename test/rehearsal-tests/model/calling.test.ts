/** Function calls: what a script may make the model do under each tool_choice, and how a call looks that is cut off. */
import { afterEach, expect, test } from "bun:test";
import { PATIENCE_MS } from "../../patience.ts";
import { clip } from "../../rehearsal/audio/clips.ts";
import type { Occasion, Reply } from "../../rehearsal/model/script.ts";
import { type Model, startModel } from "../../rehearsal/model/server.ts";
import { Client, field, SETTINGS, text } from "./client.ts";

let model: Model;
afterEach(() => model.stop());

const tool = (name: string) =>
  ({ type: "function", name, parameters: { type: "object", properties: {} } }) as const;
async function ready(reply: Reply | ((occasion: Occasion) => Reply), session: object = {}): Promise<Client> {
  model = await startModel({
    pace: 40,
    thinkMs: 20,
    announceMs: 0,
    script: typeof reply === "function" ? reply : () => reply,
  });
  return Client.ready(model, { ...SETTINGS, tools: [tool("look"), tool("send")], ...session });
}
const LOOK = { call: "look", arguments: { at: "mails" } };
const SEND = { call: "send", arguments: { to: "anna@example.com" } };
const WORDS = { tag: 3, ms: 100 };

for (const [what, reply, response, session] of [
  ["no call under required", [WORDS], { tool_choice: "required" }, {}],
  ["no call under the session's required", [WORDS], {}, { tool_choice: "required" }],
  [
    "another call than the one that is forced",
    [SEND],
    { tool_choice: { type: "function", name: "look" } },
    {},
  ],
  ["a second call that is not forced", [LOOK, SEND], { tool_choice: { type: "function", name: "look" } }, {}],
  ["two calls where one is allowed", [LOOK, SEND], {}, { parallel_tool_calls: false }],
] as const) {
  test(`a script error ends the session: ${what}`, async () => {
    const client = await ready([...reply], session);
    client.send({ type: "response.create", response });
    expect((await client.closed).code).toBe(1011);
    const [error] = model.scriptErrors;
    expect(error?.message).toMatch(/tool_choice|parallel_tool_calls/);
    await expect(model.stop()).rejects.toThrow(error?.message ?? "");
  });
}

test("the script knows the tools of the session, and those of a response that has its own", async () => {
  const seen: Occasion[] = [];
  const client = await ready((occasion) => {
    seen.push(occasion);
    return [WORDS];
  });
  client.send({ type: "response.create" });
  await client.next("response.done");
  client.send({ type: "response.create", response: { tools: [tool("look")] } });
  await client.next("response.done", 2);
  expect(seen.map(({ tools, toolNames }) => [tools, toolNames])).toEqual([
    [
      [tool("look"), tool("send")],
      ["look", "send"],
    ],
    [[tool("look")], ["look"]],
  ]);
});

test("a call that is asked for is made", async () => {
  const client = await ready([WORDS, LOOK]);
  client.send({ type: "response.create", response: { tool_choice: "required" } });
  await client.next("response.done");
  client.send({ type: "response.create", response: { tool_choice: { type: "function", name: "look" } } });
  await client.next("response.done", 2);
  expect(client.all("response.function_call_arguments.done")).toHaveLength(2);
});

test("a call of a function that is not there cannot be forced", async () => {
  const client = await ready([LOOK]);
  const tool_choice = { type: "function", name: "fly" };
  client.send({ type: "response.create", response: { tool_choice } });
  expect(text(await client.next("error"), "error.param")).toBe("response.tool_choice");
});

test("several calls in one response have an item, an index and an id each, and are answered in any order", async () => {
  const client = await ready([LOOK, SEND, WORDS, LOOK]);
  client.send({ type: "response.create" });
  const done = await client.next("response.done");
  const items = client
    .all("response.output_item.done")
    .filter((got) => field(got, "item.type") === "function_call");
  expect(
    items.map((got) => [field(got, "output_index"), field(got, "item.name"), field(got, "item.status")]),
  ).toEqual([
    [0, "look", "completed"],
    [1, "send", "completed"],
    [3, "look", "completed"],
  ]);
  const ids = items.map((got) => text(got, "item.call_id"));
  expect(new Set(ids).size).toBe(3);
  expect(field(done, "response.output.3.call_id")).toBe(ids[2]);
  for (const call_id of ids.toReversed()) {
    client.send({
      type: "conversation.item.create",
      item: { type: "function_call_output", call_id, output: "ok" },
    });
  }
  client.send({ type: "response.create", response: { tool_choice: "none" } });
  await client.next("response.done", 2);
  expect(client.all("error")).toBeEmpty();
});

test("a call that the caller's speech interrupts is incomplete, and holds what was sent of its arguments", async () => {
  const client = await ready([{ call: "send", arguments: { body: "x".repeat(24 * 6_000) } }]);
  client.send({ type: "response.create" });
  await client.next("response.function_call_arguments.delta", 3);
  client.say(clip("caller-wait"));
  const whole = await client.next("response.function_call_arguments.done");
  const item = await client.next("response.output_item.done");
  expect([field(item, "item.type"), field(item, "item.status")]).toEqual(["function_call", "incomplete"]);
  const deltas = client.all("response.function_call_arguments.delta");
  const sent = deltas
    .filter((got) => field(got, "item_id") === field(item, "item.id"))
    .map((got) => text(got, "delta"))
    .join("");
  expect(text(whole, "arguments")).toBe(sent);
  expect(text(item, "item.arguments")).toBe(sent);
  expect(() => JSON.parse(sent)).toThrow();
  const done = await client.next("response.done");
  expect(field(done, "response.status_details")).toEqual({ type: "cancelled", reason: "turn_detected" });
  await model.waitFor(() => model.sessions[0]?.turns === 1, PATIENCE_MS);
});

test("arguments can be what no JSON is", async () => {
  const client = await ready([{ call: "send", arguments: '{"to": anna' }]);
  client.send({ type: "response.create" });
  expect(text(await client.next("response.output_item.done"), "item.arguments")).toBe('{"to": anna');
});
