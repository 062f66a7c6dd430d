import { describe, expect, test } from "bun:test";
import {
  isNamed,
  profileFor,
  type ReadTransfers,
  readTransfers,
  transfersOf,
} from "../../../functions/edge/transfers.ts";
import { onKeypad } from "../signed.ts";

const ANNA = "+15551230001";
const DESK = "+15551230002";
const LIST = `anna=${ANNA}, Front Desk = +1 555 123 0002`;

const read = (list: string) => {
  const transfers = readTransfers(list);
  if (!transfers.ok) throw new Error(JSON.stringify(transfers.problems));
  return transfers.transfers;
};
const wrongsOf = (transfers: ReadTransfers) =>
  transfers.ok ? [] : transfers.problems.map(({ wrong }) => wrong);

describe("TRANSFER_NUMBERS", () => {
  test("is names and whole numbers with commas between, and forgives spaces and empty places", () => {
    expect([...read(LIST)]).toEqual([
      ["anna", ANNA],
      ["Front Desk", DESK],
    ]);
    expect([...read(` , front   desk=${DESK},, `)]).toEqual([["front desk", DESK]]);
    expect([...read(`王芳=${ANNA},Zoe\u0308=${DESK}`).keys()]).toEqual(["王芳", "Zoë"]);
    expect([...read("")]).toEqual([]);
    // Two names may be for one telephone.
    expect([...read(`anna=${ANNA},mum=${ANNA}`).values()]).toEqual([ANNA, ANNA]);
  });

  test("names every entry that is wrong by its place and never by itself, all at once", () => {
    const list = [
      `anna=${ANNA}`,
      "bob",
      ANNA,
      `=${ANNA}`,
      `${ANNA}=carla`,
      "dora=15551230003",
      "eve=+1555",
      "911=911",
      `frank=${ANNA}=${DESK}`,
      `gina,=`,
      `ANNA=${DESK}`,
      `<x>=${DESK}`,
      `hugo 555123=${DESK}`,
      `${"i".repeat(41)}=${DESK}`,
      `jo=${onKeypad("ANONYMOUS")}`,
    ].join(",");
    const transfers = readTransfers(list);
    const noName = "has a name that is not 1 to 40 letters, with spaces, hyphens and at most five digits";
    const noNumber = "has a number that is not a whole E.164 number";
    expect(wrongsOf(transfers)).toEqual([
      "entry 2 of 16 is not a name and a number with one = between",
      "entry 3 of 16 is not a name and a number with one = between",
      `entry 4 of 16 ${noName}`,
      `entry 5 of 16 ${noName}`,
      `entry 5 of 16 ${noNumber}`,
      "entry 6 of 16 has a number that has no + before its country code",
      `entry 7 of 16 ${noNumber}`,
      `entry 8 of 16 ${noName}`,
      "entry 8 of 16 has a number that has no + before its country code",
      "entry 9 of 16 is not a name and a number with one = between",
      "entry 10 of 16 is not a name and a number with one = between",
      `entry 11 of 16 ${noName}`,
      `entry 11 of 16 ${noNumber}`,
      "entry 12 of 16 has a name for the second time",
      `entry 13 of 16 ${noName}`,
      `entry 14 of 16 ${noName}`,
      `entry 15 of 16 ${noName}`,
      "entry 16 of 16 has a number that is what Twilio sends for callers who hide their number",
    ]);
    expect(JSON.stringify(transfers)).not.toMatch(/5551230|anna \d|bob|carla|911|iii/);
    for (const problem of transfers.ok ? [] : transfers.problems) {
      expect(problem.mend.length).toBeGreaterThan(10);
    }
  });

  test("has each name once, whatever its case", () => {
    for (const other of ["ANNA", "Anna", " anna ", "aNNa"]) {
      expect(wrongsOf(readTransfers(`anna=${ANNA},${other}=${DESK}`))).toEqual([
        "entry 2 of 2 has a name for the second time",
      ]);
    }
    expect(wrongsOf(readTransfers(`Zoë=${ANNA},ZOE\u0308=${DESK}`))).toHaveLength(1);
    expect(wrongsOf(readTransfers(`straße=${ANNA},STRASSE=${DESK}`))).toHaveLength(1);
    expect(wrongsOf(readTransfers(`anna=${ANNA},anne=${DESK}`))).toEqual([]);
  });

  test("has 32 names at most, as a profile does", () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => `n${index}=${ANNA}`).join(",");
    expect(read(many(32)).size).toBe(32);
    expect(wrongsOf(readTransfers(many(33)))).toEqual(["holds 33 names"]);
  });
});

describe("a caller", () => {
  const all = read(LIST);

  test("may be put through to everybody, or to those of their own list who are there", () => {
    const namesOf = (transfers?: string[]) => [
      ...transfersOf(all, { ...(transfers && { transfers }) }).keys(),
    ];
    expect(namesOf()).toEqual(["anna", "Front Desk"]);
    expect(namesOf(["FRONT desk"])).toEqual(["Front Desk"]);
    expect(namesOf(["bob", "anna"])).toEqual(["anna"]);
    expect(namesOf([])).toEqual([]);
    expect([isNamed(all, "Anna"), isNamed(all, "bob")]).toEqual([true, false]);
  });

  test("is found by the letters of a name and by no others, whatever the relay says", () => {
    const own = transfersOf(all, { transfers: ["anna"] });
    expect(own.get("anna")).toBe(ANNA);
    for (const said of ["Anna", "anna ", "Front Desk", ANNA, "__proto__", "constructor", ""]) {
      expect(own.get(said)).toBeUndefined();
    }
  });

  test("is told to the relay by names, as the list spells them, and without a number", () => {
    const news = { transfer: { to: "anna", result: "busy" } } as const;
    const profile = profileFor({ name: "Ada", transfers: ["ANNA", "bob"] }, all, news);
    expect(profile).toEqual({ name: "Ada", transfers: ["anna"], news });
    expect(profileFor({ name: "Ada" }, all, undefined)).toEqual({
      name: "Ada",
      transfers: ["anna", "Front Desk"],
    });
    // Nobody is no list at all.
    expect(profileFor({ transfers: [] }, all, undefined)).toEqual({});
    expect(profileFor({ transfers: ["anna"] }, read(""), undefined)).toEqual({});
  });
});
