/** Everything that the real service refuses: the code, the parameter, the event's own id, and a session that lives on. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { silence } from "../../rehearsal/audio/clips.ts";
import { type Model, startModel } from "../../rehearsal/model/server.ts";
import { Client, field, SETTINGS, text } from "./client.ts";

let model: Model;
beforeAll(async () => {
  model = await startModel({ pace: 40, thinkMs: 20, announceMs: 0 });
});
afterAll(() => model.stop());

const update = (session: object) => ({ type: "session.update", session: { type: "realtime", ...session } });
const tool = (extra: object) => ({
  tools: [{ type: "function", name: "end_call", description: "", parameters: { type: "object" }, ...extra }],
});
const MCP_URL = "http://127.0.0.1:9/mcp";
const mcp = (extra: object) => ({ type: "mcp", server_label: "zapier", ...extra });
const input = (settings: object) => update({ audio: { input: settings } });
const output = (settings: object) => update({ audio: { output: settings } });
const item = (fields: object) => ({ type: "conversation.item.create", item: fields });
const message = { type: "message", role: "user", content: [{ type: "input_text", text: "hello" }] };

/** What is sent to a session that is set up and has said nothing; the code; the parameter. */
const REFUSED: ReadonlyArray<readonly [what: string, event: object, code: string, param: string | null]> = [
  ["an unknown type of event", { type: "session.upgrade" }, "invalid_value", "type"],
  ["an event without a type", { session: {} }, "missing_required_parameter", "type"],
  ["output_audio_buffer.clear", { type: "output_audio_buffer.clear" }, "invalid_value", "type"],
  ["temperature", update({ temperature: 0.8 }), "unknown_parameter", "session.temperature"],
  [
    "a ratio that keeps more than there is",
    update({ truncation: { type: "retention_ratio", retention_ratio: 1.2 } }),
    "invalid_value",
    "session.truncation.retention_ratio",
  ],
  ["modalities, a beta name", update({ modalities: ["audio"] }), "unknown_parameter", "session.modalities"],
  [
    "both modalities",
    update({ output_modalities: ["audio", "text"] }),
    "invalid_value",
    "session.output_modalities",
  ],
  [
    "a session without its type",
    { type: "session.update", session: {} },
    "missing_required_parameter",
    "session.type",
  ],
  ["a beta name beside audio", update({ voice: "marin" }), "unknown_parameter", "session.voice"],
  [
    "a rate on mu-law",
    input({ format: { type: "audio/pcmu", rate: 8000 } }),
    "unknown_parameter",
    "session.audio.input.format.rate",
  ],
  ["a beta format", input({ format: "g711_ulaw" }), "invalid_type", "session.audio.input.format"],
  ["an unknown voice", output({ voice: "nova" }), "invalid_value", "session.audio.output.voice"],
  ["a speed of 2", output({ speed: 2 }), "invalid_value", "session.audio.output.speed"],
  [
    "a threshold of 1.5",
    input({ turn_detection: { type: "server_vad", threshold: 1.5 } }),
    "invalid_value",
    "session.audio.input.turn_detection.threshold",
  ],
  [
    "eagerness on server_vad",
    input({ turn_detection: { type: "server_vad", eagerness: "low" } }),
    "unknown_parameter",
    "session.audio.input.turn_detection.eagerness",
  ],
  [
    "a silence in words",
    input({ turn_detection: { type: "server_vad", silence_duration_ms: "500" } }),
    "invalid_type",
    "session.audio.input.turn_detection.silence_duration_ms",
  ],
  [
    "an unknown noise reduction",
    input({ noise_reduction: { type: "phone" } }),
    "invalid_value",
    "session.audio.input.noise_reduction.type",
  ],
  ["another model", update({ model: "gpt-realtime-2" }), "invalid_value", "session.model"],
  ["a tool with an extra key", update(tool({ meta: {} })), "unknown_parameter", "session.tools[0].meta"],
  ["a strict tool", update(tool({ strict: true })), "unknown_parameter", "session.tools[0].strict"],
  [
    "a tool with annotations",
    update(tool({ annotations: { readOnlyHint: true } })),
    "unknown_parameter",
    "session.tools[0].annotations",
  ],
  [
    "a tool's output schema",
    update(tool({ outputSchema: {} })),
    "unknown_parameter",
    "session.tools[0].outputSchema",
  ],
  [
    "a tool that takes one of two things",
    update(tool({ parameters: { type: "object", anyOf: [{ required: ["a"] }, { required: ["b"] }] } })),
    "invalid_value",
    "session.tools[0].parameters",
  ],
  [
    "a description of 1025 characters",
    update(tool({ description: "a".repeat(1025) })),
    "invalid_value",
    "session.tools[0].description",
  ],
  [
    "two tools of one name",
    update({ tools: [...tool({}).tools, ...tool({}).tools] }),
    "invalid_value",
    "session.tools",
  ],
  ["an MCP server without an address", update({ tools: [mcp({})] }), "invalid_value", "session.tools[0]"],
  [
    "an MCP server with two addresses",
    update({ tools: [mcp({ server_url: MCP_URL, tunnel_id: "t" })] }),
    "invalid_value",
    "session.tools[0]",
  ],
  [
    "an MCP server with a name",
    update({ tools: [mcp({ server_url: MCP_URL, name: "zapier" })] }),
    "unknown_parameter",
    "session.tools[0].name",
  ],
  [
    "a server label with a space",
    update({ tools: [mcp({ server_url: MCP_URL, server_label: "my zapier" })] }),
    "invalid_value",
    "session.tools[0].server_label",
  ],
  [
    "two servers of one label",
    update({ tools: [mcp({ server_url: MCP_URL }), mcp({ server_url: `${MCP_URL}/2` })] }),
    "invalid_value",
    "session.tools",
  ],
  [
    "an approval that is sometimes required",
    update({ tools: [mcp({ server_url: MCP_URL, require_approval: "sometimes" })] }),
    "invalid_value",
    "session.tools[0].require_approval",
  ],
  [
    "a filter of tools by their kind",
    update({ tools: [mcp({ server_url: MCP_URL, allowed_tools: { kinds: [] } })] }),
    "unknown_parameter",
    "session.tools[0].allowed_tools.kinds",
  ],
  [
    "a forced call of a server that is not there",
    update({ tool_choice: { type: "mcp", server_label: "zapier" } }),
    "invalid_value",
    "session.tool_choice",
  ],
  [
    "an MCP server for one response",
    { type: "response.create", response: { tools: [mcp({ server_url: MCP_URL })] } },
    "invalid_value",
    "response.tools",
  ],
  [
    "an approval without its own id",
    item({ type: "mcp_approval_response", approval_request_id: "mcpr_0", approve: true }),
    "missing_required_parameter",
    "item.id",
  ],
  [
    "an approval of nothing",
    item({ type: "mcp_approval_response", id: "a", approval_request_id: "mcpr_0", approve: true }),
    "item_not_found",
    "item.approval_request_id",
  ],
  [
    "an approval with a status",
    item({
      type: "mcp_approval_response",
      id: "a",
      approval_request_id: "mcpr_0",
      approve: true,
      status: "completed",
    }),
    "unknown_parameter",
    "item.status",
  ],
  ["an MCP call made up by the client", item({ type: "mcp_call", id: "a" }), "invalid_value", "item.type"],
  [
    "a delay of a transcription that has none",
    input({ transcription: { model: "gpt-transcribe", delay: "low" } }),
    "unsupported_parameter",
    "session.audio.input.transcription.delay",
  ],
  [
    "keywords for whisper",
    input({ transcription: { model: "whisper-1", keywords: ["Anna"] } }),
    "unsupported_parameter",
    "session.audio.input.transcription.keywords",
  ],
  [
    "a prompt for the whisper of Realtime",
    input({ transcription: { model: "gpt-realtime-whisper", prompt: "Names" } }),
    "unsupported_parameter",
    "session.audio.input.transcription.prompt",
  ],
  [
    "a transcription model that there is not",
    input({ transcription: { model: "gpt-ear" } }),
    "invalid_value",
    "session.audio.input.transcription.model",
  ],
  [
    "a tool with a dot in its name",
    update(tool({ name: "mail.send" })),
    "invalid_value",
    "session.tools[0].name",
  ],
  [
    "a tool of 65 characters",
    update(tool({ name: "a".repeat(65) })),
    "invalid_value",
    "session.tools[0].name",
  ],
  [
    "a tool that takes a string",
    update(tool({ parameters: { type: "string" } })),
    "invalid_value",
    "session.tools[0].parameters.type",
  ],
  [
    "a tool whose parameters have no type",
    update(tool({ parameters: { properties: {} } })),
    "missing_required_parameter",
    "session.tools[0].parameters.type",
  ],
  [
    "a choice of a tool that is not there",
    update({ tool_choice: { type: "function", name: "nap" } }),
    "invalid_value",
    "session.tool_choice",
  ],
  [
    "max_output_tokens below 1",
    update({ max_output_tokens: -5 }),
    "invalid_value",
    "session.max_output_tokens",
  ],
  [
    "an append that is no base64",
    { type: "input_audio_buffer.append", audio: "ÿÿ" },
    "invalid_value",
    "audio",
  ],
  [
    "an append cut off in the middle",
    { type: "input_audio_buffer.append", audio: "/////" },
    "invalid_value",
    "audio",
  ],
  ["an append without sound", { type: "input_audio_buffer.append" }, "missing_required_parameter", "audio"],
  ["a commit of nothing", { type: "input_audio_buffer.commit" }, "input_audio_buffer_commit_empty", null],
  ["a cancel of nothing", { type: "response.cancel" }, "response_cancel_not_active", null],
  [
    "a cancel of a response that never was",
    { type: "response.cancel", response_id: "resp_1" },
    "response_cancel_not_active",
    null,
  ],
  [
    "a response with temperature",
    { type: "response.create", response: { temperature: 1 } },
    "unknown_parameter",
    "response.temperature",
  ],
  [
    "metadata that is a number",
    { type: "response.create", response: { metadata: { n: 1 } } },
    "invalid_type",
    "response.metadata.n",
  ],
  [
    "a reference to nothing",
    {
      type: "response.create",
      response: { conversation: "none", input: [{ type: "item_reference", id: "item_0" }] },
    },
    "item_not_found",
    "response.input[0].id",
  ],
  ["an item of an unknown type", item({ type: "note" }), "invalid_value", "item.type"],
  ["an item without a type", item({ role: "user" }), "missing_required_parameter", "item.type"],
  [
    "a user's words as output",
    item({ ...message, content: [{ type: "output_text", text: "" }] }),
    "invalid_value",
    "item.content[0].type",
  ],
  [
    "an assistant's sound",
    item({ type: "message", role: "assistant", content: [{ type: "output_audio" }] }),
    "invalid_value",
    "item.content[0].type",
  ],
  ["an item's id of 33 characters", item({ ...message, id: "i".repeat(33) }), "invalid_value", "item.id"],
  [
    "an item after one that is not there",
    { ...item(message), previous_item_id: "item_0" },
    "item_not_found",
    "previous_item_id",
  ],
  [
    "an answer to a call that never was",
    item({ type: "function_call_output", call_id: "call_0", output: "" }),
    "invalid_tool_call_id",
    null,
  ],
  [
    "an answer that is an object",
    item({ type: "function_call_output", call_id: "call_0", output: {} }),
    "invalid_type",
    "item.output",
  ],
  [
    "a retrieval of nothing",
    { type: "conversation.item.retrieve", item_id: "item_0" },
    "item_retrieve_invalid_item_id",
    null,
  ],
  [
    "a deletion of nothing",
    { type: "conversation.item.delete", item_id: "item_0" },
    "item_delete_invalid_item_id",
    null,
  ],
];

