/**
 * A caller who has passed everything is joined to a relay: the one place where a stream's token is minted, for a call's
 * first stream, after a PIN, for the next relay when one did not take the call, and for a call that comes back.
 */
import {
  type ListedProfile,
  mintState,
  mintStreamToken,
  type News,
  packProfile,
} from "../../relay/contract.ts";
import type { Counted } from "./comeback.ts";
import { lastTwo, log } from "./log.ts";
import { type Relay, streamUrl } from "./relays.ts";
import { type Reply, say } from "./reply.ts";
import { farewell } from "./sentences.ts";
import type { Identity, Settings } from "./settings.ts";
import { profileFor } from "./transfers.ts";

export type Joined = {
  readonly callSid: string;
  readonly from: string;
  readonly profile: ListedProfile;
  readonly relay: Relay;
  /** 0 for the call's first stream, then rising. */
  readonly attempt: number;
  readonly news?: News;
} & Counted;

/** @param nowS whole seconds since 1970 */
export async function connect(
  { accountSid, baseUrl }: Identity,
  { keys: { newest }, transfers }: Pick<Settings, "keys" | "transfers">,
  { callSid, from, profile, relay, attempt, news, ...counted }: Joined,
  nowS: number,
): Promise<Reply> {
  const { parameters, hash: profileHash } = packProfile(profileFor(profile, transfers, news));
  const grant = { relay: relay.name, callSid, accountSid, attempt, profileHash };
  const token = await mintStreamToken(newest, grant, nowS);
  const state = await mintState(newest, { callSid, attempt, relay: relay.name, ...counted }, nowS);
  log({
    event: "call_admitted",
    callSid,
    caller: lastTwo(from),
    attempt,
    relay: new URL(relay.httpOrigin).host,
  });
  return say([
    {
      verb: "connect",
      action: `${baseUrl}/voice/ended?state=${state}`,
      stream: {
        url: streamUrl(relay, token),
        statusCallback: `${baseUrl}/voice/stream-status`,
        parameters,
      },
    },
    // Only if Twilio goes on without asking `action`.
    ...farewell("unavailable", profile.language),
  ]);
}
