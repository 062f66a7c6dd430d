/** What a caller hears whose call cannot go on, and what its owner is told, by the owner's own choice. */
import { describe, expect, test } from "bun:test";
import type { Texter } from "../../../functions/edge/alert.ts";
import { lastWords } from "../../../functions/edge/last-words.ts";
import { farewell, spoken } from "../../../functions/edge/sentences.ts";
import { readSettings } from "../../../functions/edge/settings.ts";
import { ACCOUNT, AUTH_TOKEN, CALLER, OUR_NUMBER, SECRET } from "../signed.ts";

const OWNER = "+15550004444";
const ENV = {
  DOMAIN_NAME: "edge.example.com",
  RELAY_URL: "wss://relay.example.com",
  STREAM_TOKEN_SECRET: SECRET,
};
const RECORD = {
  verb: "record",
  action: "https://edge.example.com/voice/message",
  finishOnKey: "#",
  maxLengthS: 120,
  timeoutS: 5,
} as const;

const read = (chosen: object) => readSettings({ ...ENV, ...chosen }, `{"${CALLER}":{"language":"de"}}`);

let calls = 0;
const newCall = () => `CA${(++calls).toString(16).padStart(32, "f")}`;

/** What is answered, and to whom a text message goes. */
async function end(chosen: object, sentence: "lost" | undefined, From = CALLER) {
  const settings = await read(chosen);
  if (!settings.ok) throw new Error(JSON.stringify(settings.problems));
  const texts: string[] = [];
  const texter = (): Texter => ({
    messages: { create: async ({ to, from }) => texts.push(`${from} to ${to}`) },
  });
  const moment = {
    identity: { accountSid: ACCOUNT, authToken: AUTH_TOKEN, baseUrl: "https://edge.example.com" },
    settings: settings.value,
    fields: { AccountSid: ACCOUNT, CallSid: newCall(), From, To: OUR_NUMBER },
    nowS: 1_800_000_000,
    texter,
  };
  const reply = await lastWords(moment, { sentence, why: "model_refused" });
  return { verbs: reply.kind === "twiml" ? [...reply.verbs] : [], texts };
}

describe("a call that cannot go on", () => {
  test("ends with the apology and no more, where the owner has chosen nothing", async () => {
    for (const chosen of [{}, { VOICEMAIL: "off", ALERT_SMS_TO: "" }]) {
      expect(await end(chosen, "lost")).toEqual({ verbs: [...farewell("lost", "de")], texts: [] });
      // The relay has said it.
      expect(await end(chosen, undefined)).toEqual({ verbs: [{ verb: "hangup" }], texts: [] });
    }
  });

  test("offers to leave a message behind the apology, in the caller's language", async () => {
    const offer = [spoken("leaveMessage", "de"), RECORD, { verb: "hangup" }] as const;
    const chosen = { VOICEMAIL: "on" };
    expect(await end(chosen, "lost")).toEqual({ verbs: [spoken("lost", "de"), ...offer], texts: [] });
    expect(await end(chosen, undefined)).toEqual({ verbs: [...offer], texts: [] });
  });

  test("is told to its owner, once, whatever the caller hears", async () => {
    for (const sentence of ["lost", undefined] as const) {
      for (const VOICEMAIL of ["on", "off"]) {
        const { texts } = await end({ VOICEMAIL, ALERT_SMS_TO: OWNER }, sentence);
        expect(texts).toEqual([`${OUR_NUMBER} to ${OWNER}`]);
      }
    }
  });

  test("of somebody who has been taken off the list is hung up, and costs nothing", async () => {
    const stranger = await end({ VOICEMAIL: "on", ALERT_SMS_TO: OWNER }, "lost", "+15559998888");
    expect(stranger).toEqual({ verbs: [{ verb: "hangup" }], texts: [] });
  });
});

describe("the owner's choice", () => {
  const problemsOf = async (chosen: object) => {
    const settings = await read(chosen);
    return settings.ok ? [] : settings.problems.map(({ variable, wrong }) => `${variable} ${wrong}`);
  };

  test("is on or off, and one whole number", async () => {
    for (const VOICEMAIL of ["ON", "true", "1"]) {
      expect(await problemsOf({ VOICEMAIL })).toEqual(["VOICEMAIL is neither off nor on"]);
    }
    for (const ALERT_SMS_TO of ["+15555", "+1 555 000 4444", "+15550004444,+15550005555", "anonymous"]) {
      expect(await problemsOf({ ALERT_SMS_TO })).toEqual(["ALERT_SMS_TO is not a whole E.164 number"]);
    }
    const settings = await read({ VOICEMAIL: "on", ALERT_SMS_TO: ` ${OWNER} ` });
    expect(settings.ok && [settings.value.voicemail, settings.value.alertSmsTo]).toEqual([true, OWNER]);
  });
});
