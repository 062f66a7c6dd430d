/** Models that say that they use a tool, and use none. */
import { describe, expect, test } from "bun:test";
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
});
