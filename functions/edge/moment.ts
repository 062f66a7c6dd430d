/** One webhook of a call that was admitted, with what it takes to answer it: who calls, when, and the owner's choices. */
import type { ListedProfile } from "../../relay/contract.ts";
import type { Texter } from "./alert.ts";
import { lastTwo, log } from "./log.ts";
import { type Reply, say } from "./reply.ts";
import type { Identity, Settings } from "./settings.ts";
import type { CallFields } from "./webhook.ts";

export type Moment = {
  readonly identity: Identity;
  readonly settings: Settings;
  readonly fields: CallFields;
  /** Whole seconds since 1970. */
  readonly nowS: number;
  readonly texter: () => Texter;
};

/** A caller who is still on the list; otherwise the answer, which is to hang up. */
export function stillListed({
  settings: { terms },
  fields: { CallSid: callSid, From: from },
}: Moment): { readonly profile: ListedProfile } | { readonly reply: Reply } {
  const profile = terms.callers.get(from)?.profile;
  if (profile !== undefined) return { profile };
  log({ event: "call_turned_away", callSid, caller: lastTwo(from), why: "not on the list" });
  return { reply: say([{ verb: "hangup" }]) };
}
