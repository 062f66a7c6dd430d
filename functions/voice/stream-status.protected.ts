/**
 * Twilio tells how a stream fares. This is the only news there is of a handshake that failed, so it is logged.
 */
import type { ServerlessFunctionSignature } from "@twilio-labs/serverless-runtime-types/types";
import { log, withoutSecrets } from "../edge/log.ts";
import { answer, misconfigured, notFromTwilio } from "../edge/reply.ts";
import { readIdentity } from "../edge/settings.ts";
import { receiveStreamStatus } from "../edge/webhook.ts";

const path = "/voice/stream-status";

export const handler: ServerlessFunctionSignature = (context, event, callback) =>
  answer({ path, response: new Twilio.Response(), callback }, { kind: "noted" }, async () => {
    const identity = readIdentity(context);
    if (!identity.ok) {
      misconfigured(identity.problems);
      return { kind: "noted" };
    }
    const received = receiveStreamStatus(identity.value, path, event);
    if (!received.ok) return notFromTwilio(path, received.refusal);
    const { CallSid: callSid, StreamEvent: streamEvent, StreamError: streamError } = received.fields;
    switch (streamEvent) {
      case "stream-started":
      case "stream-stopped":
        log({ event: "stream_status", callSid, streamEvent });
        break;
      case "stream-error":
        log({ event: "stream_failed", callSid, streamError: withoutSecrets(streamError ?? "") });
        break;
      default:
        log({ event: "stream_status_unknown", callSid, streamEvent: withoutSecrets(streamEvent) });
    }
    return { kind: "noted" };
  });
