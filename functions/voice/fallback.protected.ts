/**
 * Something before us failed, and Twilio came here: apologise.
 *
 * It needs nothing but itself: no import, no variable, no asset, so that it works when everything else does not.
 * For the same reason it checks no signature; it gives nothing away.
 */
import type { ServerlessFunctionSignature } from "@twilio-labs/serverless-runtime-types/types";

export const handler: ServerlessFunctionSignature = (_context, _event, callback) => {
  const response = new Twilio.Response();
  response.appendHeader("Content-Type", "text/xml");
  response.setBody(
    '<?xml version="1.0" encoding="UTF-8"?><Response><Say language="en-US">Your assistant is not available right now, please call back.</Say><Hangup/></Response>',
  );
  callback(null, response);
};
