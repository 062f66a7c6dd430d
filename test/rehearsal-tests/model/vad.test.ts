/** The stand-in's voice activity detection, on the very clips that rehearsals speak. */
import { expect, test } from "bun:test";
import { type ClipName, clip, clipNames, durationMs, joined, silence } from "../../rehearsal/audio/clips.ts";
import { levelDbfs } from "../../rehearsal/model/mulaw.ts";
import { TurnDetection } from "../../rehearsal/model/session-shape.ts";
import { type Speech, thresholdDbfs, Vad } from "../../rehearsal/model/vad.ts";

const settings = (given: object = {}) => TurnDetection.parse({ type: "server_vad", ...given });

function hear(sound: Uint8Array, given: object = {}, chunkBytes = sound.length): Speech[] {
  const vad = new Vad(settings(given), 0);
  const heard: Speech[] = [];
  for (let at = 0; at < sound.length; at += chunkBytes)
    heard.push(...vad.hear(sound.subarray(at, at + chunkBytes)));
  return heard;
}
const around = (name: ClipName) => joined(silence(500), clip(name), silence(1000));
const kinds = (heard: readonly Speech[]) => heard.map(({ kind }) => kind);

test("every clip is at the telephone's level, and starts and ends within 100 ms of sound", () => {
  for (const name of clipNames) {
    const sound = clip(name);
    expect(levelDbfs(sound)).toBeWithin(-21, -17);
    const edge = 100 * 8;
    expect(levelDbfs(sound.subarray(0, edge))).toBeGreaterThan(-60);
    expect(levelDbfs(sound.subarray(-edge))).toBeGreaterThan(-60);
  }
});

test("all clips together are small enough to commit", () => {
  expect(clipNames.reduce((bytes, name) => bytes + clip(name).length, 0)).toBeLessThan(400_000);
});

for (const name of clipNames) {
  test(`${name} is one turn, begun in time and ended after 500 ms of silence`, () => {
    const [started, stopped, ...more] = hear(around(name));
    expect(more).toBeEmpty();
    if (started?.kind !== "started" || stopped?.kind !== "stopped") throw new Error("no turn was found");
    // The clip begins at 500 ms with 50 ms of nothing; 300 ms of padding come before its first sound.
    expect(started.startMs).toBeWithin(200, 320);
    const saidMs = 500 + durationMs(clip(name));
    expect(stopped.endMs - 500).toBeWithin(saidMs - 250, saidMs + 20);
  });
}

test("the pauses inside a sentence are real: a VAD that waits for 100 ms only takes them for the end", () => {
  expect(hear(around("caller-thanks"), { silence_duration_ms: 100 }).length).toBeGreaterThanOrEqual(8);
  expect(hear(around("caller-thanks"), { silence_duration_ms: 500 })).toHaveLength(2);
});

test("a pause for breath of 400 ms does not end a turn at 500 ms, and one of 700 ms does", () => {
  const spoken = (pauseMs: number) =>
    joined(silence(300), clip("caller-yes"), silence(pauseMs - 100), clip("caller-day"), silence(800));
  expect(kinds(hear(spoken(400)))).toEqual(["started", "stopped"]);
  expect(kinds(hear(spoken(700)))).toEqual(["started", "stopped", "started", "stopped"]);
});

test("speech without silence after it does not end: a phone that sends nothing holds the turn open", () => {
  expect(kinds(hear(joined(silence(500), clip("caller-day"))))).toEqual(["started"]);
});

test("a minute of 0xFF is no speech", () => {
  expect(hear(silence(60_000))).toBeEmpty();
});

test("a noisy line below the threshold is no speech, and is with a lower threshold", () => {
  const hiss = Uint8Array.from({ length: 16_000 }, (_, at) => (at % 2 === 0 ? 0xf0 : 0x70));
  expect(levelDbfs(hiss)).toBeWithin(thresholdDbfs(0.2), thresholdDbfs(0.5));
  expect(hear(hiss)).toBeEmpty();
  expect(kinds(hear(hiss, { threshold: 0.2 }))).toEqual(["started"]);
});

test("a click of 40 ms is no speech", () => {
  expect(hear(joined(silence(500), clip("caller-day").subarray(2400, 2720), silence(500)))).toBeEmpty();
});

test("time is counted in samples: the size of the pieces changes nothing", () => {
  const sound = joined(around("caller-wait"), around("caller-mhm"));
  const whole = hear(sound);
  expect(whole).toHaveLength(4);
  for (const chunkBytes of [1, 37, 160, 798, 8000]) expect(hear(sound, {}, chunkBytes)).toEqual(whole);
});

test("padding is what it is set to, and never reaches into the turn before", () => {
  const [started] = hear(around("caller-hello"), { prefix_padding_ms: 0 });
  const [padded] = hear(around("caller-hello"), { prefix_padding_ms: 200 });
  if (started?.kind !== "started" || padded?.kind !== "started") throw new Error("no turn was found");
  expect(started.startMs - padded.startMs).toBe(200);
  const [, stopped, again] = hear(joined(silence(500), clip("caller-yes"), silence(550), clip("caller-no")), {
    prefix_padding_ms: 2000,
  });
  if (stopped?.kind !== "stopped" || again?.kind !== "started") throw new Error("no second turn was found");
  expect(again.startMs).toBe(stopped.endMs);
});

test("semantic VAD waits longer the less eager it is", () => {
  const ends = ["high", "auto", "low"].map((eagerness) => {
    const vad = new Vad(TurnDetection.parse({ type: "semantic_vad", eagerness }), 0);
    const [, stopped] = vad.hear(joined(silence(500), clip("caller-day"), silence(3000)));
    return stopped?.kind === "stopped" ? stopped.endMs : Number.NaN;
  });
  const [high = 0, auto = 0, low = 0] = ends;
  expect([auto - high, low - auto]).toEqual([400, 800]);
});
