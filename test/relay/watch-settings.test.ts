/**
 * What the relay watches of itself, as an owner sets it.
 */
import { describe, expect, test } from "bun:test";
import { good, problems } from "./configured.ts";

describe("what the relay watches", () => {
  test("is the event loop and the disk where nothing is said, and memory as the kernel allows it", async () => {
    const { config } = await good();
    expect(config).toMatchObject({ maxStallMs: 200, minDiskMb: 50 });
    expect([config.maxMemoryMb, config.metricsToken]).toEqual([undefined, undefined]);
  });

  test("can be set, and left off", async () => {
    const set = { MAX_STALL_MS: "500", MAX_MEMORY_MB: "450", MIN_DISK_MB: "0" };
    expect((await good(set)).config).toMatchObject({ maxStallMs: 500, maxMemoryMb: 450, minDiskMb: 0 });
    expect((await good({ MAX_STALL_MS: "off" })).config.maxStallMs).toBeUndefined();
  });

  for (const [variable, value] of [
    ["MAX_STALL_MS", "no"],
    ["MAX_STALL_MS", "1"],
    ["MAX_MEMORY_MB", "10"],
    ["MIN_DISK_MB", "-1"],
    ["METRICS_TOKEN", "a-few-chars"],
    ["METRICS_TOKEN", "sixteen characters, and a space"],
  ] as const) {
    test(`${variable}=${value} is refused, and of a secret not a word is shown`, async () => {
      const [problem = ""] = await problems({ [variable]: value });
      expect(problem).toStartWith(`${variable} `);
      if (variable === "METRICS_TOKEN") expect(problem).not.toContain(value);
    });
  }

  test("the token for the figures is a secret", async () => {
    const { config } = await good({ METRICS_TOKEN: "0123456789abcdef0123" });
    expect(`${config.metricsToken}`).toBe("[secret]");
    expect(config.metricsToken?.reveal()).toBe("0123456789abcdef0123");
  });
});
