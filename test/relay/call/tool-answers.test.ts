/** What the model is told: nothing that is not known. */
import { expect, test } from "bun:test";
import {
  answerOf,
  cancelled,
  heldAs,
  timedOut,
  unconfirmed,
  undecided,
} from "../../../relay/call/tool-answers.ts";

test("only what is known not to have been done is told as not done", () => {
  for (const why of ["unreachable", "unauthorized", "gone", "refused"] as const) {
    expect(answerOf({ is: "not_done", why }, "write")).toContain("Nothing was done");
  }
  for (const answer of [answerOf({ is: "lost" }, "write"), timedOut("write", 20)]) {
    expect(answer).toContain("not known whether it was done");
    expect(answer).not.toContain("Nothing was done");
  }
});

test("an answer is handed on as it is, and an empty one is not nothing", () => {
  expect(answerOf({ is: "answered", text: "milk", isError: false }, "read")).toBe("milk");
  expect(answerOf({ is: "answered", text: "", isError: false }, "write")).toContain("Done");
});

test("a long one is cut between characters, with how much is missing", () => {
  const text = "😀".repeat(10_000);
  const cut = answerOf({ is: "answered", text, isError: false }, "read");
  expect(Buffer.from(cut).toString()).toBe(cut);
  const kept = cut.slice(0, cut.indexOf("\n\n[Cut here: "));
  expect(cut).toContain(`${text.length - kept.length} more characters`);
});

test("a held request is told with its id, as JSON", () => {
  expect(JSON.parse(heldAs("r7"))).toMatchObject({ held: "r7", done: false });
});

test("each refusal says whether anything was done", () => {
  for (const why of ["unknown", "declined", "expired", "not_heard", "not_agreed"] as const) {
    expect(unconfirmed(why)).toContain("othing was done");
  }
  for (const verdict of ["declined", "expired", "not_heard", "not_read"] as const) {
    expect(undecided(verdict)).toContain("Nothing was done");
  }
});

test.each([
  [0, 0, 0, /nothing to cancel/],
  [1, 0, 0, /stopped/],
  [0, 1, 0, /forgotten/],
  [0, 0, 1, /cannot be called back/],
])("of %i stopped, %i forgotten and %i going the model is told so", (stopped, forgotten, going, told) => {
  expect(cancelled(stopped, forgotten, going)).toMatch(told);
});
