import { describe, expect, test } from "bun:test";
import { Intake } from "../../../relay/call/intake.ts";
import { samplesIn } from "../../../relay/wire/twilio.ts";
import { audio } from "./call-in-hand.ts";

const isSilence = (payload = "") => /^(\/\/\/\/)+$/.test(payload);
const msOf = (payloads: readonly string[]) => payloads.reduce((sum, each) => sum + samplesIn(each), 0) / 8;

/** Open, and one 20 ms frame taken at time 1000. */
function flowing(): Intake {
  const intake = new Intake();
  intake.open();
  intake.frame(0, audio(20), 1000);
  return intake;
}

describe("before the session is ready", () => {
  test("audio is kept, in order and untouched, and handed over once", () => {
    const intake = new Intake();
    const frames = [1, 2, 3].map((byte) => audio(20, byte));
    for (const [i, frame] of frames.entries()) expect(intake.frame(i * 20, frame, i * 20)).toEqual([]);
    expect(intake.earlySamples).toBe(3 * 160);
    expect(intake.open()).toEqual(frames);
    expect(intake.open()).toEqual([]);
    expect(intake.earlySamples).toBe(0);
  });

  test("at most 10 s are kept: the oldest go first, and are counted", () => {
    const intake = new Intake();
    for (let i = 0; i < 510; i++) intake.frame(i * 20, audio(20, i % 250), i * 20);
    expect(intake.earlySamples).toBe(10_000 * 8);
    expect(intake.dropped).toBe(10);
    const kept = intake.open();
    expect(kept).toHaveLength(500);
    expect(kept[0]).toBe(audio(20, 10));
    expect(kept.at(-1)).toBe(audio(20, 509 % 250));
  });

  test("afterwards frames pass straight through", () => {
    const intake = flowing();
    const frame = audio(20, 7);
    expect(intake.frame(20, frame, 1020)).toEqual([frame]);
    expect(intake.frames).toBe(2);
  });
});

describe("a hole in the timestamps", () => {
  test("is filled with as much silence, before the frame that shows it", () => {
    const intake = flowing();
    const frame = audio(20, 9);
    const [silence, last] = intake.frame(520, frame, 1520);
    expect(silence).toSatisfy(isSilence);
    expect(msOf([silence ?? ""])).toBeCloseTo(500, 0);
    expect(last).toBe(frame);
    expect(intake.silenceMs).toBeCloseTo(500, 0);
  });

  test("is never filled twice", () => {
    const intake = flowing();
    intake.frame(520, audio(20), 1520);
    expect(intake.frame(540, audio(20), 1540)).toHaveLength(1);
    expect(intake.silenceMs).toBeLessThanOrEqual(500);
  });

  test("shorter than a frame is rounding, and left", () => {
    const intake = flowing();
    expect(intake.frame(39, audio(20), 1039)).toHaveLength(1);
  });

  test("longer than 5 s is filled with 5 s, and counts as filled", () => {
    const intake = flowing();
    const frame = audio(20);
    expect(msOf(intake.frame(3_600_000, frame, 3_601_000))).toBeCloseTo(5_020, 0);
    expect(intake.frame(3_600_020, frame, 3_601_020)).toEqual([frame]);
  });

  test("silence has no base64 padding to get in the way, and is 0xFF throughout", () => {
    const [silence] = flowing().frame(67, audio(20), 1067);
    expect(silence?.endsWith("=")).toBe(false);
    expect(Buffer.from(silence ?? "", "base64").every((byte) => byte === 0xff)).toBe(true);
  });

  test("is filled also after the timestamps have begun anew, and beginning anew is no hole", () => {
    const intake = flowing();
    for (let i = 1; i < 100; i++) intake.frame(i * 20, audio(20), 1000 + i * 20);
    expect(intake.frame(0, audio(20), 3000)).toHaveLength(1);
    expect(intake.frame(20, audio(20), 3020)).toHaveLength(1);
    expect(intake.silenceMs).toBe(0);
    expect(msOf(intake.frame(240, audio(20), 3240))).toBeCloseTo(220, 0);
  });

  test("time in which frames came close together is no hole", () => {
    const intake = flowing();
    for (let i = 1; i < 50; i++) expect(intake.frame(i * 20, audio(20), 1001)).toHaveLength(1);
    expect(intake.silenceMs).toBe(0);
  });
});

describe("a line that goes quiet", () => {
  test("is given 300 ms, then silence in steps of 100 ms", () => {
    const intake = flowing();
    expect(intake.dueAt).toBe(1300);
    expect(intake.tick(1299)).toEqual([]);
    expect(msOf(intake.tick(1300))).toBeCloseTo(300, 0);
    expect(intake.dueAt).toBe(1400);
    expect(intake.tick(1399)).toEqual([]);
    expect(msOf(intake.tick(1400))).toBeCloseTo(100, 0);
    expect(intake.dueAt).toBe(1500);
  });

  test("what was filled by the clock is not filled again by the next frame's timestamp", () => {
    const intake = flowing();
    let filled = 0;
    for (let at = 1300; at <= 2000; at += 100) filled += msOf(intake.tick(at));
    expect(filled).toBeGreaterThan(990);
    const frame = audio(20);
    expect(intake.frame(1020, frame, 2020)).toEqual([frame]);
    expect(intake.silenceMs).toBe(filled);
  });

  test("frames that were only late are all passed on, silence or not", () => {
    const intake = flowing();
    intake.tick(1300);
    for (let i = 1; i <= 15; i++) {
      const frame = audio(20, i);
      expect(intake.frame(i * 20, frame, 1310)).toEqual([frame]);
    }
  });

  test("a frame starts the 300 ms anew", () => {
    const intake = flowing();
    intake.tick(1300);
    intake.frame(300, audio(20), 1320);
    expect(intake.dueAt).toBe(1620);
  });

  test("before the first frame no silence is made up", () => {
    const intake = new Intake();
    intake.open();
    expect(intake.dueAt).toBeUndefined();
    expect(intake.tick(60_000)).toEqual([]);
  });

  test("before the session is ready, silence counts towards the 10 s", () => {
    const intake = new Intake();
    intake.frame(0, audio(20), 0);
    for (let at = 300; at < 20_000; at += 100) intake.tick(at);
    expect(intake.earlySamples).toBeLessThanOrEqual(10_000 * 8);
    expect(intake.open().every(isSilence)).toBe(true);
  });
});
