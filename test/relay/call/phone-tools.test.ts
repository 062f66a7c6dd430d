/** What the telephone itself can do: hang up, and put through. */
import { describe, expect, test } from "bun:test";
import { CREATE, onlyOf, policyOf, ToolRig } from "./tool-rig.ts";

describe("the goodbye", () => {
  test("waits for a tool that is still at it, and for what there is to say of it", () => {
    const rig = new ToolRig({ policy: policyOf(`${CREATE}=allow`) });
    rig.callerSays("Add milk, and goodbye");
    rig.created("r").says("r", "r_item", 500).said("r", "r_item");
    rig.calls("r", "write", CREATE).calls("r", "end", "end_call").done("r");
    rig.wait(40).probesBack().wait(1_000).marksBack();
    expect(rig.ending).toBeUndefined();
    rig.toolAnswers("created");
    expect(rig.asked?.metadata.reason).toBe("tool");
    rig.modelSays("It is on your list. Goodbye!", "tool");
    expect(rig.ending).toBe("assistant_hung_up");
  });
});

describe("a transfer", () => {
  const profile = { transfers: ["anna", "front desk"] };

  test("to somebody on the caller's list ends the call when its announcement was heard", () => {
    const rig = new ToolRig({ profile });
    rig.created("r").says("r", "r_item", 500).said("r", "r_item");
    rig.calls("r", "t", "transfer_call", "completed", { to: "front desk" }).done("r");
    expect(rig.ending).toBeUndefined();
    rig.wait(40).probesBack().wait(1_000).marksBack();
    expect(rig.ending).toBe("transferred");
    expect(rig.all.at(-1)).toEqual({ to: "line", close: "transferred", transferTo: "front desk" });
  });

  test("to anybody else is answered, and the call goes on", () => {
    for (const args of [{ to: "bob" }, {}, { to: "Anna" }, { to: "anna", more: 1 }]) {
      const rig = new ToolRig({ profile });
      const id = onlyOf(rig.modelCalls(["transfer_call", args]));
      expect(rig.outputs[id]).toBeDefined();
      rig.wait(10_000);
      expect(rig.ending).toBeUndefined();
    }
  });

  test("is not offered to whom nobody is listed for", () => {
    const rig = new ToolRig();
    const id = onlyOf(rig.modelCalls(["transfer_call", { to: "anna" }]));
    expect(rig.outputs[id]).toBe("There is no tool of that name.");
  });

  test("and then a goodbye: what was called last counts", () => {
    const rig = new ToolRig({ profile });
    rig.created("r").says("r", "r_item", 500).said("r", "r_item");
    rig.calls("r", "t", "transfer_call", "completed", { to: "anna" }).calls("r", "e", "end_call").done("r");
    rig.wait(40).probesBack().wait(1_000).marksBack();
    expect(rig.ending).toBe("assistant_hung_up");
  });
});
