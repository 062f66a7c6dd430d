/** How a call ended at its relay, which alone knows. Its endings are a closed list over there; here only the outcome decides. */
import { z } from "zod";
import { endingPath, type Key, mintEndingToken, TransferName } from "../../relay/contract.ts";
import { askRelay } from "./ask.ts";
import type { Relay } from "./relays.ts";

const known = {
  ending: z.string().regex(/^[A-Za-z][A-Za-z0-9 _-]{0,63}$/),
  attempt: z.number().int().min(0),
  /** Whether the stream reached `start`. A relay of an older version does not say. */
  started: z.boolean().default(false),
};
const EndingAnswer = z.discriminatedUnion("outcome", [
  z.object({ ...known, outcome: z.enum(["finished", "told", "handover", "failed"]) }),
  z.object({ ...known, outcome: z.enum(["again", "live"]) }),
  z.object({ ...known, outcome: z.literal("transfer"), to: TransferName }),
]);

export type Ended =
  | { readonly how: "finished" | "told" | "handover" | "failed"; readonly ending: string }
  /** It broke, and may be brought back. */
  | { readonly how: "again"; readonly ending: string; readonly started: boolean }
  /** The caller is to be put through: to a name that the relay's model chose, and that is still to be looked up. */
  | { readonly how: "transfer"; readonly to: string }
  /** The relay answers and knows nothing of this attempt: its stream never came about. */
  | { readonly how: "unknown" }
  /** The relay does not take our token: the two sides do not share a secret. */
  | { readonly how: "refused" }
  | { readonly how: "unreachable" | "nonsense"; readonly detail: string };

/** Of a relay that may be away: with the pause between, and Twilio's way, less than 2.5 s a round. */
const MAYBE_AWAY_MS = 1000;

type Asked = {
  readonly relay: Relay;
  readonly callSid: string;
  readonly attempt: number;
  /** Then it gets less time, for the caller waits. */
  readonly isMaybeAway?: boolean;
};

/** @param nowS whole seconds since 1970 */
export async function askEnding(
  key: Key,
  { relay, callSid, attempt, isMaybeAway = false }: Asked,
  nowS: number,
): Promise<Ended> {
  const token = await mintEndingToken(key, { relay: relay.name, callSid }, nowS);
  const question = { method: "GET", path: endingPath(callSid), token } as const;
  const asked = await askRelay(relay, isMaybeAway ? { ...question, withinMs: MAYBE_AWAY_MS } : question);
  if (asked.kind === "none") return { how: asked.how, detail: asked.detail };
  const { status, body } = asked;
  if (status === 404) return { how: "unknown" };
  if (status === 401) return { how: "refused" };
  if (status !== 200) return { how: "unreachable", detail: `HTTP ${status}` };
  const answer = EndingAnswer.safeParse(body);
  if (!answer.success) return { how: "nonsense", detail: "not an ending" };
  const { data } = answer;
  if (data.attempt !== attempt) return { how: "unknown" };
  const { ending, started } = data;
  switch (data.outcome) {
    case "transfer":
      return { how: "transfer", to: data.to };
    case "again":
      return { how: "again", ending, started };
    case "live":
      // Twilio asks when the stream is over, and this relay has not noticed yet, or it is another process's.
      return { how: "again", ending, started: true };
    default:
      return { how: data.outcome, ending };
  }
}

/**
 * The first of these relays that answers as one of ours. It had no stream of this call, unless they share their records,
 * so what it says of the call is nothing to go by.
 */
export async function firstToAnswer(
  key: Key,
  relays: readonly Relay[],
  { callSid, attempt }: Pick<Asked, "callSid" | "attempt">,
  nowS: number,
): Promise<Relay | undefined> {
  const answers = await Promise.all(
    relays.map((relay) => askEnding(key, { relay, callSid, attempt, isMaybeAway: true }, nowS)),
  );
  return relays.find((_, index) => isAnAnswer(answers[index]?.how));
}

const isAnAnswer = (how: Ended["how"] | undefined): boolean =>
  how !== undefined && how !== "unreachable" && how !== "refused" && how !== "nonsense";