for (const [what, event, code, param] of REFUSED) {
  test(`${what}: ${code}, naming ${param ?? "no parameter"}; the session goes on`, async () => {
    const client = await Client.ready(model);
    client.send({ event_id: "mine_1", ...event });
    const error = await client.next("error");
    expect([field(error, "error.code"), field(error, "error.param")]).toEqual([code, param]);
    expect(text(error, "error.type")).toBe("invalid_request_error");
    expect(text(error, "error.event_id")).toBe("mine_1");
    client.send({ type: "input_audio_buffer.clear" });
    await client.next("input_audio_buffer.cleared");
    expect(model.sessions.at(-1)?.errors).toMatchObject([{ code, param, eventId: "mine_1" }]);
    expect(model.sessions.at(-1)?.updates).toBe(1);
    client.close();
  });
}

test("what is no JSON is refused, and the session goes on", async () => {
  const client = await Client.ready(model);
  client.sendRaw("{");
  expect(field(await client.next("error"), "error.event_id")).toBeNull();
  client.send({ type: "input_audio_buffer.clear" });
  await client.next("input_audio_buffer.cleared");
  client.close();
});

test("one wrong field voids the whole update", async () => {
  const client = await Client.ready(model);
  client.send(update({ instructions: "be brief", temperature: 0.8, ...tool({}) }));
  await client.next("error");
  client.send(update({}));
  const updated = await client.next("session.updated", 2);
  expect(field(updated, "session.tools")).toEqual([]);
  expect(text(updated, "session.instructions")).not.toBe("be brief");
  client.close();
});

