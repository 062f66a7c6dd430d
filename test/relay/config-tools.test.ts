import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { machineTimeZone } from "../../relay/io/current-time.ts";
import { good, problems } from "./configured.ts";

describe("TIME_ZONE", () => {
  test("is the machine's where nothing is set, and must be the name of one", async () => {
    expect((await good()).config.timeZone).toBe(machineTimeZone());
    expect((await good({ TIME_ZONE: " Asia/Tokyo " })).config.timeZone).toBe("Asia/Tokyo");
    for (const TIME_ZONE of ["Tokyo", "PST", "+01:00"]) {
      expect(await problems({ TIME_ZONE })).toEqual([
        expect.stringContaining("TIME_ZONE is not the name of a time zone"),
      ]);
    }
  });
});

describe("FUNCTIONS_DIR", () => {
  test("is the relay's own folder, wherever it is started from; another; or none", async () => {
    const own = join(import.meta.dir, "../../relay/functions");
    expect((await good()).config.functionsDir).toBe(own);
    expect((await good({ FUNCTIONS_DIR: "mine" })).config.functionsDir).toBe("mine");
    expect((await good({ FUNCTIONS_DIR: "off" })).config.functionsDir).toBeUndefined();
  });
});

describe("TOOL_POLICY", () => {
  test("can switch one of the telephone's own tools off, and ask for nothing else about it", async () => {
    expect(
      (await good({ TOOL_POLICY: "end_call=deny, current_time=deny" })).config.policy.rules,
    ).toHaveLength(2);
    for (const name of ["end_call", "transfer_call", "confirm", "cancel", "current_time"]) {
      expect(await problems({ TOOL_POLICY: `${name}=confirm` })).toEqual([
        `TOOL_POLICY asks for more than can be asked about ${name}, which is the telephone's own`,
      ]);
    }
  });
});
