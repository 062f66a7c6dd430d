/** The account, its number, and what is deployed in it. */
import { ACCOUNT_SID, AUTH_TOKEN } from "../../../../rehearsal/relay.ts";
import { newNumber } from "../../../../rehearsal/twilio-api/account.ts";
import { Refusal } from "../../../../rehearsal/twilio-api/answer.ts";
import { startTwilioApi } from "../../../../rehearsal/twilio-api/api.ts";
import type { Breakage } from "../breakage.ts";
import { deployTo } from "../deployed.ts";
import { CALLER, type House, NUMBER, SECRET } from "../stage.ts";
import { relayVariable } from "./settings.ts";

/** The account as it is told otherwise. */
async function otherAccount(
  house: House,
  more: Partial<Parameters<typeof startTwilioApi>[0]>,
): Promise<void> {
  const numbers = [newNumber(NUMBER)];
  const other = house.put(
    await startTwilioApi({ accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN, numbers, ...more }),
  );
  house.environment = { ...house.usualEnvironment, ...other.env };
}
const usual = (house: House): void => {
  house.environment = house.usualEnvironment;
};

const ACCOUNT: readonly Breakage[] = [
  {
    name: "an auth token that was changed at Twilio",
    line: "account/open",
    says: /does not take the account SID and auth token \(20003\)/,
    mend: /Auth Token anew from the front page of console\.twilio\.com/,
    break: (house) => {
      house.relayEnv.TWILIO_AUTH_TOKEN = "c".repeat(32);
      house.edgeEnv.AUTH_TOKEN = "c".repeat(32);
    },
    apply: (house) => {
      house.relayEnv.TWILIO_AUTH_TOKEN = AUTH_TOKEN;
      house.edgeEnv.AUTH_TOKEN = AUTH_TOKEN;
    },
  },
  {
    name: "an account that is suspended",
    line: "account/open",
    says: /it is suspended: no call comes in/,
    mend: /console\.twilio\.com says why/,
    break: (house) => otherAccount(house, { status: "suspended" }),
    apply: usual,
  },
  {
    name: "a trial account",
    line: "account/open",
    is: "doubtful",
    says: /trial account: Twilio speaks a sentence of its own/,
    mend: /upgrade it/,
    break: (house) => otherAccount(house, { type: "Trial" }),
    apply: usual,
  },
  {
    name: "a Twilio that has trouble of its own",
    line: "account/open",
    says: /Twilio refuses \(20503\)/,
    mend: /status\.twilio\.com/,
    break: (house) => house.twilio.failWith(/Accounts/, new Refusal(503, 20503, "Service unavailable")),
    apply: (house) => house.twilio.recover(),
  },
];

const pointedAgain = (house: House): void => house.point(house.edge.base);

const NUMBERS: readonly Breakage[] = [
  {
    name: "a number that is not the account's",
    line: "number/found",
    says: /PHONE_NUMBER is no number of this account/,
    mend: /PHONE_NUMBER of \.env: it has …2222/,
    ...relayVariable("PHONE_NUMBER", "+15550009999"),
  },
  {
    name: "a number that still plays Twilio's demo",
    line: "number/voice",
    says: /it leads to https:\/\/demo\.twilio\.com\/welcome\/voice\//,
    mend: /npm run deploy points it; or set it at Twilio .* to http:\/\/localhost:\d+\/voice\/incoming, by HTTP POST/,
    break: (house) => {
      house.number.voice_url = "https://demo.twilio.com/welcome/voice/";
    },
    apply: pointedAgain,
  },
  {
    name: "a voice URL that is called by GET",
    line: "number/voice",
    says: /it is called by GET/,
    mend: /by HTTP POST/,
    break: (house) => {
      house.number.voice_method = "GET";
    },
    apply: pointedAgain,
  },
  {
    name: "a number without a fallback",
    line: "number/fallback",
    says: /none is set/,
    mend: /\/voice\/fallback, by HTTP POST/,
    break: (house) => {
      house.number.voice_fallback_url = "";
    },
    apply: pointedAgain,
  },
  {
    name: "a number that a SIP trunk holds",
    line: "number/free",
    says: /it belongs to the SIP trunk TK/,
    mend: /npm run deploy -- --take-number/,
    break: (house) => {
      house.number.trunk_sid = `TK${"1".repeat(32)}`;
    },
    apply: pointedAgain,
  },
  {
    name: "a number that a TwiML application holds",
    line: "number/free",
    says: /it belongs to the TwiML application AP/,
    mend: /npm run deploy -- --take-number/,
    break: (house) => {
      house.number.voice_application_sid = `AP${"1".repeat(32)}`;
    },
    apply: pointedAgain,
  },
];

