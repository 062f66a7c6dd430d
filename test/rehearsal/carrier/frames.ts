/**
 * The Media Streams messages, both ways, as https://www.twilio.com/docs/voice/media-streams/websocket-messages has
 * them. Deliberately not the relay's own decoder: a mistake there must not be repeated here.
 */

import { z } from "zod";

/** 31951's own list: only media, mark and clear; no field missing, none unexpected. */
const FromRelay = z.discriminatedUnion("event", [
  z.strictObject({
    event: z.literal("media"),
    streamSid: z.string(),
    media: z.strictObject({ payload: z.base64().min(1) }),
  }),
  z.strictObject({
    event: z.literal("mark"),
    streamSid: z.string(),
    mark: z.strictObject({ name: z.string().min(1) }),
  }),
  z.strictObject({ event: z.literal("clear"), streamSid: z.string() }),
]);
export type FromRelay = z.infer<typeof FromRelay>;

/**
 * 31951 is documented ("Stream - Protocol - Invalid Message"); 31950 is its general case, used here for what is no
 * text message at all. https://www.twilio.com/docs/api/errors/31951
 */
export type ProtocolError = { readonly code: 31950 | 31951; readonly reason: string };

export type Decoded =
  | { readonly ok: true; readonly frame: FromRelay }
  | { readonly ok: false; readonly error: ProtocolError };

export function decodeFromRelay(message: unknown, streamSid: string): Decoded {
  if (typeof message !== "string") return refused(31950, "a binary frame");
  let json: unknown;
  try {
    json = JSON.parse(message);
  } catch {
    return refused(31951, "not JSON");
  }
  const parsed = FromRelay.safeParse(json);
  if (!parsed.success) return refused(31951, z.prettifyError(parsed.error).replaceAll("\n", " "));
  if (parsed.data.streamSid !== streamSid) return refused(31951, "the streamSid of another stream");
  return { ok: true, frame: parsed.data };
}

const refused = (code: ProtocolError["code"], reason: string): Decoded => ({
  ok: false,
  error: { code, reason },
});

export type Start = {
  readonly accountSid: string;
  readonly streamSid: string;
  readonly callSid: string;
  readonly customParameters: Readonly<Record<string, string>>;
};

export const connectedFrame = (): string =>
  JSON.stringify({ event: "connected", protocol: "Call", version: "1.0.0" });

export const startFrame = (
  sequenceNumber: number,
  streamSid: string,
  { accountSid, callSid, customParameters, streamSid: innerSid }: Start,
): string =>
  JSON.stringify({
    event: "start",
    sequenceNumber: String(sequenceNumber),
    start: {
      accountSid,
      streamSid: innerSid,
      callSid,
      tracks: ["inbound"],
      mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
      customParameters,
    },
    streamSid,
  });

export const mediaFrame = (
  sequenceNumber: number,
  streamSid: string,
  { chunk, timestampMs, bytes }: { chunk: number; timestampMs: number; bytes: Uint8Array },
): string =>
  JSON.stringify({
    event: "media",
    sequenceNumber: String(sequenceNumber),
    media: {
      track: "inbound",
      chunk: String(chunk),
      timestamp: String(timestampMs),
      payload: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64"),
    },
    streamSid,
  });

export const dtmfFrame = (sequenceNumber: number, streamSid: string, digit: string): string =>
  JSON.stringify({
    event: "dtmf",
    streamSid,
    sequenceNumber: String(sequenceNumber),
    dtmf: { track: "inbound_track", digit },
  });

export const markFrame = (sequenceNumber: number, streamSid: string, name: string): string =>
  JSON.stringify({ event: "mark", sequenceNumber: String(sequenceNumber), streamSid, mark: { name } });

export const stopFrame = (
  sequenceNumber: number,
  streamSid: string,
  { accountSid, callSid }: { accountSid: string; callSid: string },
): string =>
  JSON.stringify({
    event: "stop",
    sequenceNumber: String(sequenceNumber),
    stop: { accountSid, callSid },
    streamSid,
  });
