/**
 * What was built is all that a deploy takes: the bytes of `dist/functions` alone, laid flat as Twilio lays them, in an
 * empty folder where nothing but `twilio` and `@twilio/runtime-handler` can be found, under Node and Twilio's own runtime.
 *
 * And, since environments are cheap here: what each way of misconfiguring the edge sounds like.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { build } from "../../scripts/build.ts";
import { TEST_MS, until } from "../patience.ts";
import { ENTRIES } from "./entries.ts";
import { ACCOUNT, AUTH_TOKEN, CALLER, incomingForm, post, postSigned, SECRET } from "./signed.ts";

const ROOT = resolve(import.meta.dir, "..", "..");
const GOOD = {
  ACCOUNT_SID: ACCOUNT,
  AUTH_TOKEN,
  RELAY_URL: "wss://relay.example.com",
  STREAM_TOKEN_SECRET: SECRET,
  ALLOWED_NUMBERS: CALLER,
};
/** Each breaks one variable of a good environment; all that can be wrong with one: test/functions/edge/settings.test.ts. */
const BROKEN = [
  ["ALLOWED_NUMBERS", ""],
  ["STREAM_TOKEN_SECRET", "a-secret-of-31-bytes-is-too-few"],
  ["RELAY_URL", "wss://relay.example.com:8443"],
  ["AUTH_TOKEN", ""],
] as const;

const Ready = z.object({
  ready: z.array(z.string()),
  node: z.string(),
  bun: z.null(),
  found: z.array(z.string()),
  handlers: z.number(),
});

const PATHS = ENTRIES.map((name) => `/voice/${name}`);
const APOLOGY =
  '<?xml version="1.0" encoding="UTF-8"?><Response><Say language="en-US">Your assistant is not available right now, please call back.</Say><Hangup/></Response>';

let folder = "";
let ready: z.infer<typeof Ready>;
let output = "";
let stop = async () => {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "flat-"));
  const dist = join(folder, "dist");
  const flat = join(folder, "deployed");
  await build(dist, join(folder, "no-callers.json"));
  await mkdir(join(flat, "node_modules", "@twilio"), { recursive: true });
  for (const name of ["twilio", "@twilio/runtime-handler"]) {
    await symlink(join(ROOT, "node_modules", name), join(flat, "node_modules", name));
  }
  const functions = PATHS.map((path, index) => ({ path, file: `ZN${String(index).repeat(32)}.js` }));
  for (const { path, file } of functions) {
    await cp(join(dist, "functions", `${path}.protected.js`), join(flat, file));
  }
  await rm(dist, { recursive: true });
  await cp(join(ROOT, "test/rehearsal/twilio-api/flat-runtime.cjs"), join(flat, "runtime.cjs"));
  const broken = BROKEN.map(([name, value]) => ({ ...GOOD, [name]: value }));
  const environments = [GOOD, ...broken, { ...GOOD, ...Object.fromEntries(BROKEN) }];
  await Bun.write(join(flat, "given.json"), JSON.stringify({ environments, functions }));

  const child = Bun.spawn(["node", "runtime.cjs"], {
    cwd: flat,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env.PATH },
    // A group of its own: whatever the runtime starts must not outlive it.
    detached: true,
  });
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) output += decoder.decode(chunk, { stream: true });
  };
  const collected = Promise.all([collect(child.stdout), collect(child.stderr)]);
  stop = async () => {
    killGroup(child.pid);
    await child.exited;
    await collected;
  };
  await until(() => /\{"ready".*\n/.test(output) || child.exitCode !== null, TEST_MS);
  const line = output.split("\n").find((text) => text.startsWith('{"ready"'));
  if (line === undefined) throw new Error(`the runtime did not start: ${output}`);
  ready = Ready.parse(JSON.parse(line));
});

afterAll(async () => {
  await stop();
  await rm(folder, { recursive: true, force: true });
});

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody of the group is left.
  }
}

const serverOf = (index: number) => ready.ready[index] ?? "";

describe("the deployed bytes alone", () => {
  test("load under Node, where neither jose nor zod nor anything of ours can be found", () => {
    expect(ready.node).toMatch(/^2[02]\./);
    expect(ready.found).toEqual(["twilio", "@twilio/runtime-handler/dev"]);
    expect(ready.handlers).toBe(PATHS.length);
  });

  test("answer as they should: an admitted call, a stranger, the end, a status, the fallback", async () => {
    const base = serverOf(0);
    const [admitted, stranger, ended, status, fallback] = await Promise.all([
      postSigned(`${base}/voice/incoming`, incomingForm()),
      postSigned(`${base}/voice/incoming`, incomingForm({ From: "+15550009999" })),
      postSigned(`${base}/voice/ended`, incomingForm()),
      postSigned(`${base}/voice/stream-status`, incomingForm({ StreamEvent: "stream-started" })),
      post(`${base}/voice/fallback`, {}, {}),
    ]);
    expect(admitted.text).toMatch(/<Stream url="wss:\/\/relay\.example\.com\/media-stream\/eyJ[\w.-]+" /);
    expect(stranger.text).toContain("<Response><Reject/></Response>");
    expect(ended).toEqual({ status: 200, type: "text/xml", text: APOLOGY });
    expect(status.status).toBe(204);
    expect(fallback).toEqual({ status: 200, type: "text/xml", text: APOLOGY });
  });
});

describe("a misconfigured edge", () => {
  for (const [index, [variable, value]] of BROKEN.entries()) {
    test(`apologises to the caller and names the variable to its owner: ${variable}=${value}`, async () => {
      const base = serverOf(index + 1);
      const isLogged = () =>
        output
          .slice(before)
          .split("\n")
          // What stands behind the last end of a line is still coming.
          .slice(0, -1)
          .some(
            (line) => line.includes('"event":"misconfigured"') && line.includes(`"variable":"${variable}"`),
          );
      const before = output.length;
      expect(await postSigned(`${base}/voice/incoming`, incomingForm())).toEqual({
        status: 200,
        type: "text/xml",
        text: APOLOGY,
      });
      await until(isLogged);
      expect(output.slice(before)).toMatch(/"mend":"[^"]{10,}"/);
      if (value.length > 4) expect(output.slice(before)).not.toContain(value);
    });
  }

  test("still tells Twilio from others where it can, and always has its fallback", async () => {
    const base = serverOf(1);
    const unsigned = await post(`${base}/voice/incoming`, incomingForm(), {});
    expect([unsigned.status, unsigned.text]).toEqual([403, ""]);
    // Without an auth token nothing can be told from anything: nothing is said, and the owner reads why.
    const noted = await post(`${serverOf(4)}/voice/stream-status`, incomingForm(), {});
    expect([noted.status, noted.text]).toEqual([204, ""]);
    // The last of them has everything wrong at once.
    expect((await post(`${serverOf(BROKEN.length + 1)}/voice/fallback`, {}, {})).text).toBe(APOLOGY);
  });
});
