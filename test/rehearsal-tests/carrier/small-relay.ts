/**
 * A relay small enough to see through, for the carrier's own tests: it records every frame, holds each to the shape
 * that Twilio documents, and does what a test tells it. It must not share code with the carrier or the real relay.
 */

import { z } from "zod";
import { PATIENCE_MS } from "../../patience.ts";

const numeric = z.string().regex(/^(0|[1-9]\d*)$/);
const sequenceNumber = z.string().regex(/^[1-9]\d*$/);
const streamSid = z.string().regex(/^MZ[0-9a-f]{32}$/);
const accountSid = z.string().regex(/^AC[0-9a-f]{32}$/);
const callSid = z.string().regex(/^CA[0-9a-f]{32}$/);

/** https://www.twilio.com/docs/voice/media-streams/websocket-messages, as strictly as it can be read. */
export const TwilioFrame = z.discriminatedUnion("event", [
  z.strictObject({
    event: z.literal("connected"),
    protocol: z.literal("Call"),
    version: z.literal("1.0.0"),
  }),
  z.strictObject({
    event: z.literal("start"),
    sequenceNumber,
    start: z.strictObject({
      accountSid,
      streamSid,
      callSid,
      tracks: z.tuple([z.literal("inbound")]),
      mediaFormat: z.strictObject({
        encoding: z.literal("audio/x-mulaw"),
        sampleRate: z.literal(8000),
        channels: z.literal(1),
      }),
      customParameters: z.record(z.string(), z.string()),
    }),
    streamSid,
  }),
  z.strictObject({
    event: z.literal("media"),
    sequenceNumber,
    media: z.strictObject({
      track: z.literal("inbound"),
      chunk: sequenceNumber,
      timestamp: numeric,
      payload: z.base64().length(216),
    }),
    streamSid,
  }),
  z.strictObject({
    event: z.literal("dtmf"),
    streamSid,
    sequenceNumber,
    dtmf: z.strictObject({ track: z.literal("inbound_track"), digit: z.string().regex(/^[0-9#*A-D]$/) }),
  }),
  z.strictObject({
    event: z.literal("mark"),
    sequenceNumber,
    streamSid,
    mark: z.strictObject({ name: z.string() }),
  }),
  z.strictObject({
    event: z.literal("stop"),
    sequenceNumber,
    stop: z.strictObject({ accountSid, callSid }),
    streamSid,
  }),
]);
export type TwilioFrame = z.infer<typeof TwilioFrame>;
type FrameOf<Event extends TwilioFrame["event"]> = Extract<TwilioFrame, { event: Event }>;

export type Arrival = { readonly atMs: number; readonly frame: TwilioFrame };

type Socket = { send(message: string | Uint8Array): unknown; close(code?: number, reason?: string): void };

export class RelayStream {
  readonly url: string;
  readonly headers: Headers;
  readonly arrivals: Arrival[] = [];
  closed: { readonly code: number; readonly atMs: number } | undefined;
  readonly #socket: Socket;
  readonly #listeners = new Set<() => void>();

  constructor(url: string, headers: Headers, socket: Socket) {
    this.url = url;
    this.headers = headers;
    this.#socket = socket;
  }

  of<Event extends TwilioFrame["event"]>(event: Event): Array<FrameOf<Event>> {
    return this.arrivals
      .map(({ frame }) => frame)
      .filter((frame): frame is FrameOf<Event> => frame.event === event);
  }

  get streamSid(): string {
    const [start] = this.of("start");
    if (start === undefined) throw new Error("no start yet");
    return start.streamSid;
  }

  /** Everything the caller said, in order. */
  heard(): Buffer {
    return Buffer.concat(this.of("media").map(({ media }) => Buffer.from(media.payload, "base64")));
  }

  media(bytes: Uint8Array): void {
    const payload = Buffer.from(bytes).toString("base64");
    this.json({ event: "media", streamSid: this.streamSid, media: { payload } });
  }

  mark(name: string): void {
    this.json({ event: "mark", streamSid: this.streamSid, mark: { name } });
  }

  clear(): void {
    this.json({ event: "clear", streamSid: this.streamSid });
  }

  json(value: unknown): void {
    this.raw(JSON.stringify(value));
  }

  raw(message: string | Uint8Array): void {
    this.#socket.send(message);
  }

  close(code = 1000, reason = ""): void {
    this.#socket.close(code, reason);
  }

  /** Resolves as soon as it is so, judged after each frame and at the close. */
  until(isSo: () => boolean, withinMs = PATIENCE_MS): Promise<void> {
    if (isSo()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!isSo()) return;
        clearTimeout(deadline);
        this.#listeners.delete(look);
        resolve();
      };
      const deadline = setTimeout(() => {
        this.#listeners.delete(look);
        const events = this.arrivals.slice(-10).map(({ frame }) => frame.event);
        reject(new Error(`not within ${withinMs} ms: ${isSo.toString()}; last frames: ${events.join(" ")}`));
      }, withinMs);
      this.#listeners.add(look);
    });
  }

  changed(): void {
    for (const look of [...this.#listeners]) look();
  }
}

export type SmallRelay = {
  readonly url: string;
  /** The next stream that sends its `start`. */
  nextStream(): Promise<RelayStream>;
  /** All that were opened, with or without a `start`. */
  readonly streams: readonly RelayStream[];
  /** Frames that Twilio would not have sent. */
  readonly faults: string[];
  stop(): Promise<void>;
};

/** Paths that begin with /refuse/NNN get that status instead of a stream. */
export function serveRelay(): SmallRelay {
  const faults: string[] = [];
  const ready: RelayStream[] = [];
  const wanting: Array<(stream: RelayStream) => void> = [];
  const streams: RelayStream[] = [];
  const streamOf = new WeakMap<object, RelayStream>();
  const server = Bun.serve<{ url: string; headers: Headers }>({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request, server) {
      const refusal = /^\/refuse\/(\d{3})/.exec(new URL(request.url).pathname)?.[1];
      if (refusal !== undefined) return new Response(null, { status: Number(refusal) });
      const data = { url: request.url.replace(/^http/, "ws"), headers: request.headers };
      return server.upgrade(request, { data }) ? undefined : new Response(null, { status: 426 });
    },
    websocket: {
      perMessageDeflate: false,
      open(socket) {
        const stream = new RelayStream(socket.data.url, socket.data.headers, socket);
        streams.push(stream);
        streamOf.set(socket, stream);
      },
      message(socket, message) {
        const stream = streamOf.get(socket);
        if (stream === undefined) return;
        const parsed = TwilioFrame.safeParse(JSON.parse(String(message)));
        if (!parsed.success) {
          faults.push(`${String(message)}: ${z.prettifyError(parsed.error)}`);
          return;
        }
        stream.arrivals.push({ atMs: performance.now(), frame: parsed.data });
        if (parsed.data.event === "start" && stream.of("start").length === 1) {
          const want = wanting.shift();
          if (want === undefined) ready.push(stream);
          else want(stream);
        }
        stream.changed();
      },
      close(socket, code) {
        const stream = streamOf.get(socket);
        if (stream === undefined) return;
        stream.closed = { code, atMs: performance.now() };
        stream.changed();
      },
    },
  });
  return {
    url: `ws://127.0.0.1:${server.port}`,
    streams,
    faults,
    nextStream() {
      const already = ready.shift();
      if (already !== undefined) return Promise.resolve(already);
      return new Promise((resolve) => {
        wanting.push(resolve);
      });
    },
    async stop() {
      await server.stop(true);
    },
  };
}
