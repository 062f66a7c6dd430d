/**
 * What an attacker, a misconfiguration or a bug would send: each breaks one thing and leaves the rest true, so that
 * a refusal can be laid to that one thing. Without any of these the carrier is Twilio.
 */

import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";

export type SignatureSabotage = "wrong" | "none";

export type StreamSabotage = {
  readonly streamSignature?: SignatureSabotage;
  /** Another stream URL than the TwiML's; the signature is over this one. */
  readonly mutateStreamUrl?: (url: string) => string;
  readonly startCallSid?: string;
  readonly startAccountSid?: string;
  readonly mutateParameters?: (parameters: Readonly<Record<string, string>>) => Record<string, string>;
  /** The handshake, and then no `start`. */
  readonly omitStart?: boolean;
  readonly repeatStart?: boolean;
};

export type Sabotage = StreamSabotage & {
  readonly webhookSignature?: SignatureSabotage;
  /** Other parameters than the true ones; they are signed as sent. */
  readonly mutateWebhook?: (parameters: Readonly<Record<string, string>>) => Record<string, string>;
};

/** A signature header's value, or undefined for no header at all. */
export function signatureFor(
  authToken: string,
  url: string,
  parameters: Readonly<Record<string, string>>,
  sabotage: SignatureSabotage | undefined,
): string | undefined {
  switch (sabotage) {
    case undefined:
      return getExpectedTwilioSignature(authToken, url, { ...parameters });
    case "wrong":
      return getExpectedTwilioSignature(`not ${authToken}`, url, { ...parameters });
    case "none":
      return undefined;
    default:
      return sabotage satisfies never;
  }
}
