/** The media stream against a small relay: real sockets, real time, every frame held to Twilio's shape. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { validateRequest } from "twilio/lib/webhooks/webhooks.js";
import { PATIENCE_MS } from "../../patience.ts";
import { type OpenedStream, openStream } from "../../rehearsal/carrier/carrier.ts";
import { failureOf } from "./failure.ts";
import { ACCOUNT_SID, AUTH_TOKEN } from "./small-edge.ts";
import { type RelayStream, type SmallRelay, serveRelay } from "./small-relay.ts";

let relay: SmallRelay;
const open: OpenedStream[] = [];

beforeAll(() => {
  relay = serveRelay();
});
afterAll(async () => {
  for (const line of open) line.hangUp();
  await relay.stop();
});

type Options = Partial<Parameters<typeof openStream>[0]>;

async function connect(options: Options = {}): Promise<{ line: OpenedStream; stream: RelayStream }> {
  const line = dial(options);
  return { line, stream: await relay.nextStream() };
}

function dial(options: Options = {}): OpenedStream {
  const line = openStream({
    url: `${relay.url}/media-stream/token`,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    ...options,
  });
  open.push(line);
  return line;
}

const tone = (ms: number, byte: number): Uint8Array => new Uint8Array(ms * 8).fill(byte);

test("the handshake is signed over the very URL, in lower case, with nothing else", async () => {
  const { line, stream } = await connect();
  const signature = stream.headers.get("x-twilio-signature") ?? "";
  expect(validateRequest(AUTH_TOKEN, signature, stream.url, {})).toBe(true);
  expect(validateRequest("another token", signature, stream.url, {})).toBe(false);
  expect(validateRequest(AUTH_TOKEN, signature, `${stream.url}x`, {})).toBe(false);
  expect(stream.headers.has("sec-websocket-extensions")).toBe(false);
  line.hangUp();
  await line.ended;
});

test("a signature can be wrong, or missing, for who wants to be refused", async () => {
  const wrong = await connect({ sabotage: { streamSignature: "wrong" } });
  const none = await connect({ sabotage: { streamSignature: "none" } });
  const signature = wrong.stream.headers.get("x-twilio-signature") ?? "";
  expect(signature).not.toBe("");
  expect(validateRequest(AUTH_TOKEN, signature, wrong.stream.url, {})).toBe(false);
  expect(none.stream.headers.has("x-twilio-signature")).toBe(false);
});

test("connected, start, media: numbered without a gap, 20 ms apart, and all of the shape that Twilio documents", async () => {
  const { line, stream } = await connect({ parameters: { profile0: "abc", b: "" } });
  await stream.until(() => stream.of("media").length === 20);
  const [connected, start, ...rest] = stream.arrivals.map(({ frame }) => frame);
  expect(connected).toEqual({ event: "connected", protocol: "Call", version: "1.0.0" });
  expect(start).toEqual({
    event: "start",
    sequenceNumber: "1",
    start: {
      accountSid: ACCOUNT_SID,
      streamSid: line.streamSid,
      callSid: line.callSid,
      tracks: ["inbound"],
      mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
      customParameters: { profile0: "abc", b: "" },
    },
    streamSid: line.streamSid,
  });
  expect(rest.every(({ event }) => event === "media")).toBe(true);
  const media = stream.of("media");
  expect(media.map(({ sequenceNumber }) => Number(sequenceNumber))).toEqual(
    media.map((_, index) => index + 2),
  );
  expect(media.map(({ media }) => Number(media.chunk))).toEqual(media.map((_, index) => index + 1));
  const timestamps = media.map(({ media }) => Number(media.timestamp));
  expect(timestamps[0]).toBeWithin(0, 21);
  expect(timestamps.map((ms) => ms - (timestamps[0] ?? 0))).toEqual(media.map((_, index) => index * 20));
  expect(stream.heard().every((byte) => byte === 0xff)).toBe(true);
  expect(relay.faults).toEqual([]);
});

test("media keeps to real time: a hundred frames take two seconds, and none comes before its time", async () => {
  const fromMs = Math.floor(performance.now());
  const { stream } = await connect();
  await stream.until(() => stream.of("media").length >= 101);
  const lateMs = stream.arrivals.flatMap(({ atMs, frame }) =>
    frame.event === "media" ? [atMs - fromMs - Number(frame.media.timestamp)] : [],
  );
  expect(Math.min(...lateMs)).toBeGreaterThanOrEqual(0);
  // The least of a second's frames, for a machine that stands still makes those of that moment late.
  const [first, last] = [lateMs.slice(0, 50), lateMs.slice(-50)].map((some) => Math.min(...some));
  expect((last ?? Number.NaN) - (first ?? Number.NaN)).toBeLessThan(500);
});

test("what the caller says arrives whole and in order, with silence around it", async () => {
  const { line, stream } = await connect();
  const first = Uint8Array.from({ length: 500 }, (_, index) => index % 200);
  const second = tone(30, 0x42);
  const said = await Promise.all([line.say(first), line.say(second)]);
  expect(said).toEqual(["said", "said"]);
  await stream.until(() => stream.heard().includes(Buffer.concat([first, second])));
  await stream.until(() =>
    stream
      .heard()
      .subarray(-160)
      .every((byte) => byte === 0xff),
  );
  const heard = stream.heard();
  const at = heard.indexOf(Buffer.concat([first, second]));
  expect(at % 160).toBe(0);
  expect(heard.subarray(0, at).every((byte) => byte === 0xff)).toBe(true);
  expect(heard.subarray(at + 740).every((byte) => byte === 0xff)).toBe(true);
});

test("what the caller said is on record, sample for sample as the relay got it", async () => {
  const { line, stream } = await connect();
  await line.say(tone(50, 0x42));
  await line.say(tone(10, 0x43));
  line.hangUp();
  await line.ended;
  await stream.until(() => stream.closed !== undefined);
  const spoken = Buffer.from(line.spoken());
  const sent = stream.heard();
  expect(Array.from(spoken).filter((byte) => byte === 0x42)).toHaveLength(400);
  // The record begins at the answer, before the handshake; the ear's own is on the same clock.
  expect(spoken.subarray(-sent.length).equals(sent)).toBe(true);
  expect(Math.abs(spoken.length - line.ear.samples)).toBeLessThanOrEqual(160);
});

test("a caller who falls silent drops what was not yet said", async () => {
  const { line, stream } = await connect();
  const saying = line.say(tone(5000, 0x42));
  await stream.until(() => stream.heard().includes(0x42));
  line.hush();
  expect(await saying).toBe("cut off");
  const frames = stream.of("media").length;
  await stream.until(() => stream.of("media").length >= frames + 3);
  expect(
    stream
      .heard()
      .subarray(-160)
      .every((byte) => byte === 0xff),
  ).toBe(true);
});

test("left-out silence leaves no frame, while timestamps go on and numbers do not jump", async () => {
  const { line, stream } = await connect({ omitSilence: true });
  await line.say(tone(40, 0x42));
  // By the line's own clock, which has run all ticks until then.
  const quietFrom = line.ear.samples;
  line.press("1");
  await stream.until(() => stream.of("dtmf").length === 1);
  await until(() => line.ear.samples > quietFrom + 1600);
  await line.say(tone(40, 0x43));
  await stream.until(() => stream.of("media").length === 4);
  const media = stream.of("media");
  expect(media.map(({ media }) => media.chunk)).toEqual(["1", "2", "3", "4"]);
  expect(media.map(({ sequenceNumber }) => sequenceNumber)).toEqual(["2", "3", "5", "6"]);
  const [, second = 0, third = 0, fourth = 0] = media.map(({ media }) => Number(media.timestamp));
  expect(third - second).toBeGreaterThanOrEqual(200);
  expect((third - second) % 20).toBe(0);
  expect(fourth - third).toBe(20);
});

test("the caller hears exactly what was sent, from the first sample to the last", async () => {
  const { line, stream } = await connect();
  const sent = Uint8Array.from({ length: 2403 }, (_, index) => (index * 7) % 251);
  for (const [from, to] of [
    [0, 799],
    [799, 800],
    [800, 2403],
  ]) {
    stream.media(sent.subarray(from, to));
  }
  stream.mark("end");
  await stream.until(() => stream.of("mark").length === 1);
  const heard = Buffer.from(line.ear.bytes());
  const at = heard.indexOf(sent);
  expect(at).toBeGreaterThanOrEqual(0);
  expect(heard.subarray(0, at).every((byte) => byte === 0xff)).toBe(true);
  expect(heard.subarray(at + sent.length).every((byte) => byte === 0xff)).toBe(true);
  expect(line.ear.playedSamples).toBe(2403);
  expect(line.ear.firstAudioAfterAnswerMs).toBe(at / 8);
  const [first] = line.timeline.all("heard-first-audio");
  expect(first?.afterAnswerMs).toBe(at / 8);
});

test("marks come back in order, each when the audio before it has been played", async () => {
  /** What had been heard by then, which stands still when the machine does. */
  const playedAt: number[] = [];
  const { line, stream } = await connect({
    onEvent: ({ kind }) => {
      if (kind === "mark") playedAt.push(line.ear.playedSamples);
    },
  });
  const fromMs = performance.now();
  stream.mark("at once");
  stream.media(tone(200, 0x20));
  stream.mark("after 200");
  stream.mark("also");
  stream.media(tone(300, 0x21));
  stream.mark("after 500");
  await stream.until(() => stream.of("mark").length === 4);
  const marks = stream.arrivals.filter(({ frame }) => frame.event === "mark");
  expect(stream.of("mark").map(({ mark }) => mark.name)).toEqual([
    "at once",
    "after 200",
    "also",
    "after 500",
  ]);
  // Within the frame of 20 ms in which it was due.
  const [atOnce, after200, also, after500] = playedAt;
  expect([atOnce, also]).toEqual([0, after200]);
  expect(after200).toBeWithin(1600, 1760);
  expect(after500).toBeWithin(4000, 4160);
  const [, second = 0, , fourth = 0] = marks.map(({ atMs }) => atMs - fromMs);
  expect([second >= 199, fourth >= 499]).toEqual([true, true]);
});

