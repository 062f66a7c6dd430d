/**
 * Mutations of signed webhooks against the edge's own check and its admission.
 *
 * What counts as the same webhook, and may come in: Twilio's signature covers the address and the parameters sorted by
 * name with nothing between. So the order of parameters, how they are percent-encoded, whether one stands in the
 * query or the body, an equal value given twice, and how bytes that no Function reads are cut into names
 * and values: none of that is signed. Let in is therefore only what has the very bytes that Twilio signed, is sent to
 * the same Function, and lets it do exactly what the original did. Anything else that is let in is a break-in.
 */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { admit, type Terms } from "../../../functions/edge/admission.ts";
import { receiveCall, receiveDialled, receiveDigits, receiveEnded } from "../../../functions/edge/webhook.ts";
import { keyFrom, verifyPinState, verifyState, verifyTransferState } from "../../../relay/contract.ts";
import { ACCOUNT, AUTH_TOKEN, CALLER, SECRET } from "../../functions/signed.ts";
import { type Captured, capture, eventOf, type Path, parametersOf, signedText } from "./captured.ts";
import { diceOf } from "./dice.ts";
import { MUTATIONS } from "./webhook-mutations.ts";

export const EDGE = "https://edge.example.com";
const identityAt = (baseUrl: string) => ({ accountSid: ACCOUNT, authToken: AUTH_TOKEN, baseUrl });
/** Under these an attestation decides, so that bending one would pay. */
const TERMS: Terms = {
  callers: new Map([[CALLER, { profile: {} }]]),
  stirPolicy: "off",
  callerPin: { kind: "digits", digits: "135792" },
  pinPolicy: "unattested",
};

/** What a Function makes of a webhook, and all that it does it with. */
export type Decision =
  | { readonly rank: "refused"; readonly why: string }
  | { readonly rank: "asked for a PIN" | "let in"; readonly by: object };

export type Deciders = Readonly<Record<Path, (base: string, event: object) => Decision | Promise<Decision>>>;

/**
 * As the Functions decide, with their own code, up to what they ask the relay. A state is good for minutes and a run
 * takes longer, so the time is that of the capture.
 */
const decidersAt = (nowS: number): Deciders => ({
  "/voice/incoming": (base, event) => {
    const received = receiveCall(identityAt(base), "/voice/incoming", event);
    if (!received.ok) return { rank: "refused", why: received.refusal.why };
    const { CallSid: callSid, From: from, StirVerstat: stirVerstat } = received.fields;
    const admission = admit(TERMS, { from, stirVerstat });
    if (!admission.admitted) return { rank: "refused", why: "turned away" };
    return { rank: admission.pinDue === undefined ? "let in" : "asked for a PIN", by: { callSid, from } };
  },
  "/voice/pin": async (base, event) => {
    const received = receiveDigits(identityAt(base), "/voice/pin", event);
    if (!received.ok) return { rank: "refused", why: received.refusal.why };
    const { CallSid: callSid, From: from, StirVerstat: stirVerstat, Digits: typed } = received.fields;
    const admission = admit(TERMS, { from, stirVerstat });
    if (!admission.admitted) return { rank: "refused", why: "turned away" };
    const { state } = received;
    const verified = await verifyPinState([await KEY], state ?? "", nowS);
    if (!verified.ok || verified.claims.sub !== callSid) return { rank: "refused", why: "state not ours" };
    return {
      rank: admission.pinDue === undefined ? "let in" : "asked for a PIN",
      by: { callSid, from, typed, state },
    };
  },
  "/voice/ended": async (base, event) => {
    const received = receiveEnded(identityAt(base), "/voice/ended", event);
    if (!received.ok) return { rank: "refused", why: received.refusal.why };
    const { CallSid: callSid, From: from, CallStatus: status } = received.fields;
    if (!TERMS.callers.has(from)) return { rank: "refused", why: "turned away" };
    const { state } = received;
    const verified = await verifyState([await KEY], state ?? "", nowS);
    if (!verified.ok || verified.claims.sub !== callSid) return { rank: "refused", why: "state not ours" };
    return { rank: "let in", by: { callSid, from, status, state } };
  },
  "/voice/transferred": async (base, event) => {
    const received = receiveDialled(identityAt(base), "/voice/transferred", event);
    if (!received.ok) return { rank: "refused", why: received.refusal.why };
    const { CallSid: callSid, From: from, CallStatus: status, DialCallStatus: result } = received.fields;
    if (!TERMS.callers.has(from)) return { rank: "refused", why: "turned away" };
    const { state } = received;
    const verified = await verifyTransferState([await KEY], state ?? "", nowS);
    if (!verified.ok || verified.claims.sub !== callSid) return { rank: "refused", why: "state not ours" };
    return { rank: "let in", by: { callSid, from, status, result, state } };
  },
});
const KEY = keyFrom(SECRET);
const unixS = (): number => Math.floor(Date.now() / 1000);

