/** Responses beside the conversation: what they know, what they leave, and what does not stop them. */
import { afterEach, expect, test } from "bun:test";
import { until } from "../../patience.ts";
import { clip, durationMs } from "../../rehearsal/audio/clips.ts";
import type { ModelOptions } from "../../rehearsal/model/options.ts";
import { type Occasion, quotedIn } from "../../rehearsal/model/script.ts";
import { type Model, startModel } from "../../rehearsal/model/server.ts";
import { Client, field, type Got, SETTINGS, text } from "./client.ts";

let model: Model;
afterEach(() => model.stop());
async function ready(options: ModelOptions, session: object = SETTINGS): Promise<Client> {
  model = await startModel({ pace: 8, thinkMs: 20, announceMs: 0, deltaMs: 100, ...options });
  return Client.ready(model, session);
}

const SENTENCE = 'I would send Anna: "I\'m ten minutes late." Press 1 to send it, or 2 to leave it.';
const reading = (words: string): string => `Read this text as it stands. The text: ${JSON.stringify(words)}`;
const aside = (instructions = reading(SENTENCE), rest: object = {}) => ({
  type: "response.create",
  response: {
    conversation: "none",
    input: [],
    instructions,
    tools: [],
    tool_choice: "none",
    metadata: { reason: "read_back" },
    ...rest,
  },
});
const ofResponse = (client: Client, type: string, created: Got): Got[] =>
  client.all(type).filter((got) => field(got, "response_id") === field(created, "response.id"));

test("what the instructions quote is spoken, word for word, as long as it takes to say it", async () => {
  const client = await ready({ script: [{ reply: [{ clip: "assistant-greeting" }] }] });
  client.send(aside());
  const done = await client.next("response.done");
  expect([field(done, "response.status"), field(done, "response.conversation_id")]).toEqual([
    "completed",
    null,
  ]);
  expect(field(done, "response.metadata")).toEqual({ reason: "read_back" });
  const deltas = client.all("response.output_audio_transcript.delta").map((got) => text(got, "delta"));
  expect(deltas.length).toBeGreaterThan(3);
  expect(deltas.join("")).toBe(SENTENCE);
  expect(text(await client.next("response.output_audio_transcript.done"), "transcript")).toBe(SENTENCE);
  const bytes = client
    .all("response.output_audio.delta")
    .map((got) => Buffer.from(text(got, "delta"), "base64"));
  expect(durationMs(Buffer.concat(bytes))).toBe(SENTENCE.length * 60);
  // The list of turns is for the conversation.
  client.send({ type: "response.create" });
  await client.next("response.done", 2);
  expect(text(await client.next("response.output_audio_transcript.done", 2), "transcript")).toContain(
    "Hello",
  );
});

test("the last quoted text is what is to be read, and without one all of it", () => {
  expect(quotedIn(reading(SENTENCE))).toBe(SENTENCE);
  expect(quotedIn('Say "no" like this: "yes \\"and\\" no"')).toBe('yes "and" no');
  expect(quotedIn("Say hello")).toBe("Say hello");
});

test("the script is asked with the instructions, and can say something else or call what it may not", async () => {
  const seen: Occasion[] = [];
  const client = await ready({
    script: (occasion) => {
      seen.push(occasion);
      return [
        { speak: "Press 1 for your tasks.", tag: 7 },
        { call: "gmail_send_email", arguments: {} },
      ];
    },
  });
  client.send(aside());
  const done = await client.next("response.done");
  expect(text(done, "response.output.0.content.0.transcript")).toBe("Press 1 for your tasks.");
  expect(field(done, "response.output.1")).toBeUndefined();
  expect(seen).toMatchObject([
    { outOfBand: true, instructions: reading(SENTENCE), toolChoice: "none", toolNames: [], conversation: [] },
  ]);
});

test("a turn of a list can be for such responses alone", async () => {
  const client = await ready({
    script: [
      { outOfBand: true, metadata: { reason: "read_back" }, reply: [{ tag: 8, ms: 100 }] },
      { reply: [{ tag: 9, ms: 100 }] },
    ],
  });
  client.send({ type: "response.create" });
  await client.next("response.done");
  client.send(aside());
  await client.next("response.done", 2);
  const tags = client
    .all("response.output_audio.delta")
    .map((got) => Buffer.from(text(got, "delta"), "base64")[0]);
  expect(tags).toEqual([9, 8]);
});

