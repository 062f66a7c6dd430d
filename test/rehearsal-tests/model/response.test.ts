/** A response as the client sees it: the events, their order, their fields, and the account at the end. */
import { afterEach, expect, test } from "bun:test";
import { z } from "zod";
import { clip, silence, wordsOf } from "../../rehearsal/audio/clips.ts";
import type { ModelOptions } from "../../rehearsal/model/options.ts";
import type { Occasion } from "../../rehearsal/model/script.ts";
import { type Model, startModel } from "../../rehearsal/model/server.ts";
import { Client, field, SETTINGS, text } from "./client.ts";

let model: Model;
afterEach(() => model.stop());
const fast = { pace: 40, thinkMs: 20, announceMs: 10 };
async function ready(options: ModelOptions, session: object = SETTINGS): Promise<Client> {
  model = await startModel({ ...fast, ...options });
  return Client.ready(model, session);
}
const soundOf = (client: Client, itemId: string): Buffer =>
  Buffer.concat(
    client
      .all("response.output_audio.delta")
      .filter((got) => field(got, "item_id") === itemId)
      .map((got) => Buffer.from(text(got, "delta"), "base64")),
  );
const withoutDeltas = (client: Client): string[] =>
  client.types().filter((type, at, all) => !type.endsWith(".delta") || all[at - 2] !== type);

test("a spoken response comes in the live service's order", async () => {
  const client = await ready({ script: [{ reply: [{ tag: 5, ms: 200 }] }] });
  client.send({ type: "response.create" });
  await client.next("response.done");
  expect(client.types()).toEqual([
    "session.created",
    "conversation.created",
    "session.updated",
    "response.created",
    "rate_limits.updated",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
  ]);
  expect(new Set(client.got.map((got) => got.event.event_id)).size).toBe(client.got.length);
});

test("every byte and every word of a clip arrives, under one item and one response", async () => {
  const client = await ready({ script: [{ reply: [{ clip: "assistant-greeting" }] }] });
  client.send({ type: "response.create", response: { metadata: { reason: "greeting" } } });
  const done = await client.next("response.done");
  const created = await client.next("response.created");
  const added = await client.next("response.output_item.added");
  const itemId = text(added, "item.id");
  expect(soundOf(client, itemId).equals(clip("assistant-greeting"))).toBeTrue();
  const transcript = await client.next("response.output_audio_transcript.done");
  expect(text(transcript, "transcript")).toBe(wordsOf("assistant-greeting"));
  expect(text(created, "response.metadata.reason")).toBe("greeting");
  expect(text(created, "response.status")).toBe("in_progress");
  expect(text(added, "item.status")).toBe("in_progress");
  for (const delta of client.all("response.output_audio.delta")) {
    expect(field(delta, "response_id")).toBe(field(created, "response.id"));
    expect([field(delta, "item_id"), field(delta, "output_index"), field(delta, "content_index")]).toEqual([
      itemId,
      0,
      0,
    ]);
  }
  expect(text(done, "response.status")).toBe("completed");
  expect(field(done, "response.status_details")).toBeNull();
  expect(field(done, "response.output.0.id")).toBe(itemId);
  expect(text(done, "response.output.0.content.0.transcript")).toBe(wordsOf("assistant-greeting"));
  expect(text(done, "response.metadata.reason")).toBe("greeting");
  expect(text(await client.next("conversation.item.done"), "item.status")).toBe("completed");
});

test("a caller's turn comes in the live service's order, and is answered by itself", async () => {
  const client = await ready({ script: [{ on: "speech", reply: [{ tag: 5, ms: 100 }] }] });
  client.say(clip("caller-hello"));
  await client.next("response.done");
  expect(client.types().slice(3, 9)).toEqual([
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
    "response.created",
  ]);
  const started = await client.next("input_audio_buffer.speech_started");
  const ids = ["input_audio_buffer.speech_stopped", "input_audio_buffer.committed"].map(
    (type) => client.all(type)[0],
  );
  for (const got of ids) expect(got && field(got, "item_id")).toBe(field(started, "item_id"));
  const added = await client.next("conversation.item.added");
  expect(field(added, "item.id")).toBe(field(started, "item_id"));
  expect([text(added, "item.role"), text(added, "item.content.0.type")]).toEqual(["user", "input_audio"]);
  expect(field(started, "audio_start_ms")).toBeNumber();
  expect(model.sessions[0]?.turns).toBe(1);
});

test("words and a call in one response are two items, with an output_index each", async () => {
  const client = await ready({
    script: [
      {
        reply: [
          { tag: 5, ms: 200 },
          { call: "end_call", arguments: { why: "goodbye" }, callId: "call_1" },
        ],
      },
    ],
  });
  client.send({ type: "response.create" });
  const done = await client.next("response.done");
  const [, called] = client.all("response.output_item.done");
  if (called === undefined) throw new Error("no second item");
  expect(field(called, "output_index")).toBe(1);
  expect(field(called, "item")).toMatchObject({
    type: "function_call",
    status: "completed",
    name: "end_call",
    call_id: "call_1",
    arguments: '{"why":"goodbye"}',
  });
  const joined = client.all("response.function_call_arguments.delta").map((got) => text(got, "delta"));
  const whole = await client.next("response.function_call_arguments.done");
  expect(joined.join("")).toBe(text(whole, "arguments"));
  expect(text(whole, "name")).toBe("end_call");
  expect(z.array(z.unknown()).parse(field(done, "response.output"))).toHaveLength(2);
});

