/**
 * Twilio Media Streams, both directions: decoder beside encoder, and nothing that decides.
 * Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages
 *
 * The base64 of a media frame is never opened here or anywhere else in the relay.
 */
import { z } from "zod";

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
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { event: "malformed", why: "not json" };
  }
  const frequent = frequentFrame(value);
  if (frequent !== undefined) return frequent;
  const named = Named.safeParse(value);
  if (!named.success) return { event: "malformed", why: "unknown event" };
  const frame = FRAMES[named.data.event].safeParse(value);
  return frame.success ? frame.data : { event: "malformed", why: "wrong shape" };
}

/**
 * The two frames that come fifty times a second on every call, by hand: for these and the model's deltas zod took a
 * seventh of the relay's processor time (profiled at 200 calls). What the schemas above accept is accepted here, to
 * the same value, and nothing else; of whatever this does not recognise the schemas are the judges
 * (test/relay/wire/frequent-frames.test.ts holds the two together).
 */
function frequentFrame(value: unknown): z.infer<typeof Media> | z.infer<typeof Mark> | undefined {
  if (typeof value !== "object" || value === null || !("event" in value) || !("streamSid" in value)) return;
  const { event, streamSid } = value;
  if (typeof streamSid !== "string" || streamSid === "" || streamSid.length > LONGEST_SID) return;
  if (event === "media" && "media" in value) {
    const { media } = value;
    if (typeof media !== "object" || media === null) return;
    if (!("track" in media) || !("timestamp" in media) || !("payload" in media)) return;
    const { track, timestamp, payload } = media;
    if (track !== "inbound" || typeof payload !== "string" || payload === "") return;
    if (typeof timestamp !== "string" || !COUNT.test(timestamp)) return;
    return { event, streamSid, media: { track, timestamp: Number(timestamp), payload } };
  }
  if (event === "mark" && "mark" in value) {
    const { mark } = value;
    if (typeof mark !== "object" || mark === null || !("name" in mark)) return;
    const { name } = mark;
    if (typeof name === "string") return { event, streamSid, mark: { name } };
  }
  return;
}

export const encodeTwilio = (frame: ToTwilio): string => JSON.stringify(frame);

/** Mu-law at 8 kHz: one byte a sample. The payload's length tells how many, so it need not be decoded. */
export function samplesIn(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return Math.max(0, Math.floor((base64.length * 3) / 4) - padding);
}

export const SAMPLES_PER_MS = 8;
