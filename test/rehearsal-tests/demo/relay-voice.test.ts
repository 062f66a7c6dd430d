/**
 * The demo says what the relay said by itself only where the ear had it: whole, or as far as it came, and never because
 * something like it was heard.
 */
import { describe, expect, test } from "bun:test";
import { clip, joined, silence } from "../../rehearsal/audio/clips.ts";
import { Ear } from "../../rehearsal/carrier/ear.ts";
import { type Played, RelayVoice, recordedIn } from "../../rehearsal/demo/relay-voice.ts";

const english = await recordedIn("en");
const [moment, sorry] = [soundOf("one_moment"), soundOf("sorry")];
const FRAME = 160;
const DIALLED_MS = 70;

function soundOf(name: Played["clip"]): Uint8Array {
  const found = english.find((recorded) => recorded.clip === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found.sound;
}

/** Played on the line in frames of 20 ms, behind which there is an ear. */
function heard(sound: Uint8Array) {
  const ear = new Ear(true);
  ear.answer(DIALLED_MS);
  const voice = new RelayVoice(english);
  const begun: Played[] = [];
  for (let at = 0; at < sound.length; at += FRAME) {
    ear.hear(sound.subarray(at, at + FRAME));
    begun.push(...voice.listen(ear, ear.playedSamples));
  }
  expect(begun).toEqual([...voice.played]);
  return { voice, played: voice.played };
}

const inShort = (played: readonly Played[]) =>
  played.map(({ clip: name, startSample, heardSamples, state }) => [name, startSample, heardSamples, state]);

describe("what the relay says by itself", () => {
  test("is told by its bytes, in its words, each as often as it was heard", () => {
    const { played } = heard(joined(silence(330), moment, silence(500), moment, sorry, silence(40)));
    const second = 330 * 8 + moment.length + 500 * 8;
    expect(inShort(played)).toEqual([
      ["one_moment", 330 * 8, moment.length, "whole"],
      ["one_moment", second, moment.length, "whole"],
      ["sorry", second + moment.length, sorry.length, "whole"],
    ]);
    expect(played[0]?.words).toBe("One moment, please.");
    expect(played[0]).toMatchObject({ fromSample: 330 * 8, startMs: DIALLED_MS + 330 });
    expect(played[0]?.endMs).toBe(DIALLED_MS + 330 + moment.length / 8);
  });

  test("is whole also where the line ran dry in the middle of it", () => {
    const { played } = heard(joined(sorry.subarray(0, 4000), silence(60), sorry.subarray(4000)));
    expect(inShort(played)).toEqual([["sorry", 0, sorry.length, "whole"]]);
  });

  test("is cut where another sound is heard before its end, and what follows is heard for itself", () => {
    const { played } = heard(joined(sorry.subarray(0, 8000), new Uint8Array(800).fill(3), moment));
    expect(inShort(played)).toEqual([
      ["sorry", 0, 8000, "cut"],
      ["one_moment", 8800, moment.length, "whole"],
    ]);
  });

  test("is not whole before its last byte", () => {
    const { voice, played } = heard(sorry.subarray(0, -1));
    expect(inShort(played)).toEqual([["sorry", 0, sorry.length - 1, "coming"]]);
    voice.stop("broken off", 5000);
    expect(played[0]).toMatchObject({ state: "broken off", endMs: 5000 });
    voice.stop("cut", 6000);
    expect(played[0]).toMatchObject({ state: "broken off", endMs: 5000 });
  });

  test("is neither the same words in another voice nor another language's", async () => {
    const german = (await recordedIn("de")).map(({ sound }) => sound);
    expect(heard(joined(clip("assistant-moment"), ...german, silence(100))).played).toEqual([]);
  });

  test("is known of no language that was not recorded", async () => {
    await expect(recordedIn("tlh")).rejects.toThrow('nothing to say in "tlh"');
  });
});
