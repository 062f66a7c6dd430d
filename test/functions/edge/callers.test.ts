import { describe, expect, test } from "bun:test";
import { callersFromFile, callersFromList, type ReadCallers } from "../../../functions/edge/callers.ts";
import { hashPin, readPinHash } from "../../../functions/edge/pin.ts";
import { onKeypad } from "../signed.ts";

const numbersOf = (read: ReadCallers) => (read.ok ? [...read.callers.keys()] : "refused");
/** Each with its line. */
const placesOf = (read: ReadCallers) =>
  read.ok ? [] : read.problems.map(({ line, wrong }) => `${line}: ${wrong}`);
const wrongsOf = (read: ReadCallers) => (read.ok ? [] : read.problems.map(({ wrong }) => wrong));

describe("ALLOWED_NUMBERS", () => {
  test("takes whole numbers with commas between, and forgives spaces and empty places", () => {
    const list = " +15551234567,+1 555 765 4321 ,\t+15550001111,, ";
    expect(numbersOf(callersFromList(list))).toEqual(["+15551234567", "+15557654321", "+15550001111"]);
    expect(numbersOf(callersFromList(""))).toEqual([]);
  });

  test("names every entry that is no whole number, by its place and never by itself", () => {
    const list = "+15551234567, 15557654321, 5550001, +0155512345, +1555123456789012, Ada, *, +";
    const read = callersFromList(list);
    expect(wrongsOf(read)).toEqual([
      "entry 2 of 8 has no + before its country code",
      "entry 3 of 8 has no + before its country code",
      ...[4, 5, 6, 7, 8].map((place) => `entry ${place} of 8 is not a whole E.164 number`),
    ]);
    expect(JSON.stringify(wrongsOf(read))).not.toMatch(/555|Ada/);
  });

  test("refuses the numbers that Twilio shows for callers who hide theirs: they would let in anybody", () => {
    for (const word of ["ANONYMOUS", "BLOCKED", "RESTRICTED", "UNAVAILABLE", "UNKNOWN"]) {
      expect(wrongsOf(callersFromList(onKeypad(word)))).toEqual([
        "entry 1 of 1 is what Twilio sends for callers who hide their number",
      ]);
    }
  });
});

