/**
 * A call whose stream is over is joined to a relay again, or asked for a moment's patience, or given up: what
 * comeback.ts has decided is done here.
 *
 * That the caller was admitted, with a PIN where one was due, is what the signed state proves. The allowlist is read for
 * the profile, and so that nobody comes in who has been taken off it.
 */
import { type ListedProfile, mintState, type News } from "../../relay/contract.ts";
import { type Before, type Comeback, comeback, type Happened, othersFor } from "./comeback.ts";
import { connect } from "./connect.ts";
import { firstToAnswer } from "./endings.ts";
import { lastWords } from "./last-words.ts";
import { log } from "./log.ts";
import { type Moment, stillListed } from "./moment.ts";
import { inOrderFor, type Relay } from "./relays.ts";
import { type Reply, say } from "./reply.ts";
import { spoken } from "./sentences.ts";

/** What has happened, as far as the call's own relay can tell. */
export type Broken = Exclude<Happened, { what: "no answer" }> | { readonly what: "no answer" };

/** @param told.why for the log and the owner, should the call be given up */
export async function bringBack(
  moment: Moment,
  broken: Broken,
  before: Before,
  told: { readonly why: string; readonly news?: News },
): Promise<Reply> {
  const listed = stillListed(moment);
  if ("reply" in listed) return listed.reply;
  const { profile } = listed;
  const { identity, settings, fields, nowS } = moment;
  const { CallSid: callSid, From: from } = fields;
  const order = inOrderFor(settings.relays, callSid);
  const happened = broken.what === "no answer" ? await noAnswer(moment, before, order) : broken;
  const decided = comeback(happened, before, order, nowS);
  switch (decided.does) {
    case "join": {
      const { does: _, ...to } = decided;
      const news = told.news && { news: told.news };
      return connect(
        identity,
        settings,
        { callSid, from, profile, attempt: before.attempt + 1, ...to, ...news },
        nowS,
      );
    }
    case "wait":
      return wait(moment, before, decided, profile);
    case "give up":
      return lastWords(moment, {
        sentence: happened.what === "broke" ? "lost" : "unavailable",
        why: told.why,
      });
    default:
      return decided satisfies never;
  }
}

/** Whether another relay answers is asked first: a token for one that is away would be minted for nothing. */
async function noAnswer(
  { settings: { keys }, fields: { CallSid: callSid }, nowS }: Moment,
  before: Before,
  order: readonly Relay[],
): Promise<Happened> {
  const others = othersFor(before, order);
  const { attempt } = before;
  const answering = await firstToAnswer(keys.newest, others, { callSid, attempt }, nowS);
  return { what: "no answer", answering };
}

/** A round of it, with Twilio's way there and back and what the relay may take to answer, is less than 2.5 s. */
const PAUSE_S = 1;
/** A silent line is taken for a dead one. */
const TELL_AGAIN_AFTER_S = 4;

/** Twilio asks again, with nothing minted: a token that is not used at once is of no use to its caller. */
async function wait(
  { identity: { baseUrl }, settings: { keys }, fields: { CallSid: callSid }, nowS }: Moment,
  { attempt, remints, relay, passed, broke, toldAt }: Before,
  { sinceS, tells: tellsFirst }: Extract<Comeback, { does: "wait" }>,
  { language }: ListedProfile,
): Promise<Reply> {
  const tells = tellsFirst || nowS >= (toldAt ?? sinceS) + TELL_AGAIN_AFTER_S;
  log({ event: "call_waits", callSid, waitedS: nowS - sinceS });
  const carried = {
    callSid,
    attempt,
    remints,
    relay,
    ...(passed !== undefined && { passed }),
    ...(broke !== undefined && { broke }),
    waitingSince: sinceS,
    ...(tells ? { toldAt: nowS } : toldAt !== undefined && { toldAt }),
  };
  const state = await mintState(keys.newest, carried, nowS);
  return say([
    // The sentence takes as long as a pause.
    tells ? spoken("oneMoment", language) : { verb: "pause", lengthS: PAUSE_S },
    { verb: "redirect", url: `${baseUrl}/voice/ended?state=${state}` },
  ]);
}
