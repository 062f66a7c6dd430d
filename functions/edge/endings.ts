/** How a call ended at its relay, which alone knows. Its endings are a closed list over there; here only the outcome decides. */
import { z } from "zod";
import { endingPath, type Key, mintEndingToken, TransferName } from "../../relay/contract.ts";
import { askRelay } from "./ask.ts";
import type { Relay } from "./relays.ts";

const known = {
  ending: z.string().regex(/^[A-Za-z][A-Za-z0-9 _-]{0,63}$/),
  attempt: z.number().int().min(0),
};
const EndingAnswer = z.discriminatedUnion("outcome", [
  z.object({ ...known, outcome: z.enum(["finished", "told", "handover", "again", "failed", "live"]) }),
  z.object({ ...known, outcome: z.literal("transfer"), to: TransferName }),
]);

export type Ended =
  | { readonly how: "finished" | "told" | "handover" | "again" | "failed" | "live"; readonly ending: string }
  /** The caller is to be put through: to a name that the relay's model chose, and that is still to be looked up. */
  | { readonly how: "transfer"; readonly to: string }
  /** The relay answers and knows nothing of this attempt: its stream never came about. */
  | { readonly how: "unknown" }
  /** The relay does not take our token: the two sides do not share a secret. */
  | { readonly how: "refused" }
  | { readonly how: "unreachable" | "nonsense"; readonly detail: string };

/** @param nowS whole seconds since 1970 */
export async function askEnding(
  key: Key,
  { relay, callSid, attempt }: { relay: Relay; callSid: string; attempt: number },
  nowS: number,
): Promise<Ended> {
  const token = await mintEndingToken(key, { relay: relay.name, callSid }, nowS);
  const asked = await askRelay(relay, { method: "GET", path: endingPath(callSid), token });
  if (asked.kind === "none") return { how: asked.how, detail: asked.detail };
  const { status, body } = asked;
  if (status === 404) return { how: "unknown" };
  if (status === 401) return { how: "refused" };
  if (status !== 200) return { how: "unreachable", detail: `HTTP ${status}` };
  const answer = EndingAnswer.safeParse(body);
  if (!answer.success) return { how: "nonsense", detail: "not an ending" };
  const { data } = answer;
  if (data.attempt !== attempt) return { how: "unknown" };
  if (data.outcome === "transfer") return { how: "transfer", to: data.to };
  return { how: data.outcome, ending: data.ending };
}
