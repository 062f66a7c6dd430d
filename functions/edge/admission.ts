/**
 * Who may come in, and who must show a PIN first. Pure: the terms and the caller go in, the decision comes out.
 *
 * Whole numbers only. A suffix or a prefix match with an empty caller ID was a published hole in another product.
 * The number identifies the caller and does not authenticate: anybody with the right equipment can show any.
 */
import { type Caller, type Callers, isPhoneNumber } from "./callers.ts";
import type { Pin } from "./pin.ts";

/** What the owner decides on. */
export type Terms = {
  readonly callers: Callers;
  /** require: only calls whose number the caller's own carrier vouches for. */
  readonly stirPolicy: "off" | "require";
  /** Of every caller who has none of their own. */
  readonly callerPin: Pin | undefined;
  /** unattested: a caller whose number is vouched for need not type the PIN. */
  readonly pinPolicy: "always" | "unattested";
};

/** As Twilio sent it. */
export type Shown = {
  /** E.164, or `anonymous`, a SIP address, a client's name, or nothing at all */
  readonly from: string;
  readonly stirVerstat: string | undefined;
};

export type Turned = "no caller id" | "not on the list" | "not attested";
export type Admission =
  | { readonly admitted: true; readonly caller: Caller; readonly pinDue: Pin | undefined }
  | { readonly admitted: false; readonly why: Turned };

/**
 * Full attestation, verified by Twilio, and compared whole: a prefix of it begins `…-A-Diverted` and `…-A-Passthrough`
 * too. https://www.twilio.com/docs/voice/trusted-calling-with-shakenstir
 */
const isAttested = (stirVerstat: string | undefined): boolean => stirVerstat === "TN-Validation-Passed-A";

export function admit(terms: Terms, { from, stirVerstat }: Shown): Admission {
  if (!isPhoneNumber(from)) return { admitted: false, why: "no caller id" };
  const caller = terms.callers.get(from);
  if (caller === undefined) return { admitted: false, why: "not on the list" };
  const attested = isAttested(stirVerstat);
  if (terms.stirPolicy === "require" && !attested) return { admitted: false, why: "not attested" };
  const skips = terms.pinPolicy === "unattested" && attested;
  return { admitted: true, caller, pinDue: skips ? undefined : pinOf(terms, caller) };
}

/** Whether somebody can come in by showing a number, which anybody can show. */
export const trustsNumbersAlone = (terms: Terms): boolean =>
  terms.stirPolicy === "off" &&
  [...terms.callers.values()].some((caller) => pinOf(terms, caller) === undefined);

const pinOf = ({ callerPin }: Terms, { pin }: Caller): Pin | undefined =>
  pin === undefined ? callerPin : { kind: "hash", hash: pin };
