/**
 * The caller has left a message, because the call could not go on: thank you and goodbye. The recording is in the
 * account's list of them; its address is neither logged nor kept here.
 */
import type { ServerlessFunctionSignature } from "@twilio-labs/serverless-runtime-types/types";
import { CALLERS_ASSET } from "../edge/callers.ts";
import { lastTwo, log } from "../edge/log.ts";
import { answer, misconfigured, notFromTwilio, say } from "../edge/reply.ts";
import { farewell } from "../edge/sentences.ts";
import { problemsOf, readIdentity, readKeys, readSettings } from "../edge/settings.ts";
import { receiveMessage } from "../edge/webhook.ts";

const path = "/voice/message";

export const handler: ServerlessFunctionSignature = (context, event, callback) =>
  answer({ path, response: new Twilio.Response(), callback }, say(farewell("messageTaken")), async () => {
    const identity = readIdentity(context);
    if (!identity.ok) {
      return misconfigured([...identity.problems, ...problemsOf(await readKeys(context))]);
    }
    const received = receiveMessage(identity.value, path, event);
    if (!received.ok) return notFromTwilio(path, received.refusal);
    const { CallSid: callSid, From: from, RecordingDuration: duration } = received.fields;
    log({ event: "message_left", callSid, caller: lastTwo(from), seconds: Number(duration) });
    const settings = await readSettings(context, Runtime.getAssets()[CALLERS_ASSET]?.open());
    const profile = settings.ok ? settings.value.terms.callers.get(from)?.profile : undefined;
    return say(farewell("messageTaken", profile?.language));
  });
