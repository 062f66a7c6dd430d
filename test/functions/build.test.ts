import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runInNewContext } from "node:vm";
import { build, builtVersion, notesOn } from "../../scripts/build.ts";
import "../patience.ts";
import { ENTRIES } from "./entries.ts";
import { CALLER } from "./signed.ts";

const ROOT = resolve(import.meta.dir, "..", "..");
const FILES = ENTRIES.map((name) => `${name}.protected.js`);

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "build-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("what a build leaves", () => {
  test("is the entries and nothing else, each under 300 KB and without twilio's code", async () => {
    const out = join(folder, "built");
    const built = await build(out, join(folder, "no-callers.json"));
    const files = (await readdir(out, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    );
    expect(files.map(({ name }) => name).sort()).toEqual(FILES);
    expect(built.map(({ file }) => file).sort()).toEqual(FILES.map((name) => `functions/voice/${name}`));

    const twilio = await readFile(join(ROOT, "node_modules/twilio/lib/webhooks/webhooks.js"), "utf8");
    const names = [...twilio.matchAll(/^function (\w{10,})\(/gm)].map(([, name = ""]) => name);
    expect(names).toContain("getExpectedTwilioSignature");
    for (const { file, bytes } of built) {
      expect(bytes).toBeLessThan(300_000);
      const text = await readFile(join(out, file), "utf8");
      for (const name of names) expect(text.includes(`function ${name}`)).toBe(false);
      const required = [...text.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name);
      expect(["twilio/lib/webhooks/webhooks", "node:crypto"]).toEqual(
        expect.arrayContaining([...new Set(required)]),
      );
    }
  });
});

describe("the mark of a build", () => {
  test("is the same for the same code and allowlist, another for another allowlist, and none where nothing is built", async () => {
    const out = join(folder, "marked");
    const file = join(folder, "marked-callers.json");
    await Bun.write(file, `{"${CALLER}": {}}`);
    const marks: unknown[] = [await builtVersion(out)];
    for (const callers of [join(folder, "no-callers.json"), join(folder, "no-callers.json"), file]) {
      await build(out, callers);
      marks.push(await builtVersion(out));
    }
    const [none, first, again, other] = marks;
    expect(none).toBeUndefined();
    expect(first).toMatch(/^edge-version-[0-9a-f]{8}$/);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });
});

describe("the fallback", () => {
  test("needs nothing but itself: no import, no variable, no asset, no global but the runtime's own", async () => {
    const out = join(folder, "for-fallback");
    const built = await build(out, join(folder, "no-callers.json"));
    const file = built.find((made) => made.file.endsWith("fallback.protected.js"))?.file ?? "";
    const text = await readFile(join(out, file), "utf8");
    expect(text).not.toMatch(/\b(?:require|import|process|Runtime|fetch|globalThis)\b/);

    const refuse = () => {
      throw new Error("looked at");
    };
    const untouchable = new Proxy({}, { get: refuse, has: refuse, ownKeys: refuse });
    const sent: unknown[] = [];
    class Response {
      readonly said: string[] = [];
      appendHeader = (name: string, value: string) => this.said.push(`${name}: ${value}`);
      setBody = (body: string) => this.said.push(body);
    }
    const module = { exports: {} };
    const world = { module, exports: module.exports, Twilio: { Response }, untouchable, sent };
    const call =
      "module.exports.handler(untouchable, untouchable, (error, reply) => sent.push(error, reply.said))";
    runInNewContext(`${text}\n${call}`, world);
    expect(sent).toEqual([null, ["Content-Type: text/xml", expect.stringContaining("<Hangup/></Response>")]]);
  });
});