test("clear stops playback at that sample, gives the marks back at once, and lets new audio begin", async () => {
  const { line, stream } = await connect();
  stream.media(tone(400, 0x20));
  stream.mark("heard");
  stream.media(tone(20_000, 0x21));
  stream.mark("never heard");
  await stream.until(() => stream.of("mark").length === 1);
  stream.clear();
  stream.media(tone(40, 0x22));
  stream.mark("new");
  await stream.until(() => stream.of("mark").length === 3);
  expect(stream.of("mark").map(({ mark }) => mark.name)).toEqual(["heard", "never heard", "new"]);
  const [clear] = line.ear.clears;
  if (clear === undefined) throw new Error("no clear recorded");
  expect(line.ear.heardOf(0x20)).toBe(3200);
  expect(line.ear.heardOf(0x21)).toBe(clear.playedSamples - 3200);
  expect(clear.playedSamples + clear.droppedSamples).toBe(163_200);
  expect(line.ear.heardOf(0x22)).toBe(320);
  expect(line.timeline.all("mark").map(({ why }) => why)).toEqual(["played", "cleared", "played"]);
  expect(line.timeline.all("cleared")).toMatchObject([
    { playedSamples: clear.playedSamples, droppedSamples: clear.droppedSamples, marks: ["never heard"] },
  ]);
});

