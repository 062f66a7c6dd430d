/**
 * The demo's judges and painters, one by one: what must not pass for heard, and what the terminal is left with.
 */
import { describe, expect, test } from "bun:test";
import { joined, silence } from "../../rehearsal/audio/clips.ts";
import { gapsIn } from "../../rehearsal/demo/hearing.ts";
import { painted, span, wrapped } from "../../rehearsal/demo/paint.ts";
import { stereoWav } from "../../rehearsal/demo/recording.ts";
import { Screen } from "../../rehearsal/demo/screen.ts";
import { waveform } from "../../rehearsal/demo/waveform.ts";

const sound = Uint8Array.from({ length: 4000 }, (_, at) => (at * 7) % 200);

describe("what the ear got", () => {
  test("is the sound, if it is that sound from the very sample on", () => {
    expect(gapsIn(joined(silence(100), sound), 800, sound)).toBe(0);
    expect(gapsIn(joined(silence(100), sound), 801, sound)).toBeUndefined();
  });

  test("is the sound with gaps, where the line ran dry", () => {
    const record = joined(sound.subarray(0, 1600), silence(20), sound.subarray(1600));
    expect(gapsIn(record, 0, sound)).toBe(160);
  });

  test("is another sound, if one byte differs, one is missing or its end never came", () => {
    const other = sound.slice();
    other[2000] = 250;
    expect(gapsIn(other, 0, sound)).toBeUndefined();
    expect(gapsIn(joined(sound.subarray(0, 2000), sound.subarray(2001)), 0, sound)).toBeUndefined();
    expect(gapsIn(sound.subarray(0, 3999), 0, sound)).toBeUndefined();
  });
});

describe("the recording", () => {
  test("is as long as the longer side, and quiet where the other has ended", () => {
    const wav = Buffer.from(stereoWav(sound.subarray(0, 10), sound.subarray(0, 4)));
    expect(wav.length).toBe(44 + 10 * 4);
    expect(wav.readUInt32LE(4)).toBe(wav.length - 8);
    expect(wav.readInt16LE(44)).toBe(-32124);
    expect(wav.readInt16LE(44 + 4 * 4 + 2)).toBe(0);
    expect(wav.readInt16LE(44 + 4 * 4)).not.toBe(0);
  });
});

describe("the picture of a call", () => {
  test("is loud where somebody speaks, flat where nobody does, and marked where it was cut", () => {
    const loud = new Uint8Array(8000).fill(0x90);
    const [caller = [], assistant = [], ruler = []] = waveform(60, {
      caller: joined(silence(1000), loud),
      assistant: joined(loud, silence(1000)),
      cutsMs: [1000],
    });
    const text = (line: typeof caller) => painted(line, false).slice(20);
    expect(text(caller)).toMatch(/^▁{10}█{10}$/);
    expect(text(assistant)).toMatch(/^█{10}┃▁{9}$/);
    expect(text(ruler)).toMatch(/^0 s +cut/);
  });
});

describe("styled text", () => {
  test("wraps at words, by what is seen and not by what is written", () => {
    const rows = wrapped([span("one two "), span("three", "good"), span(" four")], 9);
    expect(rows.map((line) => painted(line, false))).toEqual(["one two", "three", "four"].map((row) => row));
    expect(painted([span("three", "good")], true)).toBe("\x1b[32mthree\x1b[0m");
  });
});

describe("the screen", () => {
  function screenOn(isTTY: boolean, env: Record<string, string> = {}) {
    const written: string[] = [];
    const out = { isTTY, columns: 100, rows: 4, write: (text: string) => written.push(text) };
    return { screen: new Screen(out, env), written };
  }

  test("redraws its live lines in place, never more than there are rows, and leaves none", () => {
    const { screen, written } = screenOn(true);
    screen.live(() => ["a", "b", "c", "d", "e"].map((text) => [span(text)]));
    screen.live(() => [[span("x")]]);
    screen.print([[span("kept")]]);
    screen.close();
    expect(written).toEqual([
      "\x1b[?25lc\nd\ne\n",
      "\x1b[?25l\x1b[3A\r\x1b[Jx\n",
      "\x1b[1A\r\x1b[Jkept\n",
      "\x1b[?25h",
    ]);
  });

  test("writes no control sequence into a file, draws nothing for it, and no colour where NO_COLOR is set", () => {
    const file = screenOn(false);
    const drawn: string[] = [];
    file.screen.live(() => {
      drawn.push("never");
      return [[span("never")]];
    });
    expect(drawn).toEqual([]);
    file.screen.print([[span("kept", "bad")]]);
    file.screen.close();
    expect(file.written).toEqual(["kept\n"]);

    const plain = screenOn(true, { NO_COLOR: "1" });
    plain.screen.print([[span("kept", "bad")]]);
    expect(plain.written).toEqual(["kept\n"]);
  });
});
