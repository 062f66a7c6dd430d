import { describe, expect, test } from "bun:test";
import { decodeTwilio, encodeTwilio, SAMPLES_PER_MS, samplesIn } from "../../../relay/wire/twilio.ts";

const STREAM = "MZ00112233445566778899aabbccddeeff";
const START = {
  event: "start",
  sequenceNumber: "1",
  start: {
    accountSid: `AC${"fedcba9876543210".repeat(2)}`,
    streamSid: STREAM,
    callSid: `CA${"0123456789abcdef".repeat(2)}`,
    tracks: ["inbound"],
    mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
    customParameters: { profile0: "e30" },
  },
  streamSid: STREAM,
};
const MEDIA = {
  event: "media",
  sequenceNumber: "2",
  media: { track: "inbound", chunk: "1", timestamp: "1520", payload: "/////w==" },
  streamSid: STREAM,
};
const decode = (value: unknown) => decodeTwilio(JSON.stringify(value));

describe("frames as Twilio writes them", () => {
  test("connected", () => {
    expect(decode({ event: "connected", protocol: "Call", version: "1.0.0" })).toEqual({
      event: "connected",
    });
  });
  test("start, with its parameters", () => {
    const frame = decode(START);
    expect(frame).toMatchObject({ event: "start", streamSid: STREAM });
    expect(frame.event === "start" && frame.start.customParameters).toEqual({ profile0: "e30" });
  });
  test("start without parameters has none", () => {
    const { customParameters: _, ...bare } = START.start;
    const frame = decode({ ...START, start: bare });
    expect(frame.event === "start" && frame.start.customParameters).toEqual({});
  });
  test("media: the timestamp is a number in a string, the payload is left as it is", () => {
    const frame = decode(MEDIA);
    expect(frame.event === "media" && frame.media).toEqual({
      track: "inbound",
      timestamp: 1520,
      payload: "/////w==",
    });
  });
  test("dtmf, mark and stop", () => {
    expect(
      decode({ event: "dtmf", streamSid: STREAM, dtmf: { track: "inbound_track", digit: "#" } }),
    ).toMatchObject({ dtmf: { digit: "#" } });
    expect(decode({ event: "mark", streamSid: STREAM, mark: { name: "0.1" } })).toMatchObject({
      mark: { name: "0.1" },
    });
    expect(decode({ event: "stop", streamSid: STREAM, stop: {} })).toEqual({
      event: "stop",
      streamSid: STREAM,
    });
  });
});

describe("what Twilio does not send", () => {
  test.each([
    ["not json", "{"],
    ["not json", ""],
    ["unknown event", "null"],
    ["unknown event", "[]"],
    ["unknown event", '{"event":"cleared"}'],
    ["unknown event", '{"event":"__proto__"}'],
    ["unknown event", '{"event":"malformed"}'],
  ] as const)("%s: %s", (why, text) => {
    expect(decodeTwilio(text)).toEqual({ event: "malformed", why });
  });

  test.each([
    ["a timestamp that is no number", { ...MEDIA, media: { ...MEDIA.media, timestamp: "soon" } }],
    ["a negative timestamp", { ...MEDIA, media: { ...MEDIA.media, timestamp: "-20" } }],
    ["a timestamp past counting", { ...MEDIA, media: { ...MEDIA.media, timestamp: "9".repeat(16) } }],
    ["a timestamp without its string", { ...MEDIA, media: { ...MEDIA.media, timestamp: 20 } }],
    ["our own audio", { ...MEDIA, media: { ...MEDIA.media, track: "outbound" } }],
    ["no audio", { ...MEDIA, media: { ...MEDIA.media, payload: "" } }],
    ["no stream", { ...MEDIA, streamSid: undefined }],
    ["another encoding", { ...START, start: { ...START.start, mediaFormat: { encoding: "audio/l16" } } }],
    ["two digits", { event: "dtmf", streamSid: STREAM, dtmf: { digit: "12" } }],
    ["a key that no phone has", { event: "dtmf", streamSid: STREAM, dtmf: { digit: "E" } }],
    ["a mark without a name", { event: "mark", streamSid: STREAM, mark: {} }],
  ])("the wrong shape: %s", (_, value) => {
    expect(decode(value)).toEqual({ event: "malformed", why: "wrong shape" });
  });

  test("a refusal never holds what was refused", () => {
    const refused = decode({ ...MEDIA, media: { secret: "hush" } });
    expect(JSON.stringify(refused)).not.toContain("hush");
  });
});

test("frames to Twilio are exactly its three, with no field more", () => {
  expect(JSON.parse(encodeTwilio({ event: "clear", streamSid: STREAM }))).toEqual({
    event: "clear",
    streamSid: STREAM,
  });
  expect(encodeTwilio({ event: "media", streamSid: STREAM, media: { payload: "//8=" } })).toBe(
    `{"event":"media","streamSid":"${STREAM}","media":{"payload":"//8="}}`,
  );
});

describe("samples in base64", () => {
  test.each(Array.from({ length: 12 }, (_, i) => i))("%i bytes are %i samples", (bytes) => {
    expect(samplesIn(Buffer.alloc(bytes).toString("base64"))).toBe(bytes);
  });
  test("padding alone is none, and never less", () => {
    for (const text of ["", "=", "==", "A="]) expect(samplesIn(text)).toBe(0);
  });
  test("a second of audio is 8000", () => {
    expect(samplesIn(Buffer.alloc(8000).toString("base64"))).toBe(1000 * SAMPLES_PER_MS);
  });
});
