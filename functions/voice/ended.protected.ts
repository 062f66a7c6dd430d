/**
 * The stream has ended: was the call finished, is the caller to be put through to somebody, or did something break?
 *
 * Only the relay knows, and it is asked. When it never had the call, the next relay gets it. Whatever else is not an
 * orderly end is not silence either: the caller hears what happened. (If it was the caller who hung up, Twilio asks all
 * the same, and nobody hears the answer.)
 */
import type { ServerlessFunctionSignature } from "@twilio-labs/serverless-runtime-types/types";
import { mintTransferState, type StateClaims, verifyState } from "../../relay/contract.ts";
import { CALLERS_ASSET } from "../edge/callers.ts";
import { askEnding } from "../edge/endings.ts";
import { lastTwo, log } from "../edge/log.ts";
import { backToTheRelay, stillListed, toTheNextRelay } from "../edge/rejoin.ts";
import { readRelay } from "../edge/relays.ts";
import { answer, misconfigured, notFromTwilio, type Reply, say } from "../edge/reply.ts";
import { farewell } from "../edge/sentences.ts";
import {
  type Identity,
  problemsOf,
  readIdentity,
  readKeys,
  readSettings,
  type Settings,
} from "../edge/settings.ts";
import { transfersOf } from "../edge/transfers.ts";
import { type CallFields, receiveCall } from "../edge/webhook.ts";

const path = "/voice/ended";
/**
 * Twilio adds five seconds: https://www.twilio.com/docs/voice/twiml/dial#timeout. Much longer, and a mailbox takes the
 * call, which to Twilio is somebody who answered.
 */
const RING_S = 25;

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
    const withSettings = async (go: (settings: Settings) => Promise<Reply>) => {
      const settings = await readSettings(context, Runtime.getAssets()[CALLERS_ASSET]?.open());
      return settings.ok ? go(settings.value) : misconfigured(settings.problems);
    };
    const next = () =>
      withSettings((settings) =>
        toTheNextRelay(identity.value, settings, received.fields, state.claims, nowS),
      );
    switch (ended.how) {
      case "finished":
      case "told":
        log({ event: "call_finished", callSid, ending: ended.ending });
        return say([{ verb: "hangup" }]);
      case "transfer":
        return withSettings((settings) =>
          putThrough(identity.value, settings, received.fields, state.claims, ended.to, nowS),
        );
      case "handover":
      case "again":
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
 * Puts the caller through. The name was chosen by a model: it is looked up among those of this very caller, and the
 * number stands in the TwiML and nowhere else. Whoever is called sees the caller's own number, as Twilio has it where a
 * Dial names no callerId: https://www.twilio.com/docs/voice/twiml/dial#callerid. How long they talk is left to Twilio,
 * too, which ends a Dial after four hours.
 */
async function putThrough(
  identity: Identity,
  settings: Settings,
  fields: CallFields,
  { relay, attempt }: StateClaims,
  to: string,
  nowS: number,
): Promise<Reply> {
  const listed = stillListed(settings, fields);
  if ("reply" in listed) return listed.reply;
  const { CallSid: callSid, From: from } = fields;
  const caller = lastTwo(from);
  const number = transfersOf(settings.transfers, listed.profile).get(to);
  if (number === undefined) {
    log({ event: "transfer_refused", callSid, caller, why: "not one of this caller's" });
    const news = { transfer: { to, result: "failed" } } as const;
    return backToTheRelay(identity, settings, fields, { relay, attempt }, news, nowS);
  }
  log({ event: "call_transferred", callSid, caller, to: lastTwo(number) });
  const state = await mintTransferState(settings.keys.newest, { callSid, attempt, relay, to }, nowS);
  const action = `${identity.baseUrl}/voice/transferred?state=${state}`;
  return say([{ verb: "dial", action, timeoutS: RING_S, number }]);
}
