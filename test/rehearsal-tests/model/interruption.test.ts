/** The caller speaks over the assistant: what stops, what still comes, and what a truncation is held to. */
import { afterEach, expect, test } from "bun:test";
import { PATIENCE_MS } from "../../patience.ts";
import { clip, silence } from "../../rehearsal/audio/clips.ts";
import type { ModelOptions } from "../../rehearsal/model/options.ts";
import type { SessionRecord } from "../../rehearsal/model/records.ts";
import { type Model, startModel } from "../../rehearsal/model/server.ts";
import { Client, field, SETTINGS, text } from "./client.ts";

let model: Model;
afterEach(() => model.stop());

/** A session in which a long answer is being given, and its id. */
async function answering(
  options: ModelOptions = {},
  turn_detection: object = { type: "server_vad" },
): Promise<{ client: Client; itemId: string; session: SessionRecord }> {
  model = await startModel({
    pace: 8,
    deltaMs: 100,
    thinkMs: 20,
    announceMs: 0,
    script: [
      {
        reply: [
          { tag: 9, ms: 240_000, words: "so many things ".repeat(320) },
          { tag: 10, ms: 1000 },
        ],
      },
      { reply: [{ tag: 11, ms: 100 }] },
    ],
    ...options,
  });
  const input = { format: { type: "audio/pcmu" }, turn_detection };
  const client = await Client.ready(model, { ...SETTINGS, audio: { ...SETTINGS.audio, input } });
  client.send({ type: "response.create" });
  const third = await client.next("response.output_audio.delta", 3);
  const session = model.sessions[0];
  if (session === undefined) throw new Error("no session");
  return { client, itemId: text(third, "item_id"), session };
}
const truncate = (item_id: string, audio_end_ms: number, content_index = 0) => ({
  type: "conversation.item.truncate",
  item_id,
  content_index,
  audio_end_ms,
});
const sentMs = (client: Client): number =>
  client
    .all("response.output_audio.delta")
    .reduce((sum, got) => sum + Buffer.from(text(got, "delta"), "base64").length / 8, 0);

test("speech cancels the response at once: its item is incomplete, and the next response follows the turn", async () => {
  const { client, itemId } = await answering();
  client.say(clip("caller-wait"));
  const done = await client.next("response.done");
  expect(field(done, "response.status_details")).toEqual({ type: "cancelled", reason: "turn_detected" });
  expect(field(done, "response.output.0.id")).toBe(itemId);
  expect(text(done, "response.output.0.status")).toBe("incomplete");
  expect(field(done, "response.output.1")).toBeUndefined();
  const from = client.types().indexOf("input_audio_buffer.speech_started");
  await client.next("rate_limits.updated", 2);
  expect(client.types().slice(from, from + 13)).toEqual([
    "input_audio_buffer.speech_started",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
    "response.created",
    "rate_limits.updated",
  ]);
  const committed = await client.next("input_audio_buffer.committed");
  expect(field(committed, "previous_item_id")).toBe(itemId);
});

test("what the done events say is what the deltas brought, no more", async () => {
  const { client } = await answering({ lateDeltas: 2 });
  client.say(clip("caller-wait"));
  await client.next("response.done");
  const said = client.all("response.output_audio_transcript.delta").map((got) => text(got, "delta"));
  expect(text(await client.next("response.output_audio_transcript.done"), "transcript")).toBe(said.join(""));
  expect(said.join("").length).toBeGreaterThan(0);
  expect(model.sessions[0]?.responses[0]?.soundMs).toBe(sentMs(client));
});

for (const lateDeltas of [0, 1, 3]) {
  test(`${lateDeltas} late deltas of the cancelled response come after speech_started, then its end`, async () => {
    const { client } = await answering({ lateDeltas });
    client.say(clip("caller-wait"));
    await client.next("response.done");
    const [from, to] = ["input_audio_buffer.speech_started", "response.done"].map((type) =>
      client.types().indexOf(type),
    );
    const between = client.types().slice(from, to);
    expect(between.filter((type) => type === "response.output_audio.delta")).toHaveLength(lateDeltas);
    // The turn ended while the deltas were still coming: its answer waits for them and is not refused.
    await client.next("response.done", 2);
    expect(client.all("error")).toBeEmpty();
    expect(model.sessions[0]?.responses.map(({ status }) => status)).toEqual(["cancelled", "completed"]);
  });
}

