/**
 * A call that was joined to a relay is joined to one again. Two reasons, and they count differently: the relay did not
 * take the call, and the next one gets it, at most twice in a row; or the call was away for a while as it was meant
 * to be, and comes back to the relay that had it, as often as that happens.
 *
 * That the caller was admitted, with a PIN where one was due, is what the signed state proves. The allowlist is read for
 * the profile, and so that nobody comes in who has been taken off it.
 */
import { LAST_ATTEMPT, type ListedProfile, type News, type StateClaims } from "../../relay/contract.ts";
import { connect } from "./connect.ts";
import { lastTwo, log } from "./log.ts";
import { inOrderFor, type Relay } from "./relays.ts";
import { type Reply, say } from "./reply.ts";
import { farewell } from "./sentences.ts";
import type { Identity, Settings } from "./settings.ts";
import type { CallFields } from "./webhook.ts";

/** In a row, without a stream that reached `start`. */
const MOST_REMINTS = 2;

/** What a state says of the stream before. */
type Before = Pick<StateClaims, "attempt" | "relay">;

/** A caller who is still on the list; otherwise the answer, which is to hang up. */
export function stillListed(
  { terms }: Settings,
  { CallSid: callSid, From: from }: CallFields,
): { readonly profile: ListedProfile } | { readonly reply: Reply } {
  const profile = terms.callers.get(from)?.profile;
  if (profile !== undefined) return { profile };
  log({ event: "call_turned_away", callSid, caller: lastTwo(from), why: "not on the list" });
  return { reply: say([{ verb: "hangup" }]) };
}

/** The relay did not take the call. */
export async function toTheNextRelay(
  identity: Identity,
  settings: Settings,
  fields: CallFields,
  { remints, ...before }: Before & Pick<StateClaims, "remints">,
  nowS: number,
): Promise<Reply> {
  const order = inOrderFor(settings.relays, fields.CallSid);
  const at = order.findIndex(({ name }) => name === before.relay);
  // Each is asked once in a row, wherever the row began: a call may have come back to any of them.
  const isLeft = remints < MOST_REMINTS && (at === -1 || remints + 1 < order.length);
  const relay = isLeft ? order[(at + 1) % order.length] : undefined;
  return rejoin(identity, settings, fields, before, { relay, remints: remints + 1 }, nowS);
}

/** The call was away as it was meant to be: it comes back to the relay that had it, as long as that one is ours. */
export async function backToTheRelay(
  identity: Identity,
  settings: Settings,
  fields: CallFields,
  before: Before,
  news: News,
  nowS: number,
): Promise<Reply> {
  const order = inOrderFor(settings.relays, fields.CallSid);
  const relay = order.find(({ name }) => name === before.relay) ?? order[0];
  return rejoin(identity, settings, fields, before, { relay, remints: 0, news }, nowS);
}

type Next = { readonly relay: Relay | undefined; readonly remints: number; readonly news?: News };

async function rejoin(
  identity: Identity,
  settings: Settings,
  fields: CallFields,
  { attempt }: Before,
  { relay, ...next }: Next,
  nowS: number,
): Promise<Reply> {
  const listed = stillListed(settings, fields);
  if ("reply" in listed) return listed.reply;
  const { profile } = listed;
  if (relay === undefined || attempt >= LAST_ATTEMPT) return say(farewell("unavailable", profile.language));
  const { CallSid: callSid, From: from } = fields;
  const joined = { callSid, from, profile, relay, attempt: attempt + 1, ...next };
  return connect(identity, settings, joined, nowS);
}