test("a carrier told to ignore clear plays on, and its marks come back in their own time", async () => {
  const { line, stream } = await connect({ sabotage: { ignoreClear: true } });
  stream.media(tone(100, 0x20));
  stream.mark("played after all");
  stream.clear();
  await stream.until(() => stream.of("mark").length === 1);
  expect(line.ear.heardOf(0x20)).toBe(800);
  expect(line.ear.clears).toEqual([]);
});

test("the playhead at a clear is the time since playback began, between what this machine can tell of both", async () => {
  let arrivedMs = 0;
  const onMedia = () => {
    arrivedMs = performance.now();
  };
  const { line, stream } = await connect({ onMedia });
  for (const afterMs of [33, 47, 71, 89]) {
    const playedBefore = line.ear.playedSamples;
    const clears = line.ear.clears.length;
    const sentMs = performance.now();
    stream.media(tone(60_000, 0x20));
    await until(() => arrivedMs > sentMs && performance.now() >= sentMs + afterMs);
    const clearSentMs = performance.now();
    stream.clear();
    await until(() => line.ear.clears.length > clears);
    const clear = line.ear.clears[clears] ?? expect.unreachable();
    const playedMs = (clear.playedSamples - playedBefore) / 8;
    // It began between those two moments and ended between those; the sample at each end counts or does not.
    expect(playedMs).toBeGreaterThanOrEqual(clearSentMs - arrivedMs - 0.25);
    expect(playedMs).toBeLessThanOrEqual(line.timeline.startedMs + clear.atMs - sentMs + 0.25);
  }
});

