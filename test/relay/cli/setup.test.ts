/**
 * `npm run setup`, by a person at a pseudo-terminal and by flags, against the stand-in for Twilio's API. Every wrong
 * answer and every place to leave at are in `npm run prove -- --only ship/setup`.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { appendFile, chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readEnvFile } from "../../../relay/cli/env-file.ts";
import { TEST_MS } from "../../patience.ts";
import {
  CONVERSATION,
  FLAGS,
  makePlace,
  OWNER,
  type Place,
  SECRETS,
  sitDown,
  snapshot,
  talk,
  withFlags,
} from "../../prove/ship/setting-up.ts";
import { CTRL_C, CTRL_U, ENTER } from "../../rehearsal/terminal.ts";

let place: Place;
beforeEach(async () => {
  place = await makePlace();
});
afterEach(() => place.stop());

/** Where the account is not what is asked about: Twilio's library takes longer to load than all the rest. */
const offline = (...flags: readonly string[]) => withFlags(place, "--offline", ...flags);
const file = (name: string) => join(place.folder, name);
const valuesOf = async () => {
  const [relay, edge] = [
    await readEnvFile(file(".env"), "relay"),
    await readEnvFile(file(".env.functions"), "edge"),
  ];
  if (relay === undefined || edge === undefined) throw new Error("a file is missing");
  return { relay: Object.fromEntries(relay.values), edge: Object.fromEntries(edge.values) };
};

async function expectSetUp(): Promise<void> {
  const { relay, edge } = await valuesOf();
  const secret = relay.STREAM_TOKEN_SECRET ?? "";
  expect(secret).toMatch(/^[0-9a-f]{64}$/);
  expect(relay).toMatchObject({
    RELAY_URL: OWNER.relayUrl,
    TWILIO_ACCOUNT_SID: OWNER.accountSid,
    TWILIO_AUTH_TOKEN: OWNER.authToken,
    OPENAI_API_KEY: OWNER.openaiKey,
    PHONE_NUMBER: OWNER.phoneNumber,
  });
  expect(edge).toMatchObject({
    RELAY_URL: OWNER.relayUrl,
    STREAM_TOKEN_SECRET: secret,
    ACCOUNT_SID: OWNER.accountSid,
    AUTH_TOKEN: OWNER.authToken,
    ALLOWED_NUMBERS: OWNER.caller,
    CALLER_PIN: OWNER.pin,
    PIN_POLICY: "always",
  });
  for (const name of [".env", ".env.functions"]) expect((await stat(file(name))).mode & 0o777).toBe(0o600);
}

describe("npm run setup, at a terminal", () => {
  test(
    "asks, offers the account's numbers that can be called, writes both files and shows no secret",
    async () => {
      const person = sitDown(place);
      await talk(person, CONVERSATION);
      await person.see("npm run doctor");
      expect(await person.ended).toBe(0);
      await expectSetUp();
      for (const secret of SECRETS) expect(person.shown()).not.toContain(secret);
      expect(person.shown()).toContain("+15550100001");
      expect(person.shown()).not.toContain("+15550100003");
    },
    TEST_MS,
  );

  test(
    "asks again only for what is wrong, and leaves everything as it was on Ctrl-C",
    async () => {
      expect((await offline(...FLAGS)).code).toBe(0);
      const edge = await readFile(file(".env.functions"), "utf8");
      await writeFile(file(".env.functions"), edge.replace(OWNER.caller, "15550100009"));
      await appendFile(file(".env"), "VOICE=somebody\n");
      const before = await snapshot(place.folder);

      const leaving = sitDown(place);
      await leaving.see("ALLOWED_NUMBERS entry 1 of 1 has no + before its country code");
      await leaving.see("Who may call");
      leaving.type(CTRL_C);
      expect(await leaving.ended).toBe(130);
      expect(leaving.shown()).toContain("Nothing was changed.");
      expect(await snapshot(place.folder)).toEqual(before);

      const staying = sitDown(place);
      await staying.see("ALLOWED_NUMBERS entry 1 of 1 has no + before its country code");
      await staying.see("Who may call");
      staying.type(`${CTRL_U}${OWNER.caller}${ENTER}`);
      await staying.see('VOICE "somebody" is not a voice of the Realtime API');
      await staying.see("VOICE (empty: its default)");
      staying.type(`${CTRL_U}cedar${ENTER}`);
      expect(await staying.ended).toBe(0);
      expect(staying.shown()).not.toContain("OpenAI API key");
      expect((await valuesOf()).relay.VOICE).toBe("cedar");
      await expectSetUp();
    },
    TEST_MS,
  );
});

