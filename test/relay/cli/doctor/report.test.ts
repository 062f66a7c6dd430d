import { expect, test } from "bun:test";
import { ill, Line, nothing, type Told, well, wellBut } from "../../../../relay/cli/doctor/line.ts";
import { isWell, linesOf, report } from "../../../../relay/cli/doctor/report.ts";
import "../../../patience.ts";

const PLAIN = { columns: 60, colours: false };
const told = (more: Partial<Told>): Told => ({
  id: "relay/name",
  group: "relay",
  title: "its name",
  is: "well",
  says: "is there",
  findings: [],
  ...more,
});

test("a line has its mark, its title in a column, and its words within the width, broken at spaces", () => {
  expect(linesOf(told({}), 10, PLAIN)).toEqual(["  ✓ its name    is there"]);
  const lines = linesOf(told({ says: "word ".repeat(20).trim() }), 10, PLAIN);
  expect(lines.length).toBeGreaterThan(2);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
  expect(lines[1]).toMatch(/^ {16}word/);
});

test("a finding stands below, with its mend; what the line says already is not said again; an address is not broken", () => {
  const mend =
    "write https://relay.example.com/a-very-long-path-that-is-longer-than-the-width-of-a-line into it";
  const findings = [
    { says: "is gone", mend },
    { says: "is old", mend: "renew it" },
  ];
  expect(linesOf(told({ is: "ill", says: "is gone", findings }), 8, PLAIN)).toEqual([
    "  ✗ its name  is gone",
    "        → write",
    "          https://relay.example.com/a-very-long-path-that-is-longer-than-the-width-of-a-line",
    "          into it",
    "      · is old",
    "        → renew it",
  ]);
});

const lines = (): Line[] => {
  const first = new Line<void>({ group: "relay", name: "first", title: "first" }, async () => {
    await Bun.sleep(20);
    return ill("is away", "call it back");
  });
  return [
    first,
    new Line<void>({ group: "relay", name: "second", title: "second" }, async ({ have }) => {
      await have(first);
      return well("", undefined);
    }),
    new Line<void>({ group: "edge", name: "third", title: "third" }, () =>
      wellBut("is here", [{ says: "and tired", mend: "let it sleep" }], undefined),
    ),
    new Line<void>({ group: "edge", name: "fourth", title: "fourth" }, () => nothing("there is none")),
  ];
};

test("all are shown in their order under their headings, with the sum at the end, and no control characters in a pipe", async () => {
  const written: string[] = [];
  const screen = { ...PLAIN, isLive: false, write: (more: string) => written.push(more) };
  const all = await report(lines(), screen);
  expect(written.join("").split("\n")).toEqual([
    "Relay, from outside",
    "  ✗ first   is away",
    "        → call it back",
    '  – second  not asked: first mend "first"',
    "",
    "Edge, on Twilio",
    "  ! third   is here",
    "      · and tired",
    "        → let it sleep",
    "  – fourth  there is none",
    "",
    "Mend the ✗ from the top: those below may follow from it (1 well, 1 of them with a remark, 1 wrong, 2 not asked).",
    "",
  ]);
  expect(isWell(all)).toBe(false);
  expect(isWell(all.slice(1))).toBe(true);
});

test("on a terminal the line that is being asked is shown meanwhile, and gone when it is answered", async () => {
  const written: string[] = [];
  const screen = { columns: 80, colours: true, isLive: true, write: (more: string) => written.push(more) };
  await report(lines(), screen);
  expect(written.join("")).toContain("  … first\r\x1b[K  \x1b[31m✗\x1b[0m first");
});
