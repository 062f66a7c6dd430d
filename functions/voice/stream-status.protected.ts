/**
 * Twilio tells how a stream fares. This is the only news there is of a handshake that failed, so it is logged.
 */
import { log, withoutSecrets } from "../edge/log.ts";
import { hears } from "../edge/news.ts";
import { receiveStreamStatus } from "../edge/webhook.ts";

export const handler = hears(
  "/voice/stream-status",
  receiveStreamStatus,
  ({ CallSid: callSid, StreamEvent: streamEvent, StreamError: streamError }) => {
    switch (streamEvent) {
      case "stream-started":
      case "stream-stopped":
        return log({ event: "stream_status", callSid, streamEvent });
      case "stream-error":
        return log({ event: "stream_failed", callSid, streamError: withoutSecrets(streamError ?? "") });
      default:
        return log({ event: "stream_status_unknown", callSid, streamEvent: withoutSecrets(streamEvent) });
    }
  },
);
