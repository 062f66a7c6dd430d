import { describe, expect, test } from "bun:test";
import { callersFromFile, callersFromList, type ReadCallers } from "../../../functions/edge/callers.ts";
import { onKeypad } from "../signed.ts";

const numbersOf = (read: ReadCallers) => (read.ok ? [...read.callers.keys()] : "refused");
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
        ["+15551234567", { name: "Ada", tools: ["todoist_*"] }],
        ["+15557654321", {}],
      ]),
    });
  });

  test("as the example shows it is right", async () => {
    const example = await Bun.file(new URL("../../../assets/callers.example.json", import.meta.url)).text();
    const read = callersFromFile(example);
    expect(wrongsOf(read)).toEqual([]);
    expect(numbersOf(read).length).toBeGreaterThan(1);
  });

  test("that is not JSON, or no object, is refused", () => {
    for (const text of ["", "{", "+15551234567", '{"+15551234567":{},}']) {
      expect(wrongsOf(callersFromFile(text))).toEqual(["is not JSON"]);
    }
    for (const text of ["[]", "null", '"+15551234567"', '["+15551234567"]']) {
      expect(wrongsOf(callersFromFile(text))).toEqual(["is not an object"]);
    }
  });

  test("is held to exactly the members of a profile, every problem at once", () => {
    const read = callersFromFile(
      JSON.stringify({
        "+15551234567": { nickname: "Ada", language: "English" },
        "5550001": {},
        "+15557654321": { tools: ["a", ""] },
        "+15550002222": "Ada",
        "+15550003333": { "+15550004444": {} },
        __proto__: {},
      }),
    );
    expect(read.ok ? [] : read.problems.map(({ at }) => at)).toEqual([
      ["5550001"],
      ["+15551234567", "language"],
      ["+15551234567"],
      ["+15557654321", "tools", 1],
      ["+15550002222"],
      ["+15550003333"],
    ]);
    expect(JSON.stringify(wrongsOf(read))).not.toContain("555");
    expect(callersFromFile('{"__proto__":{"name":"Ada"}}').ok).toBe(false);
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
  });
});