test("only what an update names is changed, and null turns things off", async () => {
  const client = await Client.ready(model);
  client.send(
    input({
      noise_reduction: { type: "near_field" },
      turn_detection: { type: "server_vad", threshold: 0.6 },
    }),
  );
  await client.next("session.updated", 2);
  client.send(update({ instructions: "be brief" }));
  const kept = await client.next("session.updated", 3);
  expect(field(kept, "session.audio.input.turn_detection")).toEqual({
    type: "server_vad",
    threshold: 0.6,
    prefix_padding_ms: 300,
    silence_duration_ms: 500,
    idle_timeout_ms: null,
    create_response: true,
    interrupt_response: true,
  });
  expect(text(kept, "session.audio.input.noise_reduction.type")).toBe("near_field");
  client.send(input({ noise_reduction: null, turn_detection: null }));
  const off = await client.next("session.updated", 4);
  expect(field(off, "session.audio.input.turn_detection")).toBeNull();
  expect(field(off, "session.audio.input.noise_reduction")).toBeNull();
  client.close();
});

test("once the assistant has spoken another voice drops the whole update, and the same voice does not", async () => {
  const client = await Client.ready(model);
  client.send(output({ voice: "cedar" }));
  await client.next("session.updated", 2);
  client.send({ type: "response.create" });
  await client.next("response.done");
  client.send(update({ audio: { output: { voice: "marin" } }, ...tool({}) }));
  expect(text(await client.next("error"), "error.code")).toBe("cannot_update_voice");
  client.send(update({ audio: { output: { voice: "cedar" } } }));
  const updated = await client.next("session.updated", 3);
  expect(field(updated, "session.tools")).toEqual([]);
  client.close();
});

