/** What a caller agrees to with a word: whether it is done, and only then, and once. */
import { describe, expect, test } from "bun:test";
import { SETTINGS } from "./call-in-hand.ts";
import { CREATE, FIND, MAIL, policyOf, ToolRig } from "./tool-rig.ts";

const ASK = "I would add milk to your list. Shall I?";

/** A task is held, and the caller has heard what would be done. */
function asked(given: ConstructorParameters<typeof ToolRig>[0] = {}): ToolRig {
  const rig = new ToolRig(given);
  rig.callerSays("Add milk to my list");
  rig.modelCalls([CREATE, { content: "milk" }]);
  return rig.modelSays(ASK, "tool");
}

const confirm = (rig: ToolRig, id = rig.held): string => {
  const [call = ""] = rig.modelCalls(["confirm", { id }]);
  return call;
};

/** What the model is told of its `confirm`. */
const answerTo = (rig: ToolRig, id?: string): string | undefined => {
  const call = confirm(rig, id);
  return rig.outputs[call];
};

describe("a write that the caller is asked about", () => {
  test("is held under an id, and not run", () => {
    const rig = new ToolRig();
    const [id = ""] = rig.modelCalls([CREATE, { content: "milk" }]);
    expect(JSON.parse(rig.outputs[id] ?? "")).toMatchObject({ held: "r1", done: false });
    expect(rig.runs).toEqual([]);
    expect(rig.asked?.metadata.reason).toBe("tool");
  });

  test("is done as it was held when the caller has heard it to its end and said yes", () => {
    const rig = asked();
    rig.callerSays("Yes, please.");
    const id = confirm(rig);
    expect(rig.runs).toMatchObject([{ tool: { name: CREATE }, args: { content: "milk" } }]);
    rig.toolAnswers("created");
    expect(rig.outputs[id]).toBe("created");
  });

  test.each(["No.", "No, don't do that.", "Stop!", "Never mind."])("is forgotten at %p", (words) => {
    const rig = asked();
    const { held } = rig;
    rig.callerSays(words);
    expect(answerTo(rig, held)).toContain("The caller said no");
    expect(rig.runs).toEqual([]);
  });

  test("is forgotten at a no over what is being said of it", () => {
    const rig = new ToolRig();
    rig.modelCalls([CREATE, { content: "milk" }]);
    const { held } = rig;
    rig.created("ask", "tool").says("ask", "ask_item", 2_000).wait(40).probesBack().wait(300);
    rig.callerSays("No, don't.");
    expect(rig.logged("tool.consent")).toBe(2);
    rig.done("ask", "cancelled").modelSays("Shall I read you the next one?").callerSays("Yes.");
    expect(answerTo(rig, held)).toContain("The caller said no");
    expect(rig.runs).toEqual([]);
  });

  test.each(["What does it say?", "", "Hmm.", "Thank you.", "Yes, but tomorrow instead"])(
    "is not done at %p",
    (words) => {
      const rig = asked();
      rig.callerSays(words);
      expect(answerTo(rig)).toContain("nothing was done");
      expect(rig.runs).toEqual([]);
    },
  );

  test("is not done where the caller has said nothing at all", () => {
    const rig = asked();
    expect(answerTo(rig)).toContain("not clearly said yes");
    expect(rig.runs).toEqual([]);
  });

  test("is not done where nobody told the caller", () => {
    const rig = new ToolRig();
    rig.modelCalls([CREATE, { content: "milk" }]);
    rig.callerSays("Yes.");
    expect(answerTo(rig)).toContain("has not heard to the end");
    expect(rig.runs).toEqual([]);
  });

  test("is not done by a yes into the middle of the sentence, until it was heard to its end", () => {
    const rig = new ToolRig();
    rig.modelCalls([CREATE, { content: "milk" }]);
    rig.created("tell", "tool").says("tell", "tell_item", 3_000).said("tell", "tell_item").done("tell");
    rig.wait(40).probesBack().wait(1_000);
    rig.callerSays("Yes.");
    expect(answerTo(rig)).toContain("has not heard to the end");
    rig.modelSays(ASK, "tool");
    rig.callerSays("Yes.");
    confirm(rig);
    expect(rig.ran).toEqual([CREATE]);
  });

  test("is not done by a yes to something else that code had said", () => {
    const rig = asked();
    rig.callerSays("What is there already?");
    rig.modelCalls([FIND]);
    rig.wait(1_500).modelSays("Shall I have a look?", "filler");
    rig.callerSays("Yes.");
    expect(answerTo(rig)).toContain("has not heard to the end");
    expect(rig.ran).toEqual([FIND]);
  });

  test("may be answered into the breath at its end", () => {
    const rig = new ToolRig();
    rig.modelCalls([CREATE, { content: "milk" }]);
    rig.modelSays(ASK, "tool", false).wait(40).probesBack().wait(700);
    rig.callerSays("Yes.");
    confirm(rig);
    expect(rig.ran).toEqual([CREATE]);
  });

  test("is not done by what was said before the request was made", () => {
    const rig = new ToolRig();
    rig.modelSays("Shall I look after your list?");
    const early = rig.callerSays();
    rig.modelCalls([CREATE, { content: "milk" }]);
    rig.heard(early, "Yes.");
    expect(answerTo(rig)).toContain("has not heard to the end");
    expect(rig.runs).toEqual([]);
  });

  test("waits for the caller's words, and is settled by them", () => {
    for (const [words, runs] of [
      ["Yes.", 1],
      ["No.", 0],
      ["What?", 0],
    ] as const) {
      const rig = asked();
      const turn = rig.callerSays();
      const id = confirm(rig);
      expect(rig.outputs[id]).toBeUndefined();
      rig.wait(800).heard(turn, words);
      expect(rig.runs).toHaveLength(runs);
      expect(rig.outputs[id] === undefined).toBe(runs === 1);
    }
  });

  test("is not done where the words do not come", () => {
    const rig = asked();
    rig.callerSays();
    const id = confirm(rig);
    rig.wait(3_000);
    expect(rig.outputs[id]).toContain("not clearly said yes");
    expect(rig.runs).toEqual([]);
  });

  test("is forgotten at a no that comes too late for its confirm, which a yes does not make good", () => {
    for (const [words, after] of [
      ["No.", "The caller said no"],
      ["Yes.", "nothing was done"],
    ] as const) {
      const rig = asked();
      const { held } = rig;
      const turn = rig.callerSays();
      confirm(rig);
      rig.wait(3_000).heard(turn, words);
      expect(answerTo(rig, held)).toContain(after);
      expect(rig.runs).toEqual([]);
    }
  });

  test("where words are not transcribed, is done after a turn of the caller's", () => {
    const rig = asked({ settings: SETTINGS });
    rig.callerSays();
    confirm(rig);
    expect(rig.ran).toEqual([CREATE]);
  });

  test("where they are not, a turn is no answer any more once another has followed something else", () => {
    const rig = asked({ settings: SETTINGS });
    const { held } = rig;
    rig.callerSays();
    rig.modelCalls([MAIL, { to: "anna@example.com" }]);
    const words = /The text: "(.*)"$/s.exec(rig.asked?.instructions ?? "")?.[1] ?? "";
    expect(words).toContain("anna at example dot com");
    rig.modelSays(words, "read_back").callerSays();
    expect(answerTo(rig, held)).toContain("nothing was done");
    expect(rig.runs).toEqual([]);
  });

  test("a change of mind after the yes takes it back", () => {
    const rig = asked();
    rig.callerSays("Yes.");
    rig.created("ok").says("ok", "ok_item", 2_000);
    rig.callerSays("Wait, make it oat milk.");
    expect(answerTo(rig)).toContain("nothing was done");
    expect(rig.runs).toEqual([]);
  });

  test("a no after the yes still counts", () => {
    const rig = asked();
    const { held } = rig;
    rig.callerSays("Yes.");
    rig.created("ok").says("ok", "ok_item", 2_000);
    rig.callerSays("No, wait, don't!");
    expect(answerTo(rig, held)).toContain("The caller said no");
    expect(rig.runs).toEqual([]);
  });
});

