/**
 * The caller was put through to somebody, and that is over: did they talk? Then the call is finished. If nobody was
 * reached, the caller goes back to the assistant, which is told so in the profile.
 *
 * The signed state says that this call's relay had asked for it, and for whom; the webhook says only how it went.
 */
import type { ServerlessFunctionSignature } from "@twilio-labs/serverless-runtime-types/types";
import { verifyTransferState } from "../../relay/contract.ts";
import { CALLERS_ASSET } from "../edge/callers.ts";
import { log } from "../edge/log.ts";
import { bringBack } from "../edge/rejoin.ts";
import { answer, misconfigured, notFromTwilio, say } from "../edge/reply.ts";
import { farewell } from "../edge/sentences.ts";
import { problemsOf, readIdentity, readKeys, readSettings } from "../edge/settings.ts";
import { receiveDialled } from "../edge/webhook.ts";

const path = "/voice/transferred";

export const handler: ServerlessFunctionSignature = (context, event, callback) =>
  answer({ path, response: new Twilio.Response(), callback }, say(farewell("unavailable")), async () => {
    const identity = readIdentity(context);
    if (!identity.ok) {
      return misconfigured([...identity.problems, ...problemsOf(await readKeys(context))]);
    }
    const received = receiveDialled(identity.value, path, event);
    if (!received.ok) return notFromTwilio(path, received.refusal);
    const keys = await readKeys(context);
    if (!keys.ok) return misconfigured(keys.problems);

    const { CallSid: callSid, CallStatus: callStatus, DialCallStatus: result } = received.fields;
    const nowS = Math.floor(Date.now() / 1000);
    const state = await verifyTransferState(keys.value.all, received.state ?? "", nowS);
    if (!state.ok || state.claims.sub !== callSid) {
      log({ event: "state_refused", callSid, why: state.ok ? "for another call" : state.why });
      return say(farewell("unavailable"));
    }

    switch (result) {
      case "completed":
      case "answered":
        log({ event: "transfer_ended", callSid, result: "completed" });
        return say([{ verb: "hangup" }]);
      case "busy":
      case "no-answer":
      case "failed":
      case "canceled": {
        // Twilio asks also when the caller has hung up, and nobody hears the answer.
        if (callStatus === "completed") {
          log({ event: "transfer_ended", callSid, result: "caller gone" });
          return say([{ verb: "hangup" }]);
        }
        log({ event: "transfer_ended", callSid, result });
        const settings = await readSettings(context, Runtime.getAssets()[CALLERS_ASSET]?.open());
        if (!settings.ok) return misconfigured(settings.problems);
        const news = { transfer: { to: state.claims.to, result } };
        const moment = {
          identity: identity.value,
          settings: settings.value,
          fields: received.fields,
          nowS,
          texter: () => context.getTwilioClient(),
        };
        const before = { ...state.claims, remints: 0 };
        return bringBack(moment, { what: "planned" }, before, { why: result, news });
      }
      default:
        return result satisfies never;
    }
  });
