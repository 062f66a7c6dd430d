/**
 * Digits of the PIN: is it right? Then the call goes on exactly as if it had needed none.
 *
 * Nothing rests on the order of webhooks or on how often one comes: the signed state says how many wrong PINs this call
 * has had, the relay counts a try before the PIN is looked at, and the allowlist and the attestation are checked anew.
 * What was typed is compared, and neither logged nor kept.
 */
import type { ServerlessFunctionSignature } from "@twilio-labs/serverless-runtime-types/types";
import { newTryId, verifyPinState } from "../../relay/contract.ts";
import { admit } from "../edge/admission.ts";
import { CALLERS_ASSET } from "../edge/callers.ts";
import { connect } from "../edge/connect.ts";
import { askPin, logTriesUnknown, TRIES_A_CALL, triesUnknown } from "../edge/keypad.ts";
import { lastTwo, log } from "../edge/log.ts";
import { isRightPin } from "../edge/pin.ts";
import { inOrderFor } from "../edge/relays.ts";
import { answer, misconfigured, notFromTwilio, say } from "../edge/reply.ts";
import { farewell } from "../edge/sentences.ts";
import { problemsOf, readIdentity, readSettings } from "../edge/settings.ts";
import { triesOf } from "../edge/tries.ts";
import { receiveDigits } from "../edge/webhook.ts";

const path = "/voice/pin";

export const handler: ServerlessFunctionSignature = (context, event, callback) =>
  answer({ path, response: new Twilio.Response(), callback }, say(farewell("unavailable")), async () => {
    const identity = readIdentity(context);
    const read = () => readSettings(context, Runtime.getAssets()[CALLERS_ASSET]?.open());
    if (!identity.ok) return misconfigured([...identity.problems, ...problemsOf(await read())]);
    const received = receiveDigits(identity.value, path, event);
    if (!received.ok) return notFromTwilio(path, received.refusal);
    const settings = await read();
    if (!settings.ok) return misconfigured(settings.problems);

    const { CallSid: callSid, From: from, StirVerstat: stirVerstat, Digits: typed } = received.fields;
    const { terms, relays, keys } = settings.value;
    const nowS = Math.floor(Date.now() / 1000);
    const state = await verifyPinState(keys.all, received.state ?? "", nowS);
    if (!state.ok || state.claims.sub !== callSid) {
      log({ event: "state_refused", callSid, why: state.ok ? "for another call" : state.why });
      return say(farewell("unavailable"));
    }
    if (state.claims.tries >= TRIES_A_CALL) {
      log({ event: "state_refused", callSid, why: "no tries left" });
      return say(farewell("unavailable"));
    }

    const caller = lastTwo(from);
    const admission = admit(terms, { from, stirVerstat });
    if (!admission.admitted) {
      log({ event: "call_turned_away", callSid, caller, why: admission.why });
      return say([{ verb: "hangup" }]);
    }
    const { profile } = admission.caller;
    const { language } = profile;

    // None is due any more when the owner has taken it out since the caller was asked.
    if (admission.pinDue !== undefined) {
      const tries = await triesOf({ key: keys.newest, relays }, from, nowS);
      const tryId = newTryId();
      const spent = await tries.spend(tryId);
      if (!spent.ok) return triesUnknown("spend", { callSid, language }, spent);
      if (!spent.allowed) {
        log({ event: "pin_locked", callSid, caller });
        return say(farewell("lockedPin", language));
      }
      if (!(await isRightPin(admission.pinDue, typed))) {
        const wrong = state.claims.tries + 1;
        log({ event: "pin_wrong", callSid, caller, tries: wrong });
        if (wrong >= TRIES_A_CALL) return say(farewell("wrongPin", language));
        return askPin(identity.value, keys, { callSid, language, tries: wrong }, nowS);
      }
      log({ event: "pin_right", callSid, caller });
      const refunded = await tries.refund(tryId);
      // The caller has one wrong try more against them for an hour, and comes in all the same.
      if (!refunded.ok) logTriesUnknown("refund", callSid, refunded);
    }

    const [relay] = inOrderFor(relays, callSid);
    if (relay === undefined) throw new Error("no relay");
    const joined = { callSid, from, profile, relay, attempt: 0, remints: 0 };
    return connect(identity.value, settings.value, joined, nowS);
  });
