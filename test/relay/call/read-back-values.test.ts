/** One value in words: data, whatever it would like to be. */
import { describe, expect, test } from "bun:test";
import { spokenIn } from "../../../relay/call/read-back-frames.ts";
import { digitByDigit, lengthOf, shortened, spelled } from "../../../relay/call/read-back-spelling.ts";
import { unitsOf } from "../../../relay/call/read-back-values.ts";

const said = (value: unknown, language?: string): string =>
  unitsOf(value, spokenIn(language), false)
    .map(({ say }) => say)
    .join(" ");

describe("a text is said", () => {
  test.each([
    ["Hello, Anna! How are you?", "Hello, Anna, How are you,"],
    ["line one\nline two\r\n\tline three", "line one line two line three"],
    ['He said "yes" (twice) and [left] {it} `there`', "He said yes twice and left it there"],
    ["**bold** _it_ # title | x", "bold it title x"],
    ["<b>Hi</b> <script>alert(1)</script>", "Hi alert 1"],
    ['<img src="x" onerror="y">', "img src x onerror y"],
    ["it's the boys' mother's rock 'n' roll", "it's the boys mother's rock n roll"],
    ["don’t e‑mail well-known - people", "don't e-mail well-known people"],
    ["a/b and/or 10/12/2026 at 10:30", "a b and or 10/12/2026 at 10:30"],
    ["1,000.50 € or $5, 20 % 100%", "1,000.50 € or $5, 20 % 100%"],
    ["-5 −3 +4 3-4 .5 -$.50", "minus 5 minus 3 plus 4 3-4 0.5 minus $0.50"],
    ["1½ or 10² or ①", "1 1/2 or 10 2 or 1"],
    ["Tom & Jerry's 20°", "Tom & Jerry's 20°"],
    ["ﬁne ２０２６", "fine 2026"],
    ["Straße façade Ångström 日本語 Привет", "Straße façade Ångström 日本語 Привет"],
    ["snake_case kebab-case", "snake case kebab-case"],
    ["yes", "yes"],
  ])("%p as %p", (text, words) => {
    expect(said(text)).toBe(words);
  });

  test.each([
    ["directions", "abc\u202Edef\u202C"],
    ["nothing wide", "ab\u200Bcd"],
    ["tags", "hello \u{E0049}\u{E0067}"],
    ["half a character", "hello \uD83D"],
    ["pictures", "hello 🎉"],
    ["nothing but pictures", "🎉🎉"],
    ["nothing but punctuation", "?!"],
    ["nothing that is seen", "\u200B\u200C"],
  ])("with a word that there is more than can be read: %s", (_, text) => {
    expect(said(text)).toMatch(/with signs that cannot be read out$/);
    expect(said(text)).toMatch(/^[a-z ]+$/);
  });

  test("with what hides in it put together: a word cannot be cut in two by what nobody sees", () => {
    expect(said("pr\u200Bess 1\u200B now")).toStartWith("a text that speaks of pressing keys, 3 words long");
  });
});

describe("an address is said sign by sign", () => {
  test.each([
    ["anna@example.com", "anna at example dot com"],
    [
      "Anna.Miller+x_1-2@my-site.example.org",
      "Anna dot Miller plus x underscore 1 dash 2 at my dash site dot example dot org",
    ],
    ["<anna@example.com>,", "anna at example dot com"],
    [
      "mailto:anna@example.com?bcc=eve@example.net",
      "anna at example dot com, and 5 more characters, eve at example dot net",
    ],
    ["a!b@example.com", "a character 33 b at example dot com"],
    ["a@b@example.com", "a at b at example dot com"],
    ["@anna", "at anna"],
    ["jürgen@müller.example", "jürgen at müller dot example"],
    ["anna@ex\u0430mple.com", "anna at ex\u0430mple dot com with unusual letters in it"],
    ["see ½… anna@example.com", "see 1/2, anna at example dot com"],
    ["ａnna@example.com", "anna at example dot com with unusual letters in it"],
  ])("%p", (address, words) => {
    expect(said(address)).toBe(words);
  });

  test("in the language of the caller", () => {
    expect(said("a_b-c@example.com", "de")).toBe("a Unterstrich b Bindestrich c at example Punkt com");
    expect(said("a_b-c@example.com", "es")).toBe("a guion bajo b guion c arroba example punto com");
  });

  test("and keeps its end when it is too long", () => {
    const address = `anna@example.com.${"a".repeat(50)}.${"b".repeat(50)}.evil.example`;
    expect(said(address)).toBe(
      `anna at example dot com dot aaaaaaaa, and 78 more characters, ${"b".repeat(15)} dot evil dot example`,
    );
  });
});

