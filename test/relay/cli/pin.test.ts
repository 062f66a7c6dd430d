import { describe, expect, test } from "bun:test";
import { isPin, isRightPin, readPinHash } from "../../../functions/edge/pin.ts";
import { isEasilyGuessed } from "../../../relay/cli/guessable-pin.ts";
import "../../patience.ts";
import { runCommand } from "./run.ts";

const run = (args: readonly string[], input?: string) => runCommand("pin", args, input);

describe("npm run pin", () => {
  test("prints the hash of the PIN, which the edge takes for that PIN alone", async () => {
    for (const { code, out, err } of [await run(["482913"]), await run([], "482913\r\nmore\n")]) {
      expect(code).toBe(0);
      const hash = readPinHash(out.trim());
      if (hash === undefined) throw new Error(`not a hash: ${out}`);
      expect(await isRightPin({ kind: "hash", hash }, "482913")).toBe(true);
      expect(out + err).not.toContain("482913");
    }
  });

  test("refuses what is no PIN, or what anybody would try first, and does not repeat it", async () => {
    for (const pin of ["48291", "48291304829", "48291a", ""]) expect(isPin(pin)).toBe(false);
    const short = await run([], "48291");
    expect([short.code, short.out]).toEqual([2, ""]);
    expect(short.err).toContain("6 to 10 digits");
    expect(short.err).not.toContain("48291");
    for (const pin of ["111111", "123456", "9876543210", "121212", "123123", "0000000000"]) {
      expect([pin, isEasilyGuessed(pin)]).toEqual([pin, true]);
    }
    const guessable = await run(["123123"]);
    expect([guessable.code, guessable.out]).toEqual([2, ""]);
    expect(guessable.err).toContain("choose another");
    expect((await run(["482913", "577204"])).code).toBe(2);
    expect((await run(["--pin", "482913"])).code).toBe(2);
  });
});