test("the voice is settled by the first sound, not by the end of the response", async () => {
  const client = await Client.ready(model);
  client.send({ type: "response.create" });
  await client.next("response.output_audio.delta");
  client.send(output({ voice: "cedar" }));
  expect(text(await client.next("error"), "error.code")).toBe("cannot_update_voice");
  client.close();
});

test("a model that does not reason refuses what belongs to reasoning", async () => {
  const client = await Client.ready(model, SETTINGS, "?model=gpt-realtime-1.5");
  client.send(update({ reasoning: { effort: "low" } }));
  expect(text(await client.next("error"), "error.param")).toBe("session.reasoning");
  client.send(update({ parallel_tool_calls: true }));
  expect(text(await client.next("error", 2), "error.param")).toBe("session.parallel_tool_calls");
  client.send({ type: "response.create", response: { reasoning: { effort: "low" } } });
  expect(text(await client.next("error", 3), "error.param")).toBe("response.reasoning");
  client.close();
});

test("a model that reasons takes it", async () => {
  const client = await Client.ready(model);
  client.send(update({ reasoning: { effort: "low" }, parallel_tool_calls: false }));
  const updated = await client.next("session.updated", 2);
  expect(text(updated, "session.reasoning.effort")).toBe("low");
  client.close();
});

test("a second response in the conversation is refused while one is under way, by name", async () => {
  const client = await Client.ready(model);
  client.send({ type: "response.create" });
  client.send({ type: "response.create", event_id: "mine_2" });
  const [created, error] = [await client.next("response.created"), await client.next("error")];
  expect(text(error, "error.code")).toBe("conversation_already_has_active_response");
  expect(text(error, "error.message")).toContain(text(created, "response.id"));
  expect(text(error, "error.event_id")).toBe("mine_2");
  await client.next("response.done");
  client.send({ type: "response.create" });
  await client.next("response.done", 2);
  client.close();
});

