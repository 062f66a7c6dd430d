/** The caller's words in writing: what is written, when it comes among the events of the answer, and what fails. */
import { afterEach, expect, test } from "bun:test";
import { z } from "zod";
import { PATIENCE_MS } from "../../patience.ts";
import { clip } from "../../rehearsal/audio/clips.ts";
import type { ModelOptions } from "../../rehearsal/model/options.ts";
import type { Occasion } from "../../rehearsal/model/script.ts";
import { type Model, startModel } from "../../rehearsal/model/server.ts";
import { Client, field, SETTINGS, text } from "./client.ts";

let model: Model;
afterEach(() => model.stop());

const KIND = "conversation.item.input_audio_transcription";
const session = (transcription: object | null) => ({
  ...SETTINGS,
  audio: { ...SETTINGS.audio, input: { format: { type: "audio/pcmu" }, transcription } },
});
async function ready(
  options: ModelOptions,
  transcription: object = { model: "gpt-live-transcribe", language: "en" },
): Promise<Client> {
  model = await startModel({ pace: 40, thinkMs: 20, announceMs: 0, ...options });
  return Client.ready(model, session(transcription));
}
/** Where the transcript comes among the events of the answer. */
const order = (client: Client): string[] =>
  client.types().filter((type) => [`${KIND}.completed`, "response.created", "response.done"].includes(type));

test("the words come in pieces that join to the whole, under the caller's item", async () => {
  const client = await ready({ hears: ["Yes,  please do that."] });
  client.say(clip("caller-yes"));
  const completed = await client.next(`${KIND}.completed`);
  const deltas = client.all(`${KIND}.delta`);
  expect(deltas.length).toBeGreaterThan(1);
  expect(deltas.map((got) => text(got, "delta")).join("")).toBe("Yes,  please do that.");
  const itemId = field(await client.next("input_audio_buffer.committed"), "item_id");
  for (const got of [...deltas, completed]) {
    expect([field(got, "item_id"), field(got, "content_index")]).toEqual([itemId, 0]);
  }
  expect(field(completed, "usage")).toEqual({
    type: "tokens",
    total_tokens: 23,
    input_tokens: 17,
    output_tokens: 6,
    input_token_details: { text_tokens: 0, audio_tokens: 17 },
  });
  client.send({ type: "conversation.item.retrieve", item_id: itemId });
  const kept = await client.next("conversation.item.retrieved");
  expect(text(kept, "item.content.0.transcript")).toBe("Yes,  please do that.");
});

test("without a delay it comes before the answer to the turn", async () => {
  const client = await ready({ hears: ["Yes."] });
  client.say(clip("caller-yes"));
  await client.next("response.done");
  expect(order(client)).toEqual([`${KIND}.completed`, "response.created", "response.done"]);
});

for (const [after, expected] of [
  ["response.created", ["response.created", `${KIND}.completed`, "response.done"]],
  ["response.done", ["response.created", "response.done", `${KIND}.completed`]],
] as const) {
  test(`it can be held back until ${after}`, async () => {
    const client = await ready({ hears: [{ words: "Yes.", after }] });
    client.say(clip("caller-yes"));
    await Promise.all([client.next("response.done"), client.next(`${KIND}.completed`)]);
    expect(order(client)).toEqual([...expected]);
  });
}

test("it can take its time, all turns or one, and nothing waits for it", async () => {
  const client = await ready({
    transcribesAfterMs: 3_600_000,
    hears: ["Never in this test.", { words: "At once.", afterMs: 0 }, { words: "Soon.", afterMs: 30 }],
  });
  for (const turn of [1, 2, 3]) {
    client.say(clip("caller-yes"));
    await client.next("response.done", turn);
  }
  await client.next(`${KIND}.completed`, 2);
  expect(client.all(`${KIND}.completed`).map((got) => text(got, "transcript"))).toEqual([
    "At once.",
    "Soon.",
  ]);
  client.close();
  await model.waitFor(() => model.sessions[0]?.closedAt !== undefined, PATIENCE_MS);
});

test("a turn's transcription can fail, or hold no words at all", async () => {
  const client = await ready({ hears: [{ fails: "server_overloaded" }, ""] });
  client.say(clip("caller-yes"));
  const failed = await client.next(`${KIND}.failed`);
  expect(text(failed, "error.code")).toBe("server_overloaded");
  expect(field(failed, "item_id")).toBe(field(await client.next("input_audio_buffer.committed"), "item_id"));
  client.say(clip("caller-mhm"));
  expect(field(await client.next(`${KIND}.completed`), "transcript")).toBe("");
  expect(client.all(`${KIND}.delta`)).toBeEmpty();
  expect(model.events.filter(({ what }) => what === "transcribed")).toMatchObject([
    { failed: true },
    { failed: false },
  ]);
});

test("the words can be asked for turn by turn, and the script knows those that are written by now", async () => {
  const seen: Occasion[] = [];
  const client = await ready({
    hears: (turn) => ({ words: `Turn ${turn}.`, ...(turn === 2 ? { after: "response.done" } : {}) }),
    script: (occasion) => {
      seen.push(occasion);
      return [{ tag: 3, ms: 40 }];
    },
  });
  for (const turn of [1, 2]) {
    client.say(clip("caller-yes"));
    await client.next("response.done", turn);
  }
  expect(seen.map(({ heard, transcript }) => [heard, transcript])).toEqual([
    ["Turn 1.", "Turn 1."],
    ["Turn 2.", undefined],
  ]);
});

test("a model that listens by the second bills by the second", async () => {
  const client = await ready({ hears: ["Yes."] }, { model: "gpt-realtime-whisper", delay: "low" });
  client.say(clip("caller-yes"));
  const usage = z
    .strictObject({ type: z.literal("duration"), seconds: z.number() })
    .parse(field(await client.next(`${KIND}.completed`), "usage"));
  expect(usage.seconds).toBeGreaterThan(0);
});

test("a commit by hand is transcribed too, and transcription can be turned off", async () => {
  const client = await ready({ hears: ["One.", "Two."] });
  const off = { ...session(null).audio.input, turn_detection: null };
  client.send({
    type: "session.update",
    session: { ...SETTINGS, audio: { input: { ...off, transcription: { model: "gpt-live-transcribe" } } } },
  });
  await client.next("session.updated", 2);
  client.say(clip("caller-yes"));
  client.send({ type: "input_audio_buffer.commit" });
  expect(text(await client.next(`${KIND}.completed`), "transcript")).toBe("One.");
  client.send({ type: "session.update", session: { ...SETTINGS, audio: { input: off } } });
  await client.next("session.updated", 3);
  client.say(clip("caller-yes"));
  client.send({ type: "input_audio_buffer.commit" });
  await client.next("input_audio_buffer.committed", 2);
  client.send({ type: "input_audio_buffer.clear" });
  await client.next("input_audio_buffer.cleared");
  expect(client.all(`${KIND}.completed`)).toHaveLength(1);
});
