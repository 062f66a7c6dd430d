import { afterEach, describe, expect, test } from "bun:test";
import { z } from "zod";
import { ACCOUNT, AUTH_TOKEN } from "../../functions/signed.ts";
import "../../patience.ts";
import { newNumber } from "../../rehearsal/twilio-api/account.ts";
import { Refusal } from "../../rehearsal/twilio-api/answer.ts";
import { startTwilioApi, type TwilioApi, type TwilioApiOptions } from "../../rehearsal/twilio-api/api.ts";
import { clientOf } from "./client.ts";

const API = "api.twilio.com";
const SERVERLESS = "serverless.twilio.com";
const NUMBERS = `/2010-04-01/Accounts/${ACCOUNT}/IncomingPhoneNumbers`;

let api: TwilioApi | undefined;
afterEach(() => api?.stop());

async function start(options: Partial<TwilioApiOptions> = {}) {
  const started = await startTwilioApi({ accountSid: ACCOUNT, authToken: AUTH_TOKEN, ...options });
  api = started;
  return { api: started, client: clientOf(started, ACCOUNT, AUTH_TOKEN) };
}

const WithSid = z.looseObject({ sid: z.string() });
const sidOf = ({ body }: { body: unknown }) => WithSid.parse(body).sid;
const refused = (status: number, code: number, message?: string) => ({
  status,
  body: {
    code,
    status,
    message: message ?? expect.any(String),
    more_info: `https://www.twilio.com/docs/errors/${code}`,
  },
});

describe("an account", () => {
  test("is shown to whoever signs in to it, and to nobody else", async () => {
    const { api, client } = await start({ type: "Trial" });
    const path = `/2010-04-01/Accounts/${ACCOUNT}.json`;
    expect(await client.get(API, path)).toMatchObject({
      status: 200,
      body: { sid: ACCOUNT, type: "Trial", status: "active" },
    });
    const wrong = clientOf(api, ACCOUNT, "f".repeat(32));
    expect(await wrong.get(API, path)).toEqual(refused(401, 20003, "Authenticate"));
    expect(await client.get(API, `/2010-04-01/Accounts/AC${"0".repeat(32)}.json`)).toEqual(
      refused(404, 20404),
    );
  });

  test("lists its numbers in pages, all of them or those that hold some digits", async () => {
    const numbers = Array.from({ length: 5 }, (_, at) => newNumber(`+1555765432${at}`));
    const { client } = await start({ numbers });
    const Page = z.looseObject({
      incoming_phone_numbers: z.array(z.looseObject({ phone_number: z.string() })),
      next_page_uri: z.string().nullable(),
    });
    const found: string[] = [];
    let next: string | null = `${NUMBERS}.json?PageSize=2`;
    let pages = 0;
    while (next !== null) {
      const page: z.infer<typeof Page> = Page.parse((await client.get(API, next)).body);
      found.push(...page.incoming_phone_numbers.map((number) => number.phone_number));
      next = page.next_page_uri;
      pages++;
    }
    expect([pages, found]).toEqual([3, numbers.map((number) => number.phone_number)]);
    const filtered = await client.get(API, `${NUMBERS}.json?PhoneNumber=%2B15557654323`);
    expect(Page.parse(filtered.body).incoming_phone_numbers).toHaveLength(1);
    expect(await client.get(API, `${NUMBERS}.json?Number=5`)).toEqual(refused(400, 20001));
  });

  test("takes what a number is pointed at, whole or not at all, and one of trunk and application", async () => {
    const trunk = `TK${"1".repeat(32)}`;
    const number = newNumber("+15557654321", { trunk_sid: trunk });
    const { client } = await start({ numbers: [number] });
    const path = `${NUMBERS}/${number.sid}.json`;
    const VoiceUrl = "https://edge.example.com/voice/incoming";
    expect(await client.post(API, path, { VoiceUrl, VoiceMethod: "PUT" })).toEqual(refused(400, 21503));
    expect(await client.post(API, path, { VoiceUrl: "edge.example.com" })).toEqual(refused(400, 21502));
    expect(await client.post(API, path, { StatusCallback: "x" })).toEqual(refused(400, 21609));
    expect(await client.post(API, path, { VoiceURL: VoiceUrl })).toEqual(refused(400, 20001));
    expect(number).toMatchObject({ voice_url: "https://demo.twilio.com/welcome/voice/", trunk_sid: trunk });
    const application = `AP${"2".repeat(32)}`;
    await client.post(API, path, { VoiceApplicationSid: application });
    expect(number).toMatchObject({ trunk_sid: null, voice_application_sid: application });
    expect(await client.post(API, path, { VoiceUrl, VoiceApplicationSid: "", TrunkSid: "" })).toMatchObject({
      status: 200,
      body: { voice_url: VoiceUrl, voice_application_sid: null, trunk_sid: null },
    });
    expect(await client.post(API, `${NUMBERS}/PN${"0".repeat(32)}.json`, { VoiceUrl })).toEqual(
      refused(404, 20404),
    );
  });

  test("does nothing while it is suspended", async () => {
    const { client } = await start({ status: "suspended" });
    expect(await client.get(API, `${NUMBERS}.json`)).toEqual(refused(401, 20005));
  });
});

