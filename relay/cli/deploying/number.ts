/**
 * Which of the account's numbers is to ring at the edge, and what stands in the way of it. It finds and words; whoever
 * asked decides.
 */
import type { TwilioAccount, TwilioNumber, VoiceSide } from "../twilio-account.ts";

export type Chosen = { readonly number: TwilioNumber } | { readonly wrong: string; readonly mend: string };

/** @param wanted whole, as in +15551234567; undefined: the only one that there is */
export async function chooseNumber(
  account: Pick<TwilioAccount, "numbers">,
  wanted: string | undefined,
): Promise<Chosen> {
  const all = await account.numbers();
  const callable = all.filter(({ canTakeCalls }) => canTakeCalls);
  const list = callable.map(({ phoneNumber }) => phoneNumber).join(", ");
  if (wanted === undefined) {
    const [only, another] = callable;
    if (only === undefined) {
      const mend =
        "buy one at console.twilio.com (Phone Numbers, Buy a number), or deploy without it: --no-number";
      return { wrong: "the account has no number that takes calls", mend };
    }
    if (another === undefined) return { number: only };
    return {
      wrong: `the account has ${callable.length} numbers that take calls (${list})`,
      mend: "name one with --number, or as PHONE_NUMBER in .env",
    };
  }
  const number = all.find(({ phoneNumber }) => phoneNumber === wanted);
  if (number === undefined) {
    const mend = list === "" ? "look into console.twilio.com: Phone Numbers" : `it has ${list}`;
    return { wrong: `${wanted} is no number of this account`, mend };
  }
  if (number.canTakeCalls) return { number };
  return { wrong: `${wanted} takes no calls`, mend: `name another: ${list}` };
}

/** Twilio looks at no URL while one of these is set. */
export function inTheWay({ phoneNumber, voice }: TwilioNumber): { wrong: string; mend: string } | undefined {
  const holder =
    voice.trunkSid !== ""
      ? `the SIP trunk ${voice.trunkSid}`
      : voice.voiceApplicationSid !== ""
        ? `the TwiML application ${voice.voiceApplicationSid}`
        : undefined;
  if (holder === undefined) return undefined;
  return {
    wrong: `${phoneNumber} belongs to ${holder}, and while it does its calls never come here`,
    mend: "if nobody needs it there any more, take it away with --take-number; otherwise name another with --number",
  };
}

const STATUS = "/voice/call-status";

/**
 * @param base as in https://phone-assistant-1234-dev.twil.io
 * @param statusCallback as it is: the edge only writes down what it hears there, so somebody else's is left to them
 */
export const pointedAt = (base: string, { statusCallback }: Pick<VoiceSide, "statusCallback">) =>
  ({
    voiceUrl: `${base}/voice/incoming`,
    voiceMethod: "POST",
    voiceFallbackUrl: `${base}/voice/fallback`,
    voiceFallbackMethod: "POST",
    ...((statusCallback === "" || statusCallback.endsWith(STATUS)) && {
      statusCallback: `${base}${STATUS}`,
      statusCallbackMethod: "POST",
    }),
    voiceApplicationSid: "",
    trunkSid: "",
  }) as const satisfies Partial<VoiceSide>;

export const isPointedAt = ({ voice }: TwilioNumber, base: string): boolean => {
  const there: Readonly<Record<string, string>> = { ...voice };
  return Object.entries(pointedAt(base, voice)).every(([field, value]) => there[field] === value);
};
