/**
 * That the bench works: every frame of a short run arrives in order and whole, at the relay and at both floors, and
 * every figure is there. How good the figures are is for `npm run bench` to say: a test must not depend on them.
 */
import { expect, test } from "bun:test";
import { median, runBench } from "./bench.ts";
import { stampedPayload, stampIn } from "./stamp.ts";
import { SUBJECTS } from "./subjects.ts";
import { tableOf } from "./table.ts";
import { Sequence, Tally } from "./tally.ts";

test("a short run loses nothing and gives every figure", async () => {
  const progress: string[] = [];
  const result = await runBench(
    {
      scenarios: [
        { calls: 3, deltas: "steady" },
        { calls: 2, deltas: "bursts" },
      ],
      rounds: 1,
      seconds: 0.4,
      settleSeconds: 0.1,
      warmUp: undefined,
    },
    (line) => progress.push(line),
  );
  expect(progress).toHaveLength(2);
  expect(result.rows.map(({ calls, deltas }) => [calls, deltas])).toEqual([
    [3, "steady"],
    [2, "bursts"],
  ]);
  for (const { figures, ratio, ratioToCutting } of result.rows) {
    expect(ratio).toBeGreaterThan(0);
    expect(ratioToCutting).toBeGreaterThan(0);
    for (const name of SUBJECTS) {
      const { cpuMsPerCallSecond, up, down, residentMb, frames, lost, wrong } = figures[name];
      expect({ name, lost, wrong }).toEqual({ name, lost: 0, wrong: 0 });
      for (const figure of [cpuMsPerCallSecond, up.p50Ms, up.p99Ms, down.p50Ms, down.p99Ms, residentMb]) {
        expect(figure).toBeGreaterThan(0);
      }
      expect(frames).toBeGreaterThan(2 * 20);
    }
  }
  expect(result.bounds.filter(({ what }) => what.startsWith("frames")).every(({ holds }) => holds)).toBe(
    true,
  );
  expect(tableOf(result)).toContain("floor, cutting");
}, 30_000);

test("a stamp is read back from any message that holds it, and an altered character is seen", () => {
  const payload = stampedPayload(7, 42, 160);
  expect(Buffer.from(payload, "base64").toString("base64")).toBe(payload);
  const message = JSON.stringify({ event: "media", media: { payload }, streamSid: "MZ" });
  expect(stampIn(message)).toMatchObject({ line: 7, number: 42, samples: 160, intact: true });
  expect(stampIn(message.replace('="', 'A"'))).toMatchObject({ intact: false });
  expect(stampIn(JSON.stringify({ event: "clear" }))).toBeUndefined();
});

test("a frame that is missing, late or of another call is counted", () => {
  const stampOf = (line: number, number: number) => {
    const stamp = stampIn(`"${stampedPayload(line, number, 160)}"`);
    if (stamp === undefined) throw new Error("no stamp");
    return stamp;
  };
  const tally = new Tally();
  const heard = new Sequence();
  const arrivals = [stampOf(1, 0), stampOf(1, 2), stampOf(1, 1), stampOf(2, 2)];
  for (let sent = 0; sent < 5; sent++) tally.sent();
  for (const stamp of arrivals) tally.received(stamp, heard.isNext(stamp));
  expect(tally.isComplete).toBe(false);
  expect(tally.take()).toMatchObject({ sent: 5, received: 4, lost: 1, wrong: 3 });
});

test("the median of an even number lies between the middle two", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([9, 1, 5])).toBe(5);
  expect(median([])).toBeNaN();
});
