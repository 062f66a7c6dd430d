import { describe, expect, test } from "bun:test";
import { Playback } from "../../../relay/call/playback.ts";

/** A line whose way there and back has been measured as 40 ms, and whose frames take 20 ms to get here. */
function measured(roundTripMs = 40): Playback {
  const playback = new Playback();
  const probe = playback.probe(0);
  if (probe === undefined) throw new Error("no probe on an empty queue");
  // Frames each 20 ms, before and after, so that the mark's moment is known.
  playback.inbound(0, roundTripMs / 2);
  playback.marked(probe, roundTripMs);
  return playback;
}

const MS = 8;

describe("the playhead", () => {
  test("nothing has been heard before anything was sent", () => {
    const playback = measured();
    expect(playback.playhead(10_000)).toBe(0);
    expect(playback.allProvedHeard).toBe(true);
    expect(playback.quietAt).toBe(Number.NEGATIVE_INFINITY);
  });

  test("runs at real speed from when the audio reached the carrier, and no further than what was sent", () => {
    const playback = measured();
    playback.sent("item", 0, 1000 * MS, 100);
    const heardFrom = 100 + playback.roundTripMs;
    expect(playback.playhead(heardFrom)).toBe(0);
    expect(playback.playhead(heardFrom + 300)).toBe(300 * MS);
    expect(playback.playhead(heardFrom + 99_999)).toBe(1000 * MS);
    expect(playback.quietAt).toBe(heardFrom + 1000);
  });

  test("audio that finds the queue full is heard after what waits there, not when it was sent", () => {
    const playback = measured();
    playback.sent("item", 0, 1000 * MS, 100);
    playback.sent("item", 0, 1000 * MS, 110);
    expect(playback.playhead(100 + playback.roundTripMs + 1500)).toBe(1500 * MS);
  });

  test("a pause in which the queue ran dry is not counted as heard", () => {
    const playback = measured();
    playback.sent("item", 0, 200 * MS, 0);
    playback.sent("item", 0, 200 * MS, 1000);
    const second = 1000 + playback.roundTripMs;
    expect(playback.playhead(second)).toBe(200 * MS);
    expect(playback.playhead(second + 50)).toBe(250 * MS);
  });

  test("a mark that comes back late moves its run later", () => {
    const playback = measured();
    const mark = playback.sent("item", 0, 200 * MS, 0);
    playback.sent("item", 0, 1000 * MS, 0);
    playback.inbound(380, 400);
    playback.marked(mark, 410);
    playback.inbound(400, 420);
    const before = playback.playhead(400);
    expect(before).toBeLessThanOrEqual(220 * MS);
    expect(playback.playhead(410 + 100)).toBeGreaterThanOrEqual(300 * MS);
    // A packet of the carrier's is 20 ms: the mark may have waited that long.
    expect(playback.playhead(410 + 100)).toBeLessThanOrEqual(340 * MS);
  });

  test("a mark proves what it stands behind, whatever the estimate says", () => {
    const playback = measured();
    const mark = playback.sent("item", 0, 400 * MS, 0);
    playback.marked(mark, 30);
    expect(playback.playhead(30)).toBe(400 * MS);
    expect(playback.allProvedHeard).toBe(true);
  });

  test("a mark that nobody sent, or that came back already, proves nothing", () => {
    const playback = measured();
    const mark = playback.sent("item", 0, 400 * MS, 0);
    expect(playback.marked("0.999", 30)).toBe(false);
    expect(playback.allProvedHeard).toBe(false);
    expect(playback.marked(mark, 500)).toBe(true);
    expect(playback.marked(mark, 510)).toBe(false);
  });

  test("a mark that overtakes others stands for them: they were lost", () => {
    const playback = measured();
    const lost = playback.sent("item", 0, 100 * MS, 0);
    const back = playback.sent("item", 0, 100 * MS, 0);
    expect(playback.marked(back, 300)).toBe(true);
    expect(playback.marked(lost, 310)).toBe(false);
    expect(playback.allProvedHeard).toBe(true);
  });

  test("every mark has a name of its own, across interruptions", () => {
    const playback = measured();
    const names = new Set<string>();
    for (let i = 0; i < 50; i++) {
      names.add(playback.sent("item", 0, 10, i));
      if (i % 7 === 0) playback.interrupt(i);
    }
    expect(names.size).toBe(50);
  });
});

describe("measuring the way", () => {
  test("a probe goes ahead of audio that should find the queue empty, and of no other", () => {
    const playback = measured();
    expect(playback.probe(2000)).toBeString();
    playback.sent("item", 0, 500 * MS, 2000);
    expect(playback.probe(2010)).toBeUndefined();
    expect(playback.probe(2500)).toBeUndefined();
    expect(playback.probe(2501)).toBeString();
  });

  test("a probe says when the audio behind it started, and that the audio before it is over", () => {
    const playback = measured();
    playback.sent("item", 0, 200 * MS, 0);
    const probe = playback.probe(1000);
    playback.sent("item", 0, 1000 * MS, 1000);
    playback.inbound(1080, 1100);
    if (probe !== undefined) playback.marked(probe, 1105);
    playback.inbound(1100, 1120);
    const started = playback.quietAt - 1000;
    expect(started).toBeGreaterThanOrEqual(1100);
    expect(started).toBeLessThanOrEqual(1105);
  });

  test("a probe that may have waited behind audio measures nothing", () => {
    const playback = measured();
    playback.sent("item", 0, 200 * MS, 0);
    const probe = playback.probe(1000);
    if (probe !== undefined) playback.marked(probe, 9000);
    expect(playback.roundTripMs).toBe(40);
  });

  test("one slow packet does not move the way", () => {
    const playback = new Playback();
    for (let i = 0; i < 9; i++) {
      const at = i * 1000;
      const probe = playback.probe(at);
      if (probe !== undefined) playback.marked(probe, at + (i === 5 ? 900 : 50));
    }
    expect(playback.roundTripMs).toBe(50);
  });
});

