/** The tools that are being used: what came of them, when they are given up, and what is called off. */
import { describe, expect, test } from "bun:test";
import { CREATE, FIND, onlyOf, policyOf, ToolRig } from "./tool-rig.ts";

describe("the outcome", () => {
  test.each([
    ["unreachable", /cannot be reached. Nothing was done/],
    ["unauthorized", /key. Nothing was done/],
    ["gone", /no longer has this tool. Nothing was done/],
    ["refused", /refused this request. Nothing was done/],
  ] as const)("%s is told as what it is: not done", (why, told) => {
    const rig = new ToolRig({ policy: policyOf(`${CREATE}=allow`) });
    const id = onlyOf(rig.modelCalls([CREATE, { content: "milk" }]));
    rig.tool(rig.runs.at(-1)?.runId ?? "", { is: "not_done", why });
    expect(rig.outputs[id]).toMatch(told);
  });

  test("lost is told as unknown of a write, and as no answer of a read", () => {
    const rig = new ToolRig({ policy: policyOf(`${CREATE}=allow`) });
    const [write = "", read = ""] = rig.modelCalls([CREATE, { content: "milk" }], [FIND]);
    for (const { runId } of rig.runs) rig.tool(runId, { is: "lost" });
    expect(rig.outputs[write]).toContain("not known whether it was done");
    expect(rig.outputs[read]).toContain("broke before the answer came");
  });

  test("a write that may have been done is not done again without asking the caller", () => {
    const rig = new ToolRig({ policy: policyOf(`${CREATE}=allow`) });
    rig.modelCalls([CREATE, { content: "milk", due: "today" }]);
    rig.tool(rig.runs.at(-1)?.runId ?? "", { is: "lost" }).itemsArrive();
    const again = onlyOf(rig.modelCalls([CREATE, { due: "today", content: "milk" }]));
    expect(rig.runs).toHaveLength(1);
    expect(rig.outputs[again]).toContain('"held"');
    // Another one is another one.
    rig.modelCalls([CREATE, { content: "eggs" }]);
    expect(rig.runs).toHaveLength(2);
  });

  test("the same write twice at once is one", () => {
    const rig = new ToolRig({ policy: policyOf(`${CREATE}=allow`) });
    const [, second = ""] = rig.modelCalls([CREATE, { content: "milk" }], [CREATE, { content: "milk" }]);
    expect(rig.runs).toHaveLength(1);
    expect(rig.outputs[second]).toContain("already under way");
  });
});

describe("a change of mind", () => {
  test("cancel stops a read and tells of a write what is true", () => {
    const rig = new ToolRig({ policy: policyOf(`${CREATE}=allow`) });
    const [read = "", write = ""] = rig.modelCalls([FIND], [CREATE, { content: "milk" }]);
    const [reading] = rig.runs;
    rig.callerSays("Cancel that");
    const cancel = onlyOf(rig.modelCalls(["cancel"]));
    expect(rig.aborts).toEqual([reading?.runId ?? ""]);
    expect(rig.outputs[read]).toContain("stopped");
    expect(rig.outputs[cancel]).toMatch(/stopped.*cannot be called back/);
    expect(rig.outputs[write]).toBeUndefined();
    rig.toolAnswers("created");
    expect(rig.outputs[write]).toBe("created");
  });

  test("with nothing to cancel is told so", () => {
    const rig = new ToolRig();
    const id = onlyOf(rig.modelCalls(["cancel"]));
    expect(rig.outputs[id]).toBe("There was nothing to cancel.");
  });
});

describe("a tool that does not answer", () => {
  test("a tool that has not answered in its time is called off, told, and a late answer dropped", () => {
    const rig = new ToolRig();
    const id = onlyOf(rig.modelCalls([FIND]));
    const { runId } = rig.runs[0] ?? { runId: "" };
    rig.wait(19_999);
    expect(rig.aborts).toEqual([]);
    rig.wait(1);
    expect(rig.aborts).toEqual([runId]);
    expect(rig.outputs[id]).toContain("No answer came within 20 seconds");
    rig.tool(runId, { is: "answered", text: "late", isError: false });
    expect(rig.outputs[id]).not.toContain("late");
  });

  test("of a write that was called off nobody knows whether it was done", () => {
    const rig = new ToolRig({ policy: policyOf(`${CREATE}=allow`) });
    const id = onlyOf(rig.modelCalls([CREATE]));
    rig.wait(20_000);
    expect(rig.outputs[id]).toContain("not known whether it was done");
  });
});