export type WebhookOutcome = {
  /** Mutations that are not the same webhook. */
  readonly tried: number;
  readonly admitted: readonly string[];
  /** Of those tried, how many had the very bytes that Twilio signed, and so a good signature. */
  readonly wellSigned: number;
  /** Of those tried: its attestation cut away, and so the caller is asked for a PIN who would have needed none. */
  readonly askedInstead: number;
  /** Beside those tried: the same webhook after all, and admitted as such. */
  readonly same: number;
  /** The same webhook down to each parameter, and refused: then the check is not what it is said to be. */
  readonly sameRefused: readonly string[];
  readonly byKind: Readonly<Record<string, number>>;
  readonly byRefusal: Readonly<Record<string, number>>;
};

export async function tryWebhookMutations(
  { count, seed }: { count: number; seed: number },
  tell: (done: number) => void,
  given?: Deciders,
): Promise<WebhookOutcome> {
  const dice = diceOf(seed);
  const all = await capture(EDGE);
  const decide = given ?? decidersAt(unixS());
  const originals = await Promise.all(
    all.map(async (captured) => {
      const event = eventOf(captured) ?? {};
      const decision = await decide[captured.path](EDGE, event);
      if (decision.rank === "refused") throw new Error(`a captured webhook is refused: ${decision.why}`);
      return { captured, decision, signed: signedTextOf(captured, event) };
    }),
  );
  const kinds = Object.entries(MUTATIONS);
  const byKind: Record<string, number> = {};
  const byRefusal: Record<string, number> = {};
  const admitted: string[] = [];
  const sameRefused: string[] = [];
  let [tried, wellSigned, askedInstead, same] = [0, 0, 0, 0];
  while (tried < count) {
    const original = originals[dice.below(originals.length)];
    const [kind, mutate] = kinds[dice.below(kinds.length)] ?? [];
    if (original === undefined || kind === undefined || mutate === undefined) continue;
    const { captured } = original;
    const mutant = mutate(captured, all, dice);
    const event = eventOf(mutant);
    const decision: Decision =
      event === undefined ? { rank: "refused", why: "no event" } : await decide[mutant.path](EDGE, event);
    const isSigned =
      event !== undefined &&
      mutant.signature === captured.signature &&
      signedTextOf(mutant, event) === original.signed;
    const isSame = isSigned && mutant.path === captured.path;
    if (isSame && isDeepStrictEqual(decision, original.decision)) {
      same++;
      continue;
    }
    if (isSame && decision.rank === "refused" && isRewritten(mutant, captured)) {
      sameRefused.push(`${kind}: ${JSON.stringify(mutant)}`);
      continue;
    }
    tried++;
    if (tried % 10_000 === 0) tell(tried);
    byKind[kind] = (byKind[kind] ?? 0) + 1;
    if (isSigned) wellSigned++;
    if (decision.rank === "refused") byRefusal[decision.why] = (byRefusal[decision.why] ?? 0) + 1;
    else if (isSame && decision.rank === "asked for a PIN" && original.decision.rank === "let in")
      askedInstead++;
    else admitted.push(`${kind}: ${JSON.stringify(mutant)}`);
  }
  return { tried, admitted, wellSigned, askedInstead, same, sameRefused, byKind, byRefusal };
}

/** Nobody comes in with this, by the very code that the Functions run. */
export async function isRefused(request: Captured): Promise<boolean> {
  const event = eventOf(request);
  if (event === undefined) return true;
  const { rank } = await decidersAt(unixS())[request.path](request.base, event);
  return rank === "refused";
}

/** Each parameter as it was, in whatever order and letters. */
function isRewritten(mutant: Captured, captured: Captured): boolean {
  const sorted = (request: Captured) => [...parametersOf(request)].map((pair) => pair.join("\n")).sort();
  return (
    mutant.type === captured.type &&
    mutant.query === captured.query &&
    isDeepStrictEqual(sorted(mutant), sorted(captured))
  );
}

const Texts = z.union([z.string(), z.array(z.string())]);

/** What a signature over this request would cover, worked out apart from the code that is tried. */
function signedTextOf({ base, path }: Captured, event: object): string {
  const values = new Map<string, string | readonly string[]>();
  let query = "";
  const own: Array<[string, unknown]> = Object.entries(event);
  for (const [name, value] of own) {
    const texts = Texts.safeParse(value);
    if (name === "request") continue;
    if (name === "state") query = `?state=${texts.success ? texts.data : JSON.stringify(value)}`;
    else values.set(name, texts.success ? texts.data : JSON.stringify(value));
  }
  return signedText(`${base}${path}${query}`, values);
}
