/** Things done over MCP, small; `npm run prove -- --only tools` is the same at full size, with bounds on time. */
import { expect, test } from "bun:test";
import "../patience.ts";
import { callEverything, killedMeanwhile } from "../prove/tools/everything.ts";
import { cutWrites, judge } from "../prove/tools/writes.ts";

const quietly = () => {};

test("every tool of the official test server is offered, fit, and answers", async () => {
  const { listed, offered, unfit, called } = await callEverything();
  expect(offered.toSorted()).toEqual(listed.toSorted());
  expect(listed.length).toBeGreaterThan(10);
  expect(unfit).toEqual([]);
  const answered = called.filter(({ outcome }) => outcome.is === "answered" && !outcome.isError);
  expect(answered.map(({ tool }) => tool)).toEqual(called.map(({ tool }) => tool));
});

test("a server that is killed in the middle of a call is used again in that call", async () => {
  const { outputs, heard, modelErrors } = await killedMeanwhile();
  expect(outputs).toEqual([
    expect.stringContaining("42"),
    expect.stringContaining("it is not known whether it was done"),
    expect.stringContaining("42"),
  ]);
  expect({ heard, modelErrors }).toEqual({ heard: 3, modelErrors: 0 });
});

for (const json of [false, true]) {
  test(`writes over a line that breaks are done once at most, and told truly (answers as ${json ? "documents" : "events"})`, async () => {
    const { writes, strangers } = await cutWrites({ writes: 60, seed: 7, json }, quietly);
    const { twice, untrue, counts } = judge(writes);
    expect({ twice, strangers, untrue }).toEqual({ twice: 0, strangers: 0, untrue: [] });
    expect(counts.answered).toBeGreaterThan(0);
    expect(counts.notDone).toBeGreaterThan(0);
    expect(counts.lostDone).toBeGreaterThan(0);
  });
}