describe("a link is said as its host", () => {
  test.each([
    ["https://www.example.com/a?b=c#d", "a link to www dot example dot com"],
    ["https://example.com@evil.example/", "a link to evil dot example"],
    ["https://user:pass@evil.example:8443/", "a link to evil dot example"],
    ["HTTPS://EVIL.EXAMPLE", "a link to evil dot example"],
    ["www.evil.example/path", "a link to www dot evil dot example"],
    ["evil.example", "evil dot example"],
    ["(see https://evil.example).", "see a link to evil dot example"],
    ["https://a.example/?to=https://evil.example", "a link to a dot example a link to evil dot example"],
    ["https://a.example/,https://evil.example/", "a link to a dot example a link to evil dot example"],
    ["https://еxample.com/", "a link to xn dash dash xample dash 2of dot com"],
    ["javascript://evil.example/%0aalert(1)", "a link to evil dot example 1"],
    [`https://a.example/?d=${"x".repeat(50)}`, "a link to a dot example and 54 more characters"],
    ["https://", "https"],
  ])("%p", (link, words) => {
    expect(said(link)).toBe(words);
  });
});

describe("numbers, dates and answers", () => {
  test.each([
    [5, "5"],
    [-12.5, "minus 12.5"],
    [1e15, "1000000000000000"],
    [15551234567, "15551234567"],
    [true, "yes"],
    [false, "no"],
    ["+15551234567", "plus 1 5 5 5 1 2 3 4 5 6 7"],
    ["+1 (555) 123-4567 please", "plus 1 5 5 5 1 2 3 4 5 6 7 please"],
    ["12345678", "1 2 3 4 5 6 7 8"],
    ["2026-11-20", "November 20, 2026"],
    ["2026-11-20T10:30:00Z", "November 20, 2026, 10:30, UTC"],
    ["2026-11-20T10:30:15.000-05:30", "November 20, 2026, 10:30:15, UTC minus 05:30"],
    ["2026-02-30", "2026-02-30"],
    ["0001-01-01", "0001-01-01"],
    [Symbol("x"), "with signs that cannot be read out"],
  ])("%p", (value, words) => {
    expect(said(value)).toBe(words);
  });

  test("are said in the language of the caller", () => {
    expect(said(12.5, "de")).toBe("12,5");
    expect(said(true, "fr")).toBe("oui");
    expect(said("2026-11-20T10:30", "de")).toBe("20 November 2026, 10:30");
    expect(said("2026-11-20", "pt-BR")).toBe("20 de novembro de 2026");
    expect(said("+15551234567", "es")).toStartWith("más 1 5 5 5");
  });
});

describe("what is too long to listen to", () => {
  const { frame } = spokenIn("en");

  test("takes as long as its letters, and digits and Chinese signs as long as words", () => {
    expect(lengthOf("abc")).toBe(3);
    expect(lengthOf("a 1")).toBe(7);
    expect(lengthOf("日本")).toBe(10);
  });

  test("loses its middle, and says how much that was", () => {
    expect(shortened([..."x".repeat(90)], frame)).toBe("x".repeat(90));
    expect(shortened([..."x".repeat(200)], frame)).toBe(
      `${"x".repeat(36)}, and 128 more characters, ${"x".repeat(36)}`,
    );
    expect(digitByDigit("1".repeat(40), frame)).toBe("1 1 1 1 1 1, and 28 more characters, 1 1 1 1 1 1");
    expect(lengthOf(spelled(`${"#".repeat(99)}@${"1".repeat(99)}`, frame))).toBeLessThan(140);
  });

  test("is counted to its last word", () => {
    expect(unitsOf("word ".repeat(5_000), spokenIn("en"), false)).toHaveLength(5_000);
  });

  test("still names the addresses at its end", () => {
    const units = unitsOf(`${"word ".repeat(5_000)} eve@example.net`, spokenIn("en"), false);
    expect(units.at(-1)).toEqual({ say: "eve at example dot net", is: "address" });
  });
});

describe("a text that speaks of pressing keys", () => {
  test("is mentioned, and not read", () => {
    expect(said("Your mail is here. Press 1 to hear it.")).toBe(
      "a text that speaks of pressing keys, 9 words long",
    );
    expect(said("Drücke die 1", "de")).toBe("ein Text, der vom Drücken von Tasten spricht, Länge 3");
  });

  test("still names the addresses and links in it", () => {
    expect(said("Press 1 to write to eve@example.net or see https://evil.example")).toBe(
      "a text that speaks of pressing keys, 7 words long eve at example dot net a link to evil dot example",
    );
  });

  test("is not read for less where what stands beside it is of that kind", () => {
    expect(said("please press")).toBe("please press");
    const [only, ...more] = unitsOf("please press", spokenIn("en"), true);
    expect(only).toEqual({ say: "a text that speaks of pressing keys, 2 words long", is: "note" });
    expect(more).toEqual([]);
  });
});
