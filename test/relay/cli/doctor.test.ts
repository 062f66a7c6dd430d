/**
 * `npm run doctor` against a whole house of stand-ins: all is well; a handful of what can be wrong, each told with the
 * mend that mends it (all of them are tried by `npm run prove -- --only ship/doctor`); and no secret in any word of it.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { canariesIn } from "../../canaries.ts";
import { TEST_MS } from "../../patience.ts";
import { triedTogether } from "./doctor/breakage.ts";
import { EDGE } from "./doctor/breakages/edge.ts";
import { RECORDS } from "./doctor/breakages/records.ts";
import { RELAY } from "./doctor/breakages/relay.ts";
import { OPENAI, TOOLS } from "./doctor/breakages/services.ts";
import { SETTINGS } from "./doctor/breakages/settings.ts";
import { TWILIO } from "./doctor/breakages/twilio.ts";
import { House, runDoctor } from "./doctor/stage.ts";

/** It is built so: a relay less to start. */
const NOT_RESTARTED = "a relay that was not restarted with its new secret";

let house: House;
beforeAll(async () => {
  house = await House.build({ STREAM_TOKEN_SECRET: "the-secret-of-before-the-change-of-it" });
}, TEST_MS);
afterAll(() => house.stop());

test("all that is wrong is told, each with what mends it; then no line is ✗, and nothing was said to the model", async () => {
  const names = ["everybody may read .env", "DATA_DIR is a file", "a key that OpenAI does not take"].concat(
    "an MCP server that is down",
    NOT_RESTARTED,
    "an edge that is not there",
    "a number that a SIP trunk holds",
  );
  const all = [...SETTINGS, ...RECORDS, ...OPENAI, ...TOOLS, ...RELAY, ...EDGE, ...TWILIO];
  const few = all
    .filter(({ name }) => names.includes(name))
    .map((one) => (one.name === NOT_RESTARTED ? { ...one, break: () => {} } : one));
  expect(few).toHaveLength(names.length);
  try {
    const { outcomes, healed } = await triedTogether(house, few);
    expect(outcomes.filter(({ ok }) => !ok).map(({ told }) => told)).toEqual([]);
    expect(healed.lines.filter(({ is }) => is === "ill" || is === "doubtful")).toEqual([]);
    expect(healed.lines.filter(({ is }) => is === "well").length).toBeGreaterThan(20);
    for (const { received } of house.model.sessions) {
      expect(received.filter(({ type }) => type === "response.create")).toEqual([]);
    }
  } finally {
    await house.putBack();
  }
});

describe("its words", () => {
  test("hold no secret, whatever is wrong, in lines or as JSON", async () => {
    const canaries = {
      secret: "canary-of-the-stream-token-secret-0123456789",
      key: "sk-canary-of-the-key-0123456789",
      token: "canary0of0the0auth0token00123456",
      zapier: "canary-of-zapier-0123456789",
      path: "canary-in-the-path-of-an-address",
      redis: "canary-of-redis-0123456789",
      pin: "4829135701",
      number: "15550007531",
    };
    const { relayEnv, edgeEnv } = house;
    try {
      house.relayEnv = {
        ...relayEnv,
        STREAM_TOKEN_SECRET: canaries.secret,
        OPENAI_API_KEY: canaries.key,
        TWILIO_AUTH_TOKEN: canaries.token,
        ZAPIER_MCP_TOKEN: canaries.zapier,
        ZAPIER_MCP_URL: `${house.tools.url}/${canaries.path}`,
        REDIS_URL: `redis://:${canaries.redis}@127.0.0.1:1`,
      };
      house.edgeEnv = {
        ...edgeEnv,
        STREAM_TOKEN_SECRET: canaries.secret,
        AUTH_TOKEN: canaries.token,
        CALLER_PIN: canaries.pin,
        ALLOWED_NUMBERS: `+${canaries.number}`,
      };
      const { printed } = await house.examine();
      expect(canariesIn(printed, canaries)).toEqual([]);
      expect(printed).toContain("OpenAI does not take the key");
      house.edgeEnv.OPENAI_API_KEY = canaries.key;
      house.relayEnv.VOICE = canaries.secret.slice(0, 8);
      house.relayEnv.REDIS_URL = canaries.redis;
      const { code, printed: misset } = await runDoctor(house, []);
      expect(canariesIn(misset, canaries)).toEqual([]);
      expect(misset).toContain("REDIS_URL is not a redis:// or rediss:// URL");
      // For people: a heading for each group, a mark for each line, the mend below it, and a sum at the end.
      expect(code).toBe(1);
      expect(misset).toMatch(
        /^Settings\n {2}✗ \.env \(the relay's\) +\d+ things are wrong with \.env\n {6}· /,
      );
      expect(misset).toMatch(/\nRelay and edge agree\n {2}– STREAM_TOKEN_SECRET +not asked: first mend/);
      expect(misset).toMatch(/\n {8}→ \S/);
      expect(misset).toMatch(/\nMend the ✗ from the top: .*\(\d+ well.*, \d+ wrong, \d+ not asked\)\.\n$/);
      // Not a terminal: neither colours nor lines that are written over.
      expect(misset.includes("\x1b")).toBe(false);
    } finally {
      house.relayEnv = relayEnv;
      house.edgeEnv = edgeEnv;
    }
  });
});

test("what it does not understand is refused with 2, and told", async () => {
  const { code, printed } = await runDoctor(house, ["--only", "telephone"]);
  expect([code, printed.includes("npm run doctor -- --only")]).toEqual([2, true]);
});
