/**
 * The whole of `npm run deploy` against the stand-in for Twilio's API, by the real twilio-run. What the real Twilio CLI
 * makes of it is `npm run prove -- --only ship`'s.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { ACCOUNT, AUTH_TOKEN, CALLER, SECRET } from "../../functions/signed.ts";
import "../../patience.ts";
import { makeProjectFolder, type ProjectFolder } from "../../rehearsal/project-folder.ts";
import { newNumber, type PhoneNumber } from "../../rehearsal/twilio-api/account.ts";
import { startTwilioApi, type TwilioApi } from "../../rehearsal/twilio-api/api.ts";

const NUMBER = "+15557654321";
const EDGE = {
  ACCOUNT_SID: ACCOUNT,
  AUTH_TOKEN,
  RELAY_URL: "wss://relay.example.com",
  STREAM_TOKEN_SECRET: SECRET,
  ALLOWED_NUMBERS: CALLER,
  CALLER_PIN: "",
};
/** In every file that must not be read, and so nowhere at Twilio. */
const CANARY = "canary-of-the-relay";

let project: ProjectFolder;
let api: TwilioApi;
let numbers: PhoneNumber[] = [];
beforeAll(async () => {
  project = await makeProjectFolder();
});
afterAll(() => project.remove());
beforeEach(async () => {
  numbers = [newNumber(NUMBER)];
  api = await startTwilioApi({ accountSid: ACCOUNT, authToken: AUTH_TOKEN, numbers });
  await project.write(".env", `OPENAI_API_KEY=${CANARY}\nPHONE_NUMBER=${NUMBER}\n`);
  await project.write(".env.local", `OPENAI_API_KEY=${CANARY}\n`);
  await project.writeEnv(".env.functions", EDGE);
});
afterEach(() => api.stop());

const deploy = (...args: readonly string[]) =>
  project.run(["bun", "--no-env-file", "relay/cli/deploy.ts", "--with", "twilio-run", ...args], {
    ...api.env,
    // Not even when a shell has it.
    OPENAI_API_KEY: CANARY,
  });

test("puts the edge live with its variables alone, and points the number; again with less, and nothing is left over", async () => {
  await project.write("assets/callers.private.json", JSON.stringify({ [CALLER]: { name: "Ada" } }));
  await project.writeEnv(".env.functions", { ...EDGE, CALLER_PIN: "482917", STIR_POLICY: "off" });
  const first = await deploy();
  expect(first).toMatchObject({ code: 0 });

  const [service] = api.services;
  const [environment] = service?.environments ?? [];
  const domain = environment?.domainName ?? "";
  const live = api.live(domain);
  expect(live?.build.functions.map(({ path, visibility }) => `${visibility} ${path}`).sort()).toEqual(
    ["ended", "fallback", "incoming", "message", "pin", "stream-status", "transferred"].map(
      (name) => `protected /voice/${name}`,
    ),
  );
  expect(live?.build.assets.map(({ path, visibility }) => [path, visibility])).toEqual([
    ["/callers.json", "private"],
  ]);
  expect(live?.build.dependencies).toEqual([
    { name: "@twilio/runtime-handler", version: "2.0.1" },
    { name: "twilio", version: "6.2.0" },
  ]);
  const shared = { RELAY_URL: EDGE.RELAY_URL, STREAM_TOKEN_SECRET: SECRET, ALLOWED_NUMBERS: CALLER };
  const credentials = { ACCOUNT_SID: ACCOUNT, AUTH_TOKEN };
  expect(live?.variables).toEqual({
    ...credentials,
    ...shared,
    CALLER_PIN: "482917",
    STIR_POLICY: "off",
  });
  const uploaded = [...(live?.build.functions ?? []), ...(live?.build.assets ?? [])];
  const holds = (word: string) => uploaded.some(({ bytes }) => Buffer.from(bytes).includes(word));
  expect([holds("Ada"), holds(CANARY)]).toEqual([true, false]);
  expect(JSON.stringify(service?.environments).includes(CANARY)).toBe(false);
  expect(numbers[0]).toMatchObject({
    voice_url: `https://${domain}/voice/incoming`,
    voice_method: "POST",
    voice_fallback_url: `https://${domain}/voice/fallback`,
    voice_fallback_method: "POST",
    status_callback: "",
  });
  expect(first.out).toContain(`${NUMBER} → https://${domain}/voice/incoming`);

  await project.writeEnv(".env.functions", EDGE);
  const second = await deploy();
  expect(second).toMatchObject({ code: 0 });
  expect(api.live(domain)?.variables).toEqual({ ...credentials, ...shared });
  expect(api.live(domain)?.build.sid).not.toBe(live?.build.sid ?? "");
  expect(second.out).toContain("CALLER_PIN was left over at Twilio, and is removed");
  expect(second.out).toContain(`${NUMBER} points at https://${domain} already`);
  expect(second.out).toContain(`--build-sid ${live?.build.sid}`);
  for (const { out, errors } of [first, second]) {
    for (const secret of [SECRET, AUTH_TOKEN, "482917", CALLER]) expect(out + errors).not.toContain(secret);
  }
});

