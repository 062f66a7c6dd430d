/** Things done over MCP, small; `npm run prove -- --only tools` is the same at full size, with bounds on time. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import "../patience.ts";
import {
  callEverything,
  type Everything,
  killedMeanwhile,
  startEverything,
} from "../prove/tools/everything.ts";
import { sayGoodbye } from "../prove/tools/goodbye.ts";
import { MISHAP_NAMES, sufferAll } from "../prove/tools/mishaps.ts";
import { waitForTools } from "../prove/tools/slow.ts";
import { judge } from "../prove/tools/truth.ts";
import { cutWrites } from "../prove/tools/writes.ts";

const quietly = () => {};

describe("the official test server", () => {
  let server: Everything;
  beforeAll(async () => {
    server = await startEverything();
  });
  afterAll(() => server?.stop());

  test("has every tool offered, fit, and answering", async () => {
    const { listed, offered, unfit, called } = await callEverything(server);
    expect(offered.toSorted()).toEqual(listed.toSorted());
    expect(listed.length).toBeGreaterThan(10);
    expect(unfit).toEqual([]);
    const answered = called.filter(({ outcome }) => outcome.is === "answered" && !outcome.isError);
    expect(answered.map(({ tool }) => tool)).toEqual(called.map(({ tool }) => tool));
  });

  test("is used again in the call in the middle of which it is killed", async () => {
    const { outputs, heard, modelErrors } = await killedMeanwhile(server);
    expect(outputs).toEqual([
      expect.stringContaining("42"),
      expect.stringContaining("it is not known whether it was done"),
      expect.stringContaining("42"),
    ]);
    expect({ heard, modelErrors }).toEqual({ heard: 3, modelErrors: 0 });
  });
});

for (const json of [false, true]) {
  test(`writes over a line that breaks are done once at most, and told truly (answers as ${json ? "documents" : "events"})`, async () => {
    const { writes, strangers } = await cutWrites({ writes: 26, seed: 7, json }, quietly);
    const { twice, untrue, unreadElsewhere, counts } = judge(writes);
    expect({ twice, strangers, untrue, unreadElsewhere }).toEqual({
      twice: 0,
      strangers: 0,
      untrue: [],
      unreadElsewhere: 0,
    });
    expect(counts.answered).toBeGreaterThan(0);
    expect(counts.notDone).toBeGreaterThan(0);
    expect(counts.lostDone).toBeGreaterThan(0);
  });
}

test("the caller is told what came of a slow tool, also that nothing did; and one who hangs up stops it", async () => {
  const network = { oneWayMs: 10, jitterMs: 5, seed: 1 };
  const { late, never, left, stillRunning } = await waitForTools({ calls: 1, lanes: 1, network }, quietly);
  const told = { outcomeHeard: true, modelErrors: 0 };
  expect({ late, never }).toMatchObject({ late: [told], never: [told] });
  for (const { fillers } of [...late, ...never]) expect(fillers).toBeLessThanOrEqual(1);
  expect(left).toMatchObject([{ done: 0 }]);
  expect(stillRunning).toBe(0);
});

test("a goodbye is heard to its last sample, in whatever order it comes with the call that ends it, and the line is closed", async () => {
  const networks = [
    { oneWayMs: 40, jitterMs: 20, loseMarks: false },
    { oneWayMs: 40, jitterMs: 20, loseMarks: true },
  ];
  const calls = await sayGoodbye({ calls: 16, lanes: 16, networks }, quietly);
  expect(calls).toHaveLength(16);
  for (const call of calls) {
    expect(call).toMatchObject({ heardWhole: true, isAsItShould: true, closedBy: "relay", code: 1000 });
  }
});

test("whatever is wrong with the servers of tools, the owner reads what to do about it, and calls work", async () => {
  const { suffered, ...call } = await sufferAll(MISHAP_NAMES);
  for (const one of suffered) expect(one).toMatchObject({ isToldRight: true, ambiguous: [] });
  expect(suffered).toHaveLength(6);
  expect(call).toMatchObject({
    greeted: true,
    answered: true,
    used: { crowded: true, work: true, odd: true },
    modelErrors: 0,
  });
});
