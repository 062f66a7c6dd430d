/** The examples that a stranger copies must be right as they stand, once the empty places are filled in. */
import { describe, expect, test } from "bun:test";
import { readIdentity, readSettings } from "../../functions/edge/settings.ts";
import { ACCOUNT, AUTH_TOKEN, SECRET } from "./signed.ts";

const example = await Bun.file(new URL("../../.env.functions.example", import.meta.url)).text();
const lines = example.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

describe(".env.functions.example", () => {
  test("has its comments on lines of their own: dotenv would take one behind a value for part of it", () => {
    for (const line of lines) expect(line).toMatch(/^[A-Z_]+=[^\s#]*$/);
  });

  test("names every variable that the edge needs, and is right once the secrets are filled in", async () => {
    const env = Object.fromEntries(
      lines.map((line): [string, string] => [line.split("=")[0] ?? "", line.split("=")[1] ?? ""]),
    );
    expect(Object.keys(env).filter((name) => env[name] === "")).toEqual([
      "STREAM_TOKEN_SECRET",
      "CALLER_PIN",
      "TRANSFER_NUMBERS",
      "ALERT_SMS_TO",
      "ACCOUNT_SID",
      "AUTH_TOKEN",
    ]);
    const filled = {
      ...env,
      ACCOUNT_SID: ACCOUNT,
      AUTH_TOKEN,
      STREAM_TOKEN_SECRET: SECRET,
      DOMAIN_NAME: "localhost:3000",
    };
    expect(readIdentity(filled).ok).toBe(true);
    expect((await readSettings(filled, undefined)).ok).toBe(true);
    const withPin = await readSettings({ ...filled, CALLER_PIN: "48291357" }, undefined);
    expect(withPin.ok && withPin.value.terms).toMatchObject({
      stirPolicy: "off",
      pinPolicy: "always",
      callerPin: { kind: "digits", digits: "48291357" },
    });
  });

  test("offers EDGE_URL without setting it: a tunnel's address must not be deployed", () => {
    expect(example).toMatch(/^# EDGE_URL=https:/m);
  });
});