test("digits reach the relay in order among the media", async () => {
  const { line, stream } = await connect();
  for (const digit of "4#*") line.press(digit);
  await stream.until(() => stream.of("dtmf").length === 3);
  expect(stream.of("dtmf").map(({ dtmf }) => dtmf.digit)).toEqual(["4", "#", "*"]);
  expect(line.timeline.all("dtmf").every(({ to }) => to === "stream")).toBe(true);
});

test("a hang-up sends stop as the last frame, then closes, and nothing is heard any more", async () => {
  const { line, stream } = await connect();
  stream.media(tone(3000, 0x20));
  await until(() => line.ear.heardOf(0x20) > 0);
  const saying = line.say(tone(2000, 0x30));
  line.hangUp();
  const report = await line.ended;
  await stream.until(() => stream.closed !== undefined);
  expect(stream.arrivals.at(-1)?.frame).toEqual({
    event: "stop",
    sequenceNumber: String(stream.arrivals.length - 1),
    stop: { accountSid: ACCOUNT_SID, callSid: line.callSid },
    streamSid: line.streamSid,
  });
  expect(stream.closed?.code).toBe(1000);
  expect(report.by).toBe("caller");
  expect(await saying).toBe("cut off");
  const [closed] = line.timeline.all("stream-closed");
  expect(closed?.droppedSamples).toBe(24_000 - line.ear.playedSamples);
  const { samples } = line.ear;
  await until(() => line.nowMs() > report.durationMs + 60);
  expect(line.ear.samples).toBe(samples);
});

test("when the relay closes, what it sent before still counts and what was not heard is dropped", async () => {
  const { line, stream } = await connect({ network: { oneWayMs: 60, jitterMs: 0, seed: 1 } });
  stream.media(tone(1000, 0x20));
  stream.mark("last");
  stream.close(1000, "goodbye");
  const report = await line.ended;
  expect(report).toMatchObject({ by: "relay", code: 1000, error: undefined });
  expect(report.frames.received).toEqual({ media: 1, mediaBytes: 8000, mark: 1, clear: 0 });
  expect(line.timeline.all("stream-closed")).toMatchObject([{ by: "relay", reason: "goodbye" }]);
});

test("a refused handshake tells the status, and no stream comes of it", async () => {
  const line = dial({ url: `${relay.url}/refuse/401` });
  expect(await line.opening).toMatchObject({ opened: false, status: 401 });
  expect(line.timeline.all("stream-refused")).toMatchObject([{ status: 401 }]);
  expect((await line.ended).frames.sent.media).toBe(0);
});

test("a relay that is not there is a refusal without a status", async () => {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const { port } = server;
  await server.stop(true);
  const line = dial({ url: `ws://127.0.0.1:${port}/m` });
  expect(await line.opening).toMatchObject({ opened: false, status: undefined });
});

test("a caller who hangs up during the handshake leaves nothing behind", async () => {
  const line = dial();
  line.hangUp();
  expect((await line.ended).by).toBe("caller");
});

const valid = (stream: RelayStream) => ({
  event: "media",
  streamSid: stream.streamSid,
  media: { payload: Buffer.alloc(160).toString("base64") },
});

const violations: Array<[number, string, (stream: RelayStream) => string | Uint8Array]> = [
  [31950, "a binary frame", (stream) => Buffer.from(JSON.stringify(valid(stream)))],
  [31951, "a frame that is not JSON", () => "media"],
  [31951, "an unknown event", (stream) => JSON.stringify({ event: "hangup", streamSid: stream.streamSid })],
  [31951, "a field too many", (stream) => JSON.stringify({ ...valid(stream), sequenceNumber: "1" })],
  [
    31951,
    "a field too many inside",
    (stream) => JSON.stringify({ ...valid(stream), media: { ...valid(stream).media, track: "outbound" } }),
  ],
  [31951, "no streamSid", (stream) => JSON.stringify({ ...valid(stream), streamSid: undefined })],
  [
    31951,
    "another stream's Sid",
    (stream) => JSON.stringify({ ...valid(stream), streamSid: `MZ${"0".repeat(32)}` }),
  ],
  [
    31951,
    "a payload that is not base64",
    (stream) => JSON.stringify({ ...valid(stream), media: { payload: "a*b=" } }),
  ],
  [
    31951,
    "base64 cut in the middle",
    (stream) => JSON.stringify({ ...valid(stream), media: { payload: "AAAAA" } }),
  ],
  [31951, "an empty payload", (stream) => JSON.stringify({ ...valid(stream), media: { payload: "" } })],
  [
    31951,
    "a mark without name",
    (stream) => JSON.stringify({ event: "mark", streamSid: stream.streamSid, mark: {} }),
  ],
  [
    31951,
    "a clear with something in it",
    (stream) => JSON.stringify({ event: "clear", streamSid: stream.streamSid, clear: {} }),
  ],
];

