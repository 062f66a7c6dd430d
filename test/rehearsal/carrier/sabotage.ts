/**
 * What an attacker, a misconfiguration or a bug would send: each breaks one thing and leaves the rest true, so that
 * a refusal can be laid to that one thing. Without any of these the carrier is Twilio.
 */

import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";

type Mutation = (parameters: Readonly<Record<string, string>>) => Record<string, string>;

export type SignatureSabotage = "wrong" | "none";

export type StreamSabotage = {
  readonly streamSignature?: SignatureSabotage | undefined;
  /** Another stream URL than the TwiML's; the signature is over this one. */
  readonly mutateStreamUrl?: ((url: string) => string) | undefined;
  readonly startCallSid?: string | undefined;
  readonly startAccountSid?: string | undefined;
  readonly mutateParameters?: Mutation | undefined;
  /** The handshake, and then no `start`. */
  readonly omitStart?: boolean | undefined;
  readonly repeatStart?: boolean | undefined;
  /** The playback goes on as if no `clear` had come. */
  readonly ignoreClear?: boolean | undefined;
  /** No mark ever comes back. */
  readonly loseMarks?: boolean | undefined;
};

export type Sabotage = StreamSabotage & {
  readonly webhookSignature?: SignatureSabotage | undefined;
  /** Other parameters than the true ones; they are signed as sent. */
  readonly mutateWebhook?: Mutation | undefined;
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
