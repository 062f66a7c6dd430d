/**
 * A caller's time zone is checked by Node where the edge is deployed and by Bun on the relay. What one of them took and
 * the other did not would be a caller who is admitted and then refused.
 */
import { describe, expect, test } from "bun:test";
import "../patience.ts";
import { isTimeZone, Profile, packProfile, unpackProfile } from "../../relay/contract.ts";

const ZONES = [
  "UTC",
  "Europe/Zurich",
  "europe/zurich",
  "America/Argentina/Buenos_Aires",
  "America/Indiana/Indianapolis",
  "America/Port-au-Prince",
  "Asia/Kolkata",
  "Asia/Calcutta",
  "Etc/GMT+5",
  "US/Pacific",
];
const NONE = [
  "",
  "Zurich",
  "Europe/Zürich",
  "Europe/Nowhere",
  "Europe",
  "PST",
  "CET",
  "+01:00",
  "GMT+1",
  "Z",
  "Factory",
  "../../etc/localtime",
  "Europe/Zurich\n",
];

describe("the name of a time zone", () => {
  test("is a region and a place that Intl knows, or UTC", () => {
    expect(ZONES.filter((name) => !isTimeZone(name))).toEqual([]);
    expect(NONE.filter(isTimeZone)).toEqual([]);
    expect(Intl.supportedValuesOf("timeZone").filter((name) => !isTimeZone(name))).toEqual([]);
  });

  test("is judged by Node as it is by Bun", () => {
    const script = `${isTimeZone}; console.log(JSON.stringify(${JSON.stringify([...ZONES, ...NONE])}.filter(isTimeZone)))`;
    const node = Bun.spawnSync(["node", "-e", script], { stdout: "pipe", stderr: "inherit" });
    expect(JSON.parse(node.stdout.toString())).toEqual(ZONES);
  });
});

describe("a profile", () => {
  test("takes its caller's time zone to the relay", () => {
    const profile = { name: "Ada", timeZone: "Europe/Zurich" };
    const { parameters, hash } = packProfile(profile);
    const pieces = Object.fromEntries(parameters.map(({ name, value }) => [name, value]));
    expect(unpackProfile(pieces)).toEqual({ ok: true, profile, hash });
  });

  test("with a time zone that is none is refused, with an example of one", () => {
    const [issue] = Profile.safeParse({ timeZone: "Zurich" }).error?.issues ?? [];
    expect(issue?.path).toEqual(["timeZone"]);
    expect(issue?.message).toContain('"Europe/Zurich"');
    expect(Profile.safeParse({ timeZone: `Europe/${"a".repeat(64)}` }).success).toBe(false);
  });
});
