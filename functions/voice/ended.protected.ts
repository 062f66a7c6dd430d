/**
 * The stream has ended: was the call finished, or did something break?
 *
 * Only the relay knows, and it is asked. When it never had the call, the next relay gets it. Whatever else is not an
 * orderly end is not silence either: the caller hears what happened. (If it was the caller who hung up, Twilio asks all
 * the same, and nobody hears the answer.)
 */
import type { ServerlessFunctionSignature } from "@twilio-labs/serverless-runtime-types/types";
import { type StateClaims, verifyState } from "../../relay/contract.ts";
import { CALLERS_ASSET } from "../edge/callers.ts";
import { connect } from "../edge/connect.ts";
import { askEnding } from "../edge/endings.ts";
import { lastTwo, log } from "../edge/log.ts";
import { inOrderFor, readRelay } from "../edge/relays.ts";
import { answer, misconfigured, notFromTwilio, type Reply, say } from "../edge/reply.ts";
import { farewell } from "../edge/sentences.ts";
import {
  type Checked,
  type Identity,
  problemsOf,
  readIdentity,
  readKeys,
  readSettings,
  type Settings,
} from "../edge/settings.ts";
import { type CallFields, receiveCall } from "../edge/webhook.ts";

const path = "/voice/ended";
/** In a row, without a stream that reached `start`. */
const MOST_REMINTS = 2;

export const handler: ServerlessFunctionSignature = (context, event, callback) =>
  answer({ path, response: new Twilio.Response(), callback }, say(farewell("unavailable")), async () => {
    const identity = readIdentity(context);
    if (!identity.ok) {
      return misconfigured([...identity.problems, ...problemsOf(await readKeys(context))]);
    }
    const received = receiveCall(identity.value, path, event);
    if (!received.ok) return notFromTwilio(path, received.refusal);
    const keys = await readKeys(context);
    if (!keys.ok) return misconfigured(keys.problems);

    const callSid = received.fields.CallSid;
    const nowS = Math.floor(Date.now() / 1000);
    const state = await verifyState(keys.value.all, received.state ?? "", nowS);
    if (!state.ok || state.claims.sub !== callSid) {
      log({ event: "state_refused", callSid, why: state.ok ? "for another call" : state.why });
      return say(farewell("unavailable"));
    }

    // The relay that the call went to, which RELAY_URL need not name any more.
    const { relay: relayName, attempt } = state.claims;
    const named = readRelay(relayName);
    if (!named.ok) throw new Error("a state of ours names what is not a relay");
    const ended = await askEnding(keys.value.newest, { relay: named.relay, callSid, attempt }, nowS);
    const next = () =>
      readSettings(context, Runtime.getAssets()[CALLERS_ASSET]?.open()).then((settings) =>
        toTheNextRelay(identity.value, settings, received.fields, state.claims, nowS),
      );
    switch (ended.how) {
      case "finished":
        log({ event: "call_finished", callSid, ending: ended.ending });
        return say([{ verb: "hangup" }]);
      case "failed":
      case "live":
        log({ event: "call_broken_off", callSid, outcome: ended.how, ending: ended.ending });
        return say(farewell("lost"));
      case "unknown":
        log({ event: "call_not_taken", callSid, why: "unknown to the relay" });
        return next();
      case "refused":
        log({
          event: "relay_refused_token",
          callSid,
          mend: "STREAM_TOKEN_SECRET must be the same on edge and relay, and the relay's RELAY_URL must name itself as the edge's does",
        });
        return say(farewell("unavailable"));
      case "unreachable":
        log({ event: "call_not_taken", callSid, why: "the relay gave no answer", detail: ended.detail });
        return next();
      case "nonsense":
        log({ event: "call_not_taken", callSid, why: "the answer makes no sense", detail: ended.detail });
        return say(farewell("unavailable"));
      default:
        return ended satisfies never;
    }
  });

/**
 * That the caller was admitted, with a PIN where one was due, is what the state proves; the allowlist is read for the
 * profile, and so that nobody comes in who has been taken off it.
 */
async function toTheNextRelay(
  identity: Identity,
  settings: Checked<Settings>,
  { CallSid: callSid, From: from }: CallFields,
  { relay: tried, attempt }: StateClaims,
  nowS: number,
): Promise<Reply> {
  if (attempt >= MOST_REMINTS) return say(farewell("unavailable"));
  if (!settings.ok) return misconfigured(settings.problems);
  const { keys, relays, terms } = settings.value;
  const profile = terms.callers.get(from)?.profile;
  if (profile === undefined) {
    log({ event: "call_turned_away", callSid, caller: lastTwo(from), why: "not on the list" });
    return say([{ verb: "hangup" }]);
  }
  const order = inOrderFor(relays, callSid);
  const relay = order[order.findIndex(({ name }) => name === tried) + 1];
  if (relay === undefined) return say(farewell("unavailable", profile.language));
  return connect(identity, keys, { callSid, from, profile, relay, attempt: attempt + 1 }, nowS);
}
