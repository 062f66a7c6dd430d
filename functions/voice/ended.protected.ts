/**
 * The stream has ended: was the call finished, is the caller to be put through to somebody, or did something break?
 *
 * Only the relay knows, and it is asked. A call that was handed over or broke is brought back, and goes on where it was;
 * while its relay is away, Twilio comes back here at a pace, and the caller hears to hold on. What leads nowhere is not
 * silence either: the caller hears what happened.
 */
import type { ServerlessFunctionSignature } from "@twilio-labs/serverless-runtime-types/types";
import { mintTransferState, type StateClaims, verifyState } from "../../relay/contract.ts";
import { CALLERS_ASSET } from "../edge/callers.ts";
import { askEnding } from "../edge/endings.ts";
import { lastWords } from "../edge/last-words.ts";
import { lastTwo, log } from "../edge/log.ts";
import { type Moment, stillListed } from "../edge/moment.ts";
import { type Broken, bringBack } from "../edge/rejoin.ts";
import { readRelay } from "../edge/relays.ts";
import { answer, misconfigured, notFromTwilio, type Reply, say } from "../edge/reply.ts";
import { farewell, type Sentence } from "../edge/sentences.ts";
import { problemsOf, readIdentity, readKeys, readSettings } from "../edge/settings.ts";
import { transfersOf } from "../edge/transfers.ts";
import { receiveEnded } from "../edge/webhook.ts";

const path = "/voice/ended";
/**
 * Twilio adds five seconds: https://www.twilio.com/docs/voice/twiml/dial#timeout. Much longer, and a mailbox takes the
 * call, which to Twilio is somebody who answered.
 */
const RING_S = 25;
const HANG_UP = say([{ verb: "hangup" }]);

export const handler: ServerlessFunctionSignature = (context, event, callback) =>
  answer({ path, response: new Twilio.Response(), callback }, say(farewell("unavailable")), async () => {
    const identity = readIdentity(context);
    if (!identity.ok) {
      return misconfigured([...identity.problems, ...problemsOf(await readKeys(context))]);
    }
    const received = receiveEnded(identity.value, path, event);
    if (!received.ok) return notFromTwilio(path, received.refusal);
    const keys = await readKeys(context);
    if (!keys.ok) return misconfigured(keys.problems);

    const { fields } = received;
    const callSid = fields.CallSid;
    const nowS = Math.floor(Date.now() / 1000);
    const state = await verifyState(keys.value.all, received.state ?? "", nowS);
    if (!state.ok || state.claims.sub !== callSid) {
      log({ event: "state_refused", callSid, why: state.ok ? "for another call" : state.why });
      return say(farewell("unavailable"));
    }

    // The relay that the call went to, which RELAY_URL need not name any more.
    const { relay: relayName, attempt, waitingSince } = state.claims;
    const named = readRelay(relayName);
    if (!named.ok) throw new Error("a state of ours names what is not a relay");
    const asked = { relay: named.relay, callSid, attempt, isMaybeAway: waitingSince !== undefined };
    const ended = await askEnding(keys.value.newest, asked, nowS);

    const goOn = async (go: (moment: Moment) => Promise<Reply>) => {
      // Twilio asks also when the caller has hung up, and nobody hears the answer.
      if (fields.CallStatus === "completed") return HANG_UP;
      const settings = await readSettings(context, Runtime.getAssets()[CALLERS_ASSET]?.open());
      if (!settings.ok) return misconfigured(settings.problems);
      const texter = () => context.getTwilioClient();
      return go({ identity: identity.value, settings: settings.value, fields, nowS, texter });
    };
    const back = (broken: Broken, why: string) =>
      goOn((moment) => bringBack(moment, broken, state.claims, { why }));
    const end = (sentence: Sentence | undefined, why: string) =>
      goOn((moment) => lastWords(moment, { sentence, why }));

    switch (ended.how) {
      case "finished":
        log({ event: "call_finished", callSid, ending: ended.ending });
        return HANG_UP;
      case "transfer":
        return goOn((moment) => putThrough(moment, state.claims, ended.to));
      case "handover":
        log({ event: "call_handed_over", callSid, ending: ended.ending });
        return back({ what: "planned" }, ended.ending);
      case "again":
        log({ event: "call_broken_off", callSid, outcome: ended.how, ending: ended.ending });
        return back({ what: "broke", started: ended.started }, ended.ending);
      case "told":
      case "failed":
        log({ event: "call_broken_off", callSid, outcome: ended.how, ending: ended.ending });
        return end(ended.how === "told" ? undefined : "lost", ended.ending);
      case "unknown": {
        const why = "unknown to the relay";
        log({ event: "call_not_taken", callSid, why });
        return back({ what: "not taken" }, why);
      }
      case "unreachable": {
        const why = "the relay gave no answer";
        // Once, however often it is asked.
        if (waitingSince === undefined) log({ event: "call_not_taken", callSid, why, detail: ended.detail });
        return back({ what: "no answer" }, why);
      }
      case "refused":
        log({
          event: "relay_refused_token",
          callSid,
          mend: "STREAM_TOKEN_SECRET must be the same on edge and relay, and the relay's RELAY_URL must name itself as the edge's does",
        });
        return end("unavailable", "the relay refuses the edge's token");
      case "nonsense": {
        const why = "the answer makes no sense";
        log({ event: "call_not_taken", callSid, why, detail: ended.detail });
        return end("unavailable", why);
      }
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
async function putThrough(moment: Moment, before: StateClaims, to: string): Promise<Reply> {
  const listed = stillListed(moment);
  if ("reply" in listed) return listed.reply;
  const { identity, settings, fields, nowS } = moment;
  const { CallSid: callSid, From: from } = fields;
  const caller = lastTwo(from);
  const number = transfersOf(settings.transfers, listed.profile).get(to);
  if (number === undefined) {
    const why = "not one of this caller's";
    log({ event: "transfer_refused", callSid, caller, why });
    const news = { transfer: { to, result: "failed" } } as const;
    return bringBack(moment, { what: "planned" }, before, { why, news });
  }
  log({ event: "call_transferred", callSid, caller, to: lastTwo(number) });
  const { attempt, relay } = before;
  const state = await mintTransferState(settings.keys.newest, { callSid, attempt, relay, to }, nowS);
  const action = `${identity.baseUrl}/voice/transferred?state=${state}`;
  return say([{ verb: "dial", action, timeoutS: RING_S, number }]);
}
