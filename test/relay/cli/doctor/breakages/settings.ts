/** Variables, what must be the same on both sides, and time. */

import type { Breakage } from "../breakage.ts";
import { CALLER, type House, SECRET } from "../stage.ts";

const OTHER_SECRET = "another-secret-of-the-doctors-tests-and-long";

/** A variable of the relay's file, and back. */
const relay = (name: string, value: string | undefined) => variable("relayEnv", name, value);
const edge = (name: string, value: string | undefined) => variable("edgeEnv", name, value);

function variable(which: "relayEnv" | "edgeEnv", name: string, value: string | undefined) {
  let before: string | undefined;
  const set = (house: House, text: string | undefined) => {
    const { [name]: _, ...others } = house[which];
    house[which] = text === undefined ? others : { ...others, [name]: text };
  };
  return {
    break: (house: House) => {
      before = house[which][name];
      set(house, value);
    },
    apply: (house: House) => set(house, before),
  };
}

export { edge as edgeVariable, relay as relayVariable };

export const SETTINGS: readonly Breakage[] = [
  {
    name: "no .env",
    line: "settings/relay",
    says: /there is no \.env here/,
    mend: /npm run setup/,
    break: (house) => {
      house.modes[".env"] = undefined;
    },
    apply: (house) => {
      house.modes[".env"] = 0o600;
    },
  },
  {
    name: "everybody may read .env",
    line: "settings/relay",
    is: "doubtful",
    says: /can be read by other users/,
    mend: /chmod 600 \.env/,
    break: (house) => {
      house.modes[".env"] = 0o644;
    },
    apply: (house) => {
      house.modes[".env"] = 0o600;
    },
  },
  {
    name: "a variable is missing",
    line: "settings/relay",
    says: /OPENAI_API_KEY is missing/,
    mend: /platform\.openai\.com\/api-keys/,
    ...relay("OPENAI_API_KEY", undefined),
  },
  {
    name: "a variable is mistyped",
    line: "settings/relay",
    says: /VOICE "marine" is not a voice/,
    mend: /VOICE=marin/,
    ...relay("VOICE", "marine"),
  },
  {
    name: "a variable of the edge's stands in the relay's file",
    line: "settings/relay",
    is: "doubtful",
    says: /TRANSFER_NUMBERS is read by the edge alone/,
    mend: /move it to \.env\.functions/,
    ...relay("TRANSFER_NUMBERS", "anna=+15550009999"),
  },
  {
    name: "no .env.functions",
    line: "settings/edge",
    says: /there is no \.env\.functions here/,
    mend: /npm run setup/,
    break: (house) => {
      house.modes[".env.functions"] = undefined;
    },
    apply: (house) => {
      house.modes[".env.functions"] = 0o600;
    },
  },
  {
    name: "nobody may call",
    line: "settings/edge",
    says: /ALLOWED_NUMBERS is empty/,
    mend: /put your own number there/,
    ...edge("ALLOWED_NUMBERS", ""),
  },
  {
    name: "the OpenAI key stands in the edge's file",
    line: "settings/edge",
    says: /OPENAI_API_KEY is the relay's, and a deploy would upload it/,
    mend: /move it to \.env/,
    ...edge("OPENAI_API_KEY", "sk-rehearsal"),
  },
  {
    name: "a comment behind a value",
    line: "settings/edge",
    says: /CALLER_PIN has a comment behind its value/,
    mend: /on a line of its own/,
    ...edge("CALLER_PIN", "48291357 # mine"),
  },
  {
    name: "a value that Twilio does not take",
    line: "settings/edge",
    says: /ALLOWED_NUMBERS has \d+ bytes, and Twilio takes 450/,
    mend: /assets\/callers\.private\.json/,
    ...edge(
      "ALLOWED_NUMBERS",
      [CALLER, ...Array.from({ length: 50 }, (_, at) => `+155500${10_000 + at}`)].join(","),
    ),
  },
  {
    name: "two secrets",
    line: "agreement/secret",
    says: /does not know the secret with which the edge signs/,
    mend: /STREAM_TOKEN_SECRET in \.env and \.env\.functions to the same/,
    ...edge("STREAM_TOKEN_SECRET", OTHER_SECRET),
  },
  {
    name: "a rotation that is half done",
    line: "agreement/secret",
    is: "doubtful",
    says: /knows a newer secret/,
    mend: /npm run secret -- --rotate/,
    ...relay("STREAM_TOKEN_SECRET", `${OTHER_SECRET},${SECRET}`),
  },
  {
    name: "two addresses of the relay",
    line: "agreement/address",
    says: /the relay is ws:\/\/127.*the edge sends calls to ws:\/\/localhost:1/,
    mend: /the same, into RELAY_URL/,
    ...edge("RELAY_URL", "ws://localhost:1"),
  },
  {
    name: "two accounts",
    line: "agreement/account",
    says: /two accounts/,
    mend: /TWILIO_ACCOUNT_SID in \.env and ACCOUNT_SID in \.env\.functions/,
    ...edge("ACCOUNT_SID", `AC${"6".repeat(32)}`),
  },
  {
    name: "two auth tokens",
    line: "agreement/account",
    says: /two auth tokens/,
    mend: /TWILIO_AUTH_TOKEN in \.env and AUTH_TOKEN in \.env\.functions/,
    ...edge("AUTH_TOKEN", "f".repeat(32)),
  },
  {
    name: "a clock that is five minutes ahead",
    line: "clock/here",
    says: /it is 5 minutes ahead of/,
    mend: /timedatectl set-ntp true/,
    break: (house) => {
      house.environment.CLOCK_AHEAD_S = "300";
    },
    apply: (house) => {
      house.environment.CLOCK_AHEAD_S = "0";
    },
  },
];
