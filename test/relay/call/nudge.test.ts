/** Models that say that they use a tool, and use none. */
import { describe, expect, test } from "bun:test";
import type { Tool } from "../../../relay/call/tools.ts";
import { CREATE, policyOf, ToolRig } from "./tool-rig.ts";

describe("a model that pretends", () => {
  test("to have done something is asked once more, and has to call something", () => {
    const rig = new ToolRig();
    rig.callerSays("Add milk to my list");
    rig.modelSays("I've added milk to your list.");
    expect(rig.asked).toEqual({ tool_choice: "required", metadata: { reason: "nudge" } });
    rig.modelSays("I've added milk to your list.", "nudge").wait(5_000);
    expect(rig.creates).toEqual([]);
    expect(rig.logged("tool.pretended")).toBe(1);
  });

  test("is believed when it called something in this turn, or when something was written before", () => {
    const rig = new ToolRig({ policy: policyOf(`${CREATE}=allow`) });
    rig.callerSays("Add milk");
    rig.modelCalls([CREATE, { content: "milk" }]);
    rig.toolAnswers("created").modelSays("I've added milk to your list.", "tool");
    rig.callerSays("Is it on my list?");
    rig.modelSays("Yes, I've added it to your list.");
    expect(rig.logged("tool.pretended")).toBe(0);
  });

  test("is not asked where there are no tools", () => {
    const rig = new ToolRig({ tools: [] });
    rig.callerSays("Add milk");
    rig.modelSays("I've added milk to your list.");
    expect(rig.logged("tool.pretended")).toBe(0);
  });

  test("and then hangs up because it has to call something: the call goes on", () => {
    const rig = new ToolRig();
    rig.callerSays("Add milk to my list");
    rig.modelSays("I've added milk to your list.");
    rig.created("n", "nudge").calls("n", "end", "end_call").done("n").wait(10_000);
    expect(rig.outputs.end).toContain("The call goes on");
    expect(rig.ending).toBeUndefined();
  });

  test("is believed where nobody knows whether a write was done", () => {
    const rig = new ToolRig({ policy: policyOf(`${CREATE}=allow`) });
    rig.callerSays("Add milk");
    rig.modelCalls([CREATE, { content: "milk" }]);
    rig
      .tool(rig.runs[0]?.runId ?? "", { is: "lost" })
      .modelSays("I do not know whether it went through.", "tool");
    rig.callerSays("So what now?");
    rig.modelSays("I've added it to your list.");
    expect(rig.logged("tool.pretended")).toBe(0);
  });

  test("is not asked where there is nothing but the telephone's own to call", () => {
    const time: Tool = {
      name: "current_time",
      description: "The time",
      parameters: { type: "object" },
      source: { is: "phone" },
      hints: {},
      timeoutMs: 5_000,
    };
    const rig = new ToolRig({ tools: [time] });
    rig.callerSays("Add milk");
    rig.modelSays("I've added milk to your list.");
    expect(rig.logged("tool.pretended")).toBe(0);
  });
});
