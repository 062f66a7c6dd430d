/**
 * How many wrong PINs a caller has left. They are counted on the relay, where state lives: a call's own three tries
 * are carried in its signed state, but calls are endless. The relay knows a caller by an HMAC of the number alone.
 *
 * A try is spent before the PIN is looked at and given back when it was right, so that a hang-up, a crash or a hundred
 * webhooks at once cannot look at more PINs than were spent. Whoever cannot ask admits nobody.
 */
import { z } from "zod";
import { callerIdOf, type Key, mintTriesToken, type TriesClaims, triesPath } from "../../relay/contract.ts";
import { askRelay, type RelayAnswer } from "./ask.ts";
import { inOrderFor, type Relay } from "./relays.ts";

const Left = z.object({ left: z.number().int().min(0) });
const Spent = Left.extend({ allowed: z.boolean() });

export type NoTries =
  /** The relay does not take our token: the two sides do not share a secret. */
  | { readonly ok: false; readonly how: "refused" }
  | { readonly ok: false; readonly how: "unreachable" | "nonsense"; readonly detail: string };
export type TriesLeft = { readonly ok: true; readonly left: number } | NoTries;
export type TrySpent = { readonly ok: true; readonly allowed: boolean } | NoTries;

/** One caller's tries, at the one relay that counts them. */
export type Tries = {
  ask(tryId: string): Promise<TriesLeft>;
  spend(tryId: string): Promise<TrySpent>;
  refund(tryId: string): Promise<{ readonly ok: true } | NoTries>;
};

/** @param nowS whole seconds since 1970 */
export async function triesOf(
  { key, relays }: { key: Key; relays: readonly Relay[] },
  phoneNumber: string,
  nowS: number,
): Promise<Tries> {
  const caller = await callerIdOf(key, phoneNumber);
  const [relay] = inOrderFor(relays, caller);
  if (relay === undefined) throw new Error("no relay");
  const send = async (method: "GET" | "POST" | "DELETE", act: TriesClaims["act"], tryId: string) => {
    const token = await mintTriesToken(key, { relay: relay.name, caller, act, tryId }, nowS);
    return askRelay(relay, { method, path: triesPath(caller), token });
  };
  return {
    async ask(tryId) {
      const read = bodyOf(await send("GET", "ask", tryId), Left);
      return read.ok ? { ok: true, left: read.body.left } : read;
    },
    async spend(tryId) {
      const read = bodyOf(await send("POST", "spend", tryId), Spent);
      return read.ok ? { ok: true, allowed: read.body.allowed } : read;
    },
    async refund(tryId) {
      const answer = await send("DELETE", "refund", tryId);
      if (answer.kind === "none") return { ok: false, how: answer.how, detail: answer.detail };
      if (answer.status >= 200 && answer.status <= 299) return { ok: true };
      return failed(answer.status);
    },
  };
}

function bodyOf<T>(
  answer: RelayAnswer,
  schema: z.ZodType<T>,
): { readonly ok: true; readonly body: T } | NoTries {
  if (answer.kind === "none") return { ok: false, how: answer.how, detail: answer.detail };
  if (answer.status !== 200) return failed(answer.status);
  const body = schema.safeParse(answer.body);
  return body.success
    ? { ok: true, body: body.data }
    : { ok: false, how: "nonsense", detail: "not a number of tries" };
}

const failed = (status: number): NoTries =>
  status === 401
    ? { ok: false, how: "refused" }
    : { ok: false, how: "unreachable", detail: `HTTP ${status}` };
