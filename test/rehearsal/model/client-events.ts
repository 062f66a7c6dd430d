/**
 * Every event that a client may send, to the letter, and the refusal of everything else.
 * Only the shape is judged here; whether the moment is right is the session's affair.
 *
 * Source: RealtimeClientEvent in npm's openai package.
 */
import { z } from "zod";
import { type Refusal, refusal, refusalFrom } from "./refusal.ts";
import { responseParams, SessionUpdate, SessionUpdateWithTemperature } from "./session-shape.ts";

const EventId = z.string().max(512).optional();
const Base64 = z
  .string()
  .regex(/^[A-Za-z0-9+/]*={0,2}$/, "Expected base64-encoded audio bytes.")
  .refine((text) => text.length % 4 === 0, "Expected base64-encoded audio bytes.");

const common = {
  /** The client's own, if it likes. */
  id: z.string().min(1).max(32).optional(),
  object: z.literal("realtime.item").optional(),
  status: z.enum(["completed", "incomplete", "in_progress"]).optional(),
};
const Text = z.strictObject({ type: z.literal("input_text"), text: z.string() });
const Message = z.discriminatedUnion("role", [
  z.strictObject({
    ...common,
    type: z.literal("message"),
    role: z.literal("system"),
    content: z.array(Text),
  }),
  z.strictObject({
    ...common,
    type: z.literal("message"),
    role: z.literal("user"),
    content: z.array(
      z.discriminatedUnion("type", [
        Text,
        z.strictObject({
          type: z.literal("input_audio"),
          audio: Base64.optional(),
          transcript: z.string().optional(),
        }),
      ]),
    ),
  }),
  z.strictObject({
    ...common,
    type: z.literal("message"),
    role: z.literal("assistant"),
    // "It cannot populate assistant audio messages": output_audio is not on the list.
    content: z.array(z.strictObject({ type: z.literal("output_text"), text: z.string() })),
  }),
]);
const CallId = z
  .string()
  .regex(/^[a-zA-Z0-9_-]{1,32}$/, "Expected a string that matches '^[a-zA-Z0-9_-]+$'.");
const FunctionCall = z.strictObject({
  ...common,
  type: z.literal("function_call"),
  name: z.string().min(1),
  arguments: z.string(),
  call_id: CallId.optional(),
});
const FunctionCallOutput = z.strictObject({
  ...common,
  type: z.literal("function_call_output"),
  call_id: CallId,
  output: z.string(),
});
/** Without `object` and `status`, and never without its own id: RealtimeMcpApprovalResponse. */
const ApprovalResponse = z.strictObject({
  id: z.string().min(1).max(32),
  type: z.literal("mcp_approval_response"),
  approval_request_id: z.string(),
  approve: z.boolean(),
  reason: z.string().nullish(),
});
const NewItem = z.discriminatedUnion("type", [Message, FunctionCall, FunctionCallOutput, ApprovalResponse]);
export type NewItem = z.infer<typeof NewItem>;
/** References are taken as a response's input only. */
const InputItem = z.discriminatedUnion("type", [
  Message,
  FunctionCall,
  FunctionCallOutput,
  z.strictObject({ type: z.literal("item_reference"), id: z.string().min(1) }),
]);

const Params = responseParams(InputItem);
export type ResponseParams = z.infer<typeof Params>;

const type = <Name extends string>(name: Name) => ({ type: z.literal(name), event_id: EventId });
const update = type("session.update");
const SessionUpdateEvent = z.strictObject({ ...update, session: SessionUpdate });
const WarmSessionUpdateEvent = z.strictObject({ ...update, session: SessionUpdateWithTemperature });

const EVENTS = {
  "session.update": SessionUpdateEvent,
  "input_audio_buffer.append": z.strictObject({ ...type("input_audio_buffer.append"), audio: Base64 }),
  "input_audio_buffer.commit": z.strictObject(type("input_audio_buffer.commit")),
  "input_audio_buffer.clear": z.strictObject(type("input_audio_buffer.clear")),
  "conversation.item.create": z.strictObject({
    ...type("conversation.item.create"),
    previous_item_id: z.string().nullish(),
    item: NewItem,
  }),
  "conversation.item.delete": z.strictObject({ ...type("conversation.item.delete"), item_id: z.string() }),
  "conversation.item.retrieve": z.strictObject({
    ...type("conversation.item.retrieve"),
    item_id: z.string(),
  }),
  "conversation.item.truncate": z.strictObject({
    ...type("conversation.item.truncate"),
    item_id: z.string(),
    content_index: z.number().int().min(0),
    audio_end_ms: z.number().int().min(0),
  }),
  "response.create": z.strictObject({ ...type("response.create"), response: Params.optional() }),
  "response.cancel": z.strictObject({ ...type("response.cancel"), response_id: z.string().optional() }),
} as const;

type Events = typeof EVENTS;
export type ClientEvent = { [Type in keyof Events]: z.infer<Events[Type]> }[keyof Events];

export type Decoded =
  | { readonly ok: true; readonly event: ClientEvent; readonly raw: unknown }
  | {
      readonly ok: false;
      readonly refusal: Refusal;
      readonly eventId: string | null;
      readonly type: string;
      readonly raw: unknown;
    };

const isKnown = (name: string): name is keyof Events => Object.hasOwn(EVENTS, name);
const Named = z.looseObject({ type: z.string() });
const Identified = z.looseObject({ event_id: z.string() });

/** @param temperature whether `session.temperature` is taken, as only older servers do */
export function decode(text: string, { temperature }: { readonly temperature: boolean }): Decoded {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    const unread = refusal("invalid_json", "We could not parse the JSON body of your event.");
    return { ok: false, refusal: unread, eventId: null, type: "", raw: undefined };
  }
  const identified = Identified.safeParse(raw);
  const eventId = identified.success ? identified.data.event_id : null;
  const named = Named.safeParse(raw);
  if (!named.success) {
    const nameless = refusal("missing_required_parameter", "Missing required parameter: 'type'.", "type");
    return { ok: false, refusal: nameless, eventId, type: "", raw };
  }
  const name = named.data.type;
  if (!isKnown(name)) return { ok: false, refusal: unknownType(name), eventId, type: name, raw };
  const schema = name === "session.update" && temperature ? WarmSessionUpdateEvent : EVENTS[name];
  const event = schema.safeParse(raw);
  if (event.success) return { ok: true, event: event.data, raw };
  return { ok: false, refusal: refusalFrom(event.error, raw), eventId, type: name, raw };
}

function unknownType(name: string): Refusal {
  if (name === "output_audio_buffer.clear") {
    return refusal(
      "invalid_value",
      "output_audio_buffer.clear is for WebRTC and SIP connections only.",
      "type",
    );
  }
  const known = Object.keys(EVENTS).map((each) => `'${each}'`);
  return refusal(
    "invalid_value",
    `Invalid value: '${name}'. Supported values are: ${known.join(", ")}.`,
    "type",
  );
}