describe("the allowlist in a build", () => {
  const tryToBuild = async (text: string) => {
    const file = join(folder, "callers.json");
    await Bun.write(file, text);
    return build(join(folder, "with-callers"), file).then(
      (built) => built.map((made) => made.file),
      (error: unknown) => (error instanceof Error ? error.message : "?"),
    );
  };

  test("is copied under its private name when it is right", async () => {
    const made = await tryToBuild(`{"${CALLER}":{"name":"Ada"}}`);
    expect(made).toContain("assets/callers.private.json");
    expect(await readdir(join(folder, "with-callers", "assets"))).toEqual(["callers.private.json"]);
  });

  test("stops the build when it is not, with file, line and mend, and without a number", async () => {
    const wrong = await tryToBuild(
      `{\n  "+15550001111": {\n    "name": "Ada",\n    "language": "English"\n  },\n  "555": {}\n}`,
    );
    expect(wrong).toContain("assets/callers.private.json:4: language: is not a language tag");
    expect(wrong).toContain("assets/callers.private.json:6: a key has no + before its country code");
    expect(wrong).not.toContain("5550001111");
    expect(await tryToBuild(`{\n  "${CALLER}": {}\n  "+15557654321": {}\n}`)).toContain(
      'assets/callers.private.json:3: is not JSON: expected "," or "}"',
    );
    expect(await tryToBuild("")).toContain("is not JSON");
  });
});

describe("whom callers may be put through to", () => {
  const notes = async (callers: string | undefined, env: string | undefined) => {
    const place = await mkdtemp(join(folder, "notes-"));
    const [callersFile, envFile] = [join(place, "callers.json"), join(place, "env")];
    if (callers !== undefined) await Bun.write(callersFile, callers);
    if (env !== undefined) await Bun.write(envFile, env);
    return notesOn(callersFile, envFile);
  };
  const CALLERS = `{\n  "${CALLER}": {\n    "transfers": ["Anna", "bob"]\n  }\n}`;
  const UNKNOWN =
    "assets/callers.private.json:3: transfers: a name that TRANSFER_NUMBERS does not have; nobody is put through to it\n    write it as it stands in TRANSFER_NUMBERS, or take it out";

  test("is noted where the edge's variables are at hand: a caller's list that names somebody who is not there", async () => {
    expect(await notes(CALLERS, "TRANSFER_NUMBERS=anna=+15550001111, bob=+15550002222\n")).toEqual([]);
    expect(await notes(CALLERS, "TRANSFER_NUMBERS=anna=+15550001111\n")).toEqual([UNKNOWN]);
    expect(await notes(CALLERS, "RELAY_URL=wss://relay.example.com\n")).toEqual([UNKNOWN, UNKNOWN]);
    expect(await notes(CALLERS, undefined)).toEqual([]);
    expect(await notes(undefined, "TRANSFER_NUMBERS=anna=+15550001111\n")).toEqual([]);
  });

  test("is noted when it is not right, by its place and without a number", async () => {
    expect(await notes(CALLERS, "TRANSFER_NUMBERS=anna=+15550001111,bob=15550002222\n")).toEqual([
      ".env.functions: TRANSFER_NUMBERS entry 2 of 2 has a number that has no + before its country code\n    write the whole number with + and the country code, as in +15551234567",
    ]);
  });
});

describe("what lay in dist before", () => {
  test("is gone after a build, and a build that fails has touched nothing", async () => {
    const out = join(folder, "twice");
    const stale = join(out, "functions", "voice", "old.js");
    const leaked = join(out, "assets", "callers.example.json");
    await Promise.all([Bun.write(stale, ""), Bun.write(leaked, "")]);
    const wrong = join(folder, "wrong.json");
    await Bun.write(wrong, "[]");
    await expect(build(out, wrong)).rejects.toThrow("is not an object");
    expect(await Bun.file(stale).exists()).toBe(true);
    await build(out, join(folder, "no-callers.json"));
    expect(await readdir(join(out, "functions", "voice"))).toEqual(expect.not.arrayContaining(["old.js"]));
    expect(await readdir(join(out, "assets"))).toEqual([]);
  });
});
