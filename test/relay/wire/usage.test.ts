/** What OpenAI reports of tokens is read as far as it can be, and never hides the event that carries it. */
import { describe, expect, test } from "bun:test";
import { decodeModel } from "../../../relay/wire/realtime.ts";

const done = (usage: unknown) =>
  decodeModel(
    JSON.stringify({ type: "response.done", response: { id: "resp_1", status: "completed", usage } }),
  );
const transcribed = (usage: unknown) =>
  decodeModel(
    JSON.stringify({
      type: "conversation.item.input_audio_transcription.completed",
      item_id: "item_1",
      content_index: 0,
      transcript: "hello",
      usage,
    }),
  );

const USAGE = {
  total_tokens: 253,
  input_tokens: 132,
  output_tokens: 121,
  input_token_details: {
    text_tokens: 119,
    audio_tokens: 13,
    image_tokens: 0,
    cached_tokens: 64,
    cached_tokens_details: { text_tokens: 64, audio_tokens: 0, image_tokens: 0 },
  },
  output_token_details: { text_tokens: 30, audio_tokens: 91 },
};

describe("the usage of a response", () => {
  test("is read, by kind", () => {
    expect(done(USAGE)).toEqual({
      type: "response.done",
      response: {
        id: "resp_1",
        status: "completed",
        usage: {
          input_tokens: 132,
          output_tokens: 121,
          input_token_details: {
            text_tokens: 119,
            audio_tokens: 13,
            cached_tokens: 64,
            cached_tokens_details: { text_tokens: 64, audio_tokens: 0 },
          },
          output_token_details: { text_tokens: 30, audio_tokens: 91 },
        },
      },
    });
  });

  for (const strange of [
    null,
    undefined,
    "none",
    7,
    [],
    { input_token_details: "many" },
    { input_tokens: -1 },
  ]) {
    test(`that is ${JSON.stringify(strange)} leaves the response over, and reports nothing`, () => {
      const event = done(strange);
      if (event.type !== "response.done") throw new Error(event.type);
      expect(event.response.id).toBe("resp_1");
      expect(event.response.usage?.input_tokens).toBeUndefined();
      expect(event.response.usage?.input_token_details?.audio_tokens).toBeUndefined();
    });
  }

  test("loses what is no count, and keeps what is one", () => {
    const event = done({ input_token_details: { text_tokens: 1.5, audio_tokens: 7 }, output_tokens: 1e12 });
    expect(event).toMatchObject({ response: { usage: { input_token_details: { audio_tokens: 7 } } } });
    if (event.type !== "response.done") throw new Error(event.type);
    expect(event.response.usage?.input_token_details?.text_tokens).toBeUndefined();
    expect(event.response.usage?.output_tokens).toBeUndefined();
  });
});

describe("the usage of a transcription", () => {
  test("is read by tokens, and by the length of the audio", () => {
    const tokens = { type: "tokens", input_tokens: 20, output_tokens: 4, total_tokens: 24 };
    const read = { type: "tokens", input_tokens: 20, output_tokens: 4 };
    expect(transcribed(tokens)).toMatchObject({ usage: read });
    expect(transcribed({ type: "duration", seconds: 3.5 })).toMatchObject({
      usage: { type: "duration", seconds: 3.5 },
    });
  });

  for (const strange of [
    null,
    undefined,
    {},
    { type: "pages", pages: 2 },
    { type: "duration", seconds: -1 },
  ]) {
    test(`that is ${JSON.stringify(strange)} leaves the words, and reports nothing`, () => {
      const event = transcribed(strange);
      expect(event).toMatchObject({ transcript: "hello" });
      expect("usage" in event ? event.usage : undefined).toBeUndefined();
    });
  }
});
