/**
 * The PIN on the keypad: asking for it, and what is said when it does not come, is wrong, or may not be tried. What was
 * typed is never logged.
 */
import { mintPinState } from "../../relay/contract.ts";
import { log } from "./log.ts";
import { PIN_DIGITS } from "./pin.ts";
import { type Reply, say } from "./reply.ts";
import { farewell, spoken } from "./sentences.ts";
import type { Identity, Keys } from "./settings.ts";
import type { NoTries } from "./tries.ts";

/** In one call. The relay's own count goes on from call to call. */
export const TRIES_A_CALL = 3;
/** For the first key, and for each after it. */
const TIMEOUT_S = 8;

type Asked = {
  readonly callSid: string;
  readonly language: string | undefined;
  /** Wrong PINs in this call so far. */
  readonly tries: number;
};

/** @param nowS whole seconds since 1970 */
export async function askPin(
  { baseUrl }: Identity,
  { newest }: Keys,
  { callSid, language, tries }: Asked,
  nowS: number,
): Promise<Reply> {
  const state = await mintPinState(newest, { callSid, tries }, nowS);
  return say([
    {
      verb: "gather",
      action: `${baseUrl}/voice/pin?state=${state}`,
      finishOnKey: "#",
      // The longest there is, and so no hint at this one's length.
      numDigits: PIN_DIGITS.most,
      timeoutS: TIMEOUT_S,
      prompt: spoken(tries === 0 ? "askPin" : "askPinAgain", language),
    },
    ...farewell("noPin", language),
  ]);
}

/** The relay could not be asked, or made no sense: nobody is admitted. */
export function triesUnknown(
  doing: "ask" | "spend" | "refund",
  { callSid, language }: Omit<Asked, "tries">,
  unknown: NoTries,
): Reply {
  logTriesUnknown(doing, callSid, unknown);
  return say(farewell("unavailable", language));
}

export function logTriesUnknown(doing: "ask" | "spend" | "refund", callSid: string, unknown: NoTries): void {
  switch (unknown.how) {
    case "refused":
      log({
        event: "relay_refused_token",
        callSid,
        mend: "STREAM_TOKEN_SECRET must be the same on edge and relay, and the relay's RELAY_URL must name itself as the edge's does",
      });
      break;
    case "unreachable":
    case "nonsense": {
      const why = unknown.how === "unreachable" ? "the relay gave no answer" : "the answer makes no sense";
      log({ event: "pin_tries_unknown", callSid, doing, why, detail: unknown.detail });
      break;
    }
    default:
      unknown satisfies never;
  }
}
