/** What a new session is told of the conversation: each side's words as that side's, and of every call what it came to. */
import { describe, expect, test } from "bun:test";
import type { Line } from "../../../relay/call/remembered.ts";
import { seedOf } from "../../../relay/call/seed.ts";

function seed(lines: readonly Line[], { isTranscribed = true, open = [] as readonly string[] } = {}) {
  let ids = 0;
  const isOpen = (callId: string) => open.includes(callId);
  return seedOf(lines, { isTranscribed, isOpen, idOf: () => `seed-${++ids}` });
}
const write = {
  by: "tool",
  callId: "c1",
  name: "todo_create_item",
  args: '{"content":"milk"}',
  kind: "write",
} as const;

test("of a conversation in which nothing was said there is nothing to tell", () => {
  expect(seed([])).toEqual([]);
});

test("each side's words are that side's, in their order, behind what this is", () => {
  const items = seed([
    { by: "assistant", words: "Hello, how can I help?", isCut: false },
    { by: "caller", words: "Will it rain?" },
    { by: "assistant", words: "It will rain", isCut: true },
  ]);
  expect(items.slice(1)).toEqual([
    {
      id: "seed-2",
      type: "message",
      role: "assistant",
      content: [{ type: "output_text", text: "Hello, how can I help?" }],
    },
    { id: "seed-3", type: "message", role: "user", content: [{ type: "input_text", text: "Will it rain?" }] },
    {
      id: "seed-4",
      type: "message",
      role: "assistant",
      content: [{ type: "output_text", text: "It will rain …" }],
    },
  ]);
  expect(items[0]).toMatchObject({ type: "message", role: "system" });
});

test("a model that cannot know what the caller said is told so, and another is not", () => {
  const text = (isTranscribed: boolean) =>
    JSON.stringify(seed([{ by: "caller", words: "5" }], { isTranscribed })[0]);
  expect(text(false)).toContain("is not written down here");
  expect(text(true)).not.toContain("is not written down here");
});

describe("a call", () => {
  test("stands there with what it came to", () => {
    expect(seed([{ ...write, answer: "Added." }]).slice(1)).toEqual([
      { id: "seed-2", type: "function_call", call_id: "c1", name: write.name, arguments: write.args },
      { id: "seed-3", type: "function_call_output", call_id: "c1", output: "Added." },
    ]);
  });

  test("is open while it is still at work here: its answer will come", () => {
    expect(seed([write], { open: ["c1"] }).slice(1)).toMatchObject([
      { type: "function_call", call_id: "c1" },
    ]);
  });

  test("of which nobody knows what came of it says so, and that it is not done again", () => {
    const [, , output] = seed([write]);
    expect(JSON.stringify(output)).toContain("it is not known whether it was done. Do not do it again");
  });

  test("that only looked something up, and was lost, says only that", () => {
    const [, , output] = seed([{ ...write, kind: "read" }]);
    expect(JSON.stringify(output)).toContain("The connection broke before the answer came");
  });

  test("is never answered twice, though it is said to be open", () => {
    const items = seed([{ ...write, answer: "Added." }], { open: ["c1"] });
    expect(items.filter(({ type }) => type === "function_call_output")).toHaveLength(1);
  });
});