/** As after a deploy: a relay with a public name, and no EDGE_URL. */
const PUBLIC = {
  RELAY_URL: "wss://relay.example.com",
  STREAM_TOKEN_SECRET: SECRET,
  ALLOWED_NUMBERS: CALLER,
  STIR_POLICY: "require",
};

/** One after the other, in the same account. */
const DEPLOYED: readonly Breakage[] = [
  {
    name: "nothing is deployed",
    line: "edge/deployed",
    says: /there is no service "phone-assistant" with a build that is live/,
    mend: /npm run deploy/,
    break: (house) => {
      house.relayEnv.RELAY_URL = PUBLIC.RELAY_URL;
      house.edgeEnv = { ...PUBLIC, ACCOUNT_SID, AUTH_TOKEN };
      // What Twilio serves is on the other side of the proxy.
      house.environment.HTTPS_PROXY = house.twilio.proxyUrl;
    },
    apply: async (house) => {
      const domain = await deployTo(house.twilio, { ...PUBLIC, OLD_FLAG: "on" });
      await house.deploy({ EDGE_URL: `https://${domain}` });
      delete house.edgeEnv.EDGE_URL;
      house.twilio.serve(domain, house.edge.base);
      house.point(`https://${domain}`);
    },
  },
  {
    name: "a variable on Twilio that nobody needs, and one that was not deployed",
    line: "edge/variables",
    says: /VOICEMAIL is not there[\s\S]*OLD_FLAG is there, and is none of the edge's/,
    mend: /npm run deploy/,
    break: (house) => {
      house.edgeEnv.VOICEMAIL = "on";
    },
    apply: (house) => {
      const variables = variablesOf(house);
      variables.splice(
        variables.findIndex(({ key }) => key === "OLD_FLAG"),
        1,
        { sid: `ZV${"2".repeat(32)}`, key: "VOICEMAIL", value: "on" },
      );
    },
  },
  {
    name: "a PIN that is still on Twilio, and was taken out here",
    line: "edge/variables",
    says: /CALLER_PIN is there, and not in \.env\.functions/,
    mend: /npm run deploy/,
    break: (house) => {
      variablesOf(house).push({ sid: `ZV${"3".repeat(32)}`, key: "CALLER_PIN", value: "left over" });
    },
    apply: (house) => {
      variablesOf(house).pop();
    },
  },
  {
    name: "somebody else's variable on Twilio",
    line: "edge/variables",
    is: "doubtful",
    says: /OLD_FLAG is there, and is none of the edge's/,
    mend: /Environment variables/,
    break: (house) => {
      variablesOf(house).push({ sid: `ZV${"4".repeat(32)}`, key: "OLD_FLAG", value: "on" });
    },
    apply: (house) => {
      variablesOf(house).pop();
    },
  },
  {
    name: "a secret on Twilio that is not the one here",
    line: "edge/variables",
    says: /STREAM_TOKEN_SECRET is another than in \.env\.functions/,
    mend: /npm run deploy/,
    break: (house) => {
      for (const one of variablesOf(house))
        if (one.key === "STREAM_TOKEN_SECRET") one.value = "of-the-day-before";
    },
    apply: (house) => {
      for (const one of variablesOf(house)) if (one.key === "STREAM_TOKEN_SECRET") one.value = SECRET;
    },
  },
];

function variablesOf(house: House) {
  const variables = house.twilio.services[0]?.environments[0]?.variables;
  if (variables === undefined) throw new Error("nothing is deployed");
  return variables;
}

export const TWILIO: readonly Breakage[] = [...ACCOUNT, ...NUMBERS, ...DEPLOYED];
