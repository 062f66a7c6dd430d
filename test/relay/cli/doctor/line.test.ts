import { expect, test } from "bun:test";
import {
  allIll,
  ill,
  Line,
  nothing,
  type Question,
  well,
  wellBut,
} from "../../../../relay/cli/doctor/line.ts";
import "../../../patience.ts";

const question = (name: string, more: Partial<Question> = {}): Question => ({
  group: "relay",
  name,
  title: name,
  ...more,
});

test("a line is asked once, when somebody first wants its answer", async () => {
  let times = 0;
  const line = new Line<number>(question("counted"), () => well("counted", ++times));
  expect(times).toBe(0);
  expect(await Promise.all([line.told(), line.told()])).toMatchObject([{ is: "well" }, { is: "well" }]);
  expect(times).toBe(1);
});

test("what another line found is there for it; and where that was wrong or not asked, it is not asked, and says why", async () => {
  const found = new Line<number>(question("found"), () =>
    wellBut("seven", [{ says: "odd", mend: "add one" }], 7),
  );
  const wrong = new Line<number>(question("wrong"), () => ill("broken", "mend it"));
  const added = (line: Line<number>) =>
    new Line<number>(question("added"), async ({ have }) => well("eight", 1 + (await have(line))));
  expect(await added(found).verdict).toEqual({ is: "well", says: "eight", value: 8 });
  const third = added(added(wrong));
  expect(await third.told()).toMatchObject({
    is: "unasked",
    says: 'not asked: first mend "added"',
    findings: [],
  });
  expect(await added(wrong).told()).toMatchObject({ is: "unasked", says: 'not asked: first mend "wrong"' });
});

test("no answer in its time is an answer, with the line's own mend; what others took is not counted", async () => {
  const never = new Line<void>(
    question("never", { withinMs: 20, lateMend: "wake it" }),
    () => new Promise(() => {}),
  );
  expect(await never.told()).toMatchObject({
    is: "ill",
    says: "no answer within 0.02 s",
    findings: [{ mend: "wake it" }],
  });
  const slow = new Line<void>(question("slow"), async () => {
    await never.verdict;
    await Bun.sleep(60);
    return well("at last", undefined);
  });
  const after = new Line<void>(question("after", { withinMs: 20 }), async ({ have }) => {
    await have(slow);
    return well("at once", undefined);
  });
  expect(await after.told()).toMatchObject({ is: "well" });
});

test("whoever is asked too long is told to stop", async () => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const line = new Line<void>(question("stopped", { withinMs: 5 }), ({ signal }) => {
    signal.addEventListener("abort", () => resolve(true));
    return new Promise(() => {});
  });
  await line.told();
  expect(await promise).toBe(true);
});

test("what is thrown is told by its name, and never in its words", async () => {
  const line = new Line<void>(question("thrown"), () => {
    throw new TypeError("the key is sk-secret");
  });
  const told = await line.told();
  expect(told.is).toBe("ill");
  expect(told.says).toContain("TypeError");
  expect(JSON.stringify(told)).not.toContain("sk-secret");
});

test("several findings are told by their number, one by itself; nothing wrong with nothing to ask", () => {
  const one = { says: "A is wrong", mend: "mend A" };
  expect(allIll(".env", [one])).toEqual({ is: "ill", says: "A is wrong", findings: [one] });
  expect(allIll(".env", [one, one])).toMatchObject({ says: "2 things are wrong with .env" });
  expect(wellBut("fine", [], 1)).toEqual(well("fine", 1));
  expect(nothing("none")).toEqual({ is: "unasked", says: "none" });
});