describe("callers.private.json", () => {
  test("gives each number its profile", () => {
    const read = callersFromFile(
      '{"+15551234567":{"name":"Ada","tools":["todoist_*"]},"+1 555 765 4321":{}}',
    );
    expect(read).toEqual({
      ok: true,
      callers: new Map([
        ["+15551234567", { profile: { name: "Ada", tools: ["todoist_*"] } }],
        ["+15557654321", { profile: {} }],
      ]),
      mentions: [],
    });
  });

  test("may name whom a caller may be put through to, each by its line, and never tell news", () => {
    const read = callersFromFile(`{
      "+15551234567": { "transfers": ["anna",
        "Front Desk"] },
      "+15557654321": { "transfers": [] }
    }`);
    expect(read.ok && [...read.callers.values()].map(({ profile }) => profile)).toEqual([
      { transfers: ["anna", "Front Desk"] },
      { transfers: [] },
    ]);
    expect(read.ok && read.mentions).toEqual([
      { name: "anna", line: 2 },
      { name: "Front Desk", line: 3 },
    ]);
    const wrong = callersFromFile(`{
      "+15551234567": {
        "news": { "transfer": { "to": "anna", "result": "busy" } },
        "transfers": [
          "anna",
          "+15550001111"
        ]
      }
    }`);
    expect(placesOf(wrong)).toEqual([
      "6: transfers.1: is not a name of letters, with spaces, hyphens and at most five digits",
      '3: the caller: unknown member "news"',
    ]);
    expect(JSON.stringify(wrong)).not.toContain("555000");
  });

  test("as the example shows it is right", async () => {
    const example = await Bun.file(new URL("../../../assets/callers.example.json", import.meta.url)).text();
    const read = callersFromFile(example);
    expect(wrongsOf(read)).toEqual([]);
    expect(numbersOf(read).length).toBeGreaterThan(1);
    const grace = read.ok ? read.callers.get("+15557654321") : undefined;
    expect(grace?.pin).toBeDefined();
  });

  test("that is not JSON, or no object, is refused with the line where it stops being one", () => {
    const broken = [
      ["", "1: is not JSON: expected a value"],
      ["{", "1: is not JSON: expected a name in double quotes"],
      ["+15551234567", "1: is not JSON: expected a value"],
      ['{"+15551234567":{},}', "1: is not JSON: expected a name in double quotes"],
      ['{\n  "+15551234567": {}\n  "+15557654321": {}\n}', '3: is not JSON: expected "," or "}"'],
      ['{\n  "+15551234567": {\n    name: "Ada"\n}}', "3: is not JSON: expected a name in double quotes"],
      ['{\n  "+15551234567": {} // Ada\n}', '2: is not JSON: expected "," or "}"'],
      ['{"+15551234567":{}}\n\n}', "3: is not JSON: expected nothing more"],
      ["[]", "1: is not an object"],
      ["\n\nnull", "3: is not an object"],
      ['"+15551234567"', "1: is not an object"],
      ['["+15551234567"]', "1: is not an object"],
    ] as const;
    for (const [text, place] of broken) expect(placesOf(callersFromFile(text))).toEqual([place]);
  });

  test("is held to exactly the members of a caller, every problem at once, each by its line", () => {
    const read = callersFromFile(`{
      "+15551234567": {
        "nickname": "Ada",
        "language": "English"
      },
      "5550001": {},
      "+15557654321": {
        "tools": [
          "a",
          ""
        ]
      },
      "+15550002222": "Ada",
      "+15550003333": {
        "name": "Eve",
        "+1 555 000 4444": {}
      },
      "__proto__": {}
    }`);
    expect(placesOf(read)).toEqual([
      '4: language: is not a language tag such as "en" or "de-CH"',
      '3: the caller: unknown member "nickname"',
      "6: a key has no + before its country code",
      "10: tools.1: Too small: expected string to have >=1 characters",
      "13: the caller: Invalid input: expected object, received string",
      '16: the caller: unknown member "[number]"',
      "18: a key is not a whole E.164 number",
    ]);
    expect(JSON.stringify(wrongsOf(read))).not.toContain("555");
    expect(callersFromFile('{"__proto__":{"name":"Ada"}}').ok).toBe(false);
    expect(callersFromFile('{"+15551234567":{"__proto__":{"name":"Ada"}}}').ok).toBe(false);
  });

  test("with a number twice is refused, in one spelling or in two", () => {
    const twice = "the same number twice";
    expect(wrongsOf(callersFromFile('{"+15551234567":{"name":"Ada"},"+15551234567":{}}'))).toEqual([twice]);
    expect(wrongsOf(callersFromFile('{"+15551234567":{"name":"Ada"},"+1 555 123 4567":{}}'))).toEqual([
      twice,
    ]);
    const quoted = JSON.stringify({
      "+15551234567": { instructions: 'say "+15551234567": and "+15551234567": ' },
    });
    expect(wrongsOf(callersFromFile(quoted))).toEqual([]);
    const escaped = '{"+15551234567":{},\n"\\u002b15551234567":{}}';
    expect(placesOf(callersFromFile(escaped))).toEqual([`2: ${twice}`]);
  });

  test("with a member twice is refused: JSON would keep the last and say nothing", () => {
    const text = '{"+15551234567":{\n"name":"Ada",\n"name":"Eve"}}';
    expect(placesOf(callersFromFile(text))).toEqual(["3: the same member twice"]);
  });
});

describe("a caller's own PIN", () => {
  test("is the hash that `npm run pin` prints, and is no part of the profile that goes to the relay", async () => {
    const pin = await hashPin("482913");
    const read = callersFromFile(JSON.stringify({ "+15551234567": { name: "Ada", pin } }));
    expect(read.ok && read.callers.get("+15551234567")).toEqual({
      profile: { name: "Ada" },
      pin: readPinHash(pin) ?? expect.unreachable(),
    });
  });

  test("that is no such hash is refused by its line, and neither it nor a PIN is quoted", () => {
    const wrong = (pin: unknown) =>
      placesOf(callersFromFile(`{"+15551234567":{\n"name":"Ada",\n"pin":${JSON.stringify(pin)}}}`));
    for (const pin of ["482913", 482913, "4829134829"]) {
      expect(wrong(pin)).toEqual(["3: pin: is the PIN itself, not its hash"]);
    }
    for (const pin of ["", "1234", null, {}, ["482913"], "scrypt$", "scrypt$ln=1,r=8,p=1$a$b"]) {
      expect(wrong(pin)).toEqual(["3: pin: is not the hash of a PIN"]);
    }
  });
});
