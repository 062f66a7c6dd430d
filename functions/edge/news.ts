/**
 * What Twilio only tells: it is checked as every webhook is, and nobody waits for the answer.
 */
import type { ServerlessFunctionSignature } from "@twilio-labs/serverless-runtime-types/types";
import { answer, misconfigured, notFromTwilio } from "./reply.ts";
import { type Identity, readIdentity } from "./settings.ts";
import type { Received } from "./webhook.ts";

export const hears =
  <Fields>(
    path: string,
    receive: (identity: Identity, path: string, event: object) => Received<Fields>,
    note: (fields: Fields) => void,
  ): ServerlessFunctionSignature =>
  (context, event, callback) =>
    answer({ path, response: new Twilio.Response(), callback }, { kind: "noted" }, async () => {
      const identity = readIdentity(context);
      if (!identity.ok) {
        misconfigured(identity.problems);
        return { kind: "noted" };
      }
      const received = receive(identity.value, path, event);
      if (!received.ok) return notFromTwilio(path, received.refusal);
      note(received.fields);
      return { kind: "noted" };
    });
