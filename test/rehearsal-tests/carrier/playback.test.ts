/** The playback buffer and the ear, sample by sample, with no clock at all. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { Ear } from "../../rehearsal/carrier/ear.ts";
import { Playback } from "../../rehearsal/carrier/playback.ts";

const tone = (samples: number, byte: number): Uint8Array => new Uint8Array(samples).fill(byte);

function setUp() {
  const ear = new Ear(true);
  const playback = new Playback(ear);
  ear.listenTo(() => playback.bufferedSamples);
  return { ear, playback };
}

test("audio of any size is played in order, and silence follows it", () => {
  const { ear, playback } = setUp();
  playback.add(tone(3, 1));
  playback.add(tone(1, 2));
  playback.add(tone(5, 3));
  playback.play(4);
  playback.play(8);
  expect([...ear.bytes()]).toEqual([1, 1, 1, 2, 3, 3, 3, 3, 3, 255, 255, 255]);
  expect(ear.playedSamples).toBe(9);
  expect(ear.bufferedSamples()).toBe(0);
});

test("a mark is due when the last sample before it has been played, and not one sample earlier", () => {
  const { playback } = setUp();
  playback.add(tone(10, 1));
  playback.mark("a");
  playback.mark("b");
  playback.add(tone(1, 2));
  playback.mark("c");
  playback.play(9);
  expect(playback.takeDueMarks()).toEqual([]);
  playback.play(1);
  expect(playback.takeDueMarks()).toEqual(["a", "b"]);
  expect(playback.takeDueMarks()).toEqual([]);
  playback.play(1);
  expect(playback.takeDueMarks()).toEqual(["c"]);
});

test("a mark on an empty buffer is due at once", () => {
  const { playback } = setUp();
  playback.mark("now");
  expect(playback.takeDueMarks()).toEqual(["now"]);
});

test("clear drops what was not heard and gives all pending marks back, in order", () => {
  const { ear, playback } = setUp();
  playback.add(tone(10, 1));
  playback.mark("a");
  playback.add(tone(10, 2));
  playback.mark("b");
  playback.play(12);
  expect(playback.clear()).toEqual({ droppedSamples: 8, marks: ["a", "b"] });
  playback.play(5);
  expect(ear.heardOf(1)).toBe(10);
  expect(ear.heardOf(2)).toBe(2);
  expect(ear.samples).toBe(17);
});

test("clear on an empty buffer is no error and drops nothing", () => {
  const { playback } = setUp();
  expect(playback.clear()).toEqual({ droppedSamples: 0, marks: [] });
});

test("whatever is sent, every sample is heard, dropped or still buffered, and every mark comes back once", () => {
  const action = fc.oneof(
    fc.record({ add: fc.integer({ min: 1, max: 700 }) }),
    fc.record({ play: fc.integer({ min: 0, max: 500 }) }),
    fc.constant({ mark: true }),
    fc.constant({ clear: true }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const { ear, playback } = setUp();
      let [sent, dropped, time] = [0, 0, 0];
      const expected: number[] = [];
      let buffered: number[] = [];
      const marks: string[] = [];
      const back: string[] = [];
      for (const [index, step] of actions.entries()) {
        if ("add" in step) {
          playback.add(tone(step.add, index));
          sent += step.add;
          buffered.push(...tone(step.add, index));
        } else if ("play" in step) {
          playback.play(step.play);
          time += step.play;
          const played = buffered.splice(0, step.play);
          expected.push(...played, ...tone(step.play - played.length, 255));
        } else if ("mark" in step) {
          marks.push(`m${index}`);
          playback.mark(`m${index}`);
        } else {
          const cleared = playback.clear();
          dropped += cleared.droppedSamples;
          back.push(...cleared.marks);
          buffered = [];
        }
        back.push(...playback.takeDueMarks());
        expect(ear.playedSamples + dropped + playback.bufferedSamples).toBe(sent);
        expect(ear.samples).toBe(time);
      }
      back.push(...playback.clear().marks);
      expect(back).toEqual(marks);
      expect([...ear.bytes()]).toEqual(expected);
    }),
    { seed: 20, numRuns: 200 },
  );
});

test("an ear that keeps only counts knows the same numbers and no bytes", () => {
  const ear = new Ear(false);
  const playback = new Playback(ear);
  playback.add(tone(30, 0x20));
  playback.play(100);
  expect([ear.samples, ear.playedSamples, ear.heardOf(0x20)]).toEqual([100, 30, 30]);
  expect(() => ear.bytes()).toThrow("counts only");
});

test("quiet is counted from the last audible frame, and the silence of a speaker is not audible", () => {
  const { ear, playback } = setUp();
  expect(ear.quietForMs).toBeUndefined();
  playback.add(tone(1600, 0x20));
  playback.add(tone(800, 0xfe));
  playback.play(1600);
  expect(ear.audibleMs).toBe(200);
  expect(ear.quietForMs).toBe(0);
  playback.play(1600);
  expect(ear.audibleMs).toBe(200);
  expect(ear.quietForMs).toBe(200);
});

test("audible time does not depend on how the audio was cut, or on when it was played", () => {
  const { ear, playback } = setUp();
  playback.play(31);
  for (let sent = 0; sent < 3200; sent += 7) playback.add(tone(Math.min(7, 3200 - sent), 0x20));
  for (let played = 0; played < 3200; played += 13) playback.play(Math.min(13, 3200 - played));
  playback.play(320);
  // 400 ms that begin within one frame and end within another.
  expect(ear.audibleMs).toBeWithin(400, 421);
  expect(ear.quietForMs).toBeWithin(20, 41);
});

test("a piece of the record can be cut out anywhere", () => {
  const { ear, playback } = setUp();
  playback.play(10);
  playback.add(tone(10, 1));
  playback.play(15);
  playback.add(tone(10, 2));
  playback.play(10);
  const all = ear.bytes();
  for (let from = 0; from <= 35; from++) {
    for (let to = from; to <= 35; to++) expect(ear.slice(from, to)).toEqual(all.slice(from, to));
  }
});