describe("npm run setup, by flags", () => {
  test("says which are missing and how each is found, and changes nothing", async () => {
    const before = await snapshot(place.folder);
    const { code, err } = await offline("--relay-url", OWNER.relayUrl, "--auth-token", "short");
    expect(code).toBe(2);
    expect(err).toContain("--auth-token: TWILIO_AUTH_TOKEN is not an auth token of 32 characters");
    expect(err).not.toContain("short");
    const missing = await offline();
    expect(missing.code).toBe(2);
    for (const flag of ["account-sid", "auth-token", "openai-api-key", "relay-url", "allowed-numbers"]) {
      expect(missing.err).toContain(`--${flag}: `);
    }
    expect(await snapshot(place.folder)).toEqual(before);
  });

  test("writes both files, and the second time nothing", async () => {
    await writeFile(file("key"), `${OWNER.openaiKey}\n`);
    const flags = FLAGS.map((flag) => (flag === OWNER.openaiKey ? `@${file("key")}` : flag));
    const { code, out, err } = await withFlags(place, ...flags);
    expect([code, err]).toEqual([0, ""]);
    for (const secret of SECRETS) expect(out).not.toContain(secret);
    await expectSetUp();
    const before = await snapshot(place.folder);
    const second = await withFlags(place, ...FLAGS);
    expect([second.code, second.out]).toEqual([0, expect.stringContaining("nothing was changed")]);
    expect(await snapshot(place.folder)).toEqual(before);
  });

  test("replaces what is right only where that is said, and keeps the other relays of the edge", async () => {
    await offline(...FLAGS);
    const edge = await readFile(file(".env.functions"), "utf8");
    const others = edge.replace(OWNER.relayUrl, `wss://a.example.org,${OWNER.relayUrl}`);
    await writeFile(file(".env.functions"), others);
    const before = await snapshot(place.folder);
    const refused = await offline("--relay-url", "wss://new.example.org");
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining("--replace")]);
    expect(await snapshot(place.folder)).toEqual(before);
    expect((await offline("--relay-url", "wss://new.example.org", "--replace")).code).toBe(0);
    const { relay, edge: after } = await valuesOf();
    expect(relay.RELAY_URL).toBe("wss://new.example.org");
    expect(after.RELAY_URL).toBe("wss://a.example.org,wss://new.example.org");
  });

  test("tells a wrong pair of credentials, and a number that the account does not have", async () => {
    const wrong = FLAGS.map((flag) => (flag === OWNER.authToken ? "0".repeat(32) : flag));
    const refused = await withFlags(place, ...wrong);
    expect([refused.code, refused.err]).toEqual([
      2,
      expect.stringContaining("--account-sid, --auth-token: "),
    ]);
    const other = FLAGS.map((flag) => (flag === OWNER.phoneNumber ? "+15550100077" : flag));
    const unknown = await withFlags(place, ...other);
    expect(unknown.code).toBe(2);
    expect(unknown.err).toContain("It has +15550100001, +15550100002.");
  });

  test("gives the one side what the other has, tells secrets that do not fit, and closes an open file", async () => {
    await offline(...FLAGS);
    const edge = await readFile(file(".env.functions"), "utf8");
    await writeFile(file(".env.functions"), edge.replace(/^AUTH_TOKEN=.*$/m, "AUTH_TOKEN="));
    await chmod(file(".env"), 0o644);
    expect((await offline()).code).toBe(0);
    await expectSetUp();

    await writeFile(
      file(".env.functions"),
      edge.replace(/^STREAM_TOKEN_SECRET=.*$/m, `STREAM_TOKEN_SECRET=${"a1".repeat(32)}`),
    );
    const differing = await offline();
    expect(differing.code).toBe(2);
    expect(differing.err).toContain(
      "--new-secret: STREAM_TOKEN_SECRET does not fit what the relay's .env holds",
    );
    expect((await offline("--new-secret")).code).toBe(0);
    await expectSetUp();
  });

  test("outside the project's folder says where it belongs", async () => {
    const { code, err } = await withFlags({ ...place, folder: join(place.folder, "..") });
    expect([code, err]).toEqual([2, expect.stringContaining("run this in the project's folder")]);
  });
});