test("a call is answered once: the script hears of it, and a second answer is refused", async () => {
  const seen: Occasion[] = [];
  const client = await ready({
    script: (occasion) => {
      seen.push(occasion);
      return occasion.outputs.length === 0
        ? [{ call: "look_up", arguments: {}, callId: "call_7" }]
        : [{ tag: 3, ms: 40 }];
    },
  });
  client.send({ type: "response.create" });
  await client.next("response.done");
  const answer = {
    type: "conversation.item.create",
    item: { type: "function_call_output", call_id: "call_7", output: "nothing today" },
  };
  client.send(answer);
  await client.next("conversation.item.done", 2);
  client.send(answer);
  expect(text(await client.next("error"), "error.code")).toBe("invalid_tool_call_id");
  client.send({ type: "response.create" });
  await client.next("response.done", 2);
  expect(seen[1]?.outputs).toEqual([{ callId: "call_7", name: "look_up", output: "nothing today" }]);
});

test("the script is told of the greeting, of keys pressed, of turns and of what was heard", async () => {
  const seen: Occasion[] = [];
  const client = await ready({
    hears: ["Hi, what can you do for me?"],
    script: (occasion) => {
      seen.push(occasion);
      return [{ tag: 3, ms: 40 }];
    },
  });
  client.send({
    type: "response.create",
    response: { instructions: "Say hello.", metadata: { reason: "greeting" } },
  });
  await client.next("response.done");
  const content = [{ type: "input_text", text: "caller pressed 3" }];
  client.send({ type: "conversation.item.create", item: { type: "message", role: "user", content } });
  client.say(clip("caller-hello"));
  await client.next("response.done", 2);
  expect(seen).toMatchObject([
    { cause: "create", instructions: "Say hello.", metadata: { reason: "greeting" }, turn: 0, texts: [] },
    {
      cause: "speech",
      turn: 1,
      response: 2,
      heard: "Hi, what can you do for me?",
      texts: ["caller pressed 3"],
    },
  ]);
});

test("tool_choice none keeps calls out of a response", async () => {
  const reply = [
    { call: "end_call", arguments: {} },
    { tag: 4, ms: 40 },
  ];
  const client = await ready({ script: [{ reply }] });
  client.send({ type: "response.create", response: { tool_choice: "none" } });
  const done = await client.next("response.done");
  expect(field(done, "response.output.0.type")).toBe("message");
  expect(field(done, "response.output.1")).toBeUndefined();
});

test("a response out of band runs beside the conversation's and leaves nothing in it", async () => {
  const client = await ready({ script: () => [{ tag: 6, ms: 400 }] });
  client.send({ type: "response.create" });
  client.send({
    type: "response.create",
    response: { conversation: "none", output_modalities: ["text"], metadata: { topic: "summary" } },
  });
  const all = [await client.next("response.done"), await client.next("response.done", 2)];
  const beside = all.find((got) => field(got, "response.metadata.topic") === "summary");
  if (beside === undefined) throw new Error("no response out of band");
  expect(field(beside, "response.conversation_id")).toBeNull();
  expect(text(beside, "response.output.0.content.0.type")).toBe("output_text");
  expect(client.all("error")).toBeEmpty();
  expect(client.all("conversation.item.added")).toHaveLength(1);
  client.send({ type: "conversation.item.retrieve", item_id: text(beside, "response.output.0.id") });
  expect(text(await client.next("error"), "error.code")).toBe("item_retrieve_invalid_item_id");
});

test("a text response has text events and no sound", async () => {
  const client = await ready({ script: [{ reply: [{ clip: "assistant-first" }] }] });
  client.send({ type: "response.create", response: { output_modalities: ["text"] } });
  await client.next("response.done");
  const said = client.all("response.output_text.delta").map((got) => text(got, "delta"));
  expect(said.join("")).toBe(wordsOf("assistant-first"));
  expect(text(await client.next("response.output_text.done"), "text")).toBe(wordsOf("assistant-first"));
  expect(withoutDeltas(client).filter((type) => type.includes("audio"))).toBeEmpty();
});

test("a response can fail, with the server's reason", async () => {
  const ends = { status: "failed", code: "server_error", afterMs: 300 } as const;
  const client = await ready({ script: [{ reply: { output: [{ tag: 5, ms: 900 }], ends } }] });
  client.send({ type: "response.create" });
  const done = await client.next("response.done");
  expect(text(done, "response.status")).toBe("failed");
  expect(text(done, "response.status_details.error.code")).toBe("server_error");
  expect(text(done, "response.output.0.status")).toBe("incomplete");
  expect(model.sessions[0]?.responses[0]?.soundMs).toBe(300);
});

