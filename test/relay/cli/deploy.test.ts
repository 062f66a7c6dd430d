/**
 * The whole of `npm run deploy` against the stand-in for Twilio's API, by the real twilio-run. What the real Twilio CLI
 * makes of it is `npm run prove -- --only ship`'s.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ACCOUNT, AUTH_TOKEN, CALLER, SECRET } from "../../functions/signed.ts";
import "../../patience.ts";
import { makeTown, NUMBER, RELAY_URL, CANARY as TOWNS_CANARY } from "../../prove/ship/town.ts";
import { makeProjectFolder, type ProjectFolder } from "../../rehearsal/project-folder.ts";
import { ACCOUNT_SID as TOWNS_ACCOUNT, AUTH_TOKEN as TOWNS_TOKEN } from "../../rehearsal/relay.ts";
import { newNumber, type PhoneNumber } from "../../rehearsal/twilio-api/account.ts";
import { startTwilioApi, type TwilioApi } from "../../rehearsal/twilio-api/api.ts";

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

test("puts the edge live with its variables alone, and points the number; then less, and back; and calls pass", async () => {
  const town = await makeTown();
  const run = (command: readonly string[]) =>
    town.project.run(command, { ...town.api.env, OPENAI_API_KEY: TOWNS_CANARY });
  const command = ["bun", "--no-env-file", "relay/cli/deploy.ts", "--with", "twilio-run"];
  try {
    await town.project.write("assets/callers.private.json", JSON.stringify({ [CALLER]: { name: "Ada" } }));
    await town.writeEdgeEnv(SECRET, { STIR_POLICY: "off", ALERT_SMS_TO: "+15550004444" });
    await town.startRelay(SECRET);
    const first = await run(command);
    expect(first).toMatchObject({ code: 0 });

    const domain = `https://${town.domain()}`;
    const live = town.live();
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
    const credentials = { ACCOUNT_SID: TOWNS_ACCOUNT, AUTH_TOKEN: TOWNS_TOKEN };
    const shared = { RELAY_URL, STREAM_TOKEN_SECRET: SECRET, ALLOWED_NUMBERS: CALLER };
    const more = { STIR_POLICY: "off", ALERT_SMS_TO: "+15550004444" };
    expect(live?.variables).toEqual({ ...credentials, ...shared, ...more });
    const uploaded = [...(live?.build.functions ?? []), ...(live?.build.assets ?? [])];
    const holds = (word: string) => uploaded.some(({ bytes }) => Buffer.from(bytes).includes(word));
    expect([holds("Ada"), holds(TOWNS_CANARY)]).toEqual([true, false]);
    expect(town.api.numbers).toMatchObject([
      {
        voice_url: `${domain}/voice/incoming`,
        voice_method: "POST",
        voice_fallback_url: `${domain}/voice/fallback`,
        voice_fallback_method: "POST",
        status_callback: "",
      },
    ]);
    expect(first.out).toContain(`${NUMBER} → ${domain}/voice/incoming`);
    expect(await town.bringLive()).toMatchObject({
      found: ["twilio", "@twilio/runtime-handler/dev"],
      handlers: 7,
    });
    const before = await town.call();
    expect(before.failed).toBeUndefined();

    await town.project.write("assets/callers.private.json", JSON.stringify({ [CALLER]: { name: "Bob" } }));
    await town.writeEdgeEnv(SECRET);
    const second = await run(command);
    expect(second).toMatchObject({ code: 0 });
    expect(town.live()?.variables).toEqual({ ...credentials, ...shared });
    expect(second.out).toContain("ALERT_SMS_TO was left over at Twilio, and is removed");
    expect(second.out).toContain(`${NUMBER} points at ${domain} already`);
    await town.bringLive();
    const after = await town.call();
    expect([after.failed, after.version === before.version]).toEqual([undefined, false]);

    const [, back = ""] = /npx twilio-run (activate .*)/.exec(second.out) ?? [];
    const bin = join("node_modules", "twilio-run", "bin", "twilio-run.js");
    expect(await run(["node", bin, ...back.split(" ")])).toMatchObject({ code: 0 });
    expect(town.live()?.build.sid).toBe(live?.build.sid ?? "");
    await town.bringLive();
    expect(await town.call()).toMatchObject({ failed: undefined, version: before.version });

    for (const { out, errors } of [first, second]) {
      for (const secret of [SECRET, TOWNS_TOKEN, TOWNS_CANARY, CALLER])
        expect((out + errors).includes(secret)).toBe(false);
    }
  } finally {
    await town.stop();
  }
  // Two deploys with all their checks, and three runtimes: ten seconds where nothing else runs.
}, 300_000);

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