test("a response that has not begun to speak is cancelled without output", async () => {
  model = await startModel({ thinkMs: 2000 });
  const client = await Client.ready(model);
  client.send({ type: "response.create" });
  client.send({ type: "response.cancel" });
  const done = await client.next("response.done");
  expect(field(done, "response.output")).toEqual([]);
  expect(field(done, "response.status_details")).toEqual({ type: "cancelled", reason: "client_cancelled" });
  expect(field(done, "response.usage.output_tokens")).toBe(0);
});

test("a call that is cut off holds half a JSON and is incomplete", async () => {
  const given = { text: "a long text that takes many pieces ".repeat(1_000) };
  const { client } = await answering({
    script: [
      {
        reply: [
          { tag: 9, ms: 300 },
          { call: "send_mail", arguments: given },
        ],
      },
    ],
  });
  await client.next("response.function_call_arguments.delta", 3);
  client.send({ type: "response.cancel" });
  await client.next("response.done");
  const call = client.all("response.output_item.done").at(-1);
  if (call === undefined) throw new Error("no item");
  expect(text(call, "item.type")).toBe("function_call");
  expect(text(call, "item.status")).toBe("incomplete");
  expect(() => JSON.parse(text(call, "item.arguments"))).toThrow();
});

test("a client cancels by id, once", async () => {
  const { client, session } = await answering();
  const id = text(await client.next("response.created"), "response.id");
  client.send({ type: "response.cancel", response_id: "resp_other" });
  expect(text(await client.next("error"), "error.code")).toBe("response_cancel_not_active");
  client.send({ type: "response.cancel", response_id: id });
  client.send({ type: "response.cancel", response_id: id });
  expect(text(await client.next("error", 2), "error.code")).toBe("response_cancel_not_active");
  expect(text(await client.next("response.done"), "response.status_details.reason")).toBe("client_cancelled");
  expect(session.cancels.map(({ refused }) => refused === null)).toEqual([false, true, false]);
});

test("without interrupt_response the assistant talks on, and the answer to the turn is refused by the server itself", async () => {
  const { client, session } = await answering({}, { type: "server_vad", interrupt_response: false });
  client.say(clip("caller-mhm"));
  const error = await client.next("error");
  expect(text(error, "error.code")).toBe("conversation_already_has_active_response");
  expect(field(error, "error.event_id")).toBeNull();
  expect(session.responses.map(({ status }) => status)).toEqual(["in_progress"]);
  expect(session.errors[0]?.about).toBeNull();
});

test("without create_response a turn is committed and nothing is answered", async () => {
  const { client, session } = await answering({}, { type: "server_vad", create_response: false });
  client.say(clip("caller-wait"));
  await client.next("input_audio_buffer.committed");
  await client.next("response.done");
  client.send({ type: "response.create" });
  await client.next("response.done", 2);
  expect(session.responses.map(({ cause }) => cause)).toEqual(["create", "create"]);
});

test("without turn detection no sound is a turn, until it is committed by hand", async () => {
  const { client, session } = await answering();
  client.send({
    type: "session.update",
    session: { type: "realtime", audio: { input: { turn_detection: null } } },
  });
  await client.next("session.updated", 2);
  client.say(clip("caller-wait"));
  client.send({ type: "input_audio_buffer.commit" });
  await client.next("input_audio_buffer.committed");
  expect(client.all("input_audio_buffer.speech_started")).toBeEmpty();
  expect(session.responses.map(({ status }) => status)).toEqual(["in_progress"]);
});

test("another setting taken in the middle of a turn leaves the turn alone, another turn detection begins anew", async () => {
  const { client } = await answering();
  client.speak(clip("caller-day"));
  await client.next("input_audio_buffer.speech_started");
  client.send({ type: "session.update", session: { type: "realtime", instructions: "be brief" } });
  client.speak(silence(600));
  await client.next("input_audio_buffer.speech_stopped");
  client.speak(clip("caller-day"));
  await client.next("input_audio_buffer.speech_started", 2);
  const turn_detection = { type: "server_vad", threshold: 0.6 };
  client.send({
    type: "session.update",
    session: { type: "realtime", audio: { input: { turn_detection } } },
  });
  client.speak(silence(600));
  client.send({ type: "input_audio_buffer.clear" });
  await client.next("input_audio_buffer.cleared");
  expect(client.all("input_audio_buffer.speech_stopped")).toHaveLength(1);
});

test("a truncation within what was sent is taken, and deletes the transcript", async () => {
  const { client, itemId, session } = await answering();
  client.send({ type: "response.cancel" });
  await client.next("response.done");
  client.send(truncate(itemId, 250));
  const truncated = await client.next("conversation.item.truncated");
  expect([
    field(truncated, "item_id"),
    field(truncated, "content_index"),
    field(truncated, "audio_end_ms"),
  ]).toEqual([itemId, 0, 250]);
  client.send({ type: "conversation.item.retrieve", item_id: itemId });
  const item = await client.next("conversation.item.retrieved");
  expect(text(item, "item.content.0.transcript")).toBe("");
  expect(session.truncations).toMatchObject([
    { itemId, contentIndex: 0, audioEndMs: 250, sentMs: sentMs(client), refused: null },
  ]);
});

