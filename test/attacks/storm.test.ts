/** A storm at the door, small; `npm run prove -- --only admission/storm` is the same at full size. */
import { expect, test } from "bun:test";
import { TEST_MS } from "../patience.ts";
import { leftOver, measureStorm } from "../prove/admission/storm.ts";

test(
  "bad handshakes, slow ones and idle sockets cost no live call a frame, and open nothing",
  async () => {
    const { storms, before, after } = await measureStorm(
      {
        calls: 4,
        seconds: 0.6,
        storms: 1,
        inFlight: 8,
        idle: 30,
        slow: 10,
        trickled: 0,
        settleMs: 450,
        restMs: 100,
        counts: 1,
      },
      () => {},
    );
    const [storm] = storms;
    expect(storm).toMatchObject({ up: { lost: 0, wrong: 0 }, down: { lost: 0, wrong: 0 } });
    expect(storm?.up.sent).toBeGreaterThan(100);
    expect(storm?.attacked.handshakes).toBeGreaterThan(10);
    const answers = Object.keys(storm?.attacked.byStatus ?? {});
    expect(answers.filter((status) => status !== "401" && status !== "429")).toEqual([]);
    expect(storm?.callers.letIn).toBe(storm?.callers.came ?? 0);
    expect(leftOver(before, after)).toEqual([]);
  },
  2 * TEST_MS,
);
