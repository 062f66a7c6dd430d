/**
 * Is this request really from Twilio, for our account, about one call?
 *
 * The `.protected` in a file's name makes Twilio's cloud check the signature, but nothing checks it locally or
 * behind a tunnel, so it is checked here, always. And the signature alone is not enough: it covers the parameters
 * sorted and joined without delimiters, so one signature fits every way of cutting the same bytes into names and
 * values, and `From=x` as well as `From=x&From=x`. After it, the fields that decide are held to exactly one
 * well-formed string each.
 *
 * Whoever fails either check gets 403 and no TwiML. `<Reject/>` is for callers; this is not a call that Twilio
 * reports to us, and a 403 makes Twilio log the failure and use the fallback URL if it ever is one.
 */
import { validateRequest } from "twilio/lib/webhooks/webhooks";
import { z } from "zod";
import { CallSid, NotReached } from "../../relay/contract.ts";
import type { Identity } from "./settings.ts";

export type WebhookRefusal = {
  readonly why:
    | "no signature"
    | "not a form"
    | "wrong signature"
    | "parameters are not text"
    | "fields are not those of a call";
  /**
   * The names, never the values, of the parameters that the check covered: one added after signing (StirVerstat,
   * by one report) shows up here.
   */
  readonly parameters: readonly string[];
  /** The address it was checked against: behind a tunnel without EDGE_URL, this is not what Twilio called. */
  readonly address: string;
  /** Which fields failed, where it was the fields. */
  readonly fields?: readonly string[];
};

export type Received<Fields> =
  | { readonly ok: true; readonly fields: Fields; readonly state: string | undefined }
  | { readonly ok: false; readonly refusal: WebhookRefusal };

const Signed = z.object({ headers: z.object({ "x-twilio-signature": z.string().min(1) }) });
/**
 * What Twilio posts. The runtime tells no method and puts query, form and JSON into one object; by its type a body is
 * told from a query (GET has none) and from JSON, in which values can be anything.
 * https://www.twilio.com/docs/serverless/functions-assets/functions/headers-and-cookies/access
 */
const Posted = z.object({
  headers: z.object({ "content-type": z.string().regex(/^application\/x-www-form-urlencoded\s*(;|$)/i) }),
});
const FormValue = z.union([z.string(), z.array(z.string())]);
/** The characters of a JWT; nothing that would change the URL it is put back into. */
const StateText = z.string().regex(/^[A-Za-z0-9._-]{1,2048}$/);

/** What every voice webhook carries. `From` may be anything: who may come in is for the admission to say. */
const CallFields = z.object({
  AccountSid: z.string(),
  CallSid,
  From: z.string().max(256),
  To: z.string().regex(/^(\+[1-9]\d{1,14}|(sips?|client):\S{1,248})$/),
  /** Only on calls that carried an attestation. */
  StirVerstat: z.string().max(64).optional(),
});
export type CallFields = z.infer<typeof CallFields>;

/** completed: the caller is not there any more. https://www.twilio.com/docs/voice/twiml#callstatus-values */
const CallStatus = z.enum([
  "queued",
  "initiated",
  "ringing",
  "in-progress",
  "completed",
  ...NotReached.options,
]);

/** Of a <Connect> that ended, and while the caller waits for a relay to come back. */
const EndedFields = CallFields.extend({ CallStatus });
export type EndedFields = z.infer<typeof EndedFields>;

/** Of a <Record> that ended. https://www.twilio.com/docs/voice/twiml/record#action */
const MessageFields = CallFields.extend({ RecordingDuration: z.string().regex(/^\d{1,6}$/) });
export type MessageFields = z.infer<typeof MessageFields>;