test.each(violations)("%i: %s ends the stream and is recorded", async (code, _, message) => {
  const { line, stream } = await connect();
  stream.raw(message(stream));
  const report = await line.ended;
  expect(report.by).toBe("carrier");
  expect(report.error).toStartWith(String(code));
  expect(line.timeline.all("protocol-error")).toMatchObject([{ code }]);
  await stream.until(() => stream.closed !== undefined);
  expect(stream.of("stop")).toEqual([]);
});

test("over a slow network order is kept, both ways, and a round trip takes its time", async () => {
  const { line, stream } = await connect({ network: { oneWayMs: 40, jitterMs: 20, seed: 3 } });
  await stream.until(() => stream.of("media").length > 5);
  const fromMs = performance.now();
  for (let index = 0; index < 50; index++) stream.mark(`m${index}`);
  await stream.until(() => stream.of("mark").length === 50);
  const marks = stream.arrivals.filter(({ frame }) => frame.event === "mark");
  expect(stream.of("mark").map(({ mark }) => mark.name)).toEqual(
    Array.from({ length: 50 }, (_, index) => `m${index}`),
  );
  // Two ways of 40 to 60 ms, of which network.test.ts has the upper bound; the rest is the machine's.
  expect(Math.min(...marks.map(({ atMs }) => atMs - fromMs))).toBeGreaterThanOrEqual(80);
  const numbers = stream.arrivals.flatMap(({ frame }) =>
    "sequenceNumber" in frame ? [Number(frame.sequenceNumber)] : [],
  );
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  expect(line.timeline.all("protocol-error")).toEqual([]);
});

test("sabotage changes the one thing it names", async () => {
  const callSid = `CA${"f".repeat(32)}`;
  const accountSid = `AC${"e".repeat(32)}`;
  const { line, stream } = await connect({
    parameters: { a: "1" },
    sabotage: {
      startCallSid: callSid,
      startAccountSid: accountSid,
      mutateParameters: ({ a }) => ({ a: `${a}2`, b: "3" }),
      mutateStreamUrl: (url) => `${url}-other`,
    },
  });
  expect(stream.url).toBe(`${relay.url}/media-stream/token-other`);
  const [start] = stream.of("start");
  expect(start?.start).toMatchObject({ callSid, accountSid, customParameters: { a: "12", b: "3" } });
  expect(start?.streamSid).toBe(line.streamSid);
});

test("a start can be kept back, or sent twice", async () => {
  const line = dial({ sabotage: { omitStart: true } });
  await line.waitFor("stream-opened", PATIENCE_MS);
  const without = relay.streams.at(-1);
  if (without === undefined) throw new Error("no stream came");
  await without.until(() => without.of("media").length >= 2);
  expect(without.arrivals.slice(0, 3).map(({ frame }) => frame.event)).toEqual([
    "connected",
    "media",
    "media",
  ]);
  const { stream } = await connect({ sabotage: { repeatStart: true } });
  await stream.until(() => stream.of("media").length === 1);
  expect(stream.of("start").map(({ sequenceNumber }) => sequenceNumber)).toEqual(["1", "2"]);
});

test("a wait for what does not come says so, and shows what came instead", async () => {
  const { line } = await connect();
  expect(String(await failureOf(line.waitFor("cleared", 50)))).toMatch(
    /cleared did not come: 50 ms went by.*stream-opened/,
  );
  const waiting = failureOf(line.waitFor("cleared", PATIENCE_MS));
  line.hangUp();
  expect(String(await waiting)).toContain("cleared did not come: the line has ended");
  expect(String(await failureOf(line.waitFor("cleared", PATIENCE_MS)))).toContain("the line has ended");
});

test("no frame of any of these streams had another shape than Twilio's", () => {
  expect(relay.faults).toEqual([]);
});

/** Turns the event loop until it is so; the test's own time limit is the deadline. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
}
