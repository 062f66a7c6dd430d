import { describe, expect, test } from "bun:test";
import { readKeys } from "../../../functions/edge/settings.ts";
import { keyFrom } from "../../../relay/contract.ts";
import "../../patience.ts";
import { runCommand } from "./run.ts";

const OLD = "the secret that is in use before the change";

const run = (...args: string[]) => runCommand("secret", args);

describe("npm run secret", () => {
  test("prints a secret that both sides take, another one each time, and nothing else", async () => {
    const secrets = await Promise.all([run(), run()]);
    for (const { code, out, err } of secrets) {
      expect([code, err]).toEqual([0, ""]);
      expect(out).toMatch(/^[0-9a-f]{64}\n$/);
      expect((await keyFrom(out.trim())).kid).toHaveLength(12);
    }
    expect(secrets[0]?.out).not.toBe(secrets[1]?.out);
  });

  test("--rotate prints the steps with one new secret in them: relay, edge, and after a day both without the old", async () => {
    const { code, out } = await run("--rotate");
    expect(code).toBe(0);
    const lines = [...out.matchAll(/^ +STREAM_TOKEN_SECRET=(\S+)$/gm)].map(([, value = ""]) => value);
    const secret = lines[2] ?? "";
    expect(lines).toEqual([`${secret},OLD`, `${secret},OLD`, secret]);
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    const [relay, edge, day] = ["Every relay", "Only then the edge", "After a day"].map((text) =>
      out.indexOf(text),
    );
    expect(relay).toBeGreaterThan(0);
    expect(edge).toBeGreaterThan(relay ?? Number.POSITIVE_INFINITY);
    expect(day).toBeGreaterThan(edge ?? Number.POSITIVE_INFINITY);

    const during = await readKeys({ STREAM_TOKEN_SECRET: lines[1]?.replace("OLD", OLD) });
    const kids = during.ok ? during.value.all.map(({ kid }) => kid) : [];
    expect(kids).toEqual([(await keyFrom(secret)).kid, (await keyFrom(OLD)).kid]);
  });

  test("takes no other words", async () => {
    expect((await run("--force")).code).toBe(2);
    expect((await run("old")).code).toBe(2);
    expect((await run("--help")).out).toContain("npm run secret");
  });
});
