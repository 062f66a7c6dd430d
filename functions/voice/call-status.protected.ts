/**
 * Twilio tells that a call is over, and how long it was: also of one that never came to a stream, because its caller hung
 * up over the PIN. It is the number's status callback, nobody waits for the answer, and so it is logged.
 */
import { log } from "../edge/log.ts";
import { hears } from "../edge/news.ts";
import { receiveCallStatus } from "../edge/webhook.ts";

export const handler = hears(
  "/voice/call-status",
  receiveCallStatus,
  ({ CallSid: callSid, CallStatus: status, CallDuration: seconds }) =>
    log({ event: "call_over", callSid, status, ...(seconds !== undefined && { seconds: Number(seconds) }) }),
);
