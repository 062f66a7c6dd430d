import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { z } from "zod";
import { ACCOUNT, AUTH_TOKEN } from "../../functions/signed.ts";
import "../../patience.ts";
import { newNumber, type PhoneNumber } from "../../rehearsal/twilio-api/account.ts";
import { Refusal } from "../../rehearsal/twilio-api/answer.ts";
import { startTwilioApi, type TwilioApi } from "../../rehearsal/twilio-api/api.ts";
import { clientOf } from "../../rehearsal-tests/twilio-api/client.ts";
import type { Question } from "./account-in-a-process.ts";

const NUMBER = "+15557654321";
const TRUNK = `TK${"1".repeat(32)}`;

const numbers: PhoneNumber[] = [];
let api: TwilioApi;
let asked: Asked;
beforeAll(async () => {
  api = await startTwilioApi({ accountSid: ACCOUNT, authToken: AUTH_TOKEN, numbers });
  asked = startAsking(api);
});
beforeEach(() => {
  numbers.splice(
    0,
    numbers.length,
    newNumber(`${NUMBER}9`),
    newNumber(NUMBER, { trunk_sid: TRUNK, friendly_name: "Front door" }),
    newNumber("+15550001111", { capabilities: { voice: false, sms: true, mms: false, fax: false } }),
  );
});
afterEach(() => api.recover());
afterAll(async () => {
  await asked.stop();
  await api.stop();
});

type Asked = ReturnType<typeof startAsking>;
function startAsking({ proxyUrl, env }: TwilioApi) {
  const child = Bun.spawn(
    [process.execPath, "--no-env-file", join(import.meta.dir, "account-in-a-process.ts")],
    { stdin: "pipe", stdout: "pipe", stderr: "inherit", env: { PATH: process.env.PATH, ...env } },
  );
  const lines = createInterface({ input: Readable.fromWeb(child.stdout) })[Symbol.asyncIterator]();
  return {
    async ask(
      questions: readonly Question[],
      changes: Readonly<Record<string, unknown>> = {},
    ): Promise<unknown[]> {
      const given = { proxyUrl, accountSid: ACCOUNT, authToken: AUTH_TOKEN, questions, ...changes };
      child.stdin.write(`${JSON.stringify(given)}\n`);
      await child.stdin.flush();
      const { value } = await lines.next();
      return z.array(z.unknown()).parse(JSON.parse(value ?? ""));
    },
    async stop(): Promise<void> {
      await child.stdin.end();
      await child.exited;
    },
  };
}
const ask: Asked["ask"] = (questions, changes) => asked.ask(questions, changes);

test("a number is found by its whole self, pointed elsewhere, and put back as it was", async () => {
  const number = numbers[1] ?? newNumber(NUMBER);
  const edge = "https://edge.example.com/voice";
  const voice = { voiceUrl: `${edge}/incoming`, voiceFallbackUrl: `${edge}/fallback`, voiceMethod: "POST" };
  const [found, pointed] = await ask([
    ["number", NUMBER],
    ["point", number.sid, { ...voice, voiceApplicationSid: "", trunkSid: "" }],
  ]);
  expect(found).toEqual({
    sid: number.sid,
    phoneNumber: NUMBER,
    friendlyName: "Front door",
    canTakeCalls: true,
    voice: {
      voiceUrl: "https://demo.twilio.com/welcome/voice/",
      voiceMethod: "POST",
      voiceFallbackUrl: "",
      voiceFallbackMethod: "POST",
      statusCallback: "",
      statusCallbackMethod: "POST",
      voiceApplicationSid: "",
      trunkSid: TRUNK,
    },
  });
  expect(pointed).toMatchObject({ voice: { ...voice, trunkSid: "" } });
  expect(number).toMatchObject({ voice_url: voice.voiceUrl, trunk_sid: null });

  const before = z.looseObject({ voice: z.record(z.string(), z.string()) }).parse(found).voice;
  const [again] = await ask([["point", number.sid, before]]);
  expect(again).toEqual(found);
});

