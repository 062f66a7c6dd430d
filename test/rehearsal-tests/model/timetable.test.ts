/** When each piece of a response is due: arithmetic, without a clock. */
import { expect, test } from "bun:test";
import { clip, taggedAudio, wordsOf } from "../../rehearsal/audio/clips.ts";
import { optionsFrom } from "../../rehearsal/model/options.ts";
import { type Occasion, type Reply, readingOf, type Turn } from "../../rehearsal/model/script.ts";
import { type Step, timetableOf } from "../../rehearsal/model/timetable.ts";

const occasion: Occasion = {
  cause: "speech",
  metadata: {},
  instructions: "",
  outOfBand: false,
  response: 1,
  turn: 1,
  heard: undefined,
  transcript: undefined,
  outputs: [],
  texts: [],
  tools: [],
  toolNames: [],
  remoteTools: [],
  approvals: [],
  toolChoice: "auto",
  conversation: [],
  session: 0,
};
const steps = (reply: Reply, limitMs = Number.POSITIVE_INFINITY, random = () => 0.5): readonly Step[] => {
  const { delivery } = optionsFrom({ pace: 4, deltaMs: 200, thinkMs: 150, announceMs: 40 });
  return timetableOf(readingOf(() => reply, delivery)(occasion), limitMs, random);
};
const sounds = (all: readonly Step[]) => all.filter((step) => step.kind === "sound");
const joinedBytes = (all: readonly Step[]) => Buffer.concat(sounds(all).map(({ bytes }) => bytes));

test("an item is announced after thinking, its sound follows at the pace, and it is whole with its last piece", () => {
  const all = steps([{ tag: 9, ms: 500 }]);
  expect(all.map(({ kind, dueMs }) => [kind, dueMs])).toEqual([
    ["announce", 150],
    ["sound", 190],
    ["sound", 240],
    ["sound", 290],
    ["finish", 290],
    ["end", 290],
  ]);
  expect(sounds(all).map(({ bytes }) => bytes.length / 8)).toEqual([200, 200, 100]);
});

test("no byte and no word of a clip is lost between the pieces, whatever their size", () => {
  for (const deltaMs of [1, 20, 99, 200, [20, 380] as [number, number], 60_000]) {
    const all = steps({ output: [{ clip: "assistant-first" }], deltaMs }, undefined, Math.random);
    expect(joinedBytes(all).equals(clip("assistant-first"))).toBeTrue();
    expect(
      sounds(all)
        .map(({ words }) => words)
        .join(""),
    ).toBe(wordsOf("assistant-first"));
  }
});

test("pieces of varying size stay within their range", () => {
  let at = 0;
  const all = steps(
    { output: [{ tag: 1, ms: 20_000 }], deltaMs: [60, 240] },
    undefined,
    () => (at++ * 0.37) % 1,
  );
  const sizes = sounds(all)
    .slice(0, -1)
    .map(({ bytes }) => bytes.length / 8);
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(60);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(240);
  expect(new Set(sizes).size).toBeGreaterThan(20);
});

test("below real time the pieces come slower than they play", () => {
  const [first, second] = sounds(steps({ output: [{ tag: 1, ms: 400 }], pace: 0.5 }));
  expect((second?.dueMs ?? 0) - (first?.dueMs ?? 0)).toBe(400);
});

test("a stall holds the sound back once", () => {
  const all = sounds(steps({ output: [{ tag: 1, ms: 800 }], stall: { afterMs: 400, forMs: 1000 } }));
  expect(all.map(({ dueMs }) => dueMs)).toEqual([190, 240, 1290, 1340]);
});

test("a call's arguments come in pieces that join to its JSON, after what was said before it", () => {
  const given = { to: "Maria", subject: "Lunch at noon, as always?" };
  const all = steps([
    { tag: 1, ms: 200 },
    { call: "send_mail", arguments: given },
  ]);
  const pieces = all.filter((step) => step.kind === "arguments");
  expect(pieces.length).toBeGreaterThan(1);
  expect(JSON.parse(pieces.map(({ text }) => text).join(""))).toEqual(given);
  expect(all.filter(({ kind }) => kind === "announce").map(({ dueMs }) => dueMs)).toEqual([150, 240]);
});

test("a response cut short ends in the middle of its item, to the millisecond", () => {
  const all = steps({
    output: [
      { tag: 1, ms: 1000 },
      { tag: 2, ms: 1000 },
    ],
    ends: { status: "incomplete", reason: "content_filter", afterMs: 1250 },
  });
  expect(joinedBytes(all).length / 8).toBe(1250);
  expect(all.map(({ kind }) => kind).slice(-2)).toEqual(["sound", "end"]);
  expect(joinedBytes(steps([{ tag: 1, ms: 1000 }], 300)).length / 8).toBe(300);
});

test("a list of turns is gone through in order, each for the occasion that it is for", () => {
  const { delivery } = optionsFrom({});
  const script: readonly Turn[] = [
    { on: "create", metadata: { reason: "greeting" }, reply: [{ tag: 1, ms: 20 }] },
    { on: "speech", reply: [{ tag: 2, ms: 20 }] },
    { reply: [{ tag: 3, ms: 20 }] },
  ];
  const read = readingOf(script, delivery);
  const tagOf = (given: Partial<Occasion>) => read({ ...occasion, ...given }).output[0];
  expect(tagOf({ cause: "speech" })).toEqual({ tag: 2, ms: 20 });
  expect(tagOf({ cause: "create", metadata: { reason: "other" } })).toEqual({ tag: 3, ms: 20 });
  expect(tagOf({ cause: "create", metadata: { reason: "greeting", more: "1" } })).toEqual({ tag: 1, ms: 20 });
  expect(tagOf({ cause: "speech" })).toEqual({ clip: "assistant-cando" });
});

test("tagged sound is its tag and nothing else, and a tag that could be taken for silence is refused", () => {
  expect(new Set(taggedAudio(17, 20))).toEqual(new Set([17]));
  expect(taggedAudio(17, 20)).toHaveLength(160);
  for (const tag of [0, 251, 255, 1.5]) expect(() => taggedAudio(tag, 20)).toThrow("not within 1 to 250");
});
