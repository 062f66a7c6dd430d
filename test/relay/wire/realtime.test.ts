import { describe, expect, test } from "bun:test";
import { decodeModel, encodeModel } from "../../../relay/wire/realtime.ts";

const decode = (value: unknown) => decodeModel(JSON.stringify(value));

describe("events that the relay acts on", () => {
  test("session.updated, down to the formats", () => {
    const session = {
      type: "realtime",
      id: "sess_1",
      audio: {
        input: { format: { type: "audio/pcmu" }, turn_detection: null },
        output: { format: { type: "audio/pcm", rate: 24000 }, voice: "marin" },
      },
    };
    expect(decode({ type: "session.updated", event_id: "e1", session })).toEqual({
      type: "session.updated",
      session: {
        audio: { input: { format: { type: "audio/pcmu" } }, output: { format: { type: "audio/pcm" } } },
      },
    });
  });

  test("a response's reason is read from its metadata, where there is one", () => {
    for (const metadata of [{ reason: "greeting" }, {}, null, undefined]) {
      const event = decode({
        type: "response.created",
        response: { id: "r1", metadata, status: "in_progress" },
      });
      expect(event.type === "response.created" && event.response.metadata?.reason).toBe(metadata?.reason);
    }
  });

  test("a delta, untouched", () => {
    const delta = {
      type: "response.output_audio.delta",
      response_id: "r1",
      item_id: "i1",
      content_index: 0,
      delta: "//8=",
    } as const;
    expect(decode({ ...delta, event_id: "e1", output_index: 3 })).toEqual(delta);
  });

  test("a function call is told from any other item", () => {
    const call = { type: "function_call", id: "i1", call_id: "c1", name: "end_call", arguments: "{}" };
    const done = decode({
      type: "response.output_item.done",
      response_id: "r1",
      item: { ...call, status: "completed" },
    });
    expect(done.type === "response.output_item.done" && "call_id" in done.item).toBe(true);
    const message = decode({
      type: "response.output_item.done",
      response_id: "r1",
      item: { type: "message", id: "i1", call_id: "c1", role: "assistant" },
    });
    expect(message.type === "response.output_item.done" && "call_id" in message.item).toBe(false);
  });

  test("an error, with nothing but the fields by which it is sorted", () => {
    const error = {
      type: "invalid_request_error",
      code: "unknown_parameter",
      message: "words of the caller may stand here",
      param: "session.temperature",
      event_id: "session-1",
    };
    const { message: _, ...kept } = error;
    expect(decode({ type: "error", event_id: "e1", error })).toEqual({ type: "error", error: kept });
  });

  test("a response that is done in some new way is done", () => {
    const event = decode({ type: "response.done", response: { id: "r1", status: "superseded" } });
    expect(event.type).toBe("response.done");
  });

  test("a failed response, with the code of its failure", () => {
    const event = decode({
      type: "response.done",
      response: {
        id: "r1",
        status: "failed",
        status_details: { type: "failed", error: { code: "server_error" } },
      },
    });
    expect(event.type === "response.done" && event.response.status_details?.error?.code).toBe("server_error");
  });
});

describe("everything else", () => {
  test.each([
    "session.created",
    "rate_limits.updated",
    "response.new_thing.delta",
    "constructor",
    "__proto__",
  ])("%s is not acted on, and is no error", (type) => {
    expect(decode({ type })).toEqual({ type: "other" });
  });

  test("no JSON, or no event at all", () => {
    for (const text of ["", "{", "null", "[]", "7", '{"type":7}'])
      expect(decodeModel(text)).toEqual({ type: "malformed", event: "unknown" });
  });

  test.each([
    ["session.updated", { session: {} }],
    ["response.created", { response: { id: "" } }],
    ["response.output_audio.delta", { response_id: "r", item_id: "i", content_index: -1, delta: "" }],
    ["response.output_audio.delta", { response_id: "r", item_id: "i", content_index: 0 }],
    ["response.output_audio.done", {}],
    ["response.output_item.done", { response_id: "r" }],
    ["conversation.item.added", { item: null }],
    ["response.done", { response: { id: "r" } }],
    ["error", {}],
  ] as const)("%s in a shape that it cannot have", (event, fields) => {
    expect(decode({ type: event, ...fields })).toEqual({ type: "malformed", event });
  });
});

test("what goes to the model is the wire's own names, verbatim", () => {
  expect(
    encodeModel({
      type: "conversation.item.truncate",
      event_id: "truncate-1",
      item_id: "i1",
      content_index: 0,
      audio_end_ms: 1234,
    }),
  ).toBe(
    '{"type":"conversation.item.truncate","event_id":"truncate-1","item_id":"i1","content_index":0,"audio_end_ms":1234}',
  );
});