/** Of a <Gather> that ended: what a telephone's keys can type. The PIN's own shape is for the comparison to judge. */
const DigitsFields = CallFields.extend({ Digits: z.string().regex(/^[0-9*#A-D]{1,64}$/) });
export type DigitsFields = z.infer<typeof DigitsFields>;

/**
 * Of a <Dial> that ended. `answered` is said of conferences alone, `DialCallSid` and `DialCallDuration` not of all.
 * https://www.twilio.com/docs/voice/twiml/dial#action
 */
const DialledFields = CallFields.extend({
  CallStatus,
  DialCallStatus: z.enum(["completed", "answered", ...NotReached.options]),
  DialCallSid: CallSid.optional(),
  DialCallDuration: z
    .string()
    .regex(/^\d{1,6}$/)
    .optional(),
  DialBridged: z.enum(["true", "false"]).optional(),
});
export type DialledFields = z.infer<typeof DialledFields>;

/** Of a stream's status callback. */
const StreamStatusFields = z.object({
  AccountSid: z.string(),
  CallSid,
  StreamEvent: z.string().max(64),
  StreamError: z.string().max(10_000).optional(),
});
export type StreamStatusFields = z.infer<typeof StreamStatusFields>;

/**
 * Of a number's status callback, which is asked when a call is over.
 * https://www.twilio.com/docs/voice/api/incomingphonenumber-resource
 */
const CallStatusFields = z.object({
  AccountSid: z.string(),
  CallSid,
  CallStatus,
  /** In seconds; not of calls that nobody answered. */
  CallDuration: z
    .string()
    .regex(/^\d{1,6}$/)
    .optional(),
});
export type CallStatusFields = z.infer<typeof CallStatusFields>;

export const receiveCall = (identity: Identity, path: string, event: object): Received<CallFields> =>
  receive(CallFields, identity, path, event);

export const receiveEnded = (identity: Identity, path: string, event: object): Received<EndedFields> =>
  receive(EndedFields, identity, path, event);

export const receiveMessage = (identity: Identity, path: string, event: object): Received<MessageFields> =>
  receive(MessageFields, identity, path, event);

export const receiveDigits = (identity: Identity, path: string, event: object): Received<DigitsFields> =>
  receive(DigitsFields, identity, path, event);

export const receiveDialled = (identity: Identity, path: string, event: object): Received<DialledFields> =>
  receive(DialledFields, identity, path, event);

export const receiveStreamStatus = (
  identity: Identity,
  path: string,
  event: object,
): Received<StreamStatusFields> => receive(StreamStatusFields, identity, path, event);

export const receiveCallStatus = (
  identity: Identity,
  path: string,
  event: object,
): Received<CallStatusFields> => receive(CallStatusFields, identity, path, event);

function receive<Fields extends { AccountSid: string }>(
  schema: z.ZodType<Fields>,
  { accountSid, authToken, baseUrl }: Identity,
  path: string,
  event: object,
): Received<Fields> {
  // The runtime hands over query and body in one object, beside `request`. Only its own properties count: a JSON
  // body with a member `__proto__` would lend it fields that no signature covers.
  const own: Array<[string, unknown]> = Object.entries(event);
  const sent = own.filter(([name]) => name !== "request" && name !== "state");
  const address = `${baseUrl}${path}`;
  const refuse = (why: WebhookRefusal["why"], fields?: readonly string[]): Received<Fields> => {
    const parameters = sent.slice(0, 64).map(([name]) => printable(name));
    return { ok: false, refusal: { why, parameters, address, ...(fields && { fields }) } };
  };

  const values = new Map(own);
  const request = Signed.safeParse(values.get("request"));
  if (!request.success) return refuse("no signature");
  if (!Posted.safeParse(values.get("request")).success) return refuse("not a form");

  // `state` is ours and rides in the URL: `<base>/voice/ended?state=…` is what Twilio called and signed.
  const state = z.optional(StateText).safeParse(values.get("state"));
  const parameters = z.array(z.tuple([z.string(), FormValue])).safeParse(sent);
  if (!state.success || !parameters.success) return refuse("parameters are not text");

  const url = state.data === undefined ? address : `${address}?state=${state.data}`;
  const form = Object.fromEntries(parameters.data);
  if (!validateRequest(authToken, request.data.headers["x-twilio-signature"], url, form)) {
    return refuse("wrong signature");
  }

  const fields = schema.safeParse(form);
  if (!fields.success) {
    return refuse("fields are not those of a call", [
      ...new Set(fields.error.issues.map((issue) => String(issue.path[0]))),
    ]);
  }
  if (fields.data.AccountSid !== accountSid) return refuse("fields are not those of a call", ["AccountSid"]);
  return { ok: true, fields: fields.data, state: state.data };
}

/** A re-split request can have a piece of a number for a name. */
const printable = (name: string): string => (/^[A-Za-z_]{1,40}$/.test(name) ? name : "[odd name]");