describe("a service", () => {
  const service = async (client: ReturnType<typeof clientOf>, name = "phone-assistant") => {
    const form = { UniqueName: name, FriendlyName: name, IncludeCredentials: "true", UiEditable: "false" };
    const sid = sidOf(await client.post(SERVERLESS, "/v1/Services", form));
    const base = `/v1/Services/${sid}`;
    const environment = await client.post(SERVERLESS, `${base}/Environments`, { UniqueName: "production" });
    return { form, base, environment: `${base}/Environments/${sidOf(environment)}` };
  };

  test("has a name, a domain and functions of its own, and what is taken is refused", async () => {
    const { client } = await start();
    const { form, base, environment } = await service(client);
    expect(await client.post(SERVERLESS, "/v1/Services", form)).toEqual(refused(409, 20409));
    expect(await client.post(SERVERLESS, `${base}/Environments`, { UniqueName: "production" })).toEqual(
      refused(409, 20409),
    );
    expect(await client.get(SERVERLESS, environment)).toMatchObject({
      body: { build_sid: null, domain_name: expect.stringMatching(/^phone-assistant-\d{4}\.twil\.io$/) },
    });
    expect(await client.get(SERVERLESS, `/v1/Services/ZS${"0".repeat(32)}`)).toEqual(refused(404, 20404));
    expect(await client.get(SERVERLESS, `${base}/Functions/ZH${"0".repeat(32)}`)).toEqual(
      refused(404, 20404),
    );
  });

  test("takes variables of 450 bytes and of 3 KB together, and no more", async () => {
    const { api, client } = await start();
    const { environment } = await service(client);
    const set = (Key: string, Value: string) =>
      client.post(SERVERLESS, `${environment}/Variables`, { Key, Value });
    expect(await set("LONG", "é".repeat(226))).toEqual(refused(400, 20001));
    for (const at of Array(6).keys()) expect((await set(`V${at}`, "x".repeat(450))).status).toBe(201);
    expect(await set("V6", "x".repeat(450))).toEqual(refused(400, 20001));
    expect(await set("V5", "x")).toEqual(refused(409, 20409));
    const [first] = api.services[0]?.environments[0]?.variables ?? [];
    const path = `${environment}/Variables/${first?.sid}`;
    expect(await client.post(SERVERLESS, path, { Value: "y".repeat(451) })).toEqual(refused(400, 20001));
    expect((await client.post(SERVERLESS, path, { Value: "y" })).body).toMatchObject({
      key: "V0",
      value: "y",
    });
    expect((await client.delete(SERVERLESS, path)).status).toBe(204);
    expect(await client.get(SERVERLESS, path)).toEqual(refused(404, 20404));
  });

  test("builds what was uploaded with dependencies that it has, and puts a build live once", async () => {
    const { api, client } = await start({ buildPolls: 1 });
    const { base, environment } = await service(client);
    const fn = sidOf(await client.post(SERVERLESS, `${base}/Functions`, { FriendlyName: "/hello" }));
    const versions = `${base}/Functions/${fn}/Versions`;
    const given = { Path: "/hello", Visibility: "protected" };
    expect(await client.upload(versions, { ...given, Visibility: "hidden" }, "x")).toEqual(
      refused(400, 20001),
    );
    expect(await client.upload(versions, { ...given, Path: "hello" }, "x")).toEqual(refused(400, 20001));
    const version = sidOf(await client.upload(versions, given, "exports.handler = () => {};"));
    const build = (dependencies: string, Runtime = "node22") =>
      client.post(SERVERLESS, `${base}/Builds`, {
        FunctionVersions: version,
        Dependencies: dependencies,
        Runtime,
      });
    const handler = (number: string) => `"[{"name":"@twilio/runtime-handler","version":"${number}"}]"`;
    expect(await build(handler("2.1.0"))).toEqual(refused(400, 20001));
    expect(await build(handler("2.0.1"), "node16")).toEqual(refused(400, 20001));
    expect(await build("twilio")).toEqual(refused(400, 20001));
    const sid = sidOf(await build(handler("2.0.1")));
    const deploy = () => client.post(SERVERLESS, `${environment}/Deployments`, { BuildSid: sid });
    expect(await deploy()).toEqual(refused(400, 20001, "Build is not completed"));
    const status = () => client.get(SERVERLESS, `${base}/Builds/${sid}/Status`);
    expect([await status(), await status()]).toMatchObject([
      { body: { status: "building" } },
      { body: { status: "completed" } },
    ]);
    const { domainName = "" } = api.services[0]?.environments[0] ?? {};
    expect(api.live(domainName)).toBeUndefined();
    expect((await deploy()).status).toBe(201);
    expect(await deploy()).toEqual(refused(409, 20409));
    expect(api.live(domainName)).toMatchObject({
      build: { functions: [{ path: "/hello", visibility: "protected" }], runtime: "node22" },
      variables: { ACCOUNT_SID: ACCOUNT, AUTH_TOKEN },
    });
    const content = await client.get(SERVERLESS, `${versions}/${version}/Content`);
    expect(content.body).toMatchObject({ content: "exports.handler = () => {};" });
  });
});

