import { describe, expect, test } from "bun:test";
import { farewell, type Sentence, spoken } from "../../../functions/edge/sentences.ts";

const EACH = {
  unavailable: true,
  lost: true,
  oneMoment: true,
  leaveMessage: true,
  messageTaken: true,
  askPin: true,
  askPinAgain: true,
  noPin: true,
  wrongPin: true,
  lockedPin: true,
} satisfies Record<Sentence, true>;
const isSentence = (name: string): name is Sentence => Object.hasOwn(EACH, name);
const ALL = Object.keys(EACH).filter(isSentence);

describe("what Twilio's voice says", () => {
  test("is in the caller's language, under the name that Twilio has for it", () => {
    const languages = ["en", "de", "fr", "es", "it", "pt", "nl"];
    const voices = languages.map((language) => spoken("askPin", language).language);
    expect(voices).toEqual(["en-US", "de-DE", "fr-FR", "es-ES", "it-IT", "pt-PT", "nl-NL"]);
    for (const sentence of ALL) {
      const texts = languages.map((language) => spoken(sentence, language).text);
      expect(new Set(texts).size).toBe(languages.length);
      for (const text of texts) expect(text).toMatch(/^\p{Lu}.+\.$/u);
    }
  });

  test("is in a country's way where Twilio has it, and otherwise in the language's own", () => {
    for (const [language, voice] of [
      ["en-GB", "en-GB"],
      ["en-NZ", "en-US"],
      ["de-CH", "de-DE"],
      ["fr-CA", "fr-CA"],
      ["es-MX", "es-MX"],
      ["pt-BR", "pt-BR"],
      ["pt-br", "pt-BR"],
      ["zh-Hant-TW", "en-US"],
    ] as const) {
      expect([language, spoken("askPin", language).language]).toEqual([language, voice]);
    }
  });

  test("is English for a language that is not among them, and for none", () => {
    for (const language of [undefined, "", "ja", "tlh", "deu"]) {
      expect(spoken("askPin", language)).toEqual(spoken("askPin", "en"));
    }
  });

  test("differs where the caller must know the difference, and ends the call where it ends", () => {
    expect(new Set(ALL.map((sentence) => spoken(sentence).text)).size).toBe(ALL.length);
    expect(farewell("lockedPin", "de")).toEqual([spoken("lockedPin", "de"), { verb: "hangup" }]);
  });
});
