/**
 * What setup wants to know of the account: which numbers it has that can be called. Why it does not know is a value: an
 * owner without a network can still write down what they know.
 */
import { openTwilioAccount, TwilioTrouble } from "../twilio-account.ts";

export type OfferedNumber = { readonly phoneNumber: string; readonly friendlyName: string };

export type Numbers =
  | { readonly is: "listed"; readonly numbers: readonly OfferedNumber[] }
  /** Twilio does not know this account SID with this auth token. */
  | { readonly is: "refused"; readonly why: string }
  | { readonly is: "unknown"; readonly why: string };

export type AskForNumbers = (accountSid: string, authToken: string) => Promise<Numbers>;

export const numbersOf: AskForNumbers = async (accountSid, authToken) => {
  try {
    const numbers = await openTwilioAccount({ accountSid, authToken }).numbers();
    return { is: "listed", numbers: numbers.filter(({ canTakeCalls }) => canTakeCalls) };
  } catch (error) {
    if (!(error instanceof TwilioTrouble)) throw error;
    const why = `${error.message}: ${error.mend}.`;
    return { is: error.code === UNKNOWN_CREDENTIALS ? "refused" : "unknown", why };
  }
};

/** https://www.twilio.com/docs/api/errors/20003 */
const UNKNOWN_CREDENTIALS = 20003;