test("an answer to a tool and a note stay for the conversation's next response", async () => {
  const seen: Occasion[] = [];
  const client = await ready({
    script: (occasion) => {
      seen.push(occasion);
      return occasion.response === 1
        ? [{ call: "look", arguments: {}, callId: "call_1" }]
        : [{ tag: 1, ms: 40 }];
    },
  });
  client.send({ type: "response.create" });
  await client.next("response.done");
  const item = { type: "function_call_output", call_id: "call_1", output: "nothing" };
  client.send({ type: "conversation.item.create", item });
  client.send(aside());
  await client.next("response.done", 2);
  client.send({ type: "response.create", response: { conversation: "none" } });
  await client.next("response.done", 3);
  client.send({ type: "response.create" });
  await client.next("response.done", 4);
  expect(seen.map(({ outputs }) => outputs.length)).toEqual([0, 0, 1, 1]);
  expect(seen.map(({ conversation }) => conversation.length)).toEqual([0, 0, 2, 2]);
});

test("its items are in no conversation: not to be truncated, retrieved, deleted, referred to or put after", async () => {
  const client = await ready({});
  client.send(aside());
  const delta = await client.next("response.output_audio.delta");
  const item_id = text(delta, "item_id");
  const content = [{ type: "input_text", text: "x" }];
  for (const [nth, event, code] of [
    [
      1,
      { type: "conversation.item.truncate", item_id, content_index: 0, audio_end_ms: 10 },
      "item_truncate_invalid_item_id",
    ],
    [2, { type: "conversation.item.retrieve", item_id }, "item_retrieve_invalid_item_id"],
    [3, { type: "conversation.item.delete", item_id }, "item_delete_invalid_item_id"],
    [4, aside("x", { input: [{ type: "item_reference", id: item_id }] }), "item_not_found"],
    [
      5,
      {
        type: "conversation.item.create",
        previous_item_id: item_id,
        item: { type: "message", role: "user", content },
      },
      "item_not_found",
    ],
  ] as const) {
    client.send(event);
    expect([nth, text(await client.next("error", nth), "error.code")]).toEqual([nth, code]);
  }
  await client.next("response.done");
  expect(client.types()).not.toContain("conversation.item.added");
  expect(client.types()).not.toContain("conversation.item.done");
});

test("a call that it makes cannot be answered in the conversation", async () => {
  const client = await ready({ script: () => [{ call: "look", arguments: {}, callId: "call_9" }] });
  client.send({ type: "response.create", response: { conversation: "none" } });
  await client.next("response.done");
  const item = { type: "function_call_output", call_id: "call_9", output: "" };
  client.send({ type: "conversation.item.create", item });
  expect(text(await client.next("error"), "error.code")).toBe("invalid_tool_call_id");
});

test("the caller's speech interrupts the conversation's response and not the one beside it", async () => {
  const client = await ready({ script: () => [{ tag: 5, ms: 240_000 }] });
  client.send({ type: "response.create" });
  const main = await client.next("response.created");
  client.send(aside());
  const beside = await client.next("response.created", 2);
  await client.next("response.output_audio.delta", 4);
  client.say(clip("caller-wait"));
  const done = await client.next("response.done");
  expect([field(done, "response.id"), field(done, "response.status")]).toEqual([
    field(main, "response.id"),
    "cancelled",
  ]);
  // The answer to the turn begins while the one beside it still speaks, and goes on to speak.
  await client.next("response.created", 3);
  const soFar = ofResponse(client, "response.output_audio.delta", beside).length;
  await until(() => ofResponse(client, "response.output_audio.delta", beside).length > soFar + 2);
  expect(client.all("response.done")).toHaveLength(1);
});

test("only its id cancels it", async () => {
  const client = await ready({ script: () => [{ tag: 5, ms: 600_000 }] });
  client.send(aside());
  const created = await client.next("response.created");
  client.send({ type: "response.cancel" });
  expect(text(await client.next("error"), "error.code")).toBe("response_cancel_not_active");
  client.send({ type: "response.cancel", response_id: text(created, "response.id") });
  const done = await client.next("response.done");
  expect(field(done, "response.status_details")).toEqual({ type: "cancelled", reason: "client_cancelled" });
});

test("an input of its own is all that a response knows, in the conversation too", async () => {
  const seen: Occasion[] = [];
  const client = await ready({
    script: (occasion) => {
      seen.push(occasion);
      return [{ tag: 1, ms: 40 }];
    },
  });
  const message = (words: string) => ({
    type: "message",
    role: "user",
    content: [{ type: "input_text", text: words }],
  });
  client.send({ type: "conversation.item.create", item: { id: "one", ...message("kept") } });
  const input = [message("mine"), { type: "item_reference", id: "one" }];
  client.send({ type: "response.create", response: { input } });
  await client.next("response.done");
  expect(seen[0]?.conversation).toMatchObject([
    { kind: "message", content: [{ words: "mine" }] },
    { id: "one", content: [{ words: "kept" }] },
  ]);
  expect(client.all("conversation.item.added")).toHaveLength(2);
});