describe("nothing at Twilio is changed", () => {
  const untouched = () => {
    expect(api.services).toEqual([]);
    expect(numbers[0]?.voice_url).toContain("demo.twilio.com");
    expect(api.requests.filter((line) => !line.startsWith("GET "))).toEqual([]);
  };

  const FILES: readonly (readonly [what: string, env: Readonly<Record<string, string>>, said: string])[] = [
    ["a key of the relay's", { OPENAI_API_KEY: "x" }, "OPENAI_API_KEY is none of the edge's variables"],
    [
      "a tunnel's address",
      { EDGE_URL: "https://tunnel.example.com" },
      "EDGE_URL is for runs on this machine",
    ],
    [
      "a relay on this machine",
      { RELAY_URL: "ws://localhost:5050" },
      "RELAY_URL names a relay on this machine",
    ],
    [
      "a comment behind a value",
      { STIR_POLICY: "off # for now" },
      "STIR_POLICY has a comment behind its value",
    ],
    ["a secret that is too short", { STREAM_TOKEN_SECRET: "short" }, "STREAM_TOKEN_SECRET"],
    [
      "a list of 450 bytes",
      { ALLOWED_NUMBERS: Array(40).fill(CALLER).join(",") },
      "Twilio takes 450 at most",
    ],
    ["nobody who may call", { ALLOWED_NUMBERS: "" }, "ALLOWED_NUMBERS is empty"],
    ["no account", { ACCOUNT_SID: "" }, "ACCOUNT_SID is not set"],
  ];
  for (const [what, env, said] of FILES) {
    test(`where .env.functions holds ${what}`, async () => {
      await Bun.file(`${project.path}/assets/callers.private.json`)
        .delete()
        .catch(() => {});
      await project.writeEnv(".env.functions", { ...EDGE, ...env });
      const { code, errors } = await deploy();
      expect(code).toBe(1);
      expect(errors).toContain(said);
      untouched();
    });
  }

  test("where the rc names another env file, as the relay's", async () => {
    const rc = await Bun.file(`${project.path}/.twilioserverlessrc`).text();
    await project.write(".twilioserverlessrc", rc.replace('env: ".env.functions"', 'env: ".env"'));
    const { code, errors } = await deploy();
    await project.write(".twilioserverlessrc", rc);
    expect([code, errors]).toEqual([1, expect.stringContaining(".twilioserverlessrc has no serviceName")]);
    untouched();
  });

  test("where the account or the number is not ours to use", async () => {
    await project.writeEnv(".env.functions", { ...EDGE, AUTH_TOKEN: "f".repeat(32) });
    const stranger = await deploy();
    expect([stranger.code, stranger.errors]).toEqual([
      1,
      expect.stringContaining("AUTH_TOKEN of .env.functions"),
    ]);
    await project.writeEnv(".env.functions", EDGE);
    const another = await deploy("--number", "+15550001111");
    expect([another.code, another.errors]).toEqual([1, expect.stringContaining(`it has ${NUMBER}`)]);
    numbers[0] = newNumber(NUMBER, { trunk_sid: `TK${"1".repeat(32)}` });
    const held = await deploy();
    expect([held.code, held.errors]).toEqual([1, expect.stringContaining("--take-number")]);
    untouched();
  });

  test("where it is asked for what there is not", async () => {
    const wrong = await Promise.all([deploy("--number", "555"), deploy("--with", "ftp"), deploy("--nunber")]);
    expect(wrong.map(({ code }) => code)).toEqual([2, 2, 2]);
    untouched();
  });
});
