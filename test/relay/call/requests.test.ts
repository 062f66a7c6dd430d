/** What the model is asked to say that nobody asked for: a word while a tool takes its time. (The question for the keypad is keypad-consent.test.ts's.) */
import { describe, expect, test } from "bun:test";
import { FIND, ToolRig } from "./tool-rig.ts";

describe("a filler", () => {
  test("after 1.5 s of silence something short is asked for, once", () => {
    const rig = new ToolRig();
    rig.callerSays("What is on my list?");
    rig.modelCalls([FIND]);
    rig.wait(1_499);
    expect(rig.asked?.metadata.reason).toBe("greeting");
    rig.wait(1);
    expect(rig.asked).toMatchObject({ tool_choice: "none", metadata: { reason: "filler" } });
    expect(rig.asked?.instructions).toContain("Do not say or guess what comes of it");
    rig.modelSays("One moment.", "filler").wait(15_000);
    expect(rig.creates).toEqual([]);
  });

  test("is the only one, and the relay itself says every few seconds that somebody is there", () => {
    const rig = new ToolRig();
    rig.callerSays("What is on my list?");
    rig.modelCalls([FIND]);
    rig.wait(1_500).modelSays("One moment.", "filler");
    const heardAt = rig.at + 400;
    rig.wait(4_000);
    expect(rig.logged("line.clip")).toBe(0);
    rig.wait(heardAt + 6_000 - rig.at);
    expect(rig.logged("line.clip")).toBe(1);
    rig.wait(6_000);
    expect(rig.logged("line.clip")).toBe(2);
    rig.toolAnswers("Milk").wait(0);
    expect(rig.asked?.metadata.reason).toBe("tool");
    expect(rig.wait(3_000).logged("line.clip")).toBe(2);
  });

  test("not while the assistant is still heard, but 1.5 s after", () => {
    const rig = new ToolRig();
    rig.created("r").says("r", "r_item", 3_000).said("r", "r_item").calls("r", "c1", FIND).done("r");
    rig.wait(40).probesBack();
    rig.wait(4_300);
    expect(rig.asked?.metadata.reason).toBe("greeting");
    rig.wait(300);
    expect(rig.asked?.metadata.reason).toBe("filler");
  });

  test("never over the caller, and not when the answer is there", () => {
    const rig = new ToolRig();
    rig.modelCalls([FIND]);
    rig.callerStarts().wait(5_000);
    expect(rig.asked?.metadata.reason).toBe("greeting");
    rig.toolAnswers("Milk").callerEnds().created("answer").done("answer").wait(5_000);
    expect(rig.asked?.metadata.reason).toBe("greeting");
  });

  test("an answer that comes while the filler is on its way is spoken after it, and not lost", () => {
    const rig = new ToolRig();
    rig.modelCalls([FIND]);
    rig.wait(1_500);
    expect(rig.asked?.metadata.reason).toBe("filler");
    rig.toolAnswers("Milk");
    expect(rig.asked?.metadata.reason).toBe("filler");
    rig.modelSays("One moment.", "filler");
    expect(rig.asked?.metadata.reason).toBe("tool");
  });
});