test("max_output_tokens cuts a response short: 50 ms of speech a token", async () => {
  const client = await ready({ script: [{ reply: [{ tag: 5, ms: 2000 }] }] });
  client.send({ type: "response.create", response: { max_output_tokens: 10 } });
  const done = await client.next("response.done");
  expect(field(done, "response.status_details")).toEqual({ type: "incomplete", reason: "max_output_tokens" });
  expect(model.sessions[0]?.responses[0]?.soundMs).toBe(500);
});

test("an empty reply is a completed response with no output: the model that promises and then says nothing", async () => {
  const client = await ready({ script: [{ reply: [] }] });
  client.send({ type: "response.create" });
  const done = await client.next("response.done");
  expect([text(done, "response.status"), field(done, "response.output")]).toEqual(["completed", []]);
});

test("tokens are counted: 100 ms of the caller, 50 ms of the assistant, and what was read before is cached", async () => {
  const client = await ready({ script: () => [{ tag: 5, ms: 1000, words: "four" }] });
  client.send({ type: "response.create", response: { instructions: "x".repeat(38) } });
  const first = await client.next("response.done");
  expect(field(first, "response.usage")).toEqual({
    total_tokens: 31,
    input_tokens: 10,
    output_tokens: 21,
    input_token_details: {
      text_tokens: 10,
      audio_tokens: 0,
      image_tokens: 0,
      cached_tokens: 0,
      cached_tokens_details: { text_tokens: 0, audio_tokens: 0, image_tokens: 0 },
    },
    output_token_details: { text_tokens: 1, audio_tokens: 20 },
  });
  client.send({
    type: "session.update",
    session: { ...SETTINGS, audio: { input: { turn_detection: null } } },
  });
  client.speak(silence(1000));
  client.send({ type: "input_audio_buffer.commit" });
  client.send({ type: "response.create", response: { instructions: "x".repeat(38) } });
  const second = await client.next("response.done", 2);
  expect(field(second, "response.usage.input_token_details")).toEqual({
    text_tokens: 11,
    audio_tokens: 30,
    image_tokens: 0,
    cached_tokens: 10,
    cached_tokens_details: { text_tokens: 10, audio_tokens: 0, image_tokens: 0 },
  });
});

test("transcription, where it is asked for, follows the caller's item; an unscripted one fails by itself", async () => {
  const input = { format: { type: "audio/pcmu" }, transcription: { model: "gpt-live-transcribe" } };
  const client = await ready(
    { hears: ["Hi, what can you do?"] },
    { ...SETTINGS, audio: { ...SETTINGS.audio, input } },
  );
  client.say(clip("caller-hello"));
  const kind = "conversation.item.input_audio_transcription";
  const completed = await client.next(`${kind}.completed`);
  expect(text(completed, "transcript")).toBe("Hi, what can you do?");
  expect(field(completed, "item_id")).toBe(
    field(await client.next("input_audio_buffer.committed"), "item_id"),
  );
  expect(text(completed, "usage.type")).toBe("tokens");
  client.say(clip("caller-no"));
  expect(text(await client.next(`${kind}.failed`), "error.code")).toBe("audio_unintelligible");
});

test("without transcription nothing is transcribed", async () => {
  const client = await ready({ hears: ["Hi"] });
  client.say(clip("caller-hello"));
  await client.next("response.done");
  expect(client.types().filter((type) => type.includes("transcription"))).toBeEmpty();
});

test("silence after an answer runs out: the idle timeout commits it and answers by itself", async () => {
  const turn_detection = { type: "server_vad", idle_timeout_ms: 5000 };
  const client = await ready(
    { script: () => [{ tag: 5, ms: 1000 }] },
    { ...SETTINGS, audio: { ...SETTINGS.audio, input: { format: { type: "audio/pcmu" }, turn_detection } } },
  );
  client.send({ type: "response.create" });
  await client.next("response.done");
  client.speak(silence(5980));
  client.send({ type: "input_audio_buffer.append", audio: "" });
  client.send({ type: "session.update", session: { type: "realtime" } });
  await client.next("session.updated", 2);
  expect(client.all("input_audio_buffer.timeout_triggered")).toBeEmpty();
  client.speak(silence(20));
  const timeout = await client.next("input_audio_buffer.timeout_triggered");
  expect([field(timeout, "audio_start_ms"), field(timeout, "audio_end_ms")]).toEqual([1000, 6000]);
  await client.next("response.done", 2);
  expect(model.sessions[0]?.responses.map(({ cause }) => cause)).toEqual(["create", "idle"]);
});

test("what was appended can be kept, to the byte", async () => {
  const client = await ready({ keepInput: true });
  client.speak(clip("caller-mhm"));
  client.send({ type: "input_audio_buffer.clear" });
  await client.next("input_audio_buffer.cleared");
  const session = model.sessions[0];
  expect(Buffer.concat(session?.input ?? []).equals(clip("caller-mhm"))).toBeTrue();
  expect(session?.appendedSamples).toBe(clip("caller-mhm").length);
  expect(session?.appends).toBe(Math.ceil(clip("caller-mhm").length / 160));
});
