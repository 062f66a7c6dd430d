/**
 * A call arrives: admit it and join it to a relay, or turn it away.
 *
 * Nothing that costs money starts before Twilio's signature, the fields and the allowlist have all passed.
 */
import type { ServerlessFunctionSignature } from "@twilio-labs/serverless-runtime-types/types";
import { mintState, mintStreamToken, packProfile } from "../../relay/contract.ts";
import { admit } from "../edge/admission.ts";
import { apology } from "../edge/apologies.ts";
import { CALLERS_ASSET } from "../edge/callers.ts";
import { lastTwo, log } from "../edge/log.ts";
import { streamUrl } from "../edge/relays.ts";
import { answer, misconfigured, notFromTwilio, say } from "../edge/reply.ts";
import { problemsOf, readIdentity, readSettings } from "../edge/settings.ts";
import { receiveCall } from "../edge/webhook.ts";

const path = "/voice/incoming";
/** The call's first stream. */
const attempt = 0;

export const handler: ServerlessFunctionSignature = (context, event, callback) =>
  answer({ path, response: new Twilio.Response(), callback }, say(apology("unavailable")), async () => {
    const identity = readIdentity(context);
    const read = () => readSettings(context, Runtime.getAssets()[CALLERS_ASSET]?.open());
    if (!identity.ok) return misconfigured([...identity.problems, ...problemsOf(await read())]);
    const received = receiveCall(identity.value, path, event);
    if (!received.ok) return notFromTwilio(path, received.refusal);
    const settings = await read();
    if (!settings.ok) return misconfigured(settings.problems);

    const { AccountSid: accountSid, CallSid: callSid, From: from } = received.fields;
    const { callers, relay, key } = settings.value;
    const admission = admit(callers, from);
    if (!admission.admitted) {
      log({ event: "call_turned_away", callSid, caller: lastTwo(from), why: admission.why });
      return say([{ verb: "reject" }]);
    }

    const nowS = Math.floor(Date.now() / 1000);
    const { parameters, hash: profileHash } = packProfile(admission.profile);
    const grant = { relay: relay.name, callSid, accountSid, attempt, profileHash };
    const token = await mintStreamToken(key, grant, nowS);
    const state = await mintState(key, { callSid, attempt, relay: relay.name }, nowS);
    const { baseUrl } = identity.value;
    log({ event: "call_admitted", callSid, caller: lastTwo(from) });
    return say([
      {
        verb: "connect",
        action: `${baseUrl}/voice/ended?state=${state}`,
        stream: {
          url: streamUrl(relay, token),
          statusCallback: `${baseUrl}/voice/stream-status`,
          parameters,
        },
      },
      // Only if Twilio goes on without asking `action`.
      ...apology("unavailable"),
    ]);
  });