describe("an id", () => {
  test("is good once", () => {
    const rig = asked();
    const { held } = rig;
    rig.callerSays("Yes.");
    confirm(rig, held);
    rig.toolAnswers("created");
    expect(answerTo(rig, held)).toContain("has been done already");
    expect(rig.runs).toHaveLength(1);
  });

  test("is good for a minute", () => {
    const rig = asked();
    const { held } = rig;
    rig.callerSays("Yes.");
    rig.modelSays("Milk it is.").wait(60_000);
    expect(answerTo(rig, held)).toContain("too long ago");
    expect(rig.runs).toEqual([]);
  });

  test("that never was is told so", () => {
    const rig = asked();
    rig.callerSays("Yes.");
    for (const id of ["r7", "", "constructor", "__proto__"]) {
      expect(answerTo(rig, id)).toContain("Nothing is held under that id");
    }
    const [call = ""] = rig.modelCalls(["confirm"]);
    expect(rig.outputs[call]).toContain("Nothing is held under that id");
    expect(rig.runs).toEqual([]);
  });

  test("of a changed request is another, and the old yes is not for it", () => {
    const rig = asked();
    rig.callerSays("Yes.");
    rig.modelCalls([CREATE, { content: "a hundred bottles of wine" }]);
    expect(rig.held).toBe("r2");
    expect(answerTo(rig, "r2")).toContain("has not heard to the end");
    expect(rig.runs).toEqual([]);
    confirm(rig, "r1");
    expect(rig.runs).toMatchObject([{ args: { content: "milk" } }]);
  });

  test("that is cancelled is gone, and others are not", () => {
    const rig = new ToolRig();
    rig.modelCalls([CREATE, { content: "milk" }], [CREATE, { content: "eggs" }]);
    rig.modelSays("Milk and eggs?", "tool");
    rig.callerSays("Yes.");
    rig.modelCalls(["cancel", { id: "r1" }]);
    expect(answerTo(rig, "r1")).toContain("said no");
    confirm(rig, "r2");
    expect(rig.runs).toMatchObject([{ args: { content: "eggs" } }]);
  });

  test("is not given out without end", () => {
    const rig = new ToolRig();
    rig.modelCalls(...Array.from({ length: 20 }, (_, index) => [CREATE, { index }] as const));
    const held = Object.values(rig.outputs).filter((output) => output.includes('"held"'));
    expect(held).toHaveLength(8);
  });
});

test("what the call has read since makes the relay ask in its own words instead", () => {
  const rig = asked({ policy: policyOf("todoist_create_task=confirm", "nothing") });
  const { held } = rig;
  rig.modelCalls([FIND]);
  rig.toolAnswers("tasks").modelSays(ASK, "tool");
  rig.callerSays("Yes.");
  const id = confirm(rig, held);
  expect(rig.ran).toEqual([FIND]);
  expect(rig.outputs[id]).toContain("Call the tool again");
});
