/** The relay's own words, in every language of the house. */
import { describe, expect, test } from "bun:test";
import { spokenBy, spokenIn } from "../../../relay/call/read-back-frames.ts";
import { questionIn, tokensOf } from "../../../relay/call/read-back-heard.ts";
import { LANGUAGES } from "../../../relay/call/spoken-words.ts";

describe.each(LANGUAGES.map((language) => [language]))("in %s", (language) => {
  const { frame } = spokenIn(language);

  test("the question names 1 before 2, once each, and no other key", () => {
    expect(frame.closing.match(/\d/g)).toEqual(["1", "2"]);
    expect(spokenBy(`Something. ${frame.closing}`)).toBe(frame);
  });

  test("a question with its digits as words is the same question", () => {
    const [, one = "", two = ""] = frame.digits.map((words) => words.split("|")[0] ?? "");
    const spoken = tokensOf(frame.closing.replace("1", one).replace("2", two), frame, false);
    expect(spoken).toEqual(tokensOf(frame.closing, frame, false));
  });

  test("no other language's question is taken for it", () => {
    const question = tokensOf(frame.closing, frame, false);
    for (const other of LANGUAGES.filter((each) => each !== language)) {
      const heard = tokensOf(spokenIn(other).frame.closing, frame, false);
      expect(questionIn(heard, question, new Set(frame.slips.split(" ")))).toBeUndefined();
    }
  });

  test("there are ten digits, and every count is said with its number", () => {
    expect(frame.digits).toHaveLength(10);
    for (const count of [2, 36]) {
      const counts = [
        frame.moreWords(count),
        frame.moreCharacters(count),
        frame.moreOfThem(count),
        frame.notRead(count, 0),
        frame.aboutKeys(count),
        frame.character(count),
      ];
      for (const words of counts) expect(words).toContain(String(count));
    }
    expect(frame.notRead(36, 7)).toContain("7");
    expect(frame.notRead(36, 0)).not.toBe(frame.notRead(36, 1));
  });

  test("an address is the same, written and spoken", () => {
    const [at, dot, dash, low, plus] = [frame.at, frame.dot, frame.hyphen, frame.underscore, frame.plus];
    for (const which of [0, 1]) {
      const named = [at, dot, dash, low, plus].map((names) => names[which] ?? names[0] ?? "");
      const spoken = `anna ${named[1]} b ${named[3]} c ${named[4]} d ${named[0]} my ${named[2]} site ${named[1]} com`;
      expect(tokensOf(spoken, frame, true)).toEqual(tokensOf("anna.b_c+d@my-site.com", frame, true));
    }
  });
});

test("who speaks none of them hears English", () => {
  for (const language of [undefined, "", "ja", "xx-YY", "english"]) {
    expect(spokenIn(language).language).toBe("en");
  }
  expect(spokenIn("de-AT").language).toBe("de");
});

test("words that end otherwise are in no language", () => {
  expect(spokenBy("Press 1 to do it, 2 to cancel. Really.")).toBeUndefined();
});
