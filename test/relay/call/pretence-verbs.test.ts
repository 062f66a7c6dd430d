import { describe, expect, test } from "bun:test";
import {
  DUTCH_BETWEEN,
  DUTCH_DO,
  DUTCH_DONE,
  ENGLISH_DO,
  ENGLISH_DOING,
  ENGLISH_DONE,
  FRENCH_DO,
  FRENCH_DONE,
  GERMAN_BETWEEN,
  GERMAN_DO,
  GERMAN_DONE,
  ITALIAN_DO,
  ITALIAN_DONE,
  PORTUGUESE_DID,
  PORTUGUESE_DO,
  SPANISH_DO,
  SPANISH_DONE,
} from "../../../relay/call/pretence-verbs.ts";

const whole = (body: string) => new RegExp(`^(?:${body.replace(/\n */g, "")})(?= |$)`, "u");
/** Every word or phrase of a list, once what stands for several is taken out. */
const plainOnes = (body: string) =>
  body
    .replace(/\n */g, "")
    .replace(/^\(\?:|\)$/g, "")
    .split("|")
    .filter((each) => /^\p{L}+$/u.test(each));

describe("the verbs of a pretence", () => {
  test.each([
    ["English, done", ENGLISH_DONE, "put milk on your list", "put it simply"],
    ["English, done to a thing of the caller's", ENGLISH_DONE, "cancelled your appointment", "cancelled it"],
    ["English, made", ENGLISH_DONE, "made a reservation", "made a mistake"],
    ["English, to do", ENGLISH_DO, "look that up", "look forward to it"],
    ["English, to get", ENGLISH_DO, "get that for you", "get to the point"],
    ["English, doing", ENGLISH_DOING, "looking that up", "looking forward"],
    ["German, done", GERMAN_DONE, "hinzugefügt", "gefunden"],
    ["German, to do", GERMAN_DO, "nachsehen", "wissen"],
    ["French, done", FRENCH_DONE, "envoyées", "annulé"],
    ["French, to do", FRENCH_DO, "vérifier", "expliquer"],
    ["Spanish, done", SPANISH_DONE, "puesto leche en tu lista", "puesto"],
    ["Spanish, to do", SPANISH_DO, "enviarlo", "ayudarte"],
    ["Italian, done", ITALIAN_DONE, "aggiunto", "capito"],
    ["Italian, to do", ITALIAN_DO, "inviarlo", "aiutarti"],
    ["Portuguese, did", PORTUGUESE_DID, "enviei", "pensei"],
    ["Portuguese, to do", PORTUGUESE_DO, "lhe enviar", "ajudar"],
    ["Dutch, done", DUTCH_DONE, "verstuurd", "gevonden"],
    ["Dutch, to do", DUTCH_DO, "opzoeken", "helpen"],
  ])("%s", (_, body, one, other) => {
    expect(whole(body).test(one)).toBe(true);
    expect(whole(body).test(other)).toBe(false);
  });

  test("no list has a word twice", () => {
    for (const body of [GERMAN_DONE, GERMAN_DO, FRENCH_DO, PORTUGUESE_DID, DUTCH_DONE, DUTCH_DO]) {
      const verbs = plainOnes(body);
      expect(verbs.length).toBeGreaterThan(5);
      expect(verbs).toEqual([...new Set(verbs)]);
    }
  });

  test.each([
    ["German", GERMAN_BETWEEN, " dir heute Milch", " dir nichts", " gehört dass er es"],
    ["Dutch", DUTCH_BETWEEN, " vandaag melk", " niets", " gehoord dat hij het"],
  ])(
    "between the parts of a %s verb stands nothing that changes who did it",
    (_, body, fine, none, other) => {
      const between = new RegExp(`^${body.replace(/\n */g, "")}$`, "u");
      expect(between.test(fine)).toBe(true);
      expect(between.test(none)).toBe(false);
      expect(between.test(other)).toBe(false);
    },
  );
});
