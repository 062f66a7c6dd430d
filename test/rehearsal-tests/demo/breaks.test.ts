/**
 * One of the breaks, as a person would run it: it must be noticed, named, and over soon. And the arguments. All seven,
 * and what is heard of them: `npm run prove -- --only call/clone`.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TEST_MS } from "../../patience.ts";
import { BREAKS } from "../../rehearsal/demo/breaks.ts";
import { askedFrom } from "../../rehearsal/demo/options.ts";
import { runUntil, start } from "./processes.ts";

const DEMO = "test/rehearsal/demo/main.ts";
const NOTICED = /noticed by +The edge, before anything else: wrong signature, HTTP 403/;

const folder = mkdtemp(join(tmpdir(), "breaks-test-"));
afterAll(async () => rm(await folder, { recursive: true, force: true }));

test(
  "a demo with its signature broken exits 1, says which layer noticed, and what the caller heard",
  async () => {
    const begin = async () => start(DEMO, ["--break", "signature", "--out", await folder]);
    const { code, output } = await runUntil((run) => run.code === 1 && NOTICED.test(run.output), begin);
    expect(code, output).toBe(1);
    expect(output).toContain("✗ broken: signature\n");
    expect(output).toMatch(NOTICED);
    expect(output.slice(output.indexOf("✗ broken:"))).toMatch(/“Your assistant is not/);
    expect(output).toMatch(/✓ nothing was left open/);
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