test("a commit needs 100 ms of sound", async () => {
  const client = await Client.ready(model);
  client.send(input({ turn_detection: null }));
  client.speak(silence(80));
  client.send({ type: "input_audio_buffer.commit" });
  expect(text(await client.next("error"), "error.message")).toContain("only has 80.00ms of audio");
  client.speak(silence(20));
  client.send({ type: "input_audio_buffer.commit" });
  await client.next("input_audio_buffer.committed");
  client.send({ type: "input_audio_buffer.commit" });
  expect(text(await client.next("error", 2), "error.code")).toBe("input_audio_buffer_commit_empty");
  client.close();
});

test("sound before the session is set to mu-law is refused, in either direction", async () => {
  const client = await Client.connect(model);
  client.speak(silence(20));
  expect(text(await client.next("error"), "error.message")).toContain("audio.input.format");
  client.send({ type: "response.create" });
  expect(text(await client.next("error", 2), "error.message")).toContain("audio.output.format");
  client.close();
});

test("an item's id cannot be given twice, and a deleted item leaves no gap", async () => {
  const client = await Client.ready(model);
  client.send(item({ ...message, id: "one" }));
  client.send(item({ ...message, id: "two" }));
  client.send(item({ ...message, id: "two" }));
  expect(text(await client.next("error"), "error.param")).toBe("item.id");
  client.send({ type: "conversation.item.delete", item_id: "two" });
  client.send(item({ ...message, id: "three" }));
  expect(text(await client.next("conversation.item.added", 3), "previous_item_id")).toBe("one");
  client.send({ ...item({ ...message, id: "zero" }), previous_item_id: "root" });
  expect(field(await client.next("conversation.item.added", 4), "previous_item_id")).toBeNull();
  client.close();
});

test("a server that still takes temperature can be had, and one that refuses more", async () => {
  const odd = await startModel({
    accepts: { temperature: true },
    refuses: ["session.audio.input.noise_reduction"],
  });
  const client = await Client.ready(odd, { ...SETTINGS, temperature: 0.8 });
  expect(field(await client.next("session.updated"), "session.temperature")).toBe(0.8);
  client.send(input({ noise_reduction: { type: "near_field" } }));
  const error = await client.next("error");
  expect(text(error, "error.code")).toBe("unknown_parameter");
  expect(text(error, "error.param")).toBe("session.audio.input.noise_reduction");
  await odd.stop();
});
