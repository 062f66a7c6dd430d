/**
 * The whole of `npm run deploy` against the stand-in for Twilio's API, by the real twilio-run. What the real Twilio CLI
 * makes of it, a second deploy and the way back are `npm run prove -- --only ship`'s.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { z } from "zod";
import { objectionsToDeploying } from "../../../relay/cli/deploying/edge-env.ts";
import { edgeFindings } from "../../../relay/cli/env-file.ts";
import { printFindings } from "../../../relay/variables.ts";
import { ENTRIES } from "../../functions/entries.ts";
import { ACCOUNT, AUTH_TOKEN, CALLER, SECRET } from "../../functions/signed.ts";
import { TEST_MS } from "../../patience.ts";
import { makeTown, NUMBER, RELAY_URL, CANARY as TOWNS_CANARY } from "../../prove/ship/town.ts";
import { makeProjectFolder, type ProjectFolder } from "../../rehearsal/project-folder.ts";
import { ACCOUNT_SID as TOWNS_ACCOUNT, AUTH_TOKEN as TOWNS_TOKEN } from "../../rehearsal/relay.ts";
import { newNumber, type PhoneNumber } from "../../rehearsal/twilio-api/account.ts";
import { startTwilioApi, type TwilioApi } from "../../rehearsal/twilio-api/api.ts";
import { deployTo } from "./doctor/deployed.ts";

const LIMIT_MS = 5 * TEST_MS;
const DEPLOY = ["bun", "--no-env-file", "relay/cli/deploy.ts", "--with", "twilio-run"] as const;
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
/** In the place of tsc, which the gate runs over the edge anyway: notes what it was asked. */
const TSC = `require("node:fs").writeFileSync("tsc-was-asked", process.argv.slice(2).join(" "));`;

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
  project.run([...DEPLOY, ...args], {
    ...api.env,
    // Not even when a shell has it.
    OPENAI_API_KEY: CANARY,
  });

test(
  "what is live is replaced, with its variables alone; the number points there, and calls pass",
  async () => {
    const town = await makeTown("typescript");
    try {
      await town.project.write("node_modules/typescript/bin/tsc", TSC);
      // Left by whoever deployed before.
      await deployTo(town.api, { STIR_POLICY: "off", ALERT_SMS_TO: "+15550004444" });
      const before = town.live()?.build.sid ?? "none";
      await town.project.write("assets/callers.private.json", JSON.stringify({ [CALLER]: { name: "Bob" } }));
      await town.writeEnvs(SECRET);
      await town.startRelay(SECRET);
      const { code, out, errors } = await town.run([...DEPLOY]);
      expect({ code, errors, out }).toMatchObject({ code: 0 });
      expect(await Bun.file(`${town.project.path}/tsc-was-asked`).text()).toBe("-p functions --noEmit");

      const domain = `https://${town.domain()}`;
      const live = town.live();
      expect(live?.build.functions.map(({ path, visibility }) => `${visibility} ${path}`).sort()).toEqual(
        ENTRIES.map((name) => `protected /voice/${name}`),
      );
      expect(live?.build.assets.map(({ path, visibility }) => [path, visibility])).toEqual([
        ["/callers.json", "private"],
      ]);
      expect(live?.build.dependencies).toEqual([
        { name: "@twilio/runtime-handler", version: "2.0.1" },
        { name: "twilio", version: "6.2.0" },
      ]);
      expect(live?.variables).toEqual({
        ACCOUNT_SID: TOWNS_ACCOUNT,
        AUTH_TOKEN: TOWNS_TOKEN,
        RELAY_URL,
        STREAM_TOKEN_SECRET: SECRET,
        ALLOWED_NUMBERS: CALLER,
      });
      const uploaded = [...(live?.build.functions ?? []), ...(live?.build.assets ?? [])];
      const holds = (word: string) => uploaded.some(({ bytes }) => Buffer.from(bytes).includes(word));
      expect([holds("Bob"), holds(TOWNS_CANARY)]).toEqual([true, false]);
      expect(town.api.numbers).toMatchObject([
        {
          voice_url: `${domain}/voice/incoming`,
          voice_method: "POST",
          voice_fallback_url: `${domain}/voice/fallback`,
          voice_fallback_method: "POST",
          status_callback: `${domain}/voice/call-status`,
          status_callback_method: "POST",
        },
      ]);
      expect(town.running()).toMatchObject({ found: ["twilio", "@twilio/runtime-handler/dev"], handlers: 8 });
      for (const told of [
        "ALERT_SMS_TO was left over at Twilio, and is removed",
        `${NUMBER} → ${domain}/voice/incoming`,
        "as built here",
        new RegExp(`npx twilio-run activate --service-sid ZS\\w+ --environment dev --build-sid ${before}\n`),
      ])
        expect(out).toMatch(told);
      for (const secret of [SECRET, TOWNS_TOKEN, TOWNS_CANARY, CALLER])
        expect((out + errors).includes(secret)).toBe(false);
      expect((await town.call()).failed).toBeUndefined();
    } finally {
      await town.stop();
    }
  },
  LIMIT_MS,
);

