/** The one answer that each call gets, and the wish to speak about it. */
import { describe, expect, test } from "bun:test";
import { Answers } from "../../../relay/call/answers.ts";
import { Memory } from "../../../relay/call/memory.ts";
import { Outbox } from "../../../relay/call/outbox.ts";
import { Turns } from "../../../relay/call/turns.ts";

function rig() {
  const [outbox, turns] = [new Outbox(), new Turns()];
  const answers = new Answers(outbox, turns, new Memory(outbox));
  const items = () =>
    outbox
      .take()
      .flatMap((effect) =>
        effect.to === "model" && effect.event.type === "conversation.item.create" ? [effect.event.item] : [],
      );
  return { answers, turns, items };
}

describe("an answer", () => {
  test("to a function's call is its output, and is to be spoken about", () => {
    const { answers, turns, items } = rig();
    const id = answers.give("call_1", "Milk");
    expect(items()).toEqual([{ id, type: "function_call_output", call_id: "call_1", output: "Milk" }]);
    expect(turns.next(0)).toEqual([{ reason: "tool", itemId: id }]);
  });

  test("to a question of OpenAI's is a no with its reason, and is to be spoken about", () => {
    const { answers, turns, items } = rig();
    answers.asked("mcpr_1", "gmail_send_email");
    const id = answers.give("mcpr_1", "Not allowed.");
    expect(items()).toEqual([
      {
        id,
        type: "mcp_approval_response",
        approval_request_id: "mcpr_1",
        approve: false,
        reason: "Not allowed.",
      },
    ]);
    expect(turns.next(0)).toEqual([{ reason: "tool", itemId: id }]);
    expect(answers.wasApproved("mcpr_1")).toBe(false);
  });

  test("of yes is given once, and says nothing before it is done", () => {
    const { answers, turns, items } = rig();
    answers.asked("mcpr_1", "gmail_send_email");
    expect(answers.approve("mcpr_1")).toBe(true);
    expect(answers.approve("mcpr_1")).toBe(false);
    expect(items()).toEqual([expect.objectContaining({ approval_request_id: "mcpr_1", approve: true })]);
    expect(turns.waiting).toBe(0);
    expect(answers.wasApproved("mcpr_1")).toBe(true);
  });

  test("of yes is none to a function's call", () => {
    const { answers, items } = rig();
    expect(answers.approve("call_1")).toBe(false);
    expect(items()).toEqual([]);
  });

  test("has an id that OpenAI takes: 32 characters at most, and never the same twice", () => {
    const { answers, items } = rig();
    for (let each = 0; each < 1_000; each++) {
      answers.asked(`mcpr_${each}`, "x");
      if (each % 2 === 0) answers.give(`mcpr_${each}`, "no");
      else answers.approve(`mcpr_${each}`);
    }
    const ids = items().map(({ id }) => id);
    expect(new Set(ids).size).toBe(1_000);
    expect(Math.max(...ids.map(({ length }) => length))).toBeLessThanOrEqual(32);
  });
});

describe("what OpenAI did itself", () => {
  test("is to be spoken about, with nothing of ours beside it", () => {
    const { answers, turns, items } = rig();
    answers.made(undefined);
    expect(items()).toEqual([]);
    expect(turns.next(0)).toEqual([{ reason: "native" }]);
  });

  test("and ended in doubt is to be spoken about when the model knows of the doubt", () => {
    const { answers, turns, items } = rig();
    answers.made("Nobody knows.");
    const [item] = items();
    expect(item).toMatchObject({
      type: "message",
      role: "system",
      content: [{ type: "input_text", text: "Nobody knows." }],
    });
    expect(turns.next(0)).toEqual([{ reason: "tool", itemId: item?.id ?? "" }]);
  });
});
