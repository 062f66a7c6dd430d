/**
 * A call arrives: admit it and join it to a relay, ask for the PIN first where there is one, or turn it away.
 *
 * Nothing that costs money starts before Twilio's signature, the fields, the allowlist, the attestation and the PIN have
 * all passed.
 */
import type { ServerlessFunctionSignature } from "@twilio-labs/serverless-runtime-types/types";
import { newTryId } from "../../relay/contract.ts";
import { admit, trustsNumbersAlone } from "../edge/admission.ts";
import { CALLERS_ASSET } from "../edge/callers.ts";
import { connect } from "../edge/connect.ts";
import { askPin, triesUnknown } from "../edge/keypad.ts";
import { lastTwo, log } from "../edge/log.ts";
import { inOrderFor } from "../edge/relays.ts";
import { answer, misconfigured, notFromTwilio, say } from "../edge/reply.ts";
import { farewell } from "../edge/sentences.ts";
import { problemsOf, readIdentity, readSettings, type Settings } from "../edge/settings.ts";
import { triesOf } from "../edge/tries.ts";
import { receiveCall } from "../edge/webhook.ts";

const path = "/voice/incoming";
/** Once for each instance, not for each call: they are the owner's choices. */
let isWarned = false;

export const handler: ServerlessFunctionSignature = (context, event, callback) =>
  answer({ path, response: new Twilio.Response(), callback }, say(farewell("unavailable")), async () => {
    const identity = readIdentity(context);
    const read = () => readSettings(context, Runtime.getAssets()[CALLERS_ASSET]?.open());
    if (!identity.ok) return misconfigured([...identity.problems, ...problemsOf(await read())]);
    const received = receiveCall(identity.value, path, event);
    if (!received.ok) return notFromTwilio(path, received.refusal);
    const settings = await read();
    if (!settings.ok) return misconfigured(settings.problems);
    const { terms, relays, keys } = settings.value;
    if (!isWarned) warn(settings.value);
    isWarned = true;

    const { CallSid: callSid, From: from, StirVerstat: stirVerstat } = received.fields;
    const admission = admit(terms, { from, stirVerstat });
    if (!admission.admitted) {
      log({ event: "call_turned_away", callSid, caller: lastTwo(from), why: admission.why });
      return say([{ verb: "reject" }]);
    }

    const nowS = Math.floor(Date.now() / 1000);
    const { profile } = admission.caller;
    const { language } = profile;
    if (admission.pinDue !== undefined) {
      const tries = await triesOf({ key: keys.newest, relays }, from, nowS);
      const left = await tries.ask(newTryId());
      if (!left.ok) return triesUnknown("ask", { callSid, language }, left);
      if (left.left === 0) {
        log({ event: "pin_locked", callSid, caller: lastTwo(from) });
        return say(farewell("lockedPin", language));
      }
      log({ event: "pin_asked", callSid, caller: lastTwo(from) });
      return askPin(identity.value, keys, { callSid, language, tries: 0 }, nowS);
    }

    const [relay] = inOrderFor(relays, callSid);
    if (relay === undefined) throw new Error("no relay");
    const joined = { callSid, from, profile, relay, attempt: 0, remints: 0 };
    return connect(identity.value, settings.value, joined, nowS);
  });

function warn({ terms, notes }: Settings): void {
  if (trustsNumbersAlone(terms)) {
    log({
      event: "caller_id_alone",
      wrong: "some callers are let in by their caller ID alone, and anybody can show any",
      mend: "set CALLER_PIN, or a pin for each caller in assets/callers.private.json",
    });
  }
  for (const note of notes) log({ event: "transfer_unknown", ...note });
}