test("exactly what was sent may be truncated to, and not a millisecond more", async () => {
  const { client, itemId } = await answering();
  client.send({ type: "response.cancel" });
  await client.next("response.done");
  const all = sentMs(client);
  client.send({ event_id: "t1", ...truncate(itemId, all + 1) });
  const error = await client.next("error");
  expect(text(error, "error.code")).toBe("invalid_value");
  expect(text(error, "error.message")).toBe(`Audio content of ${all}ms is already shorter than ${all + 1}ms`);
  expect(text(error, "error.event_id")).toBe("t1");
  client.send(truncate(itemId, all));
  await client.next("conversation.item.truncated");
});

test("a second truncation can only shorten further", async () => {
  const { client, itemId } = await answering();
  client.send(truncate(itemId, 200));
  client.send(truncate(itemId, 201));
  expect(text(await client.next("error"), "error.message")).toBe(
    "Audio content of 200ms is already shorter than 201ms",
  );
  client.send(truncate(itemId, 0));
  await client.next("conversation.item.truncated", 2);
});

test("sound that comes after its item was truncated does not grow it again", async () => {
  const { client, itemId, session } = await answering();
  client.send(truncate(itemId, 100));
  await client.next("conversation.item.truncated");
  const before = client.all("response.output_audio.delta").length;
  await client.next("response.output_audio.delta", before + 3);
  client.send(truncate(itemId, 101));
  expect(text(await client.next("error"), "error.message")).toContain("of 100ms is already shorter");
  const item = session.items.find(({ id }) => id === itemId);
  if (item?.kind !== "message") throw new Error("no such item");
  expect(item.content[0]?.audioMs).toBe(100);
  expect(item.content[0]?.sentMs).toBeGreaterThanOrEqual(600);
});

test("an item that was announced and has not sounded yet cannot be truncated, not even to 0", async () => {
  model = await startModel({ thinkMs: 0, announceMs: 60_000, script: [{ reply: [{ tag: 5, ms: 100 }] }] });
  const client = await Client.ready(model);
  client.send({ type: "response.create" });
  const added = await client.next("response.content_part.added");
  client.send(truncate(text(added, "item_id"), 0));
  const error = await client.next("error");
  expect(text(error, "error.message")).toBe("Only model output audio messages can be truncated");
});

const WRONG = [
  ["an item that is not there", () => truncate("item_0", 10), "item_truncate_invalid_item_id"],
  ["a content that is not there", (id: string) => truncate(id, 10, 1), "invalid_value"],
  ["a negative time", (id: string) => truncate(id, -1), "invalid_value"],
  ["half a millisecond", (id: string) => truncate(id, 10.5), "invalid_type"],
] as const;
for (const [what, event, code] of WRONG) {
  test(`${what} is not truncated, and the record says so`, async () => {
    const { client, itemId, session } = await answering();
    client.send(event(itemId));
    const error = await client.next("error");
    expect(text(error, "error.code")).toBe(code);
    expect(session.truncations).toMatchObject([{ refused: text(error, "error.message") }]);
    expect(client.all("conversation.item.truncated")).toBeEmpty();
  });
}

test("the caller's own item is not truncated", async () => {
  const { client } = await answering();
  client.say(clip("caller-wait"));
  client.send(truncate(text(await client.next("input_audio_buffer.committed"), "item_id"), 0));
  expect(text(await client.next("error"), "error.code")).toBe("unsupported_content_type");
});

test("when the client hangs up in the middle, the response stops and is never finished", async () => {
  const { client, session } = await answering();
  client.close();
  await model.waitFor(() => session.closedAt, PATIENCE_MS);
  const sound = () => session.items.flatMap((item) => (item.kind === "message" ? item.content : []));
  const leftMs = sound()[0]?.sentMs;
  expect(leftMs).toBeGreaterThan(0);
  // Another session's sound is the clock: in the time of its three deltas this one would have sent as many.
  const other = await Client.ready(model);
  other.send({ type: "response.create" });
  await other.next("response.output_audio.delta", 3);
  expect(sound()[0]?.sentMs).toBe(leftMs ?? Number.NaN);
  expect(session.responses[0]?.doneAt).toBeUndefined();
});