test("all numbers are listed, those that take no calls too, and one that nobody has is not found", async () => {
  const [all, none] = await ask([["numbers"], ["number", "+15550009999"]]);
  expect(all).toMatchObject([
    { phoneNumber: `${NUMBER}9` },
    { phoneNumber: NUMBER },
    { phoneNumber: "+15550001111", canTakeCalls: false },
  ]);
  expect(none).toBeNull();
});

test("what is deployed is told by its name, and a variable of it can be taken away", async () => {
  const client = clientOf(api, ACCOUNT, AUTH_TOKEN);
  const post = async (path: string, form: Readonly<Record<string, string>>) => {
    const { body } = await client.post("serverless.twilio.com", path, form);
    return z.looseObject({ sid: z.string() }).parse(body).sid;
  };
  const name = "phone-assistant";
  const service = `/v1/Services/${await post("/v1/Services", { UniqueName: name, FriendlyName: name })}`;
  const environment = await post(`${service}/Environments`, { UniqueName: "dev", DomainSuffix: "dev" });
  await post(`${service}/Environments/${environment}/Variables`, { Key: "STIR_POLICY", Value: "require" });
  const [edge, nothing, hadIt, hadNone] = await ask([
    ["edge", name],
    ["edge", "another"],
    ["forget", name, "STIR_POLICY"],
    ["forget", name, "STIR_POLICY"],
  ]);
  expect(edge).toEqual({
    serviceSid: service.split("/")[3],
    environmentSid: environment,
    domainName: expect.stringMatching(/^phone-assistant-\d{4}-dev\.twil\.io$/),
    variables: [{ sid: expect.any(String), key: "STIR_POLICY", value: "require" }],
  });
  expect([nothing, hadIt, hadNone]).toEqual([null, true, false]);
});

test("whatever Twilio refuses is told with its code and what mends it", async () => {
  expect(await ask([["details"]])).toEqual([{ status: "active", type: "Full" }]);
  const [wrong] = await ask([["details"]], { authToken: "f".repeat(32) });
  expect(wrong).toMatchObject({
    trouble: "looking at the account: Twilio refuses (20003: Authenticate)",
    mend: expect.stringContaining("TWILIO_AUTH_TOKEN"),
    code: 20003,
    status: 401,
  });
  const variables = { accountSid: "ACCOUNT_SID of the file", authToken: "AUTH_TOKEN of the file" };
  const [named] = await ask([["details"]], { authToken: "f".repeat(32), variables });
  expect(named).toMatchObject({ mend: expect.stringContaining("and AUTH_TOKEN of the file") });
  const [notASid] = await ask([["details"]], { accountSid: "phone" });
  expect(notASid).toMatchObject({ trouble: "TWILIO_ACCOUNT_SID is not an Account SID" });
  const [missing] = await ask([["point", `PN${"0".repeat(32)}`, { voiceUrl: "" }]]);
  expect(missing).toMatchObject({ code: 20404, status: 404 });
  api.failWith(/IncomingPhoneNumbers/, new Refusal(503, 20503, "Service unavailable"));
  const [down] = await ask([["numbers"]]);
  expect(down).toMatchObject({ code: 20503, mend: expect.stringContaining("status.twilio.com") });
});

test("no answer is told as such, where nobody listens and where somebody keeps silent", async () => {
  const nobody = Bun.listen({ port: 0, hostname: "127.0.0.1", socket: { data: () => {} } });
  const silent = { withinMs: 200, proxyUrl: `http://127.0.0.1:${nobody.port}` };
  const [quiet] = await ask([["numbers"]], silent);
  nobody.stop(true);
  const [gone] = await ask([["numbers"]], silent);
  for (const each of [quiet, gone]) {
    expect(each).toMatchObject({
      trouble: expect.stringMatching(/^listing the phone numbers: no answer from Twilio/),
      mend: expect.stringContaining("api.twilio.com"),
    });
  }
});
