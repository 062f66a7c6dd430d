/**
 * What setup asks for: each answer, the variables that hold it on either side, the flag that gives it, and where a person
 * finds it. Whether an answer is right is not decided here (checks.ts asks the relay and the edge).
 */
import type { EnvKind } from "../env-syntax.ts";

export type Place = { readonly kind: EnvKind; readonly variable: string };

export type Question = {
  readonly name: QuestionName;
  /** Without its dashes. */
  readonly flag: string;
  readonly title: string;
  /** Where it is found, or what it means, in a line or three. */
  readonly where: string;
  readonly isSecret: boolean;
  /** Nothing works without it; the others are offered once, when a file is begun. */
  readonly isNeeded: boolean;
  /** The first is the one whose spelling a person sees. */
  readonly places: readonly [Place, ...Place[]];
  readonly example?: string;
};

export type QuestionName =
  | "relayUrl"
  | "accountSid"
  | "authToken"
  | "phoneNumber"
  | "openaiKey"
  | "allowedNumbers"
  | "callerPin"
  | "zapierToken"
  | "secret";

const relay = (variable: string): Place => ({ kind: "relay", variable });
const edge = (variable: string): Place => ({ kind: "edge", variable });

export const ACCOUNT_SID: Question = {
  name: "accountSid",
  flag: "account-sid",
  title: "Twilio account SID",
  where: "console.twilio.com, the first page, Account Info: Account SID (begins with AC).",
  isSecret: false,
  isNeeded: true,
  places: [relay("TWILIO_ACCOUNT_SID"), edge("ACCOUNT_SID")],
  example: "AC0123456789abcdef0123456789abcdef",
};

export const AUTH_TOKEN: Question = {
  name: "authToken",
  flag: "auth-token",
  title: "Twilio auth token",
  where:
    "console.twilio.com, the first page, Account Info: Auth Token (show, copy). It must be the primary token:\nTwilio signs its webhooks with it.",
  isSecret: true,
  isNeeded: true,
  places: [relay("TWILIO_AUTH_TOKEN"), edge("AUTH_TOKEN")],
};

export const PHONE_NUMBER: Question = {
  name: "phoneNumber",
  flag: "phone-number",
  title: "The number that people call",
  where:
    "console.twilio.com, Phone Numbers, Manage, Active numbers. To get one: Phone Numbers, Manage, Buy a number\n(it must be able to do Voice).",
  isSecret: false,
  isNeeded: false,
  places: [relay("PHONE_NUMBER")],
  example: "+15557654321",
};

export const SECRET: Question = {
  name: "secret",
  flag: "stream-token-secret",
  title: "The secret that edge and relay share",
  where: "It is made here; nobody has to know it.",
  isSecret: true,
  isNeeded: true,
  places: [relay("STREAM_TOKEN_SECRET"), edge("STREAM_TOKEN_SECRET")],
};

/** In the order in which a person is asked. */
export const QUESTIONS: readonly Question[] = [
  ACCOUNT_SID,
  AUTH_TOKEN,
  PHONE_NUMBER,
  {
    name: "openaiKey",
    flag: "openai-api-key",
    title: "OpenAI API key",
    where:
      "platform.openai.com, Settings, API keys, Create new secret key. The project behind it needs credit\n(Settings, Billing).",
    isSecret: true,
    isNeeded: true,
    places: [relay("OPENAI_API_KEY")],
  },
  {
    name: "relayUrl",
    flag: "relay-url",
    title: "Where Twilio reaches the relay",
    where:
      "The public name of the machine that the relay runs on, as wss:// and a host (TLS, port 443, no path).\nTo try it on this machine first: ws://localhost:5050; npm run dev -- --tunnel then gives it a public name.",
    isSecret: false,
    isNeeded: true,
    places: [relay("RELAY_URL"), edge("RELAY_URL")],
    example: "wss://relay.example.com",
  },
  {
    name: "allowedNumbers",
    flag: "allowed-numbers",
    title: "Who may call",
    where:
      "Your own number first: whole, with + and the country code, commas between several. For more than about 30,\nassets/callers.private.json.",
    isSecret: false,
    isNeeded: true,
    places: [edge("ALLOWED_NUMBERS")],
    example: "+15551234567",
  },
  {
    name: "callerPin",
    flag: "caller-pin",
    title: "A PIN for every caller",
    where:
      "6 to 10 digits, typed before anything else happens. Anybody can show any caller ID, so have one.\nLeave it empty for none.",
    isSecret: true,
    isNeeded: false,
    places: [edge("CALLER_PIN")],
  },
  {
    name: "zapierToken",
    flag: "zapier-mcp-token",
    title: "Zapier's tools",
    where: "mcp.zapier.com, your server, Connect, Generate token. Leave it empty to do without.",
    isSecret: true,
    isNeeded: false,
    places: [relay("ZAPIER_MCP_TOKEN")],
  },
  SECRET,
];
