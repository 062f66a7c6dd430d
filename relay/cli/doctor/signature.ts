/**
 * Twilio's signature, made by us: what a webhook or a stream's handshake carries when it comes from Twilio, so that the
 * doctor can ask what only Twilio may ask. By twilio's own code, with the owner's auth token.
 * https://www.twilio.com/docs/usage/security#validating-requests
 */
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import type { Secret } from "../../secret.ts";

export const SIGNATURE_HEADER = "x-twilio-signature";

export const signatureFor = (
  authToken: Secret,
  url: string,
  form: Readonly<Record<string, string>> = {},
): string => getExpectedTwilioSignature(authToken.reveal(), url, { ...form });
