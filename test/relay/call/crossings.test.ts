/** Messages that cross on their way, each a story of what went wrong once. */
import { expect, test } from "bun:test";
import { CREATE, FIND, MAIL, policyOf, READ_MAIL, ToolRig } from "./tool-rig.ts";

const LETTER = { to: "anna@example.com", subject: "Late", body: "I am ten minutes late." };
const wordsToRead = (rig: ToolRig) =>
  String(JSON.parse(/The text: (".*")$/s.exec(rig.asked?.instructions ?? "")?.[1] ?? '""'));
test("a read-back silenced because the server answers the caller, and over before its cancel came", () => {
  const rig = new ToolRig();
  rig.callerSays("Tell Anna");
  rig.modelCalls([MAIL, LETTER]);
  const words = wordsToRead(rig);
  rig.callerStarts().wait(300).callerEnds("t");
  rig.created("a").created("q", "read_back"); // the two crossed: q is cancelled, but was over by then
  rig.says("a", "a_i", 900);
  rig.says("q", "q_i", 900).said("q", "q_i").words("q", words).done("q");
  rig.said("a", "a_i").done("a").wait(1_500).marksBack();
  rig.press("1");
  expect(rig.ran).toEqual([]);
});
test("same, created while the caller spoke: it was not put to the caller, and is read again", () => {
  const rig = new ToolRig();
  rig.callerSays("Tell Anna");
  const [id = ""] = rig.modelCalls([MAIL, LETTER]);
  const words = wordsToRead(rig);
  rig.callerStarts().created("q", "read_back").words("q", words).done("q").wait(300).callerEnds("t");
  rig.modelSays("Yes?");
  expect(rig.outputs[id]).toBeUndefined();
});
test("with no audio at all", () => {
  const rig = new ToolRig();
  rig.callerSays("Tell Anna");
  rig.modelCalls([MAIL, LETTER]);
  const words = wordsToRead(rig);
  rig.created("q", "read_back").words("q", words).done("q").press("1");
  expect(rig.ran).toEqual([]);
});
test("the same write held twice is done once by one yes", () => {
  const rig = new ToolRig();
  rig.callerSays("Add milk");
  rig.modelCalls([CREATE, { content: "milk" }], [CREATE, { content: "milk" }]);
  rig.modelSays("I would add milk. Shall I?", "tool");
  rig.callerSays("Yes.");
  rig.modelCalls(["confirm", { id: "r1" }], ["confirm", { id: "r2" }]);
  expect(rig.ran).toEqual([CREATE]);
});
test("a no that cuts the answer short counts although the words of the yes before it come late", () => {
  const rig = new ToolRig();
  rig.callerSays("Add milk");
  rig.modelCalls([CREATE, { content: "milk" }]);
  rig.modelSays("I would add milk. Shall I?", "tool");
  const yes = rig.callerSays();
  rig.created("ok").says("ok", "ok_i", 2_000);
  rig.callerStarts().done("ok", "cancelled");
  rig.heard(yes, "Yes.");
  rig.wait(300).callerEnds("no").heard("no", "No, wait, don't!");
  rig.modelCalls(["confirm", { id: "r1" }]);
  expect(rig.ran).toEqual([]);
});
test("no filler over an open question", () => {
  const rig = new ToolRig();
  rig.callerSays("Tell Anna, and what is on my list?");
  rig.modelCalls([MAIL, LETTER], [FIND]);
  rig.modelSays(wordsToRead(rig), "read_back");
  rig.wait(1_600);
  expect(rig.asked?.metadata.reason).toBe("read_back");
});
test("transfer_call with a space in its JSON", () => {
  const rig = new ToolRig({ profile: { name: "Ada", transfers: ["office"] } });
  rig
    .created("r")
    .says("r", "i", 400)
    .said("r", "i")
    .calls("r", "c", "transfer_call", "completed", '{"to": "office"}')
    .done("r");
  expect(rig.outputs.c).toBeUndefined();
});
test("a failed answer is asked for again although a reading was created beside it", () => {
  const rig = new ToolRig();
  rig.callerSays("Tell Anna");
  rig.modelCalls([MAIL, LETTER]); // read_back asked for
  rig.callerStarts().wait(400).callerEnds("t");
  rig.created("answer"); // the server's own
  rig.created("q", "read_back"); // crossed
  rig.done("q", "cancelled");
  rig.done("answer", "failed", "server_error");
  expect(rig.asked?.metadata.reason).toBe("retry");
});
test("double tap", () => {
  const rig = new ToolRig();
  rig.callerSays("Tell Anna");
  rig.modelCalls([MAIL, LETTER]);
  rig.modelSays(wordsToRead(rig), "read_back").press("1").press("1");
  expect(JSON.stringify(rig.allEvents)).not.toContain("pressed");
});
test("what was heard of an answer stays in the conversation although a reading beside it was over first", () => {
  const rig = new ToolRig();
  rig.callerSays("Tell Anna");
  rig.modelCalls([MAIL, LETTER]);
  rig.callerStarts().wait(300).callerEnds("t");
  rig.created("a").created("q", "read_back");
  rig.says("a", "a_i", 900).wait(40).probesBack();
  rig.done("q", "cancelled");
  rig.wait(1_500).marksBack(); // all of it heard; the model is slow and goes on later
  rig.callerStarts();
  const cuts = rig.truncations;
  rig.says("a", "a_i", 100); // was on its way
  expect([...cuts, ...rig.truncations]).toEqual([["a_i", 900]]);
});
test("a question waits for no response that says nothing: another session puts it", () => {
  const rig = new ToolRig();
  rig.callerSays("Tell Anna");
  rig.created("dead").calls("dead", "c", MAIL, "completed", LETTER); // and no response.done, ever
  rig.wait(10_000).wait(0).news({ is: "model_open" }).updated();
  rig.created("back", "resume").done("back").wait(100);
  expect(rig.asked?.metadata.reason).toBe("read_back");
});
test("what the caller has agreed to is done before the assistant hangs up", () => {
  const rig = new ToolRig();
  rig.callerSays("Add milk");
  rig.modelCalls([CREATE, { content: "milk" }]);
  rig.modelSays("I would add milk. Shall I?", "tool");
  const turn = rig.callerSays();
  rig
    .created("r")
    .says("r", "r_i", 400)
    .said("r", "r_i")
    .calls("r", "cc", "confirm", "completed", { id: "r1" })
    .calls("r", "ce", "end_call")
    .done("r");
  rig.wait(700).marksBack();
  rig.heard(turn, "Yes, thanks, bye.");
  rig.heard(turn, "Yes.");
  expect(rig.ending).toBeUndefined();
});
test("who was told that they are put through is, although the model obeys no more", () => {
  const rig = new ToolRig({ profile: { name: "Ada", transfers: ["office"] } });
  rig.created("r").says("r", "i", 400).said("r", "i");
  rig
    .calls("r", "c", "transfer_call", "completed", { to: "office" })
    .calls("r", "d", "no_such_tool")
    .done("r");
  rig.itemsArrive().wait(20_000);
  expect(rig.ending).toBe("transferred");
});
test("a second confirm does not overtake the words that the first one waits for, and each is answered", () => {
  const rig = new ToolRig();
  rig.callerSays("Add milk");
  rig.modelCalls([CREATE, { content: "milk" }]);
  rig.modelSays("I would add milk. Shall I?", "tool");
  rig.callerSays("Yes.");
  const turn = rig.callerSays(); // "No, wait", and its words are not here yet
  const [first = "", second = ""] = rig.modelCalls(["confirm", { id: "r1" }], ["confirm", { id: "r1" }]);
  expect(rig.ran).toEqual([]);
  rig.heard(turn, "No, wait, don't!");
  expect(rig.ran).toEqual([]);
  expect(rig.outputs[first]).toContain("The caller said no");
  expect(rig.outputs[second]).toContain("being confirmed already");
});
test("a yes into something else is none, although the words of the answer before it are still to come", () => {
  const rig = new ToolRig();
  rig.callerSays("Add milk");
  rig.modelCalls([CREATE, { content: "milk" }]);
  rig.modelSays("I would add milk. Shall I?", "tool");
  const turn = rig.callerSays(); // "What is there already?", and its words are late
  rig.created("more").says("more", "more_i", 2_000); // "Eggs. Shall I tell you what they cost?"
  rig.callerStarts().done("more", "cancelled").wait(400).callerEnds("yes");
  rig.heard(turn, "What is there already?").heard("yes", "Yes.");
  rig.modelCalls(["confirm", { id: "r1" }]);
  expect(rig.ran).toEqual([]);
});
test("a question that was decided before its reading began is not read to anybody", () => {
  const rig = new ToolRig();
  rig.callerSays("Tell Anna");
  rig.modelCalls([MAIL, LETTER]);
  rig.press("2").created("q", "read_back");
  expect(rig.ofType("response.cancel")).toMatchObject([{ response_id: "q" }]);
  expect(rig.says("q", "q_i", 200).frames).toEqual([]);
});
test("a no that cuts short what came after a yes counts, although the words of the yes come late: by the relay's own words too", () => {
  const rig = new ToolRig({ policy: policyOf("", "todoist_*") });
  rig.modelCalls([READ_MAIL]);
  rig.toolAnswers("Anna wants milk").modelSays("Anna wants milk.", "tool");
  rig.callerSays("Add milk");
  rig.modelCalls([CREATE, { content: "milk" }]);
  rig.modelSays(wordsToRead(rig), "read_back");
  const yes = rig.callerSays();
  rig.created("ok").says("ok", "ok_i", 2_000);
  rig.callerStarts().done("ok", "cancelled").wait(400).callerEnds("no");
  rig.heard("no", "No, wait, don't!").heard(yes, "Yes.");
  expect(rig.ran).toEqual([READ_MAIL]);
});
test("the clock is not asked for twice at once where late audio calls a question back", () => {
  const rig = new ToolRig();
  rig.callerSays("Tell Anna");
  rig.modelCalls([MAIL, LETTER]);
  rig.created("q", "read_back").says("q", "q_i", 400).wait(6_000); // and no more of it, ever
  rig.says("old", "old_i", 200).give({ from: "clock" });
  expect(rig.call.nextDeadline()).toBeGreaterThan(rig.at);
});
