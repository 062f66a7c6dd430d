/**
 * The stream has ended: was the call finished, or did something break?
 *
 * Only the relay knows, and it is asked. Whatever is not an orderly end is not silence either: the caller hears
 * what happened. (If it was the caller who hung up, Twilio asks all the same, and nobody hears the answer.)
 */
import type { ServerlessFunctionSignature } from "@twilio-labs/serverless-runtime-types/types";
import { verifyState } from "../../relay/contract.ts";
import { apology } from "../edge/apologies.ts";
import { log } from "../edge/log.ts";
import { askEnding, type Ended, readRelay } from "../edge/relays.ts";
import { answer, misconfigured, notFromTwilio, type Reply, say } from "../edge/reply.ts";
import { problemsOf, readIdentity, readKey } from "../edge/settings.ts";
import { receiveCall } from "../edge/webhook.ts";

const path = "/voice/ended";

export const handler: ServerlessFunctionSignature = (context, event, callback) =>
  answer({ path, response: new Twilio.Response(), callback }, say(apology("unavailable")), async () => {
    const identity = readIdentity(context);
    if (!identity.ok) {
      return misconfigured([...identity.problems, ...problemsOf(await readKey(context))]);
    }
    const received = receiveCall(identity.value, path, event);
    if (!received.ok) return notFromTwilio(path, received.refusal);
    const key = await readKey(context);
    if (!key.ok) return misconfigured(key.problems);

    const callSid = received.fields.CallSid;
    const nowS = Math.floor(Date.now() / 1000);
    const state = await verifyState([key.value], received.state ?? "", nowS);
    if (!state.ok || state.claims.sub !== callSid) {
      log({ event: "state_refused", callSid, why: state.ok ? "for another call" : state.why });
      return say(apology("unavailable"));
    }

    // The relay that the call went to, which RELAY_URL need not name any more.
    const { relay: relayName, attempt } = state.claims;
    const named = readRelay(relayName);
    if (!named.ok) throw new Error("a state of ours names what is not a relay");
    const ended = await askEnding(key.value, { relay: named.relay, callSid, attempt }, nowS);
    return afterwards(callSid, ended);
  });

function afterwards(callSid: string, ended: Ended): Reply {
  switch (ended.how) {
    case "finished":
      log({ event: "call_finished", callSid, ending: ended.ending });
      return say([{ verb: "hangup" }]);
    case "failed":
    case "live":
      log({ event: "call_broken_off", callSid, outcome: ended.how, ending: ended.ending });
      return say(apology("lost"));
    case "unknown":
      log({ event: "call_not_taken", callSid, why: "unknown to the relay" });
      return say(apology("unavailable"));
    case "refused":
      log({
        event: "relay_refused_token",
        callSid,
        mend: "STREAM_TOKEN_SECRET must be the same on edge and relay, and the relay's RELAY_URL must name itself as the edge's does",
      });
      return say(apology("unavailable"));
    case "unreachable":
      log({ event: "call_not_taken", callSid, why: "the relay gave no answer", detail: ended.detail });
      return say(apology("unavailable"));
    case "nonsense":
      log({ event: "call_not_taken", callSid, why: "the answer makes no sense", detail: ended.detail });
      return say(apology("unavailable"));
    default:
      return ended satisfies never;
  }
}
