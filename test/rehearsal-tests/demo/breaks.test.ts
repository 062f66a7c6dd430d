/**
 * A break at the edge and one behind the relay, as a person would run them: each must be noticed, named, and over soon.
 * And the arguments. All seven: `npm run prove -- --only call/clone`.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TEST_MS } from "../../patience.ts";
import { BREAKS } from "../../rehearsal/demo/breaks.ts";
import { askedFrom } from "../../rehearsal/demo/options.ts";
import { type Run, runUntil, start } from "./processes.ts";

const DEMO = "test/rehearsal/demo/main.ts";

/** What is broken, the layer that notices, and what the caller hears of it. */
const CASES = [
  [
    "signature",
    /noticed by +The edge, before anything else: wrong signature, HTTP 403/,
    /“Your assistant is not/,
  ],
  [
    "model",
    /noticed by +The relay: it apologised to the caller itself, the call ended as model_refused/,
    /heard +“One moment, please\.” \(the relay's own voice\); then “I am sorry, I cannot go on/,
  ],
] as const;

const folder = mkdtemp(join(tmpdir(), "breaks-test-"));
afterAll(async () => rm(await folder, { recursive: true, force: true }));

const runs = new Map(
  CASES.map(([name, noticed, heard]) => {
    const isNamed = ({ output }: Run) =>
      output.includes(`✗ broken: ${name}\n`) && noticed.test(output) && heard.test(output);
    const run = runUntil(isNamed, async () =>
      start(DEMO, ["--break", name, "--out", join(await folder, name)]),
    );
    return [name, run] as const;
  }),
);

describe("a demo with one thing broken on purpose", () => {
  test.each(CASES)(
    "%s: exits 1, says which layer noticed, and what the caller heard",
    async (name, noticed, heard) => {
      const { code, output } = (await runs.get(name)) ?? { code: -1, output: "" };
      expect(code, output).toBe(1);
      expect(output).toContain(`✗ broken: ${name}\n`);
      expect(output).toMatch(noticed);
      expect(output.slice(output.indexOf("✗ broken:"))).toMatch(heard);
      expect(output).toMatch(/✓ nothing was left open/);
    },
    3 * TEST_MS,
  );
});

test(
  "a caller whom the model never answers hears the relay itself, and no voice besides",
  async () => {
    const { output } = (await runs.get("model")) ?? { output: "" };
    const words = output.replaceAll(/\s+/g, " ");
    expect(output).toMatch(/^ +\d+\.\d\d +relay +“One moment, please\.”$/m);
    expect(output).toMatch(/^ +\d+\.\d\d +relay +“I am sorry, .+ Please call back later\.”$/m);
    expect(words).toMatch(/The model refused the relay's handshake with HTTP 503, \d+ times\./);
    expect(words).toContain("and hung up without an apology of its own.");
    expect(output).not.toMatch(/Twilio's voice|Silence, for|^ +\d+\.\d\d +twilio +“/m);
  },
  3 * TEST_MS,
);

describe("the demo's arguments", () => {
  test("an unknown break is a mistake, and the seven are listed", async () => {
    const demo = start(DEMO, ["--break", "everything"]);
    expect(await demo.ended).toBe(2);
    for (const name of Object.keys(BREAKS)) expect(demo.output()).toMatch(new RegExp(`^  ${name} `, "m"));
  });

  test("an unknown option, a break without a name, and a break of a live call are mistakes", () => {
    for (const args of [
      ["--loud"],
      ["--break"],
      ["--break", "toString"],
      ["--live", "--break", "token"],
      ["extra"],
    ]) {
      expect(askedFrom(args, "out").kind, args.join(" ")).toBe("mistake");
    }
  });

  test("--help says what there is and starts nothing", async () => {
    const demo = start(DEMO, ["--help"]);
    expect(await demo.ended).toBe(0);
    expect(demo.output()).toContain("--break");
    expect(askedFrom([], "out")).toEqual({
      kind: "run",
      wanted: { breaks: undefined, live: false, outDir: "out" },
    });
  });
});
