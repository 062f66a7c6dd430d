/**
 * Twilio tells that a call is over, and how long it was: also of one that never came to a stream, because its caller hung
 * up over the PIN. It is the number's status callback, nobody waits for the answer, and so it is logged.
 */
import type { ServerlessFunctionSignature } from "@twilio-labs/serverless-runtime-types/types";
import { log } from "../edge/log.ts";
import { answer, misconfigured, notFromTwilio } from "../edge/reply.ts";
import { readIdentity } from "../edge/settings.ts";
import { receiveCallStatus } from "../edge/webhook.ts";

const path = "/voice/call-status";

export const handler: ServerlessFunctionSignature = (context, event, callback) =>
  answer({ path, response: new Twilio.Response(), callback }, { kind: "noted" }, async () => {
    const identity = readIdentity(context);
    if (!identity.ok) {
      misconfigured(identity.problems);
      return { kind: "noted" };
    }
    const received = receiveCallStatus(identity.value, path, event);
    if (!received.ok) return notFromTwilio(path, received.refusal);
    const { CallSid: callSid, CallStatus: status, CallDuration: seconds } = received.fields;
    log({ event: "call_over", callSid, status, ...(seconds !== undefined && { seconds: Number(seconds) }) });
    return { kind: "noted" };
  });
