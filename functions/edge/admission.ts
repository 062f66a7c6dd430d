/**
 * Who may come in. Pure: the list and the caller go in, the decision comes out.
 *
 * Whole numbers only. A suffix or a prefix match with an empty caller ID was a published hole in another product.
 * The number identifies the caller and does not authenticate: anybody with the right equipment can show any.
 */
import type { Profile } from "../../relay/contract.ts";
import { type Callers, isPhoneNumber } from "./callers.ts";

export type Admission =
  | { readonly admitted: true; readonly profile: Profile }
  | { readonly admitted: false; readonly why: "no caller id" | "not on the list" };

/** @param from as Twilio sent it: E.164, or `anonymous`, a SIP address, a client's name, or nothing at all */
export function admit(callers: Callers, from: string): Admission {
  if (!isPhoneNumber(from)) return { admitted: false, why: "no caller id" };
  const profile = callers.get(from);
  return profile === undefined ? { admitted: false, why: "not on the list" } : { admitted: true, profile };
}