describe("the stand-in", () => {
  test("lets nobody through to another host, and fails when it is told to", async () => {
    const { api, client } = await start();
    await expect(client.get("example.com", "/")).rejects.toThrow();
    expect(api.refusedHosts).toEqual(["example.com"]);
    api.failWith(/IncomingPhoneNumbers/, new Refusal(503, 20503, "Service unavailable"));
    expect(await client.get(API, `${NUMBERS}.json`)).toEqual(refused(503, 20503));
    api.recover();
    expect((await client.get(API, `${NUMBERS}.json`)).status).toBe(200);
  });

  test("answers under a deployed domain with what is run for it", async () => {
    const { api } = await start();
    const edge = Bun.serve({
      port: 0,
      fetch: (request) => new Response(`${request.method} ${new URL(request.url).pathname}`),
    });
    const ask = async () => {
      const tls = { ca: await Bun.file(api.caFile).text() };
      const url = "https://phone-assistant-1234.twil.io/voice/incoming";
      const response = await fetch(url, { method: "POST", proxy: api.proxyUrl, tls });
      return [response.status, await response.text()] as const;
    };
    expect(await ask()).toEqual([404, ""]);
    api.serve("phone-assistant-1234.twil.io", edge.url.origin);
    expect(await ask()).toEqual([200, "POST /voice/incoming"]);
    await edge.stop(true);
  });
});