describe("an interruption", () => {
  test("a turn heard to the end: nothing is truncated", () => {
    const playback = measured();
    playback.sent("item", 0, 500 * MS, 0);
    playback.complete("item", 0);
    const { truncations, unheardMs, heardMs } = playback.interrupt(2000);
    expect(truncations).toEqual([]);
    expect(unheardMs).toBe(0);
    expect(heardMs).toBe(0);
  });

  test("an item in the middle is cut to whole ms of what the caller has heard when the clear arrives", () => {
    const playback = measured();
    playback.sent("item", 0, 1000 * MS + 3, 0);
    playback.complete("item", 0);
    // Sent at 0 and cleared at 400: both take the same way, so 400 ms were heard.
    const { truncations, heardMs, unheardMs } = playback.interrupt(400);
    expect(truncations).toEqual([{ item_id: "item", content_index: 0, audio_end_ms: 400 }]);
    expect(heardMs).toBe(400);
    expect(unheardMs).toBe(601);
  });

  test("of several items queued, those heard are skipped, one is cut, and the later ones are cut to 0", () => {
    const playback = measured();
    for (const item of ["first", "second", "third", "fourth"]) {
      playback.sent(item, 0, 300 * MS, 0);
      playback.complete(item, 0);
    }
    expect(playback.interrupt(450).truncations).toEqual([
      { item_id: "second", content_index: 0, audio_end_ms: 150 },
      { item_id: "third", content_index: 0, audio_end_ms: 0 },
      { item_id: "fourth", content_index: 0, audio_end_ms: 0 },
    ]);
  });

  test("content parts of one item are cut each for itself", () => {
    const playback = measured();
    playback.sent("item", 0, 300 * MS, 0);
    playback.sent("item", 1, 300 * MS, 0);
    playback.complete("item", 0);
    expect(playback.interrupt(400).truncations).toEqual([
      { item_id: "item", content_index: 1, audio_end_ms: 100 },
    ]);
  });

  test("an item that goes on is cut to what was sent of it, though all of that was heard", () => {
    const playback = measured();
    playback.sent("item", 0, 300 * MS, 0);
    expect(playback.interrupt(5000).truncations).toEqual([
      { item_id: "item", content_index: 0, audio_end_ms: 300 },
    ]);
  });

  test("a queue that ran dry in the middle of an item does not count the pause", () => {
    const playback = measured();
    playback.sent("item", 0, 200 * MS, 0);
    playback.sent("item", 0, 400 * MS, 1000);
    expect(playback.interrupt(1100).truncations).toEqual([
      { item_id: "item", content_index: 0, audio_end_ms: 300 },
    ]);
  });

  test("an item that comes back after another is never cut past what was sent of it", () => {
    // Found by the property: the other item had been heard and forgotten, and its length was taken for this one's.
    const playback = measured();
    playback.sent("back", 0, 100 * MS, 0);
    const mark = playback.sent("other", 0, 1000 * MS, 0);
    playback.complete("other", 0);
    playback.marked(mark, 1140);
    playback.sent("back", 0, 100 * MS, 1150);
    for (const { audio_end_ms } of playback.interrupt(5000).truncations)
      expect(audio_end_ms).toBeLessThanOrEqual(200);
  });

  test("a response that is done has no more to come: what was heard of it in full is left alone", () => {
    const playback = measured();
    playback.sent("item", 0, 200 * MS, 0);
    playback.completeAll();
    expect(playback.interrupt(1000).truncations).toEqual([]);
  });

  test("marks that the clear flushes come back and prove nothing", () => {
    const playback = measured();
    const flushed = playback.sent("item", 0, 5000 * MS, 0);
    playback.interrupt(100);
    playback.sent("next", 0, 1000 * MS, 200);
    expect(playback.marked(flushed, 210)).toBe(false);
    expect(playback.interrupt(300).truncations).toEqual([
      { item_id: "next", content_index: 0, audio_end_ms: 100 },
    ]);
  });

  test("timestamps that begin anew move neither the round trip nor the cut", () => {
    const playback = measured();
    for (let t = 20; t < 60_000; t += 20) playback.inbound(t, t + 20);
    let at = 60_000;
    for (let t = 0; t < 10_000; t += 20) {
      playback.inbound(t, at + t + 20);
      if (t % 1000 !== 0) continue;
      const probe = playback.probe(at + t + 20);
      if (probe !== undefined) playback.marked(probe, at + t + 60);
    }
    at += 10_000;
    expect(playback.roundTripMs).toBeGreaterThan(20);
    expect(playback.roundTripMs).toBeLessThan(60);
    playback.sent("item", 0, 1000 * MS, at);
    const [cut] = playback.interrupt(at + 500).truncations;
    expect(cut?.audio_end_ms).toBeGreaterThan(460);
    expect(cut?.audio_end_ms).toBeLessThan(540);
  });

  test("nothing is left to cut a second time", () => {
    const playback = measured();
    playback.sent("item", 0, 1000 * MS, 0);
    playback.interrupt(100);
    expect(playback.interrupt(110)).toEqual({ heardMs: 0, unheardMs: 0, truncations: [], sentMs: [] });
    expect(playback.allProvedHeard).toBe(true);
    expect(playback.isPlaying(120)).toBe(false);
  });
});
