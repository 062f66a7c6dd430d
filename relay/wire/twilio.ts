/**
 * Twilio Media Streams, both directions: decoder beside encoder, and nothing that decides.
 * Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages
 *
 * The base64 of a media frame is never opened here or anywhere else in the relay.
 */
import { z } from "zod";
import { isPlain, plainString } from "./json.ts";

/** Twilio writes its numbers as strings. */
const COUNT = /^\d{1,15}$/;
const Count = z.string().regex(COUNT).transform(Number);
const LONGEST_SID = 64;
const Sid = z.string().min(1).max(LONGEST_SID);

const Connected = z.object({ event: z.literal("connected") });
const Start = z.object({
  event: z.literal("start"),
  streamSid: Sid,
  start: z.object({
    streamSid: Sid,
    accountSid: Sid,
    callSid: Sid,
    mediaFormat: z.object({
      encoding: z.literal("audio/x-mulaw"),
      sampleRate: z.literal(8000),
      channels: z.literal(1),
    }),
    customParameters: z.record(z.string(), z.string()).default({}),
  }),
});
const Media = z.object({
  event: z.literal("media"),
  streamSid: Sid,
  /** `timestamp`: ms since the stream began. `payload`: base64 of mu-law, 8 bytes a ms. */
  media: z.object({ track: z.literal("inbound"), timestamp: Count, payload: z.string().min(1) }),
});
const Dtmf = z.object({
  event: z.literal("dtmf"),
  streamSid: Sid,
  dtmf: z.object({ digit: z.string().regex(/^[0-9A-D*#]$/) }),
});
const Mark = z.object({ event: z.literal("mark"), streamSid: Sid, mark: z.object({ name: z.string() }) });
const Stop = z.object({ event: z.literal("stop"), streamSid: Sid });

const FRAMES = {
  connected: Connected,
  start: Start,
  media: Media,
  dtmf: Dtmf,
  mark: Mark,
  stop: Stop,
} as const;

export type FromTwilio =
  | z.infer<typeof Connected>
  | z.infer<typeof Start>
  | z.infer<typeof Media>
  | z.infer<typeof Dtmf>
  | z.infer<typeof Mark>
  | z.infer<typeof Stop>
  /** Not a frame that Twilio sends: which rule it broke, never what it held. */
  | { readonly event: "malformed"; readonly why: "not json" | "unknown event" | "wrong shape" };

export type ToTwilio =
  | { readonly event: "media"; readonly streamSid: string; readonly media: { readonly payload: string } }
  | { readonly event: "mark"; readonly streamSid: string; readonly mark: { readonly name: string } }
  | { readonly event: "clear"; readonly streamSid: string };

const Named = z.object({ event: z.enum(["connected", "start", "media", "dtmf", "mark", "stop"]) });

export function decodeTwilio(text: string): FromTwilio {
  const frequent = mediaFrame(text) ?? markFrame(text);
  if (frequent !== undefined) return frequent;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { event: "malformed", why: "not json" };
  }
  const named = Named.safeParse(value);
  if (!named.success) return { event: "malformed", why: "unknown event" };
  const frame = FRAMES[named.data.event].safeParse(value);
  return frame.success ? frame.data : { event: "malformed", why: "wrong shape" };
}

/*
 * The two frames that come fifty times a second on every call are read as they stand, in the one form in which Twilio
 * writes them: JSON.parse and zod took a quarter of the relay's own processor time (profiled at 200 calls). What the
 * schemas above accept is accepted here, to the same value, and nothing else; of whatever this does not recognise they
 * are the judges (test/relay/wire/frequent-frames.test.ts holds the two together).
 */
const MEDIA_HEAD =
  /^\{"event":"media","sequenceNumber":"\d{1,15}","media":\{"track":"inbound","chunk":"\d{1,15}","timestamp":"(\d{1,15})","payload":"/;
const MEDIA_TAIL = '"},"streamSid":"';
const MARK =
  /^\{"event":"mark","sequenceNumber":"\d{1,15}","streamSid":"([A-Za-z0-9]{1,64})","mark":\{"name":"([\d.]{1,64})"\}\}$/;
const PLAIN_SID = /^[A-Za-z0-9]{1,64}$/;

function mediaFrame(text: string): z.infer<typeof Media> | undefined {
  const head = MEDIA_HEAD.exec(text);
  if (head === null) return;
  const [{ length: from }, timestamp] = head;
  const payload = plainString(text, from);
  if (payload === undefined || payload === "") return;
  const tailAt = from + payload.length;
  if (!text.startsWith(MEDIA_TAIL, tailAt) || !text.endsWith('"}')) return;
  const streamSid = text.slice(tailAt + MEDIA_TAIL.length, -2);
  if (!PLAIN_SID.test(streamSid)) return;
  return { event: "media", streamSid, media: { track: "inbound", timestamp: Number(timestamp), payload } };
}

function markFrame(text: string): z.infer<typeof Mark> | undefined {
  const [, streamSid, name] = MARK.exec(text) ?? [];
  if (streamSid === undefined || name === undefined) return;
  return { event: "mark", streamSid, mark: { name } };
}

/** The two frequent ones are put together by hand, for what JSON.stringify took: a few per cent of the relay's time. */
export function encodeTwilio(frame: ToTwilio): string {
  if (frame.event === "clear" || !isPlain(frame.streamSid)) return JSON.stringify(frame);
  const head = `{"event":"${frame.event}","streamSid":"${frame.streamSid}"`;
  if (frame.event === "media") {
    const { payload } = frame.media;
    return isPlain(payload) ? `${head},"media":{"payload":"${payload}"}}` : JSON.stringify(frame);
  }
  const { name } = frame.mark;
  return isPlain(name) ? `${head},"mark":{"name":"${name}"}}` : JSON.stringify(frame);
}

/** Mu-law at 8 kHz: one byte a sample. The payload's length tells how many, so it need not be decoded. */
export function samplesIn(base64: string): number {
  const { length } = base64;
  const padding =
    base64.charCodeAt(length - 1) !== PADDING ? 0 : base64.charCodeAt(length - 2) !== PADDING ? 1 : 2;
  return Math.max(0, Math.floor((length * 3) / 4) - padding);
}

/** `=` */
const PADDING = 61;
export const SAMPLES_PER_MS = 8;
