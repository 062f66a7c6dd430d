/** Whether a model that was to read a request aloud has read it, by the transcript of what it said. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readBackOf, wasSaid } from "../../../relay/call/read-back.ts";
import { differences, questionIn } from "../../../relay/call/read-back-heard.ts";
import { LANGUAGES } from "../../../relay/call/spoken-words.ts";
import { requests } from "./any-request.ts";

const LETTER = {
  to: ["anna.miller@example.com", "bob_7@my-site.example.org"],
  bcc: "eve@example.net",
  subject: "Dinner on Friday",
  body: "Shall we meet at seven in front of the old theatre? I have booked a table for 4.",
};
const inEnglish = readBackOf("gmail_send_email", LETTER, "en");
const ofPayment = readBackOf("bank_transfer_money", { recipient: "Bob", amount: 1250.5, note: "rent" }, "en");
const ofMany = readBackOf(
  "gmail_send_email",
  { to: Array.from({ length: 40 }, (_, at) => `person${at}@example.com`) },
  "en",
);

describe("honest transcripts", () => {
  test.each([
    [
      "en",
      "Gmail: send email. To: anna.miller@example.com, bob_7@my-site.example.org. Hidden copy to: eve@example.net. Subject: Dinner on Friday. Content: Shall we meet at seven in front of the old theatre? I have booked a table for four. Press one to do it, two to cancel.",
    ],
    [
      "de",
      "Gmail, send email. An Anna Punkt Miller at example Punkt com, bob_7@my-site.example.org. Blindkopie an eve@example.net. Betreff: Dinner on Friday. Inhalt: Shall we meet at seven in front of the old theatre? I have booked a table for 4. Drücke eins, um es zu tun, zwei um abzubrechen.",
    ],
    [
      "fr",
      "Gmail : send email. À : anna.miller@example.com, bob_7@my-site.example.org. Copie cachée à : eve arobase example point net. Objet : Dinner on Friday. Contenu : Shall we meet at seven in front of the old theatre ? I have booked a table for 4. Appuyez sur un pour le faire, sur deux pour annuler.",
    ],
    [
      "es",
      "Gmail: send email. Para: anna.miller@example.com, bob_7@my-site.example.org. Copia oculta para: eve@example.net. Asunto: Dinner on Friday. Contenido: Shall we meet at seven in front of the old theatre? I have booked a table for 4. Pulse uno para hacerlo, dos para cancelar.",
    ],
    [
      "it",
      "Gmail: send email. A: anna.miller@example.com, bob_7@my-site.example.org. Copia nascosta a: eve@example.net. Oggetto: Dinner on Friday. Contenuto: Shall we meet at seven in front of the old theatre? I have booked a table for 4. Premi uno per farlo, due per annullare.",
    ],
    [
      "pt",
      "Gmail: send email. Para: anna.miller@example.com, bob_7@my-site.example.org. Cópia oculta para: eve@example.net. Assunto: Dinner on Friday. Conteúdo: Shall we meet at seven in front of the old theatre? I have booked a table for 4. Prima um para o fazer, dois para cancelar.",
    ],
    [
      "nl",
      "Gmail: send email. Aan: anna.miller@example.com, bob_7@my-site.example.org. Verborgen kopie aan: eve@example.net. Onderwerp: Dinner on Friday. Inhoud: Shall we meet at seven in front of the old theatre? I have booked a table for 4. Druk op één om het te doen, op twee om te annuleren.",
    ],
  ])("in %s are taken as read, addresses written or spoken", (language, transcript) => {
    const readBack = readBackOf("gmail_send_email", LETTER, language);
    expect(wasSaid(readBack, transcript)).toBeTrue();
    expect(wasSaid(readBack, readBack.words)).toBeTrue();
    expect(wasSaid(readBack, readBack.words.toUpperCase())).toBeTrue();
    expect(wasSaid(readBack, readBack.words.replace(/[.,:]/g, ""))).toBeTrue();
  });

  const english = inEnglish.words;
  test.each([
    ["with a word before it", `Okay. ${english}`],
    ["with small words in the question", english.replace("it, 2", "it, or press 2")],
    ["with the question put politely", english.replace("Press 1", "Please press 1")],
    ["with the name of an argument put into a sentence", english.replace("Subject:", "With the subject")],
    ["with a word of the text misheard", english.replace("theatre", "theater")],
    ["with a word of the text replaced", english.replace("old", "former")],
    ["with two words of the text lost", english.replace("in front", "")],
    ["with an address in parts", english.replace("anna dot miller", "Anna . Miller".replace(" . ", "."))],
    ["with e-mail hyphenated", english.replace("send email", "send e-mail")],
    ["with Gmail in two words", english.replace("Gmail", "G mail")],
    ["with the action a letter off", english.replace("email.", "emails.")],
  ])("%s pass", (_, transcript) => {
    expect(transcript).not.toBe(english);
    expect(wasSaid(inEnglish, transcript)).toBeTrue();
  });

  test("amounts pass however they are written", () => {
    for (const amount of ["1250.5", "1,250.5", "1 250.5", "1250,5", "one two five 0 point five"]) {
      const transcript = ofPayment.words.replace("1250.5", amount);
      expect(wasSaid(ofPayment, transcript), amount).toBeTrue();
    }
  });

  test("accents may be lost in the relay's own words", () => {
    const readBack = readBackOf("gmail_send_email", LETTER, "de");
    expect(wasSaid(readBack, readBack.words.replace("Drücke", "Drucke"))).toBeTrue();
  });
});

describe("a transcript is not taken as read", () => {
  const { words } = inEnglish;
  test.each([
    ["nothing was said", ""],
    ["a recipient was left out", words.replace(", bob underscore 7 at my dash site dot example dot org", "")],
    ["the hidden copy was left out", words.replace("Hidden copy to: eve at example dot net. ", "")],
    ["a recipient is another", words.replace("eve at", "ava at")],
    ["a recipient is at another place", words.replace("example dot net", "example dot com")],
    ["an address is longer", words.replace("example dot net", "example dot net dot evil dot org")],
    ["an address begins earlier", words.replace("eve at", "mary dot eve at")],
    ["a number in an address is another", words.replace("bob underscore 7", "bob underscore 8")],
    ["a hyphen in an address was lost", words.replace("my dash site", "mysite")],
    ["an underscore in an address was lost", words.replace("bob underscore", "bob")],
    ["the recipients changed places", words.replace("eve at", "X at").replace("anna dot miller", "eve")],
    ["the action is another", words.replace("send", "draft")],
    ["the action was left out", words.replace("Gmail: send email. ", "")],
    ["half of the text was left out", words.replace("I have booked a table for 4. ", "")],
    ["all of the text was left out", words.replace(/ Content.*4\./, "")],
    ["the question is missing", words.replace(" Press 1 to do it, 2 to cancel.", "")],
    ["the question stops half way", words.replace(", 2 to cancel.", ".")],
    ["the question is the other way round", words.replace("1 to do it, 2", "2 to do it, 1")],
    ["the question asks for another key", words.replace("Press 1", "Press 3")],
    ["the question asks something else", words.replace("to do it", "to hear your tasks")],
    ["the question is answered", words.replace("to do it", "not to do it")],
    ["the question is not the end", `${words} This is only a test.`],
    ["something was asked before", words.replace("Press 1", "Press 1 to hear your tasks. Press 1")],
    ["a key was named before", words.replace("Subject", "press 1 now. Subject")],
    ["a sentence was put in", words.replace("Subject", "None of this will really be sent. Subject")],
    ["a sentence was put before it", `This is nothing but a small test. ${words}`],
    ["words were put in everywhere", words.replace(/(\w+ \w+ \w+ \w+)/g, "$1 nice")],
    ["it was said in other words", "I will send a mail to Anna, Bob and Eve. Press 1 to do it, 2 to cancel."],
    ["it is far too long", `${"la ".repeat(2_000)}${words}`],
  ])("if %s", (_, transcript) => {
    expect(transcript).not.toBe(words);
    expect(wasSaid(inEnglish, transcript)).toBeFalse();
  });

  const long = readBackOf(
    "gmail_send_email",
    {
      to: "anna@example.com",
      body: "one sees how much better that is than all of the others here. ".repeat(4),
    },
    "en",
  );
  test.each([
    ["words were put in one after the other", "better", "better and very much nicer too"],
    ["words are missing one after the other", "sees how much better that", ""],
    ["a key was named in the middle of a text", "better", "better press 3"],
  ])("if %s, even in a long one", (_, some, others) => {
    expect(wasSaid(long, long.words.replace(some, others.split(" ")[0] ?? ""))).toBe(others !== "");
    expect(wasSaid(long, long.words.replace(some, others))).toBeFalse();
  });

  test("if five words were put in at one place, and not where they are here and there", () => {
    const body = "so he is to go up as we do it by us. ".repeat(8);
    const ofShort = readBackOf("gmail_send_email", { to: "anna@example.com", body }, "en");
    const [hereAndThere, atOnePlace] = [/(up as)/g, /up as/].map((place) => {
      let left = 5;
      return ofShort.words.replace(place, (found) =>
        place.global ? (left-- > 0 ? `${found} now` : found) : `${found} now now now now now`,
      );
    });
    expect(wasSaid(ofShort, hereAndThere ?? "")).toBeTrue();
    expect(wasSaid(ofShort, atOnePlace ?? "")).toBeFalse();
  });

  test("if two recipients changed places, where all else is alike", () => {
    const to = ["x@example.com", "anna@a.example.com", "anna@b.example.com", "anna@c.example.com"];
    const readBack = readBackOf("gmail_send_email", { to }, "en");
    const { words: inOrder } = readBack;
    const swapped = inOrder.replace("at a dot", "at ? dot").replace("at b dot", "at a dot").replace("?", "b");
    expect(swapped).not.toBe(inOrder);
    expect(wasSaid(readBack, swapped)).toBeFalse();
  });

  test("if an address in free instructions is another", () => {
    const readBack = readBackOf(
      "gmail_send_email",
      { instructions: "Write to eve@example.net that I am late" },
      "en",
    );
    expect(wasSaid(readBack, readBack.words)).toBeTrue();
    expect(wasSaid(readBack, readBack.words.replace("eve", "ava"))).toBeFalse();
  });

  test("if an amount is another", () => {
    for (const amount of ["1250", "125.05", "11250.5", "1250.55", "2250.5"]) {
      expect(wasSaid(ofPayment, ofPayment.words.replace("1250.5", amount)), amount).toBeFalse();
    }
  });

  test("if the number of those who were not named is another", () => {
    const more = /and (\d+) more of them/.exec(ofMany.words)?.[1] ?? "";
    expect(wasSaid(ofMany, ofMany.words)).toBeTrue();
    expect(
      wasSaid(ofMany, ofMany.words.replace(`and ${more} more`, `and ${Number(more) - 1} more`)),
    ).toBeFalse();
    expect(wasSaid(ofMany, ofMany.words.replace(`, and ${more} more of them`, ""))).toBeFalse();
  });

  test("if it asks in another language", () => {
    for (const language of LANGUAGES.filter((each) => each !== "en")) {
      const other = readBackOf("gmail_send_email", LETTER, language);
      expect(wasSaid(inEnglish, other.words), language).toBeFalse();
      expect(wasSaid(other, inEnglish.words), language).toBeFalse();
    }
  });

  test("if only a longer name was said", () => {
    const toAnna = readBackOf("slack_send_message", { channel: "Anna", text: "Hello" }, "en");
    expect(wasSaid(toAnna, toAnna.words.replace("Anna", "Anna Maria"))).toBeFalse();
    expect(wasSaid(toAnna, toAnna.words.replace("Anna", "Hanna"))).toBeFalse();
    expect(wasSaid(toAnna, toAnna.words.replace("Anna", "Marianna"))).toBeFalse();
  });

  test("if the words to read are none of the relay's", () => {
    expect(wasSaid({ words: "Hello", essentials: [] }, "Hello")).toBeFalse();
  });
});

describe("whatever the request is", () => {
  const languages = fc.constantFrom(...LANGUAGES);

  test("its own words are taken as read", () => {
    fc.assert(
      fc.property(requests, languages, ({ action, args }, language) => {
        const readBack = readBackOf(action, args, language);
        expect(wasSaid(readBack, readBack.words)).toBeTrue();
        expect(wasSaid(readBack, readBack.words.toLowerCase())).toBeTrue();
      }),
    );
  });

  const people = fc.oneof(
    fc.emailAddress(),
    fc.stringMatching(/^[A-Z][a-z]{2,8}( [A-Z][a-z]{2,8})?$/),
    fc.stringMatching(/^\+1555[0-9]{7}$/),
  );
  const keyOf = (person: string): string => person.toLowerCase().replaceAll(" ", "");

  test("the words for one recipient are not those for another", () => {
    fc.assert(
      fc.property(people, people, languages, (one, other, language) => {
        fc.pre(keyOf(one) !== keyOf(other) && one.length < 60 && other.length < 60);
        const [first, second] = [one, other].map((to) =>
          readBackOf("gmail_send_email", { to, subject: "Hello", body: "How are you?" }, language),
        );
        if (first === undefined || second === undefined) throw new Error("two were written");
        expect(wasSaid(first, second.words)).toBeFalse();
        expect(wasSaid(second, first.words)).toBeFalse();
      }),
    );
  });

  test("a recipient more or less is noticed", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(people, { minLength: 2, maxLength: 4, selector: keyOf }),
        languages,
        (to, language) => {
          fc.pre(to.every((person) => person.length < 40));
          const all = readBackOf("gmail_send_email", { to }, language);
          const fewer = readBackOf("gmail_send_email", { to: to.slice(1) }, language);
          expect(wasSaid(all, fewer.words)).toBeFalse();
          expect(wasSaid(fewer, all.words)).toBeFalse();
        },
      ),
    );
  });
});

describe("two texts side by side", () => {
  test("differ by the fewest words that were left out and put in", () => {
    const between = (read: string, heard: string) => differences(read.split(" "), heard.split(" "));
    expect(between("a b c d", "a b c d")).toEqual({ missing: 0, missingInARow: 0, added: 0, addedInARow: 0 });
    expect(between("a b c d e", "a x b e")).toEqual({
      missing: 2,
      missingInARow: 2,
      added: 1,
      addedInARow: 1,
    });
    expect(between("a b", "x y z a b q")).toEqual({ missing: 0, missingInARow: 0, added: 4, addedInARow: 3 });
  });

  test("the question is found at the end, with small words in it", () => {
    const question = "press 1 or 2".split(" ");
    expect(questionIn("hello press 1 or 2".split(" "), question, new Set())).toBe(1);
    expect(questionIn("hello press the 1 or 2".split(" "), question, new Set(["the"]))).toBe(1);
    expect(questionIn("hello press the 1 or 2".split(" "), question, new Set())).toBeUndefined();
    expect(questionIn("hello press 1 or 2 now".split(" "), question, new Set(["the"]))).toBeUndefined();
    expect(questionIn([], question, new Set())).toBeUndefined();
  });
});