describe("nothing at Twilio is changed", () => {
  const untouched = () => {
    expect(api.services).toEqual([]);
    expect(numbers[0]?.voice_url).toContain("demo.twilio.com");
    expect(api.requests.filter((line) => !line.startsWith("GET "))).toEqual([]);
  };

  const FILES: readonly (readonly [what: string, env: Readonly<Record<string, string>>, said: string])[] = [
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
  test("where .env.functions holds what a deploy must not upload", async () => {
    await project.writeEnv(".env.functions", { ...EDGE, OPENAI_API_KEY: "x" });
    const { code, errors } = await deploy();
    expect(code).toBe(1);
    expect(errors).toContain("OPENAI_API_KEY is none of the edge's variables");
    untouched();
  });
  for (const [what, env, said] of FILES) {
    test(`where .env.functions holds ${what}`, async () => {
      const values = new Map(Object.entries({ ...EDGE, ...env }));
      const found = [...edgeFindings(values), ...(await objectionsToDeploying(values, undefined))];
      expect(printFindings(found)).toContain(said);
    });
  }
  test("unless all that it holds is right", async () => {
    const values = new Map(Object.entries(EDGE));
    expect([...edgeFindings(values), ...(await objectionsToDeploying(values, undefined))]).toEqual([]);
  });

  test("where the rc names another env file, as the relay's", async () => {
    const rc = await Bun.file(`${project.path}/.twilioserverlessrc`).text();
    await project.write(".twilioserverlessrc", rc.replace('env: ".env.functions"', 'env: ".env"'));
    const { code, errors } = await deploy();
    await project.write(".twilioserverlessrc", rc);
    expect([code, errors]).toEqual([1, expect.stringContaining(".twilioserverlessrc has no serviceName")]);
    untouched();
  });

  test("where a SIP trunk holds the number", async () => {
    numbers[0] = newNumber(NUMBER, { trunk_sid: `TK${"1".repeat(32)}` });
    const { code, errors } = await deploy();
    expect([code, errors]).toEqual([1, expect.stringContaining("--take-number")]);
    untouched();
  });

  test("where it is asked for what there is not", async () => {
    const wrong = await Promise.all([deploy("--number", "555"), deploy("--nunber")]);
    expect(wrong.map(({ code }) => code)).toEqual([2, 2]);
    untouched();
  });
});

const Scripts = z.object({ scripts: z.object({ prepare: z.string() }) });

test("an install goes on where the build stops, and says why", async () => {
  await project.write("assets/callers.private.json", "[]");
  const { prepare } = Scripts.parse(await Bun.file(`${project.path}/package.json`).json()).scripts;
  const { code, errors } = await project.run(["sh", "-c", prepare]);
  await Bun.file(`${project.path}/assets/callers.private.json`).delete();
  expect(code).toBe(0);
  expect(errors).toContain("assets/callers.private.json");
});
