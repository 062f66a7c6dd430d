/**
 * A call that cannot go on: the apology, unless the relay has said it, and what the owner has chosen to do then: have
 * the caller leave a message (VOICEMAIL), have a text message sent (ALERT_SMS_TO), both, or neither.
 *
 * Only for callers who were admitted, which a signed state proves: a recording and a message cost money.
 */
import { alertOwner } from "./alert.ts";
import { lastTwo, log } from "./log.ts";
import { type Moment, stillListed } from "./moment.ts";
import { type Reply, say } from "./reply.ts";
import { type Sentence, spoken } from "./sentences.ts";
import type { Identity } from "./settings.ts";
import type { Verb } from "./twiml.ts";

/** Two minutes are a long message, and what a prankster on the line can make the owner pay for. */
const MESSAGE_S = 120;
/** Of silence, which end it. */
const SILENCE_S = 5;

/**
 * @param sentence undefined: the caller has been told
 * @param why an ending of the relay's, or what the edge has found: for the log and the owner
 */
export async function lastWords(
  moment: Moment,
  { sentence, why }: { sentence: Sentence | undefined; why: string },
): Promise<Reply> {
  const listed = stillListed(moment);
  if ("reply" in listed) return listed.reply;
  const { language } = listed.profile;
  const { identity, settings, fields, texter } = moment;
  const { CallSid: callSid, From: caller, To: from } = fields;
  log({ event: "call_given_up", callSid, caller: lastTwo(caller), why });
  const { alertSmsTo: to, voicemail } = settings;
  if (to !== undefined) await alertOwner(texter, { callSid, from, to, caller, why });
  return say([
    ...(sentence === undefined ? [] : [spoken(sentence, language)]),
    ...(voicemail ? leaveMessage(identity, language) : []),
    { verb: "hangup" },
  ]);
}

/** Where nothing was recorded, Twilio goes on with the next verb: https://www.twilio.com/docs/voice/twiml/record#action */
const leaveMessage = ({ baseUrl }: Identity, language: string | undefined): readonly Verb[] => [
  spoken("leaveMessage", language),
  {
    verb: "record",
    action: `${baseUrl}/voice/message`,
    finishOnKey: "#",
    maxLengthS: MESSAGE_S,
    timeoutS: SILENCE_S,
  },
];
